"""New devices, countries and networks; and who comes back after a long time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.risk.facts import Event, History, Occasion
from sessions_admin.risk.networks import parse_networks
from sessions_admin.risk.novelty import dormant_return, new_country, new_device, novelty_of
from sessions_admin.risk.rules import Rules
from sessions_admin.vocabulary import Novelty
from tests.sessions_admin.risk.sightings import NOW, at, moves, signs_in

RULES = Rules()
OFFICE = Rules(trusted=parse_networks("203.0.113.0/24\nAS64500"))
SHARED = Rules(shared=parse_networks("203.0.113.0/24", with_asns=False))
# Somebody who signs in from France by two operators, in a browser that is known.
KNOWN = History(
    signed_in_before=True, has_devices=True, device_known=True,
    countries=frozenset({"FR"}), networks=frozenset({3215, 12322}),
    last_active_at=NOW - timedelta(days=1),
)  # fmt: skip
STRANGE = replace(KNOWN, device_known=False)
FIRST = History()

DEVICE, COUNTRY, NETWORK = Novelty.DEVICE, Novelty.COUNTRY, Novelty.NETWORK
NOVEL = {
    "all is known": (signs_in("Paris", asn=3215), KNOWN, RULES, set()),
    "the other operator": (signs_in("Lyon", asn=12322), KNOWN, RULES, set()),
    "a new operator": (signs_in("Paris", asn=1), KNOWN, RULES, {NETWORK}),
    "a new country": (signs_in("London", asn=3215), KNOWN, RULES, {COUNTRY}),
    "a new country and operator": (signs_in("London", asn=1), KNOWN, RULES, {COUNTRY, NETWORK}),
    "a new device": (signs_in("Paris", asn=3215), STRANGE, RULES, {DEVICE}),
    "all is new": (signs_in("London", asn=1), STRANGE, RULES, {DEVICE, COUNTRY, NETWORK}),
    "the first sign-in ever": (signs_in("London", asn=1), FIRST, RULES, set()),
    "the first ever, of an unknown place": (signs_in(), FIRST, RULES, set()),
    "the first since devices are known": (
        signs_in("Paris", asn=3215), replace(STRANGE, has_devices=False), RULES, set()),
    "an unknown place": (signs_in(asn=None), KNOWN, RULES, set()),
    "an unknown place and a new device": (signs_in(), STRANGE, RULES, {DEVICE}),
    "no country was ever known": (
        signs_in("London", asn=1), replace(KNOWN, countries=frozenset()), RULES, {NETWORK}),
    "no operator was ever known": (
        signs_in("London", asn=1), replace(KNOWN, networks=frozenset()), RULES, {COUNTRY}),
    "a private address": (signs_in("London", asn=1, ip="10.0.0.1"), KNOWN, RULES, set()),
    "a private address, a new device": (
        signs_in("London", ip="10.0.0.1"), STRANGE, RULES, {DEVICE}),
    "an unknown address": (signs_in("London", asn=1, ip=None), KNOWN, RULES, set()),
    "the office": (signs_in("London", asn=1), STRANGE, OFFICE, set()),
    "the office's operator": (
        signs_in("London", asn=64500, ip="192.0.2.1"), STRANGE, OFFICE, set()),
    "beside the office": (signs_in("London", asn=1, ip="192.0.2.1"), KNOWN, OFFICE,
                          {COUNTRY, NETWORK}),
    "an address that many share": (signs_in("London", asn=1), STRANGE, SHARED, {DEVICE}),
    "by no browser at all": (signs_in("London", ip=None, user_agent=""), STRANGE, RULES, set()),
    "without a user agent": (signs_in("Paris", asn=3215, user_agent=""), STRANGE, RULES, {DEVICE}),
    "from the carrier's NAT": (signs_in("London", ip="100.64.0.1"), STRANGE, RULES, {DEVICE}),
}  # fmt: skip


@pytest.mark.parametrize("case", NOVEL)
def test_what_is_new(case):
    event, history, rules, novelty = NOVEL[case]
    assert novelty_of(event, history, rules) == novelty
    device, country = new_device(event, history, rules), new_country(event, history, rules)
    assert (device is not None) == (DEVICE in novelty)
    assert (country is not None) == (COUNTRY in novelty)


@pytest.mark.parametrize("detect", [new_device, new_country])
@pytest.mark.parametrize("case", NOVEL)
def test_a_session_that_moves_is_no_new_sign_in(detect, case):
    event, history, rules, _ = NOVEL[case]
    moved = moves(at("Paris", 5), event.now)
    assert moved.occasion == Occasion.MOVE
    assert detect(moved, history, rules) is None


def test_their_evidence():
    found = new_device(signs_in("London", ip="192.0.2.1"), STRANGE, RULES)
    assert found.thing == "Firefox 145 Linux"
    assert found.evidence["now"]["city"] == "London"
    assert new_country(signs_in("London"), KNOWN, RULES).thing == "GB"


@given(
    st.sampled_from(["", "Paris", "London"]), st.none() | st.integers(1, 3), st.booleans(),
    st.booleans(), st.frozensets(st.sampled_from(["FR", "GB"])), st.frozensets(st.integers(1, 3)),
)  # fmt: skip
def test_the_first_sign_in_is_never_new(city, asn, has_devices, known, countries, networks):
    history = History(
        has_devices=has_devices, device_known=known, countries=countries, networks=networks
    )
    assert novelty_of(signs_in(city, asn=asn), history, RULES) == frozenset()


@given(st.sampled_from(["", "Paris", "London"]), st.frozensets(st.sampled_from(["FR", "GB"])))
def test_what_was_new_is_known_the_next_time(city, countries):
    event = signs_in(city)
    history = replace(KNOWN, countries=countries)
    if COUNTRY in novelty_of(event, history, RULES):
        again = replace(history, countries=countries | {event.now.country_code})
        assert COUNTRY not in novelty_of(event, again, RULES)


# --- back after a long time ------------------------------------------------------------------


def away(days, **facts):
    return replace(KNOWN, last_active_at=NOW - timedelta(days=days), **facts)


MONTH = 30 * 24 * 60
BACK = {
    "an account, in a new country": (signs_in("London"), away(30), RULES),
    "a year later": (signs_in("London"), away(365), RULES),
    "an account, in a new network": (signs_in("Paris", asn=1), away(31), RULES),
    "with a new device as well": (signs_in("London"), away(31, device_known=False), RULES),
    "a session, in another country": (moves(at("Paris", MONTH), at("London")), KNOWN, RULES),
    "a session, in another network": (
        moves(at("Paris", MONTH, asn=1), at("Lyon", asn=2)), KNOWN, RULES),
    "a session, of an account in use": (
        moves(at("Paris", MONTH + 1), at("Bangkok")), KNOWN, RULES),
    "beside the office": (signs_in("London", ip="192.0.2.1"), away(30), OFFICE),
}  # fmt: skip
NOT_BACK = {
    "29 days": (signs_in("London"), away(29), RULES),
    "yesterday": (signs_in("London"), away(1), RULES),
    "the known country": (signs_in("Paris", asn=3215), away(90), RULES),
    "only a new device": (
        signs_in("Paris", asn=3215), away(90, device_known=False), RULES),
    "an unknown place": (signs_in(), away(90), RULES),
    "a private address": (signs_in("London", ip="10.0.0.1"), away(90), RULES),
    "the office": (signs_in("London"), away(90), OFFICE),
    "a shared address": (signs_in("London"), away(90), SHARED),
    "the first sign-in ever": (signs_in("London"), FIRST, RULES),
    "never active": (signs_in("London"), replace(KNOWN, last_active_at=None), RULES),
    "a session of yesterday": (moves(at("Paris", 1440), at("London")), away(90), RULES),
    "a session, at the same place": (moves(at("Paris", MONTH), at("Paris")), KNOWN, RULES),
    "a session, within the /64": (
        moves(at("Paris", MONTH, ip="2001:db8::1"), at("London", ip="2001:db8::2")), KNOWN, RULES),
    "a session, to nowhere": (moves(at("Paris", MONTH), at()), KNOWN, RULES),
    "a session, from nowhere": (moves(at("", MONTH), at("Paris")), KNOWN, RULES),
    "a session, from a private address": (
        moves(at("Paris", MONTH, ip="10.0.0.1"), at("London")), KNOWN, RULES),
}  # fmt: skip


@pytest.mark.parametrize("case", [*BACK, *NOT_BACK])
def test_back_after_a_long_time(case):
    event, history, rules = (BACK | NOT_BACK)[case]
    found = dormant_return(event, history, rules)
    assert (found is not None) == (case in BACK)
    if found:
        assert found.evidence["days"] >= 30
        assert found.evidence["now"]["city"] == event.now.city


def test_a_sign_in_within_a_session_that_was_forgotten():
    event = Event(Occasion.SIGN_IN, at("London"), at("Paris", MONTH))
    assert dormant_return(event, KNOWN, RULES).evidence["before"]["city"] == "Paris"

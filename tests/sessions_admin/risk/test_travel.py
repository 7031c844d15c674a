"""Impossible travel and far places at once: what is one, and all that only looks like one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.risk.facts import Event, History, Occasion
from sessions_admin.risk.geometry import EARTH_RADIUS_KM, distance_km, trip
from sessions_admin.risk.networks import parse_networks
from sessions_admin.risk.rules import Rules
from sessions_admin.risk.travel import far_apart, impossible_travel
from tests.sessions_admin.risk.sightings import NEW, NOW, OLD, PLACES, at, moves, signs_in

RULES = Rules()
HOUR = 60


def travelled(start, end, rules=RULES):
    """Both orders of arrival, and within one session, say the same."""
    found = [
        impossible_travel(Event(Occasion.SIGN_IN, end), History(others=(start,)), rules),
        impossible_travel(Event(Occasion.MOVE, start), History(others=(end,)), rules),
        impossible_travel(moves(replace(start, session=NEW), end), History(), rules),
    ]
    assert len({finding is None for finding in found}) == 1
    assert len({finding.evidence["km"] for finding in found if finding}) <= 1
    return found[0] is not None


IMPOSSIBLE = {
    "four minutes to the other end of the world": (("Bangkok", 4), ("London", 0)),
    "the other way": (("London", 4), ("Bangkok", 0)),
    "at the very same moment": (("Bangkok", 0), ("London", 0)),
    "an hour to a neighbouring country": (("Lyon", 5), ("London", 0)),
    "nine hours for a flight of twelve": (("Bangkok", 9 * HOUR), ("London", 0)),
    "within one country of two operators": (("New York", 30), ("Los Angeles", 0)),
    "over the date line": (("Suva", 10), ("Apia", 0)),
    "a second apart": (("Paris", 1 / 60), ("New York", 0)),
    "a microsecond apart": (("Paris", 1e-6 / 60), ("New York", 0)),
    "with radii that leave enough": (
        ("Bangkok", 4, {"accuracy_km": 1000}), ("London", 0, {"accuracy_km": 500})),
    "one operator in two countries": (("Paris", 4, {"asn": 1299}), ("New York", 0, {"asn": 1299})),
    "by IPv6": (("Bangkok", 4, {"ip": "2001:db8:1::1"}), ("London", 0, {"ip": "2001:db8:2::1"})),
    "IPv4 and IPv6": (("Bangkok", 4), ("London", 0, {"ip": "2001:db8:2::1"})),
    "the middle of a far country": (("Bangkok", 4, {"city": ""}), ("London", 0)),
    "an operator known on one side only": (("New York", 30, {"asn": 7018}), ("Los Angeles", 0)),
    "a little faster than the top speed": (("New York", 210), ("Los Angeles", 0)),
    "an accuracy of nought": (
        ("Bangkok", 4, {"accuracy_km": 0}), ("London", 0, {"accuracy_km": 0})),
    "beside a network that is trusted": (("Bangkok", 4, {"ip": "198.51.100.1"}), ("London", 0)),
    "with another browser": (("Bangkok", 4), ("London", 0, {"browser": "Chrome 142"})),
    "an hour and the Atlantic": (("London", HOUR), ("New York", 0)),
}  # fmt: skip


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_nobody_travels_so_fast(case):
    (city, minutes, *facts), (to, to_minutes, *to_facts) = IMPOSSIBLE[case]
    start = at(city, minutes, session=OLD, **(facts[0] if facts else {}))
    assert travelled(start, at(to, to_minutes, **(to_facts[0] if to_facts else {})))


TRUSTED = Rules(trusted=parse_networks("198.18.0.0/15\nAS64500\n2001:db8:9::/48"))
SHARED = Rules(shared=parse_networks("198.18.0.0/15", with_asns=False))
POSSIBLE = {
    "a flight of twelve hours": (("Bangkok", 12 * HOUR), ("London", 0), RULES),
    "a day later": (("Suva", 24 * HOUR), ("London", 0), RULES),
    "the same city": (("Paris", 0), ("Paris", 0), RULES),
    "a train away": (("Paris", 1), ("Lyon", 0), RULES),
    "a neighbouring country within 500 km": (("Paris", 1), ("London", 0), RULES),
    "an unknown place before": (("", 4), ("London", 0), RULES),
    "an unknown place after": (("London", 4), ("", 0), RULES),
    "half a place": (("Bangkok", 4, {"longitude": None}), ("London", 0), RULES),
    "a radius of 2,500 km": (("Lyon", 4, {"accuracy_km": 2500}), ("London", 0), RULES),
    "two radii that touch": (
        ("Lyon", 4, {"accuracy_km": 400}), ("London", 0, {"accuracy_km": 400}), RULES),
    "the middle of a country": (("Lyon", 4, {"city": ""}), ("London", 0), RULES),
    "a private address": (("Bangkok", 4, {"ip": "10.1.2.3"}), ("London", 0), RULES),
    "a carrier's NAT": (("Bangkok", 4, {"ip": "100.64.1.1"}), ("London", 0), RULES),
    "a private IPv6 address": (("Bangkok", 4), ("London", 0, {"ip": "fd12::1"}), RULES),
    "loopback": (("Bangkok", 4), ("London", 0, {"ip": "127.0.0.1"}), RULES),
    "an unknown address": (("Bangkok", 4, {"ip": None}), ("London", 0), RULES),
    "what is no address": (("Bangkok", 4, {"ip": "unknown"}), ("London", 0), RULES),
    "a VPN before": (("Bangkok", 4, {"ip": "198.18.3.4"}), ("London", 0), TRUSTED),
    "a VPN after": (("London", 4), ("Bangkok", 0, {"ip": "198.18.3.4"}), TRUSTED),
    "a VPN by its operator": (("Bangkok", 4, {"asn": 64500}), ("London", 0), TRUSTED),
    "a VPN by IPv6": (("Bangkok", 4), ("London", 0, {"ip": "2001:db8:9::5"}), TRUSTED),
    "a shared address": (("Bangkok", 4, {"ip": "198.18.3.4"}), ("London", 0), SHARED),
    "a phone and its operator's far exit": (
        ("New York", 1, {"asn": 7018}), ("Los Angeles", 0, {"asn": 7018}), RULES),
    "a higher top speed": (("Lyon", 120), ("London", 0), Rules(top_speed_kmh=2000)),
}  # fmt: skip


@pytest.mark.parametrize("case", POSSIBLE)
def test_it_only_looks_like_travel(case):
    (city, minutes, *facts), (to, to_minutes, *to_facts), rules = POSSIBLE[case]
    start = at(city, minutes, session=OLD, **(facts[0] if facts else {}))
    assert not travelled(start, at(to, to_minutes, **(to_facts[0] if to_facts else {})), rules)


def test_its_evidence():
    found = impossible_travel(
        signs_in("London"),
        History(others=(at("Bangkok", 4, session=OLD, asn=23969, network="TOT"),)),
        RULES,
    )
    assert (found.other, found.thing) == (OLD, "GB London – TH Bangkok")
    evidence = found.evidence
    assert (evidence["km"], evidence["seconds"]) == (9532, 240)
    assert evidence["kmh"] == round(9531.8318 / 4 * 60)
    assert evidence["from"]["network"] == "TOT"
    assert evidence["from"]["session"] == str(OLD)
    assert (evidence["occasion"], evidence["within_session"]) == ("sign_in", False)


def test_the_same_moment_has_no_speed():
    found = impossible_travel(
        signs_in("London"), History(others=(at("Bangkok", 0, session=OLD),)), RULES
    )
    assert found.evidence["kmh"] is None


def test_the_fastest_of_several_is_told():
    others = (at("New York", 60, session=OLD), at("Bangkok", 1, session=OLD))
    found = impossible_travel(signs_in("London"), History(others=others), RULES)
    assert found.evidence["from"]["city"] == "Bangkok"


# --- at once ---------------------------------------------------------------------------------

APART = {
    "now": ("Bangkok", 0, {}, RULES),
    "four minutes ago": ("Bangkok", 4, {}, RULES),
    "at the end of the hour": ("New York", 60, {}, RULES),
    "slower than an aeroplane": ("Marseille", 59, {}, RULES),
    "with radii that leave 500 km": ("Marseille", 5, {"accuracy_km": 480}, RULES),
    "another system": ("Bangkok", 4, {"system": "Windows"}, RULES),
    "the other side's clock ahead": ("Bangkok", -3, {}, RULES),
    "one operator in two countries": ("Bangkok", 4, {"asn": 1299}, RULES),
    "with other networks trusted": ("Bangkok", 4, {}, TRUSTED),
    "whatever the top speed": ("Bangkok", 4, {}, Rules(top_speed_kmh=10_000)),
}
TOGETHER = {
    "61 minutes ago": ("Bangkok", 61, {}, RULES),
    "yesterday": ("Bangkok", 24 * HOUR, {}, RULES),
    "the same city": ("London", 0, {}, RULES),
    "a train away": ("Paris", 10, {}, RULES),
    "a wide circle": ("Marseille", 5, {"accuracy_km": 600}, RULES),
    "2,500 km around": ("Lyon", 5, {"accuracy_km": 2500}, RULES),
    "nowhere": ("", 5, {}, RULES),
    "no latitude": ("Bangkok", 5, {"latitude": None}, RULES),
    "at home": ("Bangkok", 5, {"ip": "192.168.1.2"}, RULES),
    "unknown": ("Bangkok", 5, {"ip": None}, RULES),
    "the VPN": ("Bangkok", 5, {"ip": "198.18.0.1"}, TRUSTED),
    "the VPN's operator": ("Bangkok", 5, {"asn": 64500}, TRUSTED),
    "shared by many": ("Bangkok", 5, {"ip": "198.18.0.1"}, SHARED),
}


@pytest.mark.parametrize("case", [*APART, *TOGETHER])
def test_far_places_at_once(case):
    city, minutes, facts, rules = (APART | TOGETHER)[case]
    other = at(city, minutes, session=OLD, **facts)
    here = signs_in("London", asn=1299)
    found = far_apart(here, History(others=(other,)), rules)
    assert (found is not None) == (case in APART)
    if found:
        assert found.evidence["km"] >= 500
        assert found.other == OLD


def test_one_session_is_not_in_two_places_at_once():
    assert far_apart(moves(at("Bangkok", 4), at("London")), History(), RULES) is None


def test_the_farthest_is_told():
    others = (at("Marseille", 4, session=OLD), at("Bangkok", 30, session=OLD))
    found = far_apart(signs_in("London"), History(others=others), RULES)
    assert found.evidence["from"]["city"] == "Bangkok"


# --- properties ------------------------------------------------------------------------------

latitudes = st.floats(-90, 90, allow_nan=False)
longitudes = st.floats(-180, 180, allow_nan=False)
points = st.tuples(latitudes, longitudes)
sightings = st.builds(
    lambda point, minutes, radius, ip, asn, session: replace(
        at("Paris", minutes, session=session), latitude=point[0] if point else None,
        longitude=point[1] if point else None, accuracy_km=radius, ip=ip, asn=asn,
        country_code="FR" if asn else "",
    ),
    st.none() | points, st.floats(-500, 5000), st.none() | st.integers(0, 5000),
    st.sampled_from([None, "10.0.0.1", "203.0.113.1", "2001:db8::1", "nonsense"]),
    st.none() | st.integers(1, 3), st.sampled_from([OLD, NEW]),
)  # fmt: skip


@given(points, points)
def test_distances_are_symmetrical_and_on_the_earth(one, other):
    assert distance_km(one, other) == pytest.approx(distance_km(other, one))
    assert 0 <= distance_km(one, other) <= 3.1416 * EARTH_RADIUS_KM


@given(points)
def test_nobody_is_away_from_themselves(point):
    assert distance_km(point, point) == pytest.approx(0, abs=1e-6)


@given(sightings, sightings)
def test_a_trip_is_the_same_both_ways(one, other):
    way, back = trip(one, other, RULES), trip(other, one, RULES)
    assert (way is None) == (back is None)
    if way and back:
        assert (way.km, way.time) == (pytest.approx(back.km), back.time)


@given(sightings, sightings)
def test_no_finding_without_two_places(one, other):
    found = impossible_travel(Event(Occasion.SIGN_IN, one), History(others=(other,)), RULES)
    if found is None:
        return
    for seen in (one, other):
        assert seen.latitude is not None
        assert seen.longitude is not None
        assert seen.ip in {"203.0.113.1", "2001:db8::1"}


@given(sightings, sightings, st.integers(200, 10_000), st.integers(200, 10_000))
def test_who_is_too_fast_for_a_speed_is_too_fast_for_a_lower_one(one, other, speed, higher):
    slower, faster = sorted((speed, higher))
    event, history = Event(Occasion.SIGN_IN, one), History(others=(other,))
    if impossible_travel(event, history, Rules(top_speed_kmh=faster)):
        assert impossible_travel(event, history, Rules(top_speed_kmh=slower))


@given(st.floats(0, 2000), st.floats(0, 2000))
def test_who_had_less_time_was_faster(minutes, more):
    short, long = sorted((minutes, more))
    here = signs_in("London")
    if impossible_travel(here, History(others=(at("Bangkok", long, session=OLD),)), RULES):
        other = at("Bangkok", short, session=OLD)
        assert impossible_travel(here, History(others=(other,)), RULES)


@given(sightings, sightings, st.integers(0, 5000))
def test_a_wider_circle_never_finds_more(one, other, radius):
    event = Event(Occasion.SIGN_IN, one)
    wider = replace(other, accuracy_km=(other.accuracy_km or 1500) + radius)
    if impossible_travel(event, History(others=(wider,)), RULES):
        assert impossible_travel(event, History(others=(other,)), RULES)


def test_known_distances():
    place = {name: facts[2:] for name, facts in PLACES.items()}
    assert distance_km(place["Bangkok"], place["London"]) == pytest.approx(9532, abs=1)
    assert distance_km(place["London"], place["New York"]) == pytest.approx(5570, abs=5)
    assert distance_km(place["Suva"], place["Apia"]) == pytest.approx(1145, abs=15)
    assert distance_km((90.0, 0.0), (-90.0, 0.0)) == pytest.approx(20015, abs=1)


def test_as_fast_as_the_top_speed_is_possible():
    here, there = at("London"), at("New York", 60, session=OLD)
    way = trip(here, there, RULES)
    exactly = replace(there, at=NOW - timedelta(hours=way.km / 1000))
    assert not trip(here, exactly, RULES).is_faster_than(1000.001)
    assert trip(here, replace(exactly, at=exactly.at + timedelta(seconds=1)), RULES).is_faster_than(
        1000
    )

"""A burst of failures, then a success."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.risk.facts import Event, Failure, History, Occasion
from sessions_admin.risk.guessing import BURST, guessed_password
from sessions_admin.risk.networks import parse_networks
from sessions_admin.risk.rules import Rules
from tests.sessions_admin.risk.sightings import NOW, at, moves, signs_in

RULES = Rules()
OFFICE = Rules(trusted=parse_networks("198.51.100.0/24\nAS64500"))
SHARED = Rules(shared=parse_networks("198.51.100.0/24", with_asns=False))
THIEF, OTHER, INSIDE = "192.0.2.66", "192.0.2.67", "198.51.100.3"


def failures(*minutes, ip=THIEF):
    return tuple(Failure(NOW - timedelta(minutes=ago), ip) for ago in minutes)


FIVE = failures(1, 2, 3, 4, 5)
HERE = signs_in("London")
GUESSED = {
    "five in five minutes": (HERE, FIVE, RULES),
    "at once": (HERE, failures(*[0] * 5), RULES),
    "at the end of half an hour": (HERE, failures(26, 27, 28, 29, 30), RULES),
    "sixty": (HERE, failures(*range(30)) * 2, RULES),
    "from many addresses": (HERE, failures(1, 2, 3) + failures(4, 5, ip=OTHER), RULES),
    "from unknown addresses": (HERE, failures(1, 2, 3, 4, 5, ip=None), RULES),
    "from the address that gets in": (signs_in("London", ip=THIEF), FIVE, RULES),
    "with older ones before": (HERE, FIVE + failures(100, 200), RULES),
    "of an unknown place": (signs_in(), FIVE, RULES),
    "from a private address": (signs_in(ip="10.0.0.9"), FIVE, RULES),
    "from an address that many share": (signs_in("London", ip=INSIDE), FIVE, SHARED),
    "beside the office": (HERE, FIVE, OFFICE),
}
MISTYPED = {
    "nobody": (HERE, (), RULES),
    "four": (HERE, FIVE[:4], RULES),
    "one, and a success": (HERE, failures(1), RULES),
    "five in a day": (HERE, failures(1, 60, 120, 600, 1200), RULES),
    "an hour ago": (HERE, failures(60, 61, 62, 63, 64), RULES),
    "just before the half hour": (HERE, failures(31, 31, 31, 31, 31), RULES),
    "four and an old one": (HERE, FIVE[:4] + failures(31), RULES),
    "in the office": (signs_in("London", ip=INSIDE), FIVE, OFFICE),
    "in the office, by its operator": (signs_in("London", asn=64500), FIVE, OFFICE),
    "by a colleague in the office": (HERE, failures(1, 2, 3, 4, 5, ip=INSIDE), OFFICE),
    "partly in the office": (HERE, FIVE[:4] + failures(5, 6, ip=INSIDE), OFFICE),
    "a session that moves": (moves(at("Paris", 5), at("London")), FIVE, RULES),
    "after the success": (HERE, failures(-1, -2, -3, -4, -5), RULES),
}


@pytest.mark.parametrize("case", [*GUESSED, *MISTYPED])
def test_a_password_that_was_guessed(case):
    event, failed, rules = (GUESSED | MISTYPED)[case]
    found = guessed_password(event, History(failures=failed), rules)
    assert (found is not None) == (case in GUESSED)
    if found:
        assert found.evidence["failures"] >= BURST
        assert 1 <= found.evidence["addresses"] <= found.evidence["failures"]
        assert 0 <= found.evidence["seconds"] <= 1800


@pytest.mark.parametrize("case", GUESSED)
def test_on_a_known_device_it_is_the_person(case):
    event, failed, rules = GUESSED[case]
    assert guessed_password(event, History(failures=failed, device_known=True), rules) is None


@given(st.lists(st.floats(-100, 100)))
def test_it_takes_five_within_half_an_hour(minutes):
    within = [ago for ago in failures(*minutes) if NOW - timedelta(minutes=30) <= ago.at <= NOW]
    found = guessed_password(
        Event(Occasion.SIGN_IN, at("London")), History(failures=failures(*minutes)), RULES
    )
    assert (found is not None) == (len(within) >= BURST)

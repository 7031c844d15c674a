"""What rules would have done in the last days, by the functions that do it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.models import LoginAttempt, Risk, Session, Sighting
from sessions_admin.risk.networks import Networks, parse_networks
from sessions_admin.risk.rules import Rules
from sessions_admin.suspicious.back_test import back_test
from sessions_admin.suspicious.evidence import sentence
from sessions_admin.vocabulary import Detector, LoginOutcome, Novelty, Response
from tests.holdings import CHROME_WINDOWS, hold, see_elsewhere
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP, LYON_IP, PARIS_IP

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def fired(test, detector=Detector.IMPOSSIBLE_TRAVEL):
    return next(one for one in test.fired if one.detector == detector)


def been(user, tenant, ip, *, age, lasted=MINUTE, **columns) -> Session:
    """A session that began `age` ago, was used for a while there, and is over."""
    used_until = timezone.now() - age + lasted
    return hold(user, tenant, ip=ip, place={}, age=age, idle=age - lasted,
                ended_at=used_until + DAY, end_reason="idle_timeout", **columns)  # fmt: skip


def attempt(user, ip, *, ago, outcome=LoginOutcome.SUCCEEDED, country_code="FR"):
    at = timezone.now() - ago
    LoginAttempt.objects.create(id=uuid7(at), at=at, user=user, outcome=outcome, ip=ip,
                                country_code=country_code)  # fmt: skip


def test_it_counts_the_same_thing_once_and_names_the_people(acme, member, admin):
    for days in (3, 9):
        been(member, acme, BANGKOK_IP, age=days * DAY)
        been(member, acme, LONDON_IP, age=days * DAY - 4 * MINUTE)
    been(admin, acme, LONDON_IP, age=5 * DAY)
    found = fired(back_test(acme, Rules()))
    assert found.count == 2
    assert [(one.id, one.name, one.count) for one in found.people] == [(member.pk, member.name, 2)]
    words = sentence(found.detector, found.examples[0].finding.evidence)
    assert words.startswith("Signed in from Bangkok and from London within 3 minutes: 9,532 km")
    assert found.examples[0].at > found.examples[1].at
    assert not Risk.objects.exists()  # it reads only


@pytest.mark.parametrize(
    "rules",
    [
        Rules({Detector.IMPOSSIBLE_TRAVEL: Response.OFF, Detector.FAR_APART: Response.OFF}),
        Rules(trusted=parse_networks("203.0.113.0/24")),
        Rules(shared=Networks(parse_networks("198.51.100.9").ranges)),
    ],
)
def test_it_asks_the_rules(acme, member, rules):
    been(member, acme, BANGKOK_IP, age=3 * DAY)
    been(member, acme, LONDON_IP, age=3 * DAY - 4 * MINUTE)
    assert back_test(acme, rules).count == 0


def test_another_tenant_and_older_days_are_not_looked_at(acme, globex, member, contractor):
    been(member, acme, BANGKOK_IP, age=40 * DAY)
    been(member, acme, LONDON_IP, age=40 * DAY - 4 * MINUTE)
    been(contractor, acme, BANGKOK_IP, age=3 * DAY)
    been(contractor, globex, LONDON_IP, age=3 * DAY - 4 * MINUTE)
    assert back_test(acme, Rules()).count == back_test(globex, Rules()).count == 0
    assert fired(back_test(acme, Rules(), days=60)).count == 1


def test_it_follows_a_session_that_moved(acme, member):
    session = been(member, acme, PARIS_IP, age=2 * DAY, lasted=2 * HOUR)
    see_elsewhere(session, ip=PARIS_IP, place={}, ago=2 * DAY)
    see_elsewhere(session, ip=BANGKOK_IP, place={}, ago=2 * DAY - HOUR)
    test = back_test(acme, Rules())
    assert (test.sign_ins, test.moves) == (1, 1)
    assert fired(test).examples[0].finding.evidence["within_session"]
    assert fired(test, Detector.NETWORK_JUMP).count == 1


def test_what_the_rules_end_does_nothing_more(acme, member):
    """The session that came from Bangkok would have ended: it never went to Lyon."""
    been(member, acme, LONDON_IP, age=2 * DAY, lasted=3 * HOUR)
    thief = been(member, acme, BANGKOK_IP, age=2 * DAY - 5 * MINUTE, lasted=2 * HOUR)
    see_elsewhere(thief, ip=BANGKOK_IP, place={}, ago=2 * DAY - 5 * MINUTE)
    see_elsewhere(thief, ip=LYON_IP, place={}, ago=2 * DAY - HOUR)
    ending = Rules({Detector.IMPOSSIBLE_TRAVEL: Response.END_NEW})
    assert fired(back_test(acme, ending)).count == 1
    assert fired(back_test(acme, Rules())).count == 2


def test_new_countries_by_the_login_history(acme, member):
    for days in (50, 20, 10):
        attempt(member, PARIS_IP, ago=days * DAY)
        been(member, acme, PARIS_IP, age=days * DAY)
    been(member, acme, LONDON_IP, age=5 * DAY)
    found = fired(back_test(acme, Rules()), Detector.NEW_COUNTRY)
    assert [one.finding.thing for one in found.examples] == ["GB"]


def test_new_devices_as_they_were_noted_then(acme, member):
    attempt(member, PARIS_IP, ago=9 * DAY)
    been(member, acme, PARIS_IP, age=8 * DAY)
    been(member, acme, PARIS_IP, age=7 * DAY, agent=CHROME_WINDOWS, novelty={Novelty.DEVICE})
    found = fired(back_test(acme, Rules()), Detector.NEW_DEVICE)
    assert [one.finding.thing for one in found.examples] == ["Chrome 142 Windows"]


def test_a_guessed_password(acme, member):
    attempt(member, PARIS_IP, ago=9 * DAY)
    for minutes in range(6):
        attempt(member, LONDON_IP, ago=3 * DAY + (minutes + 1) * MINUTE, outcome="failed")
    been(member, acme, LONDON_IP, age=3 * DAY, novelty={Novelty.DEVICE})
    found = fired(back_test(acme, Rules()), Detector.GUESSED_PASSWORD)
    assert found.examples[0].finding.evidence["failures"] == 6


def test_it_is_bounded_and_says_so(acme, member, monkeypatch):
    monkeypatch.setattr("sessions_admin.suspicious.back_test.MOST_SESSIONS", 2)
    for days in (1, 2, 3):
        been(member, acme, PARIS_IP, age=days * DAY)
    test = back_test(acme, Rules())
    assert (test.sign_ins, test.is_complete) == (2, False)
    monkeypatch.setattr("sessions_admin.suspicious.back_test.MOST_SESSIONS", 10)
    assert back_test(acme, Rules()).is_complete


def test_its_statements_do_not_grow(acme, member, admin, django_assert_num_queries):
    for user in (member, admin):
        for days in range(1, 29, 2):
            been(user, acme, BANGKOK_IP, age=days * DAY)
            been(user, acme, LONDON_IP, age=days * DAY - 4 * MINUTE)
    with django_assert_num_queries(4):
        test = back_test(acme, Rules())
    assert fired(test).count == 28


def test_nothing_happened(acme):
    test = back_test(acme, Rules())
    assert (test.count, test.sign_ins, test.moves) == (0, 0, 0)
    assert [one.detector for one in test.fired] == list(Detector)
    assert not Sighting.objects.exists()

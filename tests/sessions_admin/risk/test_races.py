"""Real threads on PostgreSQL: of two who come at once, the second sees the first."""

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.utils import timezone

from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle import decide, see
from sessions_admin.models import KnownDevice, Risk, Session
from sessions_admin.policy import SignInEndedError
from sessions_admin.request.client import Client
from sessions_admin.request.sealing import hash_of
from sessions_admin.vocabulary import Detector, EndReason, Response, RiskState
from tests.cast import FIREFOX, SAFARI
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP
from tests.sessions_admin.test_races import at_once

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("world"),
]
ROUNDS = 15
IN_BANGKOK, IN_LONDON = Client(BANGKOK_IP, FIREFOX), Client(LONDON_IP, SAFARI)


def sign_in(user, client, browser="one"):
    """The store of a new session; SignInEndedError where it ended at once."""
    store = SessionStore()
    try:
        store.begin(user, client, amr="pwd", aal=1, browser_hash=hash_of(browser))
    except SignInEndedError as error:
        return error
    return store


def start_again() -> None:
    Session.objects.all().delete()
    Risk.objects.all().delete()


@pytest.mark.parametrize(
    ("response", "left"), [(Response.END_NEW, 1), (Response.END_OLD, 1), (Response.END_BOTH, 0)]
)
def test_two_sign_ins_at_once(cast, rules_for, response, left):
    rules_for(cast.acme, report_only=False, impossible_travel=response, far_apart=Response.OFF)
    for _ in range(ROUNDS):
        results = at_once(
            lambda: sign_in(cast.member, IN_BANGKOK), lambda: sign_in(cast.member, IN_LONDON)
        )
        assert Session.objects.open().of(cast.member).count() == left
        refused = sum(isinstance(one, SignInEndedError) for one in results)
        assert refused == (0 if response == Response.END_OLD else 1)
        risk = Risk.objects.get(detector=Detector.IMPOSSIBLE_TRAVEL)
        assert risk.session_id > risk.other_session_id or risk.other_session_id
        ended = Session.objects.ended().values_list("end_reason", flat=True)
        assert set(ended) == {EndReason.RISK_DETECTED}
        start_again()


def test_a_sign_in_and_a_move_at_once(cast, rules_for):
    """Whoever is second sees the other one where it is now."""
    rules_for(cast.acme, report_only=False, impossible_travel=Response.END_NEW, far_apart="off")
    for _ in range(ROUNDS):
        store = sign_in(cast.member, IN_LONDON)
        found = SessionStore(store.session_key)
        found.load()
        # It moves within London: an address of the same place, and no finding of its own.
        moved = Client("203.0.113.99", SAFARI)
        at_once(
            lambda moved=moved, found=found: see(found.found, moved, active=True),
            lambda: sign_in(cast.member, IN_BANGKOK),
        )
        assert Risk.objects.filter(detector=Detector.IMPOSSIBLE_TRAVEL).count() >= 1
        assert Session.objects.ended().of(cast.member).count() >= 1
        start_again()


def test_many_requests_that_moved_find_it_once(cast):
    for _ in range(ROUNDS):
        store = sign_in(cast.member, IN_LONDON)
        founds = [SessionStore(store.session_key) for _ in range(4)]
        for one in founds:
            one.load()
        at_once(*[lambda one=one: see(one.found, IN_BANGKOK, active=True) for one in founds])
        assert Risk.objects.filter(detector=Detector.IMPOSSIBLE_TRAVEL).count() == 1
        start_again()


def test_one_browser_is_one_device(cast):
    for number in range(ROUNDS):
        at_once(*[lambda: sign_in(cast.member, IN_LONDON, f"browser {number}")] * 3)  # noqa: B023
        device = KnownDevice.objects.get(browser_hash=hash_of(f"browser {number}"))
        assert device.sessions.count() == 3


def test_two_who_decide_one_does(cast):
    session = Session.objects.create(user=cast.member, tenant=cast.acme)
    for _ in range(ROUNDS):
        risk = Risk.objects.create(
            detector=Detector.NEW_COUNTRY, tenant=cast.acme, user=cast.member, session=session,
            response=Response.RECORD, at=timezone.now(),
        )  # fmt: skip
        results = at_once(
            lambda risk=risk: decide(risk, RiskState.DISMISSED, cast.admin, "a trip"),
            lambda risk=risk: decide(risk, RiskState.ACTED_ON, cast.owner),
        )
        assert sorted(results) == [False, True]


def test_a_sign_in_over_an_ended_visitor_is_told(cast):
    visitor = SessionStore()
    visitor["x"] = 1
    visitor.save()
    late = SessionStore(visitor.session_key)
    late["y"] = 2
    visitor.delete()
    with pytest.raises(UpdateError):
        late.begin(cast.member, IN_LONDON, amr="pwd", aal=1, browser_hash=hash_of("x"))
    assert not KnownDevice.objects.filter(user=cast.member).exists()

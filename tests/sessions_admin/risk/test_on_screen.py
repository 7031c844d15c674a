"""What a real sign-in leads to, as the screens tell it: from the detectors to the map."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.models import Risk, Session
from sessions_admin.vocabulary import Detector, Response
from tests.cast import SAFARI
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP

pytestmark = pytest.mark.django_db


@pytest.fixture
def travelled(world, browser_of, member):
    """Signed in from London, and four minutes later from Bangkok."""

    def travel():
        first = browser_of(ip=LONDON_IP)
        first.sign_in(member)
        earlier = timezone.now() - timedelta(minutes=4)
        Session.objects.update(started_at=earlier, authenticated_at=earlier, last_seen_at=earlier)
        second = browser_of(ip=BANGKOK_IP, agent=SAFARI)
        second.sign_in(member)
        return first, Risk.objects.get(detector=Detector.IMPOSSIBLE_TRAVEL)

    return travel


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"impossible_travel": Response.RECORD}, "Recorded"),
        ({"impossible_travel": Response.END_NEW}, "Would have ended the newer session"),
        (
            {"impossible_travel": Response.END_NEW, "report_only": False},
            "Ended the newer session",
        ),
    ],
)
def test_an_administrator_sees_evidence_and_what_was_done(
    travelled, rules_for, browser_of, admin, acme, values, words
):
    rules_for(acme, **values)
    _, risk = travelled()
    text = browser_of(admin).get(f"/risks/{risk.pk}/").text
    assert words in text
    assert "Signed in from London and from Bangkok within 4 minutes" in text
    assert text.count('class="journey-place"') == 2
    for fact in ("9,532 km", "London", "Bangkok", LONDON_IP, BANGKOK_IP):
        assert fact in text, fact
    assert Detector.IMPOSSIBLE_TRAVEL in [
        one.detector for one in browser_of(admin).get("/risks/?state=all").context["page"].rows
    ]


def test_the_person_sees_it_and_answers(travelled, rules_for, acme, member):
    rules_for(acme, impossible_travel=Response.RECORD)
    browser, risk = travelled()
    assert "within 4 minutes" in browser.get("/sessions/").text
    browser.post(f"/sessions/{risk.session_id}/disown/")
    assert Session.objects.get(pk=risk.session_id).ended_at
    risk.refresh_from_db()
    assert (risk.state, risk.decided_by) == ("acted_on", member)
    assert "within 4 minutes" not in browser.get("/sessions/").text

"""What the person reads in the mail after Bangkok and London, and what their answer does."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from sessions_admin.models import KnownDevice, Notice, Risk, Session
from sessions_admin.notices.outbox import send_due
from sessions_admin.notices.words import telling
from sessions_admin.vocabulary import Detector, NoticeKind, Response, RiskState
from tests.cast import SAFARI
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP

pytestmark = pytest.mark.django_db
TITLES = {
    Response.NOTIFY: "Your account was used in an unusual way",
    Response.STEP_UP: "We asked for a new proof that it is you",
    Response.END_NEW: "We ended a session to protect your account",
    Response.END_OLD: "We ended a session to protect your account",
}


@pytest.fixture(autouse=True)
def _no_attempts_of_other_tests():
    cache.clear()


@pytest.fixture
def travelled(world, browser_of, member, rules_for, acme):
    """Signs in in Bangkok, and four minutes later in London; the second browser."""

    def travel(response):
        rules_for(acme, report_only=False, impossible_travel=response)
        browser_of(ip=BANGKOK_IP).sign_in(member)
        earlier = timezone.now() - timedelta(minutes=4)
        Session.objects.update(started_at=earlier, authenticated_at=earlier, last_seen_at=earlier)
        second = browser_of(ip=LONDON_IP, agent=SAFARI)
        second.sign_in(member)
        return second

    return travel


def links():
    send_due()
    (message,) = mail.outbox
    mail.outbox.clear()
    return re.findall(r"(/notices/answer/\S+)", message.body)


@pytest.mark.parametrize("response", list(TITLES))
def test_one_mail_says_what_was_seen_and_what_was_done(travelled, response):
    travelled(response)
    send_due()
    (message,) = mail.outbox
    assert message.subject == f"[Latchkey] {TITLES[response]}"
    assert "Signed in from Bangkok and from London within 4 minutes: 9,532 km, " in message.body
    assert message.body.count("/notices/answer/") == 2
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("response", [Response.RECORD, Response.OFF])
def test_a_rule_that_only_records_leaves_the_news_of_the_new_sign_in(travelled, response):
    travelled(response)
    send_due()
    (message,) = mail.outbox
    assert message.subject == "[Latchkey] New sign-in: Safari 18 on iOS 18, London"


def test_a_finding_of_a_first_time_is_called_a_new_sign_in(
    world, browser_of, member, rules_for, acme
):
    rules_for(acme, report_only=False, new_device=Response.NOTIFY)
    browser_of(ip=LONDON_IP).sign_in(member)
    mail.outbox.clear()
    browser_of(ip=LONDON_IP, agent=SAFARI).sign_in(member)
    told = telling(Notice.objects.get(kind=NoticeKind.RISK_DETECTED))
    assert told.title == "New sign-in: Safari 18 on iOS 18, London"
    assert told.text == "First sign-in with Safari 18 on iOS 18, from London."
    assert told.seen == ["London, United Kingdom", LONDON_IP]  # the device is in the text


def test_it_was_me_lets_the_person_in_again(travelled, client, browser_of, member):
    assert travelled(Response.END_NEW).get("/profile/").status_code == 302
    me, _ = links()
    page = client.get(client.post(me).url).content.decode()
    assert "You can sign in again." in page
    risk = Risk.objects.get(detector=Detector.IMPOSSIBLE_TRAVEL)
    assert (risk.state, risk.decided_by) == (RiskState.DISMISSED, member)
    again = browser_of(ip=LONDON_IP, agent=SAFARI)
    again.sign_in(member)
    assert again.get("/profile/").status_code == 200


def test_without_an_answer_the_next_sign_in_ends_as_well(travelled, browser_of, member):
    travelled(Response.END_NEW)
    again = browser_of(ip=LONDON_IP, agent=SAFARI)
    again.sign_in(member)
    assert again.get("/profile/").status_code == 302


def test_it_was_not_me_ends_it_and_forgets_the_device(travelled, client, member):
    second = travelled(Response.NOTIFY)
    device = second.session_row.known_device_id
    _, not_me = links()
    client.post(not_me)
    assert second.session_row.ended_at is not None
    assert not KnownDevice.objects.filter(pk=device).exists()
    risk = Risk.objects.get(detector=Detector.IMPOSSIBLE_TRAVEL)
    assert (risk.state, risk.decided_by) == (RiskState.ACTED_ON, member)

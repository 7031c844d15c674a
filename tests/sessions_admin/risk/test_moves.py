"""A live session that is used from elsewhere: looked at before its request is answered."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from sessions_admin import lifecycle
from sessions_admin.lifecycle import arrival
from sessions_admin.models import AuditEvent, Notice, Risk, Session
from sessions_admin.request.client import Client
from sessions_admin.request.lookup import find_session_by_id
from sessions_admin.vocabulary import AuditAction, Detector, EndReason, NoticeKind, Response
from tests.cast import FIREFOX, SAFARI
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP, LYON_IP, PARIS_IP

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


@pytest.fixture
def signed_in(browser_of, member):
    """A browser in London in which the member has signed in by the page."""
    browser = browser_of(ip=LONDON_IP)
    browser.sign_in(member)
    return browser


def elsewhere(browser, url="/profile/", *, ip=BANGKOK_IP, agent=FIREFOX, **kwargs):
    """The same cookie, from another address."""
    return browser.get(url, REMOTE_ADDR=ip, headers={"user-agent": agent} | kwargs)


def found(detector):
    return Risk.objects.filter(detector=detector)


@pytest.mark.parametrize("response", [Response.END_NEW, Response.END_OLD, Response.END_BOTH])
def test_a_stolen_cookie_gets_not_even_one_page(signed_in, rules_for, acme, response):
    rules_for(acme, report_only=False, impossible_travel=response)
    answer = elsewhere(signed_in)
    assert answer.status_code == 302
    assert answer.url.startswith("/signed-out/")
    assert signed_in.session_row.end_reason == EndReason.RISK_DETECTED
    assert signed_in.get("/profile/").status_code == 302  # one session, one key: it is over
    page = elsewhere(signed_in, "/signed-out/").content.decode()
    assert "Used in London and in Bangkok" in page


@pytest.mark.parametrize(
    ("response", "column"),
    [(Response.END_NEW, "ended_at"), (Response.STEP_UP, "suspected_at")],
)
@pytest.mark.parametrize("active", [True, False])
def test_of_two_requests_of_a_thief_none_gets_through(
    signed_in, rules_for, acme, response, column, active
):
    """Both were read before either was looked at: the second learns what came of the first."""
    rules_for(acme, report_only=False, impossible_travel=response)
    first, second = (find_session_by_id(signed_in.session_row.pk) for _ in range(2))
    for found in (first, second):
        lifecycle.see(found, Client(BANGKOK_IP, FIREFOX), active=active)
        assert getattr(found, column) is not None


def test_a_thief_beside_the_person_is_looked_at(signed_in, rules_for, acme):
    """The person's own request is noted between the reading of the thief's and its turn."""
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    thiefs, own = (find_session_by_id(signed_in.session_row.pk) for _ in range(2))
    lifecycle.see(own, Client(LONDON_IP, FIREFOX), active=True)
    lifecycle.see(thiefs, Client(BANGKOK_IP, FIREFOX), active=True)
    assert thiefs.ended_at is not None
    assert signed_in.session_row.end_reason == EndReason.RISK_DETECTED


def test_a_post_of_a_thief_does_nothing(signed_in, rules_for, acme, member):
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    signed_in.post("/profile/", {"display_name": "Thief", "language": "en", "time_zone": "UTC"},
                   REMOTE_ADDR=BANGKOK_IP)  # fmt: skip
    assert User.objects.get(pk=member.pk).display_name == member.display_name


def test_htmx_and_polls_leave_the_page(signed_in, rules_for, acme):
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    answer = elsewhere(signed_in, "/sessions/", **{"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/signed-out/")


@pytest.mark.parametrize("url", ["/api/v1/sessions", "/accounts/password/change/", "/admin/"])
def test_every_door_is_shut(signed_in, rules_for, acme, url):
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    assert elsewhere(signed_in, url).status_code in {302, 401}
    assert signed_in.session_row.end_reason == EndReason.RISK_DETECTED


def test_recording_changes_nothing(signed_in, acme):
    assert elsewhere(signed_in).status_code == 200
    risk = found(Detector.IMPOSSIBLE_TRAVEL).get()
    assert risk.evidence["within_session"]
    assert risk.other_session is None
    assert not found(Detector.FAR_APART).exists()
    assert found(Detector.NETWORK_JUMP).exists()
    assert not Notice.objects.filter(kind=NoticeKind.RISK_DETECTED).exists()


def test_there_and_back_is_said_once(signed_in, member):
    for _ in range(3):
        elsewhere(signed_in)
        signed_in.get("/profile/")
    assert found(Detector.IMPOSSIBLE_TRAVEL).count() == 1
    Risk.objects.update(at=timezone.now() - timedelta(hours=25))
    elsewhere(signed_in)
    assert found(Detector.IMPOSSIBLE_TRAVEL).count() == 2


def test_a_move_is_compared_with_the_other_sessions(signed_in, browser_of, member, rules_for, acme):
    rules_for(acme, report_only=False, far_apart=Response.END_OLD, impossible_travel="off")
    phone = browser_of(ip=PARIS_IP, agent=SAFARI)
    phone.sign_in(member)
    assert elsewhere(phone, agent=SAFARI).status_code == 200
    assert signed_in.session_row.end_reason == EndReason.RISK_DETECTED
    assert phone.session_row.ended_at is None


def test_another_browser_in_the_session(signed_in, rules_for, acme):
    rules_for(acme, report_only=False, agent_changed=Response.END_NEW)
    assert elsewhere(signed_in, ip=LONDON_IP, agent=SAFARI).status_code == 302
    assert signed_in.session_row.end_note == (
        "The session went from Firefox 145 on Linux to Safari 18 on iOS 18."
    )


def test_an_update_is_no_other_browser(signed_in, rules_for, acme):
    rules_for(acme, report_only=False, agent_changed=Response.END_NEW)
    newer = FIREFOX.replace("145", "146")
    assert elsewhere(signed_in, ip=LONDON_IP, agent=newer).status_code == 200


def test_roaming_in_a_country_is_nothing(browser_of, member):
    browser = browser_of(ip=PARIS_IP)
    browser.sign_in(member)
    before = Risk.objects.count()
    assert elsewhere(browser, ip=LYON_IP).status_code == 200
    assert Risk.objects.count() == before


def test_the_steady_state_is_one_statement(signed_in, django_assert_num_queries):
    elsewhere(signed_in, "/tenants/")
    with django_assert_num_queries(1):
        elsewhere(signed_in, "/live/")


def test_a_failure_keeps_nobody_out(signed_in, rules_for, acme, monkeypatch, caplog):
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)

    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(arrival, "others_of", broken)
    assert elsewhere(signed_in).status_code == 200
    assert "nobody is kept out" in caplog.text
    assert signed_in.session_row.ip == BANGKOK_IP  # the sighting is kept


def test_broken_statements_keep_nobody_out(browser_of, member, monkeypatch, caplog):
    """What fails in the database is undone alone; the sign-in stands."""

    def broken(*_):
        Session.objects.raw("SELECT nonsense FROM nowhere")[0]

    monkeypatch.setattr(arrival, "history_of", broken)
    browser = browser_of(ip=LONDON_IP)
    assert browser.sign_in(member).status_code == 302
    assert browser.get("/profile/").status_code == 200
    assert "nobody is kept out" in caplog.text


def test_the_log_tells_of_it(signed_in, acme, member):
    elsewhere(signed_in)
    event = AuditEvent.objects.get(
        action=AuditAction.RISK_DETECTED, data__rule=Detector.IMPOSSIBLE_TRAVEL
    )
    assert (event.tenant, event.user, event.actor) == (acme, member, None)
    assert (event.data["response"], event.data["held_back"]) == ("record", False)

"""POST /sessions/…/end/ and its bulk sisters: who may end what, and what they are told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from sessions_admin.identifiers import millisecond_of
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import AuditEvent, Session
from sessions_admin.vocabulary import EndReason
from tenants.models import Tenant
from tests.holdings import LYON, SAFARI_IPHONE, hold

BULK = ["/sessions/end/", "/sessions/end-others/", "/sessions/end-all/"]


@pytest.fixture
def firefox(browser_of, member):
    return browser_of(member)


@pytest.fixture
def other(member, acme):
    return hold(member, acme, place=LYON)


def end(firefox, session, **fields):
    return firefox.post(f"/sessions/{session.pk}/end/", fields)


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def reason(session):
    session.refresh_from_db()
    return session.end_reason


def is_signed_in(firefox):
    return firefox.get("/sessions/").status_code == 200


def prove_long_ago(firefox, ago):
    """As if this session had last proved who is there `ago` ago."""
    Session.objects.filter(pk=firefox.session_row.pk).update(authenticated_at=timezone.now() - ago)


# --- one's own -------------------------------------------------------------------------------


def test_one_ends_another_session_of_ones_own(firefox, other, member):
    response = end(firefox, other)
    assert response.url == "/sessions/"
    assert said(response) == ["Logged out Firefox 145 on Linux, Lyon."]
    assert reason(other) == EndReason.REVOKED_BY_USER
    assert other.ended_by_id == member.pk
    assert other.end_note == "Firefox 145 on Linux"
    assert is_signed_in(firefox)


def test_it_goes_back_to_where_one_was(firefox, other):
    assert end(firefox, other, next="/sessions/?show=new").url == "/sessions/?show=new"


@pytest.mark.parametrize("url", ["https://evil.test/", "//evil.test/", "javascript:alert(1)"])
def test_it_goes_nowhere_else(firefox, other, url):
    assert end(firefox, other, next=url).url == "/sessions/"


def test_ending_this_session_is_logging_out(firefox):
    this = firefox.session_row
    response = end(firefox, this)
    assert response.url == "/signed-out/"
    assert reason(this) == EndReason.LOGGED_OUT
    assert not is_signed_in(firefox)


def test_ending_twice_is_no_error(firefox, other):
    end(firefox, other)
    response = end(firefox, other)
    assert said(response)[-1] == "Firefox 145 on Linux, Lyon had ended already."
    assert AuditEvent.objects.filter(action="session.ended").count() == 1


def test_one_ends_ones_session_in_another_tenant(browser_of, contractor, globex):
    session = hold(contractor, globex)
    end(browser_of(contractor), session)
    assert reason(session) == EndReason.REVOKED_BY_USER


def test_what_time_ended_first_keeps_that_reason(firefox, member, acme):
    overdue = hold(member, acme, idle=timedelta(hours=30))
    end(firefox, overdue)
    assert reason(overdue) == EndReason.IDLE_TIMEOUT


def test_own_sessions_want_a_proof_of_the_last_twelve_hours(firefox, other):
    prove_long_ago(firefox, timedelta(hours=13))
    assert end(firefox, other).url.startswith("/accounts/reauthenticate/")
    assert reason(other) == ""


def test_own_sessions_go_by_a_proof_of_eleven_hours_ago(firefox, other):
    prove_long_ago(firefox, timedelta(hours=11))
    assert end(firefox, other).url == "/sessions/"


def test_it_goes_on_after_the_proof(firefox, other):
    prove_long_ago(firefox, timedelta(hours=13))
    asked = end(firefox, other).url
    response = firefox.post(asked, {"password": "correct-horse-battery"})
    assert response.url == "/sessions/"
    assert reason(other) == EndReason.REVOKED_BY_USER


# --- an administrator's ----------------------------------------------------------------------


def test_an_administrator_ends_a_members_session(browser_of, admin, member, other):
    response = end(browser_of(admin), other, note="Lost\x00 laptop\u202e")
    assert response.url == f"/users/{member.pk}/"
    assert said(response) == ["Logged out Dave Moreau: Firefox 145 on Linux, Lyon."]
    assert reason(other) == EndReason.REVOKED_BY_ADMIN
    assert (other.ended_by_id, other.end_note) == (admin.pk, "Lost laptop")


def test_a_long_note_is_cut(browser_of, admin, other):
    end(browser_of(admin), other, note="x" * 5000)
    other.refresh_from_db()
    assert other.end_note == "x" * 200


def test_an_administrator_needs_a_proof_of_the_last_ten_minutes(browser_of, admin, other):
    firefox = browser_of(admin)
    prove_long_ago(firefox, timedelta(minutes=11))
    assert end(firefox, other).url.startswith("/accounts/reauthenticate/")
    assert reason(other) == ""


@pytest.mark.parametrize("person", ["member", "auditor"])
def test_without_the_permission_it_is_forbidden(browser_of, cast, owner, acme, person):
    session = hold(owner, acme)
    assert end(browser_of(getattr(cast, person)), session).status_code == 403
    assert reason(session) == ""


def test_another_tenants_session_does_not_exist(browser_of, outsider, other):
    assert end(browser_of(outsider), other).status_code == 404
    assert reason(other) == ""


def test_a_persons_session_elsewhere_does_not_exist(browser_of, admin, contractor, globex):
    session = hold(contractor, globex)
    assert end(browser_of(admin), session).status_code == 404


def test_an_operator_without_a_tenant_uses_the_admin(browser_of, operator, other):
    assert end(browser_of(operator), other).status_code == 404


def test_the_users_section_is_needed(browser_of, admin, other, acme):
    firefox = browser_of(admin)
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {"users"})
    assert end(firefox, other).status_code == 404


def test_a_visitors_session_does_not_exist(firefox):
    session = Session.objects.create(key_hash=b"x" * 32)
    assert end(firefox, session).status_code == 404


def test_an_unknown_session_does_not_exist(firefox):
    assert firefox.post(f"/sessions/{uuid4()}/end/").status_code == 404


# --- several ---------------------------------------------------------------------------------


def test_one_ends_the_ticked_ones(firefox, member, acme):
    first, second, third = (hold(member, acme) for _ in range(3))
    response = firefox.post("/sessions/end/", {"session": [first.pk, third.pk]})
    assert response.url == "/sessions/"
    assert said(response) == ["Logged out 2 sessions."]
    assert [reason(one) for one in (first, second, third)] == [
        EndReason.REVOKED_BY_USER, "", EndReason.REVOKED_BY_USER,
    ]  # fmt: skip


def test_ticking_reaches_neither_this_session_nor_anybody_elses(firefox, owner, acme):
    this, foreign = firefox.session_row, hold(owner, acme)
    response = firefox.post("/sessions/end/", {"session": [this.pk, foreign.pk, "nonsense"]})
    assert said(response) == ["There was no other session to log out."]
    assert (reason(this), reason(foreign)) == ("", "")


def test_ticking_nothing_says_so(firefox):
    assert said(firefox.post("/sessions/end/")) == ["Tick the sessions to log out first."]


def test_one_ends_all_others(browser_of, contractor, member, acme, globex):
    firefox = browser_of(contractor)
    mine = [hold(contractor, acme), hold(contractor, globex, agent=SAFARI_IPHONE)]
    foreign = hold(member, acme)
    response = firefox.post("/sessions/end-others/")
    assert said(response) == ["Logged out 2 sessions."]
    assert {reason(one) for one in mine} == {EndReason.REVOKED_BY_USER}
    assert reason(foreign) == ""
    assert is_signed_in(firefox)


def test_only_what_was_live_is_counted(firefox, member, acme, other):
    overdue = hold(member, acme, idle=timedelta(hours=30))
    assert said(firefox.post("/sessions/end-others/")) == ["Logged out 1 session."]
    assert reason(overdue) == EndReason.IDLE_TIMEOUT


def test_one_ends_all(firefox, other):
    this = firefox.session_row
    response = firefox.post("/sessions/end-all/")
    assert response.url == "/signed-out/"
    assert (reason(this), reason(other)) == (EndReason.LOGGED_OUT, EndReason.REVOKED_BY_USER)
    assert not is_signed_in(firefox)


@pytest.mark.parametrize("url", BULK)
def test_several_want_a_proof_too(firefox, other, url):
    prove_long_ago(firefox, timedelta(hours=13))
    response = firefox.post(url, {"session": other.pk})
    assert response.url.startswith("/accounts/reauthenticate/")
    assert reason(other) == ""


# --- every address ---------------------------------------------------------------------------


@pytest.mark.parametrize("url", [*BULK, "/sessions/{id}/end/"])
def test_it_is_a_post(firefox, other, url):
    assert firefox.get(url.format(id=other.pk)).status_code == 405
    assert reason(other) == ""


@pytest.mark.parametrize("url", [*BULK, "/sessions/{id}/end/", "/sessions/{id}/rename/"])
def test_a_visitor_signs_in_first(client, other, url):
    response = client.post(url.format(id=other.pk))
    assert response.url.startswith("/accounts/login/")
    assert reason(other) == ""


@pytest.mark.parametrize("url", [*BULK, "/sessions/{id}/end/", "/sessions/{id}/rename/"])
def test_it_is_not_there_when_the_section_is_off(firefox, other, acme, url):
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {"sessions"})
    assert firefox.post(url.format(id=other.pk)).status_code == 404


def test_it_wants_a_token_against_forgery(firefox, other):
    firefox.handler.enforce_csrf_checks = True
    assert end(firefox, other).status_code == 403
    assert reason(other) == ""


def test_its_event_is_named_for_its_moment(member, acme):
    """Also where the database writes it: half a millisecond is no reason to round up."""
    session = hold(member, acme)
    at = timezone.now().replace(microsecond=123_999)
    end_sessions(
        Session.objects.filter(pk=session.pk), reason=EndReason.LOGGED_OUT, actor=member, at=at
    )
    event = AuditEvent.objects.get(session_id=session.pk)
    assert (event.at, event.id.version) == (at, 7)
    assert millisecond_of(event.id) == int(at.timestamp() * 1000)
    assert event.data == {"reason": "logged_out", "initiator": "user"}

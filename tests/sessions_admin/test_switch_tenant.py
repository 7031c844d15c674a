"""One session, one tenant: switching moves it under the other tenant's rules."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle import end_everything
from sessions_admin.models import AuditEvent, LoginAttempt, Session
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.belonging import join
from tests.cast import HOME

COOKIE = settings.SESSION_COOKIE_NAME


@pytest.fixture
def browser(cast, browser_of):
    """The contractor's, in acme."""
    browser = browser_of(cast.contractor)
    browser.post("/tenants/", {"tenant": str(cast.acme.pk)})
    return browser


def test_somebody_of_several_tenants_starts_in_none(cast, browser_of):
    browser = browser_of()
    assert browser.sign_in(cast.contractor).headers["Location"].startswith("/tenants/")
    assert browser.session_row.tenant is None


def test_it_moves_the_same_session_under_a_new_key(cast, browser):
    key, row = browser.cookies[COOKIE].value, browser.session_row
    browser.post("/tenants/", {"tenant": str(cast.globex.pk)})
    moved = browser.session_row
    assert (moved.pk, moved.tenant, moved.started_at) == (row.pk, cast.globex, row.started_at)
    assert not SessionStore().exists(key)


def test_the_tenant_that_is_left_keeps_a_record(cast, browser):
    row = browser.session_row
    browser.post("/tenants/", {"tenant": str(cast.globex.pk)})
    stay = Session.objects.ended().within(cast.acme).get()
    assert (stay.end_reason, stay.key_hash) == (EndReason.TENANT_SWITCHED, None)
    assert (stay.ip, stay.started_at) == (row.ip, row.started_at)
    events = AuditEvent.objects.filter(user=cast.contractor)
    ended = events.get(action=AuditAction.SESSION_ENDED)
    assert (ended.tenant, ended.session_id) == (cast.acme, stay.pk)
    started = events.get(action=AuditAction.SESSION_STARTED, tenant=cast.globex)
    assert started.session_id == row.pk


def test_choosing_the_same_tenant_again_leaves_no_record(cast, browser):
    browser.post("/tenants/", {"tenant": str(cast.acme.pk)})
    assert not Session.objects.ended().exists()


def test_the_other_tenant_may_want_a_newer_sign_in(cast, browser, policy_of):
    policy_of(cast.globex, absolute_timeout_enabled=True, absolute_timeout=timedelta(hours=1))
    two_hours_ago = timezone.now() - timedelta(hours=2)
    Session.objects.filter(pk=browser.session_row.pk).update(authenticated_at=two_hours_ago)
    response = browser.post("/tenants/", {"tenant": str(cast.globex.pk)}, follow=True)
    assert "asks for a new sign-in" in response.content.decode()
    assert browser.session_row.tenant == cast.acme


def test_what_ended_a_tenants_sessions_keeps_older_sign_ins_out(cast, browser):
    end_everything(cast.globex, reason=EndReason.REVOKED_BY_ADMIN, actor=None)
    browser.post("/tenants/", {"tenant": str(cast.globex.pk)})
    assert browser.session_row.tenant == cast.acme


def test_the_permissions_are_those_of_the_tenant(cast, browser_of):
    """The one SELECT brings the membership of the session's tenant, not another's."""
    join(cast.contractor, cast.globex, "Administrators")
    browser = browser_of(cast.contractor)
    browser.post("/tenants/", {"tenant": str(cast.acme.pk)})
    assert browser.get("/settings/sessions/").status_code == 403
    browser.post("/tenants/", {"tenant": str(cast.globex.pk)})
    assert browser.get("/settings/sessions/").status_code == 200


@pytest.mark.parametrize("tenant", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_tenant_of_others_is_not_there(cast, browser_of, tenant):
    assert browser_of(cast.member).post("/tenants/", {"tenant": tenant}).status_code == 404


def test_it_goes_on_where_the_person_wanted_to(cast, browser):
    response = browser.post("/tenants/", {"tenant": str(cast.globex.pk), "next": "/profile/"})
    assert response.headers["Location"] == "/profile/"
    response = browser.post(
        "/tenants/", {"tenant": str(cast.acme.pk), "next": "https://evil.example/"}
    )
    assert response.headers["Location"] == "/sessions/"


def test_each_tenant_that_is_entered_finds_the_sign_in_in_its_history_once(cast, browser_of):
    browser = browser_of()
    browser.sign_in(cast.contractor)
    signed_in = LoginAttempt.objects.get()
    assert signed_in.tenant is None
    browser.post("/tenants/", {"tenant": cast.acme.pk})
    signed_in.refresh_from_db()
    assert signed_in.tenant == cast.acme
    for tenant in (cast.globex, cast.acme, cast.globex):
        browser.post("/tenants/", {"tenant": tenant.pk})
    [other] = LoginAttempt.objects.filter(tenant=cast.globex)
    assert (other.user, other.ip, other.amr) == (cast.contractor, HOME, "pwd")
    assert LoginAttempt.objects.count() == 2
    history = browser_of(cast.outsider).get(f"/users/{cast.contractor.pk}/?tab=history")
    assert HOME in history.text


def test_only_who_belongs_to_several_is_offered_a_switch(cast, browser_of):
    assert "Switch tenant" not in browser_of(cast.member).get("/profile/").text
    browser = browser_of(cast.contractor)
    browser.post("/tenants/", {"tenant": cast.acme.pk})
    assert "Switch tenant" in browser.get("/profile/").text

"""/admin/ in a real browser: clean under the strict CSP, and able to end a session."""

import re

import pytest
from playwright.sync_api import expect

from sessions_admin import audit
from sessions_admin.models import (
    PLATFORM_POLICY_ID,
    Notice,
    PolicyBounds,
    Session,
    SigningKey,
)
from sessions_admin.notices import notify
from sessions_admin.tokens.signing_keys import rotate
from sessions_admin.vocabulary import AuditAction, EndReason, NoticeKind
from tenants.models import Membership
from tests.browser.pages import looks, with_and_without_script
from tests.holdings import hold, see_elsewhere
from tests.suspicions import travel

# Boxes that admin.js has not named yet.
NAMELESS = "select.admin-autocomplete + .select2 [role]:not([aria-label])"


@pytest.fixture
def held(cast, live_server):
    session = hold(cast.member, cast.acme, ip="203.0.113.7")
    see_elsewhere(session, ip="198.51.100.9")
    return session


def pages(cast, session):
    membership = Membership.objects.get(user=cast.member)
    event = audit.record(AuditAction.SESSION_STARTED, user_id=cast.member.pk, amr="pwd")
    bounds = PolicyBounds.objects.create()
    notify(NoticeKind.SESSION_ENDED, user_id=cast.member.pk, event="one", session_id=session.pk)
    notice = Notice.objects.get(event="one")
    risk = travel(cast.member, cast.acme)
    rotate()
    key = SigningKey.objects.get()
    return [
        "/admin/",
        "/admin/accounts/user/", "/admin/accounts/user/add/",
        f"/admin/accounts/user/{cast.member.pk}/change/",
        "/admin/tenants/tenant/", f"/admin/tenants/tenant/{cast.acme.pk}/change/",
        "/admin/tenants/group/",
        f"/admin/tenants/group/{cast.acme.groups.first().pk}/change/",
        "/admin/tenants/membership/", "/admin/tenants/membership/add/",
        f"/admin/tenants/membership/{membership.pk}/change/",
        "/admin/sessions_admin/session/?q=member@acme.test",
        f"/admin/sessions_admin/session/{session.pk}/change/",
        "/admin/sessions_admin/loginattempt/",
        "/admin/sessions_admin/auditevent/",
        f"/admin/sessions_admin/auditevent/{event.pk}/change/",
        "/admin/sessions_admin/sessionpolicy/",
        f"/admin/sessions_admin/sessionpolicy/{PLATFORM_POLICY_ID}/change/",
        f"/admin/sessions_admin/policybounds/{bounds.pk}/change/",
        "/admin/sessions_admin/risk/", f"/admin/sessions_admin/risk/{risk.pk}/change/",
        "/admin/sessions_admin/riskrules/",
        f"/admin/sessions_admin/riskrules/{PLATFORM_POLICY_ID}/change/",
        "/admin/sessions_admin/application/", "/admin/sessions_admin/application/add/",
        "/admin/sessions_admin/apikey/", "/admin/sessions_admin/knowndevice/",
        "/admin/sessions_admin/signingkey/", f"/admin/sessions_admin/signingkey/{key.pk}/change/",
        "/admin/sessions_admin/notice/", f"/admin/sessions_admin/notice/{notice.pk}/change/",
    ]  # fmt: skip


@looks
def test_every_page_is_clean(page_of, assert_clean, cast, held, width):
    page = page_of(cast.operator, width=width)
    for url in pages(cast, held):
        page.goto(url)
        expect(page.locator(NAMELESS)).to_have_count(0)
        assert_clean(page)


@with_and_without_script
def test_it_ends_a_session_from_the_list(page_of, assert_clean, cast, held, javascript):
    page = page_of(cast.operator, javascript=javascript)
    page.goto("/admin/sessions_admin/session/")
    page.get_by_label("Search sessions").fill("member@acme.test")
    page.get_by_role("button", name="Search").click()
    row = page.get_by_role("row").filter(has_text="member@acme.test")
    row.get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option("End sessions")
    page.get_by_role("button", name="Run").click()

    expect(page.get_by_text("member@acme.test, Acme")).to_be_visible()
    assert_clean(page)
    page.get_by_label("Note").fill("Reported stolen.")
    page.get_by_role("button", name="End session").click()

    expect(page.get_by_text("1 session was ended.")).to_be_visible()
    expect(page).to_have_url(re.compile("q=member"))
    held.refresh_from_db()
    assert (held.end_reason, held.end_note) == (EndReason.REVOKED_BY_OPERATOR, "Reported stolen.")


def test_it_ends_a_session_from_its_page(page_of, cast, held):
    page = page_of(cast.operator)
    page.goto(f"/admin/sessions_admin/session/{held.pk}/change/")
    page.get_by_label("Action:").select_option("End session")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_text("1 session was ended.")).to_be_visible()
    expect(page).to_have_url(re.compile(str(held.pk)))
    assert not Session.objects.open().filter(pk=held.pk).exists()


def test_people_are_chosen_by_typing(page_of, assert_clean, cast, live_server):
    page = page_of(cast.operator)
    page.goto("/admin/tenants/membership/add/")
    for field, text, found in (
        ("User", "nakamura", "Eve Nakamura"),
        ("Tenant", "acm", "Acme"),
    ):
        page.get_by_role("combobox", name=field).first.click()
        page.get_by_role("searchbox", name=field).fill(text)
        page.get_by_role("option", name=found).click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Auditors").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    membership = Membership.objects.get(user=cast.outsider, tenant=cast.acme)
    assert [group.name for group in membership.groups.all()] == ["Auditors"]


def test_the_way_back(page_of, cast, live_server):
    page = page_of(cast.operator)
    page.goto("/admin/")
    page.get_by_role("link", name="Back to the portal").click()
    expect(page).to_have_url(f"{live_server.url}/sessions/")
    page.goto("/admin/")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/signed-out/**")

"""A person's own screens in a real browser: with script and without, on a desk and on a phone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from sessions_admin.demo.cast import PASSWORD
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Session
from sessions_admin.vocabulary import AtLimit, EndReason
from tests.browser.pages import looks, unfold_everything, with_and_without_script
from tests.holdings import (
    BERLIN,
    CHROME_WINDOWS,
    LYON,
    SAFARI_IPAD,
    SAFARI_IPHONE,
    hold,
    see_elsewhere,
)


@pytest.fixture
def held(member, acme, admin, policy_of):
    """What somebody may have open: at home, on the way, long ago; and some that ended."""
    policy_of(
        acme, idle_timeout_enabled=True, idle_timeout=timedelta(hours=8),
        absolute_timeout_enabled=True, absolute_timeout=timedelta(days=14),
    )  # fmt: skip
    days, hours = timedelta(days=1), timedelta(hours=1)
    phone = hold(member, acme, agent=SAFARI_IPHONE, ip="203.0.113.7", place=BERLIN,
                 age=3 * days, label="Dave’s phone")  # fmt: skip
    see_elsewhere(phone, ip="203.0.113.99", place=BERLIN)
    see_elsewhere(phone, ip="198.51.100.4", place=LYON, ago=2 * hours)
    hold(member, acme, agent=CHROME_WINDOWS, ip="198.51.100.23", place=LYON, age=2 * hours,
         idle=timedelta(seconds=20))  # fmt: skip
    hold(member, acme, agent=SAFARI_IPAD, ip="2001:db8::7", age=12 * days, idle=5 * hours,
         amr="hwk", aal=2)  # fmt: skip
    hold(member, acme, agent=CHROME_WINDOWS, ip="203.0.113.9", place=BERLIN,
         age=14 * days - 2 * hours, idle=hours)  # fmt: skip
    for reason, actor, note in [
        (EndReason.REVOKED_BY_ADMIN, admin, "Lost laptop, reported by phone"),
        (EndReason.REVOKED_BY_USER, member, "Firefox 145 on Linux, Berlin"),
        (EndReason.IDLE_TIMEOUT, None, ""),
    ]:
        session = hold(member, acme, place=BERLIN)
        these = Session.objects.filter(pk=session.pk)
        end_sessions(these, reason=reason, actor=actor, note=note)


@pytest.fixture
def at_home(page_of, member, held):
    """The member's page of sessions, opened at home."""

    def open_page(**options):
        page = page_of(member, **options)
        page.goto("/profile/")  # the first request brings address and agent
        own = Session.objects.open().of(member).latest("started_at")
        Session.objects.filter(pk=own.pk).update(**BERLIN)
        page.goto("/sessions/")
        return page

    return open_page


def titles(page):
    return page.locator("#other-sessions-list > li h3 > bdi:first-child")


def live(member):
    return Session.objects.live().of(member).count()


# --- looks -----------------------------------------------------------------------------------


@looks
def test_my_sessions_are_clean(at_home, assert_clean, width):
    page = at_home(width=width)
    assert_clean(page)
    unfold_everything(page)
    page.locator("[data-select-row]").first.check()
    assert_clean(page)


@looks
def test_the_question_before_ending_others_is_clean(at_home, assert_clean, width):
    page = at_home(width=width)
    page.get_by_role("button", name="Log out 4 other sessions").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_clean(page)


@looks
def test_signed_out_is_clean(page_of, assert_clean, member, admin, width):
    page = page_of(member, width=width)
    page.goto("/sessions/")
    end_sessions(Session.objects.of(member), reason=EndReason.REVOKED_BY_ADMIN, actor=admin,
                 note="Lost laptop, reported by phone")  # fmt: skip
    page.goto("/sessions/")
    expect(
        page.get_by_text("Ann Lee, an administrator of Acme, ended this session.")
    ).to_be_visible()
    assert_clean(page)


@looks
def test_plainly_signed_out_and_refused_are_clean(page_of, assert_clean, db, width):
    page = page_of(None, width=width)
    for url in ("/signed-out/", "/accounts/refused/"):
        page.goto(url)
        assert_clean(page)


@looks
def test_the_limit_is_clean(page_of, assert_clean, member, acme, held, policy_of, width):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=3, at_limit=AtLimit.ASK)
    page = page_of(None, width=width, allow=["status of 422"])
    sign_in(page, member)
    expect(page.get_by_text("Choose at least 2")).to_be_visible()
    assert_clean(page)
    page.get_by_role("button", name="Log out the chosen ones").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert_clean(page)


@looks
def test_choosing_a_tenant_is_clean(page_of, assert_clean, contractor, width):
    page = page_of(contractor, width=width)
    page.goto("/tenants/")
    page.get_by_role("button", name="Globex").click()
    expect(page).not_to_have_url(re.compile("/tenants/"))
    page.goto("/tenants/")
    expect(page.get_by_text("You are here")).to_be_visible()
    assert_clean(page)


def test_nothing_else_open_is_clean(page_of, assert_clean, member):
    page = page_of(member)
    page.goto("/sessions/")
    expect(page.get_by_text("You're signed in only here")).to_be_visible()
    assert_clean(page)


# --- with script -----------------------------------------------------------------------------


def test_a_row_leaves_without_a_new_page(at_home, assert_clean, member):
    page = at_home()
    page.evaluate("window.stillThere = true")
    page.get_by_role("button", name="Log out Dave’s phone, Berlin").click()
    expect(page.get_by_text("Logged out Dave’s phone, Berlin.")).to_be_visible()
    assert page.evaluate("window.stillThere")
    expect(titles(page).filter(has_text="Dave’s phone")).to_have_count(0)
    expect(page.get_by_text("4 sessions on")).to_be_visible()
    expect(page.locator("h3:focus")).to_have_text("Chrome 142 on Windows")
    assert live(member) == 4
    assert_clean(page)


def test_a_name_is_given_in_place(at_home, assert_clean):
    page = at_home()
    page.evaluate("window.stillThere = true")
    unfold_everything(page)
    field = page.locator("ol.list input[name=label]").first
    field.fill("Hotel in Lyon")
    field.press("Enter")
    expect(page.get_by_text("Name saved: Hotel in Lyon.")).to_be_visible()
    assert page.evaluate("window.stillThere")
    expect(titles(page).first).to_have_text("Hotel in Lyon")
    expect(page.get_by_text("Was it you?")).to_be_hidden()
    assert_clean(page)


def test_the_dialog_asks_and_gives_the_focus_back(at_home, member):
    page = at_home()
    button = page.get_by_role("button", name="Log out 4 other sessions")
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Dave’s phone, Berlin")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    dialog.get_by_role("button", name="Log out 4 other sessions").click()
    expect(page.get_by_text("Logged out 4 sessions.")).to_be_visible()
    assert live(member) == 1


def test_one_ticks_and_ends_several(at_home, member):
    page = at_home()
    bar = page.get_by_role("button", name="Log out selected")
    expect(bar).to_be_hidden()
    page.get_by_role("checkbox", name="Select Dave’s phone, Berlin").check()
    page.get_by_role("checkbox", name="Select Chrome 142 on Windows, Lyon").check()
    expect(page.get_by_text("Selected: 2")).to_be_visible()
    bar.click()
    expect(page.get_by_text("Logged out 2 sessions.")).to_be_visible()
    assert live(member) == 3


def test_not_me_leads_to_the_password(at_home, member):
    page = at_home()
    page.get_by_role("button", name="Not me, log it out").click()
    page.wait_for_url("**/accounts/password/change/")
    expect(
        page.get_by_text("Logged out Chrome 142 on Windows, Lyon, and its device is forgotten.")
    ).to_be_visible()
    assert live(member) == 4


def test_an_old_proof_is_asked_for_again_and_the_act_goes_on(at_home, member):
    page = at_home(allow=["status of 401"])
    own = Session.objects.live().of(member).latest("started_at")
    Session.objects.filter(pk=own.pk).update(authenticated_at=timezone.now() - timedelta(hours=13))
    page.get_by_role("button", name="Log out Dave’s phone, Berlin").click()
    page.wait_for_url("**/accounts/reauthenticate/**")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Logged out Dave’s phone, Berlin.")).to_be_visible()
    assert live(member) == 4


def test_who_is_ended_meanwhile_is_told_at_the_next_click(at_home, member, admin):
    page = at_home(javascript=False)  # with script the page leaves before (test_live.py)
    end_sessions(Session.objects.of(member), reason=EndReason.REVOKED_BY_ADMIN, actor=admin)
    page.get_by_role("button", name="Log out Dave’s phone, Berlin").click()
    page.wait_for_url("**/signed-out/**")
    expect(
        page.get_by_text("Ann Lee, an administrator of Acme, ended this session.")
    ).to_be_visible()


# --- with and without ------------------------------------------------------------------------


@with_and_without_script
def test_ending_one(at_home, member, javascript):
    page = at_home(javascript=javascript)
    page.get_by_role("button", name="Log out Dave’s phone, Berlin").click()
    expect(page.get_by_text("Logged out Dave’s phone, Berlin.")).to_be_visible()
    assert live(member) == 4


@with_and_without_script
def test_ending_several(at_home, member, javascript):
    page = at_home(javascript=javascript)
    page.get_by_role("checkbox", name="Select Dave’s phone, Berlin").check()
    page.get_by_role("button", name="Log out selected").click()
    expect(page.get_by_text("Logged out 1 session.")).to_be_visible()
    assert live(member) == 4


@with_and_without_script
def test_ending_this_one(at_home, member, javascript):
    page = at_home(javascript=javascript)
    page.get_by_role("button", name="Log out of this session").click()
    page.wait_for_url("**/signed-out/")
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert live(member) == 4


@with_and_without_script
def test_filters_are_links(at_home, javascript):
    page = at_home(javascript=javascript)
    page.get_by_role("link", name=re.compile("Other country")).click()
    page.wait_for_url("**/sessions/?show=abroad")
    expect(titles(page)).to_have_text(["Chrome 142 on Windows"])


def test_without_script_ending_others_asks_too(at_home, member):
    page = at_home(javascript=False)
    page.locator("summary", has_text="Log out 4 other sessions").click()
    page.locator("form[action='/sessions/end-others/'] button", has_text="Log out 4").locator(
        "visible=true"
    ).click()
    expect(page.get_by_text("Logged out 4 sessions.")).to_be_visible()
    assert live(member) == 1


def test_without_script_ending_all_asks_too(at_home, member):
    page = at_home(javascript=False)
    page.locator("summary", has_text="Log out everywhere").click()
    page.locator("form[action='/sessions/end-all/'] button", has_text="Log out 5").locator(
        "visible=true"
    ).click()
    page.wait_for_url("**/signed-out/")
    assert live(member) == 0


@with_and_without_script
def test_making_room_at_the_limit(page_of, member, acme, policy_of, javascript):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=1, at_limit=AtLimit.ASK)
    hold(member, acme, label="Old laptop")
    page = page_of(None, javascript=javascript)
    sign_in(page, member)
    page.get_by_role("checkbox", name="Old laptop").check()
    page.get_by_role("button", name="Log out the chosen ones and sign in").click()
    page.wait_for_url("**/sessions/")
    assert live(member) == 1


def sign_in(page, person):
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/accounts/limit/")

"""The Users screens in a real browser: with script and without, on a desk and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from sessions_admin.models import LoginAttempt, Session
from sessions_admin.vocabulary import EndReason, LoginOutcome
from tenants.belonging import suspend_membership
from tenants.models import Membership
from tests.browser.pages import looks, text_of, tick, with_and_without_script
from tests.crowd import attempt_of, crowd, session_of

MANY = 29  # people whom "?q=person" finds
IPV6 = "2001:db8:74:bd32:704a:1da2:168a:e738"
HOSTILE = "<script>alert(1)</script><b onmouseover=alert(1)>bold"


@pytest.fixture
def company(acme, admin, member, contractor, policy_of):
    """Thirty people and the cast: signed in, gone, disabled, suspended, and one who tries."""
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=6)
    people = crowd(acme, 30, live=2, ended=2)
    Session.objects.bulk_create(
        [session_of(member, acme, number=index, minutes=3 * index) for index in range(6)]
        + [session_of(people[4], acme, number=index, minutes=9) for index in range(3)]
        + [
            session_of(member, acme, number=index, minutes=900 * (index + 1), ended=True, **how)
            for index, how in enumerate(
                [
                    {
                        "end_reason": EndReason.REVOKED_BY_ADMIN,
                        "ended_by": admin,
                        "end_note": HOSTILE,
                    },
                    {"end_reason": EndReason.IDLE_TIMEOUT, "ip": IPV6},
                    {"end_reason": EndReason.CONCURRENCY_LIMIT},
                ]
                * 10
            )
        ]
    )
    LoginAttempt.objects.bulk_create(
        attempt_of(member, acme, minutes=index * 40, outcome=outcome, ip=IPV6)
        for index, outcome in enumerate([*LoginOutcome] * 12)
    )
    type(member).objects.filter(pk=people[7].pk).update(is_active=False)
    type(member).objects.filter(pk=people[9].pk).update(
        display_name=HOSTILE, email="a.very.long.address.that.somebody.has@department.example.test"
    )
    suspend_membership(Membership.objects.get(user=contractor, tenant=acme), actor=admin)
    return people


@pytest.fixture
def users(page_of, admin, company):
    """The list, opened by the administrator."""

    def open_page(query="", **options):
        page = page_of(admin, **options)
        page.goto(f"/users/{query}")
        return page

    return open_page


def live(person):
    return Session.objects.live().of(person).count()


def names(page):
    return page.locator("tbody th[scope=row] a bdi")


def open_menu(page, name):
    page.get_by_role("button", name=f"Actions for {name}").click()


# --- how it looks ------------------------------------------------------------------------------


@looks
def test_the_list_is_clean(users, assert_clean, width):
    page = users(width=width)
    expect(names(page)).to_have_count(30)
    assert_clean(page)
    page.locator(".expander").first.click()
    expect(page.locator(".expansion")).to_be_visible()
    assert_clean(page)
    tick(page.locator("[data-select-row]"), 3)
    assert_clean(page)


@looks
def test_the_page_of_a_person_is_clean(users, member, assert_clean, width):
    page = users(width=width)
    page.get_by_role("link", name="Dave Moreau", exact=True).click()
    expect(page.locator("ol.list > .list-item")).to_have_count(6)
    assert_clean(page)
    page.get_by_role("link", name="Login history").click()
    expect(page.locator("tbody tr")).to_have_count(25)
    assert_clean(page)


@looks
def test_the_questions_are_clean(users, member, contractor, assert_clean, width):
    page = users("?q=dave", width=width)
    open_menu(page, "Dave Moreau")
    assert_clean(page)
    page.get_by_role("link", name="Log out of all sessions").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_clean(page)
    for question in ("?ask=end-sessions", "?ask=disable"):
        page.goto(f"/users/{member.pk}/{question}")
        assert_clean(page)


@pytest.mark.parametrize("which", ["", "{member}/", "{member}/?tab=history"])
def test_nothing_is_wider_than_the_screen(users, member, which):
    page = users()
    page.goto(f"/users/{which.format(member=member.pk)}")
    wider = {}
    for width in (320, 390, 640, 690, 768, 834, 960, 1024, 1180, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        sideways = "document.scrollingElement.scrollWidth - window.innerWidth"
        if (pixels := page.evaluate(sideways)) > 0:
            wider[width] = pixels
    assert wider == {}


def test_what_others_wrote_stays_text(users, member, company):
    page = users("?q=department.example")
    expect(names(page)).to_have_text([HOSTILE])
    expect(page.locator("tbody script, tbody b")).to_have_count(0)
    page.goto(f"/users/{member.pk}/")
    expect(page.locator("q bdi").first).to_have_text(HOSTILE)


# --- finding somebody --------------------------------------------------------------------------


@with_and_without_script
def test_one_searches_filters_and_sorts(users, company, javascript):
    page = users(javascript=javascript)
    page.get_by_role("searchbox").fill("becker 008")
    page.get_by_role("button", name="Search").click()
    expect(names(page)).to_have_text(["Jonas Becker 008"])
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Search").click()
    expect(names(page)).to_have_count(30)
    page.get_by_role("link", name="Suspended").click()
    expect(names(page)).to_have_text(["Sam Okafor"])
    page.get_by_role("link", name="Everybody").click()
    expect(names(page)).to_have_count(30)
    page.get_by_role("link", name="Last active").click()
    expect(names(page).first).to_have_text("Ann Lee")
    header = page.get_by_role("columnheader", name="Last active")
    expect(header).to_have_attribute("aria-sort", "descending")


@with_and_without_script
def test_one_turns_pages(page_of, admin, acme, javascript):
    crowd(acme, 40, live=1, ended=0)
    page = page_of(admin, javascript=javascript)
    page.goto("/users/")
    expect(names(page)).to_have_count(30)
    first = text_of(names(page).first)
    page.get_by_role("link", name="Next").click()
    expect(names(page)).to_have_count(15)
    page.get_by_role("link", name="Previous").click()
    expect(names(page)).to_have_count(30)
    expect(names(page).first).to_have_text(first)


# --- logging somebody out ----------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 390])
@with_and_without_script
def test_one_logs_somebody_out_of_everything(users, member, width, javascript):
    page = users("?q=dave", width=width, javascript=javascript)
    open_menu(page, "Dave Moreau")
    page.get_by_role("link", name="Log out of all sessions (6)").click()
    expect(page.get_by_role("heading", name="Log Dave Moreau out of all sessions?")).to_be_visible()
    expect(page.get_by_text("and 1 more")).to_be_visible()
    page.get_by_label("Reason").fill("Lost laptop")
    page.get_by_role("button", name="Log out 6 sessions").click()
    expect(page.get_by_text("Dave Moreau: 6 sessions ended.")).to_be_visible()
    assert live(member) == 0
    assert Session.objects.filter(user=member, end_note="Lost laptop").count() == 6
    if javascript:
        expect(page).to_have_url("/users/?q=dave")


def test_a_question_can_be_declined(users, member):
    page = users("?q=dave")
    for decline in ("Escape", "Cancel"):
        open_menu(page, "Dave Moreau")
        page.get_by_role("link", name="Log out of all sessions").click()
        dialog = page.get_by_role("dialog", name="Log Dave Moreau out of all sessions?")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        if decline == "Cancel":
            dialog.get_by_role("button", name="Cancel").click()
        else:
            page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("button", name="Actions for Dave Moreau")).to_be_focused()
    assert live(member) == 6


def test_a_question_can_be_declined_without_script(users, member):
    page = users("?q=dave", javascript=False)
    open_menu(page, "Dave Moreau")
    page.get_by_role("link", name="Disable…").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(f"/users/{member.pk}/")
    member.refresh_from_db()
    assert member.is_active


def test_a_row_unfolds_and_one_of_its_sessions_is_ended(users, member):
    page = users("?q=dave")
    row = page.get_by_role("link", name="sessions of Dave Moreau")
    expect(row).to_have_attribute("aria-expanded", "false")
    row.click()
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".expansion .list-item")).to_have_count(5)
    row.click()
    expect(row).to_have_attribute("aria-expanded", "false")
    expect(page.locator(".expansion")).to_have_count(0)
    row.click()
    page.locator(".expansion").get_by_role("button", name="Log out").first.click()
    expect(page.get_by_text("Logged out Dave Moreau")).to_be_visible()
    expect(page).to_have_url("/users/?q=dave")
    assert live(member) == 5


def test_a_row_leads_to_the_person_without_script(users, member):
    page = users("?q=dave", javascript=False)
    page.get_by_role("link", name="sessions of Dave Moreau").click()
    expect(page).to_have_url(f"/users/{member.pk}/")


def test_a_session_of_somebody_is_ended_on_their_page(users, member):
    page = users()
    page.goto(f"/users/{member.pk}/")
    page.locator("ol.list").get_by_role("button", name="Log out").first.click()
    expect(page.get_by_text("Logged out Dave Moreau")).to_be_visible()
    expect(page).to_have_url(f"/users/{member.pk}/")
    assert live(member) == 5


# --- logging many out --------------------------------------------------------------------------


@with_and_without_script
def test_one_logs_many_out(users, company, javascript):
    page = users("?q=person", javascript=javascript)
    tick(page.locator("[data-select-row]"), 3)
    if javascript:
        expect(page.locator(".selection-bar output")).to_have_text("3")
    page.get_by_role("button", name="Log out…").click()
    expect(page.get_by_role("heading", name="Log 3 people out of all sessions?")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"Log out \d+ sessions")).click()
    expect(page.get_by_text(re.compile(r"3 people: \d+ sessions ended\."))).to_be_visible()
    expect(page).to_have_url("/users/?q=person")


@with_and_without_script
def test_one_types_the_number_of_very_many(users, company, javascript):
    page = users("?q=person", javascript=javascript, allow=["status of 422"])
    if javascript:
        page.get_by_label("Select everybody on this page").check()
    else:
        tick(page.locator("[data-select-row]"), MANY)
    expect(page.locator("[data-select-row]:checked")).to_have_count(MANY)
    page.get_by_role("button", name="Log out…").click()
    number = page.get_by_label("How many people are that?")
    number.fill("3")
    page.get_by_role("button", name=re.compile("Log out [0-9]+ sessions")).click()
    expect(page.get_by_text("That is not their number.")).to_be_visible()
    number.fill(str(MANY))
    page.get_by_role("button", name=re.compile("Log out [0-9]+ sessions")).click()
    expect(page.get_by_text(re.compile(f"{MANY} people: [0-9]+ sessions ended"))).to_be_visible()


# --- disabling ---------------------------------------------------------------------------------


@with_and_without_script
def test_one_disables_somebody_and_enables_them_again(users, member, javascript):
    page = users("?q=dave", javascript=javascript)
    open_menu(page, "Dave Moreau")
    page.get_by_role("link", name="Disable…").click()
    page.get_by_label("Reason").fill("Left the company")
    page.get_by_role("button", name="Disable", exact=True).click()
    expect(page.get_by_text("Dave Moreau is disabled and logged out.")).to_be_visible()
    member.refresh_from_db()
    assert not member.is_active
    page.goto("/users/?q=dave")
    open_menu(page, "Dave Moreau")
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("Dave Moreau can sign in again.")).to_be_visible()
    member.refresh_from_db()
    assert member.is_active


def test_who_may_not_is_told_why(page_of, auditor, company):
    page = page_of(auditor)
    page.goto("/users/?q=dave")
    open_menu(page, "Dave Moreau")
    for item in ("Log out of all sessions", "Disable"):
        expect(page.get_by_role("button", name=item)).to_be_disabled()
    expect(page.get_by_text("Needs the permission “Log people out”")).to_be_visible()
    expect(page.locator("[data-select-row]")).to_have_count(0)


@with_and_without_script
def test_everybody_who_matches_is_logged_out_across_pages(
    page_of, admin, acme, assert_clean, javascript
):
    people = crowd(acme, 60, live=1, ended=0)
    page = page_of(admin, javascript=javascript)
    page.goto("/users/?q=person")
    page.locator("[data-select-row]").first.check()
    page.get_by_role("button", name="Log out all 60 that match…").click()
    page.get_by_label("How many people are that?").fill("60")
    assert_clean(page)
    page.get_by_role("button", name="Log out 60 sessions").click()
    expect(page.get_by_text("60 people: 60 sessions ended.")).to_be_visible()
    assert not Session.objects.live().filter(user__in=people).exists()

"""The filters of the Users screen and the progress of large log-outs, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from sessions_admin.lifecycle import mass_ending
from sessions_admin.models import Session
from tests.crowd import crowd, session_of

LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
looks = pytest.mark.parametrize(("width", "scheme"), LOOKS)
with_and_without_script = pytest.mark.parametrize("javascript", [True, False])


@pytest.fixture
def company(acme, member, auditor, policy_of):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=2)
    people = crowd(acme, 20, live=1, ended=0)
    Session.objects.bulk_create(
        session_of(person, acme, country_code="JP", country="Japan", city="Osaka")
        for person in (member, member, auditor)
    )
    return people


@pytest.fixture
def users(page_of, admin, company):
    def open_page(query="", **options):
        page = page_of(admin, **options)
        page.goto(f"/users/{query}")
        return page

    return open_page


def people_in(page):
    return page.locator("tbody th[scope=row] a bdi")


def open_filters(page):
    page.get_by_role("button", name="Filters").click()
    return page.get_by_role("group", name="Filters")


@with_and_without_script
@pytest.mark.parametrize("width", [1280, 390])
def test_filters_are_set_in_one_go_and_removed_one_by_one(users, width, javascript):
    page = users(width=width, javascript=javascript)
    filters = open_filters(page)
    filters.get_by_label("Signed in from").select_option("Japan")
    filters.get_by_label("At the session limit").check()
    filters.get_by_role("button", name="Show these people").click()
    expect(people_in(page)).to_have_text(["Dave Moreau"])
    page.get_by_role("link", name="Remove the filter “At the session limit”").click()
    expect(people_in(page)).to_have_text(["Carol Weber", "Dave Moreau"])
    page.get_by_role("link", name="Remove the filter “From: Japan”").click()
    expect(people_in(page)).to_have_count(25)
    expect(page.locator(".chip-chosen")).to_have_count(0)


def test_a_search_keeps_the_filters_and_the_address_is_short(users):
    page = users("?country=JP")
    page.get_by_role("searchbox").fill("carol")
    page.get_by_role("searchbox").press("Enter")
    expect(people_in(page)).to_have_text(["Carol Weber"])
    expect(page).to_have_url(re.compile(r"/users/\?q=carol&country=JP$"))


def test_a_filter_that_finds_nobody_leads_back_to_everybody(users, assert_clean):
    page = users("?suspicious=1")
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
    assert_clean(page)
    page.get_by_role("link", name="Show everybody").click()
    expect(people_in(page)).to_have_count(25)


@looks
def test_the_filters_are_clean(users, assert_clean, width, scheme):
    page = users("?country=JP&at_limit=1", width=width, scheme=scheme)
    expect(page.locator(".chip-chosen")).to_have_count(2)
    assert_clean(page)
    expect(open_filters(page)).to_be_visible()
    assert_clean(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="Filters")).to_be_hidden()


def test_the_filters_fit_every_screen(users):
    page = users("?country=JP&at_limit=1&group=Members")
    for width in (320, 390, 640, 768, 1024, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        wider = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert wider <= 0, width


# --- large log-outs ----------------------------------------------------------------------------


@pytest.fixture
def slowly(monkeypatch):
    """A few are many, and each batch waits for the test to let it go on."""
    monkeypatch.setattr("sessions_admin.views.users.ending_many.AT_ONCE", 5)
    monkeypatch.setattr(mass_ending, "BATCH", 10)
    monkeypatch.setattr(mass_ending, "_carry_on_alone", lambda _ending_id: None)

    def go_on(batches):
        asked = iter(range(batches))
        mass_ending.carry_on_unfinished(lambda: next(asked, None) is None)

    return go_on


def log_twenty_out(page):
    everybody = page.get_by_label("Select everybody on this page")
    if page.has_javascript:
        everybody.check()
    else:
        boxes = page.locator("[data-select-row]")
        expect(boxes).to_have_count(20)
        for number in range(20):
            boxes.nth(number).check()
    page.get_by_role("button", name="Log out…", exact=True).click()
    page.get_by_role("button", name=re.compile("Log out 20 sessions")).click()
    expect(page.get_by_role("heading", name="Log-out of 20 people")).to_be_visible()


@looks
def test_one_watches_a_large_log_out(users, slowly, company, assert_clean, width, scheme):
    page = users("?q=person", width=width, scheme=scheme)
    log_twenty_out(page)
    expect(page.get_by_text("0 of 20 people are logged out.")).to_be_visible()
    assert_clean(page)
    slowly(1)
    expect(page.get_by_text("10 of 20 people are logged out.")).to_be_visible()
    expect(page.locator("#mass-ending-status")).to_have_text("50 % are logged out.")
    assert_clean(page)
    slowly(2)
    expect(page.get_by_text("20 of 20 people are logged out.")).to_be_visible()
    expect(page.locator("#mass-ending-status")).to_have_text("Everybody is logged out.")
    assert_clean(page)
    assert not Session.objects.live().filter(user__in=company).exists()


def test_without_script_one_looks_again(users, slowly):
    page = users("?q=person", javascript=False)
    log_twenty_out(page)
    slowly(1)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("10 of 20 people are logged out.")).to_be_visible()
    page.get_by_role("link", name="Back to the users").click()
    page.get_by_role("link", name="Show progress").click()
    slowly(2)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("20 of 20 people are logged out.")).to_be_visible()

"""Session settings in a real browser: with script and without, on a desk and on a phone."""

import re
from datetime import timedelta

import pytest

from sessions_admin.lifecycle import change_policy
from sessions_admin.models import Session, SessionPolicy
from sessions_admin.vocabulary import AtLimit
from tests.holdings import BERLIN, CHROME_WINDOWS, LYON, SAFARI_IPHONE, hold

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE = "/settings/sessions/"
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
looks = pytest.mark.parametrize(("width", "scheme"), LOOKS)
with_and_without_script = pytest.mark.parametrize("javascript", [True, False])
REFUSED = "status of 422"  # htmx shows what such an answer says; the browser tells the console


@pytest.fixture
def crowd(cast, policy_of):
    """A tenant that has settings, a history of them, and people of all kinds."""
    change_policy(cast.acme, {"absolute_timeout_enabled": True, "absolute_timeout": 30 * DAY,
                              "at_limit": AtLimit.DENY}, cast.owner)  # fmt: skip
    change_policy(cast.acme, {"absolute_timeout": 14 * DAY, "max_live_sessions": 10,
                              "refresh_token_lifetime": 14 * DAY}, cast.admin)  # fmt: skip
    hold(cast.member, cast.acme, agent=SAFARI_IPHONE, place=LYON, age=3 * DAY, idle=40 * MINUTE)
    hold(cast.owner, cast.acme, agent=CHROME_WINDOWS, place=BERLIN, age=DAY, idle=50 * MINUTE)
    for hours in (1, 2, 3):
        hold(cast.auditor, cast.acme, place=BERLIN, age=hours * HOUR)


@pytest.fixture
def settings_of(page_of, cast, crowd):
    """The settings of acme, opened by one of its people."""

    def open_page(person=None, **options):
        page = page_of(person or cast.admin, **options)
        page.goto(HERE)
        return page

    return open_page


def stored(cast) -> SessionPolicy:
    return SessionPolicy.objects.get(pk=cast.acme.pk)


def switch(page, name):
    return page.get_by_role("switch", name=name)


def number(page, group):
    return page.get_by_role("group", name=group, exact=True).get_by_role("textbox")


def save(page):
    return page.locator(".settings-aside").get_by_role("button", name="Save")


def preview(page):
    return page.locator("#impact-summary")


def idle_of_half_an_hour(page):
    switch(page, "Idle session timeout").check()
    number(page, "Idle session timeout").fill("30")
    page.get_by_role("combobox", name="Unit of the idle session timeout").select_option("minutes")


# --- looks -----------------------------------------------------------------------------------


@looks
def test_it_is_clean(settings_of, assert_clean, width, scheme):
    page = settings_of(width=width, scheme=scheme)
    assert_clean(page)
    idle_of_half_an_hour(page)
    page.get_by_text("2 would end now").first.wait_for()
    page.get_by_text("Which sessions").click()
    assert page.get_by_role("cell", name="Idle too long").count() == 2
    assert_clean(page)
    save(page).click()
    assert page.get_by_role("dialog").is_visible()
    assert_clean(page)


@looks
def test_with_errors_it_is_clean(settings_of, assert_clean, width, scheme):
    page = settings_of(width=width, scheme=scheme, allow=[REFUSED])
    number(page, "Force re-login").fill("abc")
    save(page).click()
    page.get_by_text("Please check these points").wait_for()
    assert_clean(page)


@looks
def test_the_question_before_restoring_is_clean(settings_of, assert_clean, width, scheme):
    page = settings_of(width=width, scheme=scheme)
    page.get_by_role("button", name="Restore what was before").first.click()
    page.get_by_role("dialog").get_by_text("Applies to 6 live sessions").wait_for()
    assert_clean(page)


@looks
def test_read_only_it_is_clean(settings_of, assert_clean, cast, width, scheme):
    page = settings_of(cast.auditor, width=width, scheme=scheme)
    assert page.get_by_text("Read only").is_visible()
    assert page.get_by_role("button", name=re.compile("Save|Restore")).count() == 0
    assert_clean(page)


# --- trying and saving -------------------------------------------------------------------------


def test_the_preview_follows_what_is_typed(settings_of, cast):
    page = settings_of(allow=[REFUSED])
    idle_of_half_an_hour(page)
    preview(page).get_by_text("2 would end now: 2 idle over 30 minutes").wait_for()
    number(page, "Idle session timeout").fill("45")
    preview(page).get_by_text("1 would end now: 1 idle over 45 minutes").wait_for()
    number(page, "Idle session timeout").fill("0")
    page.locator("#impact").get_by_role("link", name=re.compile("Choose between")).wait_for()
    switch(page, "Idle session timeout").uncheck()
    number(page, "Idle session timeout").fill("45")
    preview(page).get_by_text("None would end now.").wait_for()
    assert not stored(cast).idle_timeout_enabled


def test_a_save_that_ends_sessions_asks_first(settings_of, cast):
    page = settings_of()
    idle_of_half_an_hour(page)
    preview(page).get_by_text("2 would end now").wait_for()
    save(page).click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("button", name="Cancel").evaluate("e => e === document.activeElement")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert not stored(cast).idle_timeout_enabled

    save(page).click()
    dialog.get_by_role("button", name="Save and end 2 sessions").click()
    page.get_by_text("Saved. 2 sessions ended.").wait_for()
    assert stored(cast).idle_timeout == 30 * MINUTE
    assert Session.objects.ended().count() == 2


def test_a_save_that_ends_nothing_does_not_ask(settings_of, cast):
    page = settings_of()
    number(page, "Maximum concurrent sessions").fill("7")
    save(page).click()
    page.get_by_text("Saved.").wait_for()
    assert stored(cast).max_live_sessions == 7


def test_enter_saves_and_presses_no_preset(settings_of, cast):
    page = settings_of()
    number(page, "Force re-login").fill("20")
    number(page, "Force re-login").press("Enter")
    page.get_by_text("Saved.").wait_for()
    assert stored(cast).absolute_timeout == 20 * DAY


def test_before_the_preview_is_back_the_server_asks(settings_of, cast):
    page = settings_of()
    page.route("**/preview/", lambda route: None)  # never answered
    idle_of_half_an_hour(page)
    save(page).click()
    page.get_by_text("Nothing is saved yet.").wait_for()
    assert not stored(cast).idle_timeout_enabled
    save(page).click()  # it says now what it will do
    page.get_by_text("Saved. 2 sessions ended.").wait_for()


def test_what_the_server_announced_is_old_once_something_changes(settings_of, cast):
    page = settings_of()
    page.route("**/preview/", lambda route: None)
    idle_of_half_an_hour(page)
    save(page).click()
    page.wait_for_load_state()  # the script is there
    assert save(page).inner_text() == "Save and end 2 sessions"
    number(page, "Idle session timeout").fill("31")
    assert save(page).inner_text() == "Save"


def test_presets_fill_the_form_and_show_what_is_chosen(settings_of, cast):
    page = settings_of()
    aal3 = page.get_by_role("button", name="AAL3")
    aal3.click()
    assert aal3.get_attribute("aria-pressed") == "true"
    assert switch(page, "Idle session timeout").is_checked()
    assert number(page, "Idle session timeout").input_value() == "15"
    assert number(page, "Force re-login").input_value() == "12"
    assert page.get_by_label("Refresh token").input_value() == "12"  # no longer than the session
    page.get_by_text("WCAG 2.2.1").wait_for()
    number(page, "Idle session timeout").fill("16")
    assert aal3.get_attribute("aria-pressed") == "false"


def test_errors_are_summed_up_and_lead_to_their_fields(settings_of, cast):
    page = settings_of(allow=[REFUSED])
    number(page, "Force re-login").fill("abc")
    page.get_by_label("Access token").fill("99")
    save(page).click()
    summary = page.get_by_role("alert").filter(has_text="Please check these points")
    summary.wait_for()
    assert summary.evaluate("e => e === document.activeElement")
    assert number(page, "Force re-login").input_value() == "abc"
    summary.get_by_role("link", name="Access token lifetime").click()
    assert page.get_by_label("Access token").evaluate("e => e === document.activeElement")
    assert stored(cast).absolute_timeout == 14 * DAY


def test_a_change_is_restored_after_a_look_at_what_that_does(settings_of, cast):
    change_policy(cast.acme, {"max_live_sessions_enabled": True, "max_live_sessions": 1,
                              "at_limit": AtLimit.END_OLDEST}, cast.admin)  # fmt: skip
    change_policy(cast.acme, {"max_live_sessions_enabled": False}, cast.admin)
    for hours in (1, 2):
        hold(cast.auditor, cast.acme, age=hours * HOUR)
    page = settings_of()
    page.get_by_role("button", name="Restore what was before").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("2 would end now: 2 above the limit of 1").wait_for()
    dialog.get_by_role("button", name="Restore").click()
    page.get_by_text("Restored. 2 sessions ended.").wait_for()
    assert stored(cast).max_live_sessions_enabled


# --- without script -----------------------------------------------------------------------------


def test_without_script_a_page_asks(settings_of, cast, assert_clean):
    page = settings_of(javascript=False)
    idle_of_half_an_hour(page)
    save(page).click()
    assert page.get_by_text("Nothing is saved yet.").is_visible()
    assert_clean(page)
    assert not stored(cast).idle_timeout_enabled
    page.get_by_role("button", name="Save and end 2 sessions").click()
    assert page.get_by_text("Saved. 2 sessions ended.").is_visible()
    assert stored(cast).idle_timeout == 30 * MINUTE


def test_without_script_there_are_previews_and_presets(settings_of, cast):
    page = settings_of(javascript=False)
    page.get_by_role("button", name="15 min", exact=True).click()
    assert switch(page, "Idle session timeout").is_checked()
    assert "2 would end now: 2 idle over 15 minutes" in preview(page).inner_text()
    number(page, "Idle session timeout").fill("45")
    page.get_by_role("button", name="Preview").click()
    assert "1 would end now: 1 idle over 45 minutes" in preview(page).inner_text()
    assert not stored(cast).idle_timeout_enabled


def test_without_script_a_change_is_restored(settings_of, cast):
    page = settings_of(javascript=False)
    page.locator("summary", has_text="Restore").first.click()
    page.get_by_role("button", name="Restore", exact=True).first.click()
    assert page.get_by_text("Restored.").is_visible()
    assert stored(cast).absolute_timeout == 30 * DAY


def test_what_is_unfolded_stays_so_and_the_past_is_told(settings_of):
    page = settings_of()
    idle_of_half_an_hour(page)
    page.get_by_text("2 would end now").first.wait_for()
    page.get_by_text("In the last 30 days they would have ended").wait_for()
    page.get_by_text("Which sessions").click()
    number(page, "Idle session timeout").fill("45")
    page.get_by_text("1 would end now").first.wait_for()
    assert page.get_by_role("cell", name="Idle too long").is_visible()

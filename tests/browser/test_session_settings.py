"""Session settings in a real browser: with script and without, on a desk and on a phone."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from sessions_admin.lifecycle import change_policy
from sessions_admin.models import Session, SessionPolicy
from sessions_admin.vocabulary import AtLimit
from tests.browser.pages import arrived, looks
from tests.holdings import BERLIN, CHROME_WINDOWS, LYON, SAFARI_IPHONE, hold

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE = "/settings/sessions/"
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
    number(page, "Idle session timeout").fill("30")
    page.get_by_role("combobox", name="Unit of the idle session timeout").select_option("minutes")
    switch(page, "Idle session timeout").check()  # last: what is off has no preview


# --- looks -----------------------------------------------------------------------------------


@looks
def test_it_is_clean(settings_of, assert_clean, width):
    page = settings_of(width=width)
    assert_clean(page)
    idle_of_half_an_hour(page)
    expect(page.get_by_text("2 would end now").first).to_be_visible()
    page.get_by_text("Which sessions").click()
    expect(page.get_by_role("cell", name="Idle too long")).to_have_count(2)
    assert_clean(page)
    save(page).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_clean(page)


@looks
def test_with_errors_it_is_clean(settings_of, assert_clean, width):
    page = settings_of(width=width, allow=[REFUSED])
    number(page, "Force re-login").fill("abc")
    save(page).click()
    expect(page.get_by_text("Please check these points")).to_be_visible()
    assert_clean(page)


@looks
def test_the_question_before_restoring_is_clean(settings_of, assert_clean, width):
    page = settings_of(width=width)
    page.get_by_role("button", name="Restore what was before").first.click()
    expect(page.get_by_role("dialog").get_by_text("Applies to 6 live sessions")).to_be_visible()
    assert_clean(page)


@looks
def test_read_only_it_is_clean(settings_of, assert_clean, cast, width):
    page = settings_of(cast.auditor, width=width)
    expect(page.get_by_text("Read only")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Save|Restore"))).to_have_count(0)
    assert_clean(page)


# --- trying and saving -------------------------------------------------------------------------


def test_the_preview_follows_what_is_typed(settings_of, cast):
    page = settings_of(allow=[REFUSED])
    idle_of_half_an_hour(page)
    expect(preview(page).get_by_text("2 would end now: 2 idle over 30 minutes")).to_be_visible()
    number(page, "Idle session timeout").fill("45")
    expect(preview(page).get_by_text("1 would end now: 1 idle over 45 minutes")).to_be_visible()
    number(page, "Idle session timeout").fill("0")
    expect(
        page.locator("#impact").get_by_role("link", name=re.compile("Choose between"))
    ).to_be_visible()
    switch(page, "Idle session timeout").uncheck()
    number(page, "Idle session timeout").fill("45")
    expect(preview(page).get_by_text("None would end now.")).to_be_visible()
    assert not stored(cast).idle_timeout_enabled


def test_a_save_that_ends_sessions_asks_first(settings_of, cast):
    page = settings_of()
    idle_of_half_an_hour(page)
    expect(preview(page).get_by_text("2 would end now")).to_be_visible()
    save(page).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert not stored(cast).idle_timeout_enabled

    save(page).click()
    dialog.get_by_role("button", name="Save and end 2 sessions").click()
    expect(page.get_by_text("Saved. 2 sessions ended.")).to_be_visible()
    assert stored(cast).idle_timeout == 30 * MINUTE
    assert Session.objects.ended().count() == 2


def test_a_save_that_ends_nothing_does_not_ask(settings_of, cast):
    page = settings_of()
    number(page, "Maximum concurrent sessions").fill("7")
    save(page).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert stored(cast).max_live_sessions == 7


def test_enter_saves_and_presses_no_preset(settings_of, cast):
    page = settings_of()
    number(page, "Force re-login").fill("20")
    number(page, "Force re-login").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert stored(cast).absolute_timeout == 20 * DAY


def test_before_the_preview_is_back_the_server_asks(settings_of, cast):
    page = settings_of()
    page.route("**/preview/", lambda route: None)  # never answered
    idle_of_half_an_hour(page)
    save(page).click()
    arrived(page.get_by_text("Nothing is saved yet."))
    assert not stored(cast).idle_timeout_enabled
    save(page).click()  # it says now what it will do
    expect(page.get_by_text("Saved. 2 sessions ended.")).to_be_visible()


def test_what_the_server_announced_is_old_once_something_changes(settings_of, cast):
    page = settings_of()
    page.route("**/preview/", lambda route: None)
    idle_of_half_an_hour(page)
    save(page).click()
    expect(save(page)).to_have_text("Save and end 2 sessions")
    page.wait_for_load_state()  # the script is there
    number(page, "Idle session timeout").fill("31")
    expect(save(page)).to_have_text("Save")


def test_presets_fill_the_form_and_show_what_is_chosen(settings_of, cast):
    page = settings_of()
    aal3 = page.get_by_role("button", name="AAL3")
    aal3.click()
    expect(aal3).to_have_attribute("aria-pressed", "true")
    expect(switch(page, "Idle session timeout")).to_be_checked()
    expect(number(page, "Idle session timeout")).to_have_value("15")
    expect(number(page, "Force re-login")).to_have_value("12")
    expect(page.get_by_label("Refresh token")).to_have_value("12")  # no longer than the session
    expect(page.get_by_text("WCAG 2.2.1")).to_be_visible()
    number(page, "Idle session timeout").fill("16")
    expect(aal3).to_have_attribute("aria-pressed", "false")


def test_errors_are_summed_up_and_lead_to_their_fields(settings_of, cast):
    page = settings_of(allow=[REFUSED])
    number(page, "Force re-login").fill("abc")
    page.get_by_label("Access token").fill("99")
    save(page).click()
    summary = page.get_by_role("alert").filter(has_text="Please check these points")
    expect(summary).to_be_visible()
    expect(summary).to_be_focused()
    expect(number(page, "Force re-login")).to_have_value("abc")
    summary.get_by_role("link", name="Access token lifetime").click()
    expect(page.get_by_label("Access token")).to_be_focused()
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
    expect(dialog.get_by_text("2 would end now: 2 above the limit of 1")).to_be_visible()
    dialog.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Restored. 2 sessions ended.")).to_be_visible()
    assert stored(cast).max_live_sessions_enabled


# --- without script -----------------------------------------------------------------------------


def test_without_script_a_page_asks(settings_of, cast, assert_clean):
    page = settings_of(javascript=False)
    idle_of_half_an_hour(page)
    save(page).click()
    expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    assert_clean(page)
    assert not stored(cast).idle_timeout_enabled
    page.get_by_role("button", name="Save and end 2 sessions").click()
    expect(page.get_by_text("Saved. 2 sessions ended.")).to_be_visible()
    assert stored(cast).idle_timeout == 30 * MINUTE


def test_without_script_there_are_previews_and_presets(settings_of, cast):
    page = settings_of(javascript=False)
    page.get_by_role("button", name="15 min", exact=True).click()
    expect(switch(page, "Idle session timeout")).to_be_checked()
    expect(preview(page)).to_contain_text("2 would end now: 2 idle over 15 minutes")
    number(page, "Idle session timeout").fill("45")
    page.get_by_role("button", name="Preview").click()
    expect(preview(page)).to_contain_text("1 would end now: 1 idle over 45 minutes")
    assert not stored(cast).idle_timeout_enabled


def test_without_script_a_change_is_restored(settings_of, cast):
    page = settings_of(javascript=False)
    page.locator("summary", has_text="Restore").first.click()
    page.get_by_role("button", name="Restore", exact=True).first.click()
    expect(page.get_by_text("Restored.")).to_be_visible()
    assert stored(cast).absolute_timeout == 30 * DAY


def test_what_is_unfolded_stays_so_and_the_past_is_told(settings_of):
    page = settings_of()
    idle_of_half_an_hour(page)
    expect(page.get_by_text("2 would end now").first).to_be_visible()
    expect(page.get_by_text("In the last 30 days they would have ended")).to_be_visible()
    page.get_by_text("Which sessions").click()
    number(page, "Idle session timeout").fill("45")
    expect(page.get_by_text("1 would end now").first).to_be_visible()
    expect(page.get_by_role("cell", name="Idle too long")).to_be_visible()

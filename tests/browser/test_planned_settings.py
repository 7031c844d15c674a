"""A warning before new session settings, in real browsers: who plans it, and who is warned."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from sessions_admin.lifecycle import apply_due_plans, cancel_plan, plan_change
from sessions_admin.models import PlannedChange, Session, SessionPolicy
from tests.browser.pages import looks, with_and_without_script

HOUR = timedelta(hours=1)
HERE = "/settings/sessions/"
TEN_HOURS = {"absolute_timeout_enabled": True, "absolute_timeout": 10 * HOUR}


@pytest.fixture
def member_page(page_of, cast):
    """A page of the member, whose session is too old for ten hours."""

    def open_page(**options):
        page = page_of(cast.member, **options)
        then = timezone.now() - 12 * HOUR
        Session.objects.of(cast.member).update(started_at=then, authenticated_at=then)
        page.goto("/profile/")
        return page

    return open_page


def fill_in(page):
    page.get_by_role("switch", name="Force re-login").check()
    group = page.get_by_role("group", name="Force re-login", exact=True)
    group.get_by_role("textbox").fill("10")
    group.get_by_role("combobox").select_option("hours")
    page.get_by_role("textbox", name="Refresh token").fill("10")


@with_and_without_script
def test_warning_people_and_applying_early(page_of, member_page, cast, javascript):
    member_page()
    page = page_of(cast.admin, javascript=javascript)
    page.goto(HERE)
    fill_in(page)
    if javascript:
        expect(page.locator("#impact-summary", has_text="1 would end now")).to_be_visible()
        page.locator(".settings-aside").get_by_role("button", name="Save").click()
        page = page.get_by_role("dialog").page
        question = page.get_by_role("dialog")
    else:
        page.get_by_role("button", name="Preview").click()
        question = page.locator(".settings-aside")
    question.get_by_role("button", name="Warn people, apply in 15 minutes").click()
    expect(page.get_by_role("heading", name="New settings apply at")).to_be_visible()
    assert not SessionPolicy.objects.get(pk=cast.acme.pk).absolute_timeout_enabled
    page.get_by_role("button", name="Apply now").click()
    expect(page.get_by_text("Applied. 1 session ended.")).to_be_visible()
    assert not PlannedChange.objects.exists()


@looks
def test_the_plan_and_the_warning_are_clean(page_of, member_page, cast, assert_clean, width):
    plan_change(cast.acme, TEN_HOURS, cast.admin)
    page = page_of(cast.admin, width=width)
    page.goto(HERE)
    expect(page.get_by_role("heading", name="New settings apply at")).to_be_visible()
    assert_clean(page)
    warned = member_page(width=width)
    expect(warned.get_by_text("You will be logged out here at")).to_be_visible()
    assert_clean(warned)


def test_an_open_page_is_warned_and_unwarned_without_a_reload(member_page, cast):
    page = member_page()
    warning = page.get_by_text("You will be logged out here at")
    expect(warning).to_be_hidden()
    plan_change(cast.acme, TEN_HOURS, cast.admin)
    expect(warning).to_be_visible()
    cancel_plan(cast.acme, cast.admin)
    expect(warning).to_have_count(0)
    expect(page).to_have_url("/profile/")


def test_at_its_time_the_page_leaves(member_page, cast):
    page = member_page()
    plan_change(cast.acme, TEN_HOURS, cast.admin)
    PlannedChange.objects.update(due_at=timezone.now())
    assert len(list(apply_due_plans())) == 1
    page.wait_for_url("**/signed-out/**")

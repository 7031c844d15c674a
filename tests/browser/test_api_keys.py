"""API keys in a real browser: with script and without, on a desk and on a phone."""

import re

from playwright.sync_api import expect

from sessions_admin.models import ApiKey
from sessions_admin.tokens.api_keys import caller_of
from tests.browser.pages import arrived, looks, text_of, with_and_without_script

HERE = "/settings/api-keys/"


def make(page, name="Nightly review"):
    page.get_by_label("Name").fill(name)
    page.get_by_label("See the people of the tenant").check()
    page.get_by_label("Log people out").check()
    page.get_by_role("button", name="Make the key").click()
    return fresh_key(page)


def fresh_key(page):
    arrived(page.locator("#fresh-key"))
    return text_of(page.locator("#fresh-key"))


@looks
def test_it_is_clean(page_of, cast, assert_clean, width):
    page = page_of(cast.owner, width=width)
    page.goto(HERE)
    assert_clean(page)
    make(page)
    assert_clean(page)
    page.get_by_role("button", name="Rotate Nightly review").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("dialog")).not_to_contain_text("lk_")
    assert_clean(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Revoke Nightly review").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_clean(page)


@with_and_without_script
def test_a_key_lives_and_dies(page_of, cast, javascript):
    page = page_of(cast.owner, javascript=javascript)
    page.goto(HERE)
    text = make(page)
    assert caller_of(text)
    page.goto(HERE)
    expect(page.locator("#fresh-key")).to_have_count(0)
    if javascript:
        page.get_by_role("button", name="Revoke Nightly review").click()
    else:
        page.locator("summary", has_text="Revoke").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_text("Revoked: Nightly review.")).to_be_visible()
    assert caller_of(text) is None


@with_and_without_script
def test_rotation_shows_the_new_key(page_of, cast, javascript):
    page = page_of(cast.owner, javascript=javascript)
    page.goto(HERE)
    old = make(page)
    if javascript:
        page.get_by_role("button", name="Rotate Nightly review").click()
    else:
        page.locator("summary", has_text="Rotate").click()
    page.get_by_role("button", name="Make the new key").click()
    page.wait_for_url(re.compile("rotate/$"))
    new = fresh_key(page)
    assert new != old
    assert caller_of(new)
    assert caller_of(old)
    expect(page.get_by_text("Replaced, still works")).to_be_visible()
    assert ApiKey.objects.count() == 2


def test_the_key_is_copied(page_of, cast):
    page = page_of(cast.owner)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(HERE)
    text = make(page)
    page.get_by_role("button", name="Copy the key").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text

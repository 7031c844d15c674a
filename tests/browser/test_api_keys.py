"""API keys in a real browser: with script and without, on a desk and on a phone."""

import re

import pytest

from sessions_admin.models import ApiKey
from sessions_admin.tokens.api_keys import caller_of

HERE = "/settings/api-keys/"
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
with_and_without_script = pytest.mark.parametrize("javascript", [True, False])


def make(page, name="Nightly review"):
    page.get_by_label("Name").fill(name)
    page.get_by_label("See the people of the tenant").check()
    page.get_by_label("Log people out").check()
    page.get_by_role("button", name="Make the key").click()
    return page.locator("#fresh-key").inner_text()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_is_clean(page_of, cast, assert_clean, width, scheme):
    page = page_of(cast.owner, width=width, scheme=scheme)
    page.goto(HERE)
    assert_clean(page)
    make(page)
    assert_clean(page)
    page.get_by_role("button", name="Rotate Nightly review").click()
    assert "lk_" not in page.get_by_role("dialog").inner_text()
    assert_clean(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Revoke Nightly review").click()
    assert_clean(page)


@with_and_without_script
def test_a_key_lives_and_dies(page_of, cast, javascript):
    page = page_of(cast.owner, javascript=javascript)
    page.goto(HERE)
    text = make(page)
    assert caller_of(text)
    page.goto(HERE)
    assert page.locator("#fresh-key").count() == 0
    if javascript:
        page.get_by_role("button", name="Revoke Nightly review").click()
    else:
        page.locator("summary", has_text="Revoke").click()
    page.get_by_role("button", name="Revoke the key").click()
    page.get_by_text("Revoked: Nightly review.").wait_for()
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
    new = page.locator("#fresh-key").inner_text()
    assert new != old
    assert caller_of(new)
    assert caller_of(old)
    page.get_by_text("Replaced, still works").wait_for()
    assert ApiKey.objects.count() == 2


def test_the_key_is_copied(page_of, cast):
    page = page_of(cast.owner)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(HERE)
    text = make(page)
    page.get_by_role("button", name="Copy the key").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == text

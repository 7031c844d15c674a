"""Acting as another person in a real browser: copying a token, opening the portal, coming back."""

import os
import re

import pytest

from sessions_admin.models import Session
from sessions_admin.tokens.access_tokens import session_of
from sessions_admin.vocabulary import Kind
from tests.holdings import LYON, SAFARI_IPHONE, hold

LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
with_and_without_script = pytest.mark.parametrize("javascript", [True, False])
PICTURES = os.environ.get("SUPPORT_PICTURES")  # a folder, for looking at the screens


@pytest.fixture
def origin(cast):
    return hold(cast.member, cast.acme, agent=SAFARI_IPHONE, place=LYON)


@pytest.fixture
def at_the_session(page_of, cast, origin):
    """The page of the member's session, as an administrator comes to it."""

    def open_page(**options):
        page = page_of(cast.admin, **options)
        page.goto(f"/users/{cast.member.pk}/")
        page.get_by_role("link", name=re.compile("^Token…")).click()
        page.get_by_role("heading", name="When and how it is used").wait_for()
        return page

    return open_page


def picture(page, name):
    if PICTURES:
        scheme = (
            "dark"
            if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
            else "light"
        )
        width = page.viewport_size["width"]
        page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)


def say_why(page):
    page.get_by_label("Reason").fill("Ticket 4711: the export fails for them")


def copied(page):
    say_why(page)
    page.get_by_role("button", name="Copy a token").click()
    page.get_by_role("heading", name=re.compile("^Your token acts as")).wait_for()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_is_clean(at_the_session, assert_clean, width, scheme):
    page = at_the_session(width=width, scheme=scheme)
    picture(page, "session")
    assert_clean(page)
    copied(page)
    picture(page, "token")
    assert_clean(page)
    page.get_by_text("Show the token").click()
    assert_clean(page)
    picture(page, "token-shown")
    page.get_by_role("link", name="The session").click()
    picture(page, "session-with-support")
    assert_clean(page)
    say_why(page)
    page.get_by_role("button", name="Open the portal as this user").click()
    page.get_by_role("region", name="Support session").wait_for()
    picture(page, "opened")
    assert_clean(page)


@with_and_without_script
def test_a_token_is_hidden_until_asked_for(at_the_session, javascript):
    page = at_the_session(javascript=javascript)
    copied(page)
    token = page.locator("#fresh-token")
    assert not token.is_visible()
    page.get_by_text("Show the token").click()
    assert token.is_visible()
    assert session_of(token.inner_text().strip()).kind == Kind.SUPPORT
    page.get_by_role("link", name="The session").click()
    page.get_by_role("heading", name="Support sessions made from it").wait_for()
    assert page.locator("#fresh-token").count() == 0  # shown once


def test_it_is_copied_without_being_shown(at_the_session):
    page = at_the_session()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copied(page)
    page.get_by_role("button", name="Copy the token").click()
    page.get_by_role("button", name="Copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert session_of(text).kind == Kind.SUPPORT
    assert not page.locator("#fresh-token").is_visible()


@with_and_without_script
def test_one_opens_the_portal_and_comes_back(at_the_session, cast, javascript):
    page = at_the_session(javascript=javascript)
    say_why(page)
    page.get_by_role("button", name="Open the portal as this user").click()
    banner = page.get_by_role("region", name="Support session")
    banner.wait_for()
    text = banner.inner_text()
    for words in (cast.admin.name, cast.member.name, "Ticket 4711", "change nothing", "minutes"):
        assert words in text, words
    banner.get_by_role("button", name="Stop").click()
    page.get_by_role("heading", name=cast.member.name).wait_for()
    assert page.get_by_role("region", name="Support session").count() == 0
    assert Session.objects.get(kind=Kind.SUPPORT).ended_at


def test_what_is_shut_says_why(at_the_session, assert_clean):
    page = at_the_session(allow=["status of 403"])
    say_why(page)
    page.get_by_role("button", name="Open the portal as this user").click()
    page.get_by_role("region", name="Support session").wait_for()
    page.goto("/profile/")
    page.get_by_text("are the person's own").wait_for()
    picture(page, "refused")
    assert_clean(page)

"""Acting as another person in a real browser: copying a token, opening the portal, coming back."""

import os
import re

import pytest
from playwright.sync_api import expect

from sessions_admin.models import Session
from sessions_admin.tokens.access_tokens import session_of
from sessions_admin.vocabulary import Kind
from tests.browser.pages import arrived, looks, text_of, with_and_without_script
from tests.holdings import LYON, SAFARI_IPHONE, hold

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
        arrived(page.get_by_role("heading", name="When and how it is used"))
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
    arrived(page.get_by_role("heading", name=re.compile("^Your token acts as")))


@looks
def test_it_is_clean(at_the_session, assert_clean, width):
    page = at_the_session(width=width)
    picture(page, "session")
    assert_clean(page)
    copied(page)
    picture(page, "token")
    assert_clean(page)
    page.get_by_text("Show the token").click()
    assert_clean(page)
    picture(page, "token-shown")
    page.get_by_role("link", name="The session").click()
    arrived(page.get_by_role("heading", name="Support sessions made from it"))
    picture(page, "session-with-support")
    assert_clean(page)
    say_why(page)
    page.get_by_role("button", name="Open the portal as this user").click()
    arrived(page.get_by_role("region", name="Support session"))
    picture(page, "opened")
    assert_clean(page)


@with_and_without_script
def test_a_token_is_hidden_until_asked_for(at_the_session, javascript):
    page = at_the_session(javascript=javascript)
    copied(page)
    token = page.locator("#fresh-token")
    expect(token).to_be_hidden()
    page.get_by_text("Show the token").click()
    expect(token).to_be_visible()
    assert session_of(text_of(token)).kind == Kind.SUPPORT
    page.get_by_role("link", name="The session").click()
    expect(page.get_by_role("heading", name="Support sessions made from it")).to_be_visible()
    expect(page.locator("#fresh-token")).to_have_count(0)  # shown once


def test_it_is_copied_without_being_shown(at_the_session):
    page = at_the_session()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copied(page)
    page.get_by_role("button", name="Copy the token").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert session_of(text).kind == Kind.SUPPORT
    expect(page.locator("#fresh-token")).to_be_hidden()


@with_and_without_script
def test_one_opens_the_portal_and_comes_back(at_the_session, cast, javascript):
    page = at_the_session(javascript=javascript)
    say_why(page)
    page.get_by_role("button", name="Open the portal as this user").click()
    banner = page.get_by_role("region", name="Support session")
    expect(banner).to_be_visible()
    for words in (cast.admin.name, cast.member.name, "Ticket 4711", "change nothing", "minutes"):
        expect(banner).to_contain_text(words)
    banner.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name=cast.member.name)).to_be_visible()
    expect(page.get_by_role("region", name="Support session")).to_have_count(0)
    assert Session.objects.get(kind=Kind.SUPPORT).ended_at


def test_what_is_shut_says_why(at_the_session, assert_clean):
    page = at_the_session(allow=["status of 403"])
    say_why(page)
    page.get_by_role("button", name="Open the portal as this user").click()
    expect(page.get_by_role("region", name="Support session")).to_be_visible()
    page.goto("/profile/")
    expect(page.get_by_text("are the person's own")).to_be_visible()
    picture(page, "refused")
    assert_clean(page)

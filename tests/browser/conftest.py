"""A real browser on a real server: `page_of` opens a page as somebody, `assert_clean` judges it.

A test takes both, calls `page_of("member@acme.test", width=390)`, goes to
"/sessions/" (the server's address is set) and calls `assert_clean(page)` there. After an action it
first says with `expect` what it waits for; see pages.py.
"""

import os
import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import expect

from tests.browser.chromium import FLAGS, chromium

HERE = Path(__file__).parent
# Django admin fades from one colour to the other.
COLOURS_CHANGED = """() => Promise.allSettled(
    document.getAnimations().filter((each) => each instanceof CSSTransition)
        .map((each) => each.finished))"""
# How long a page may take to become what a test expects. An open list rests after a refresh, twenty
# times as long as that took, and a machine may have much else to do.
expect.set_options(timeout=60_000)  # ms
# Milliseconds that every answer of the server takes longer, on a slower machine: shows which tests
# do not wait. The expected speed of the product is not what is tested then.
SLOW = int(os.environ.get("LATCHKEY_SLOW", "0"))
HEIGHTS = {1280: 800, 390: 844}
# The browser tells the page, and the page tells the console, where everything else is told too.
TELL_CSP_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile || ""}`));
"""
# What a navigation cuts short is no failure, nor is what a newer question of htmx replaces.
CUT_SHORT = "net::ERR_ABORTED"
REPLACED = re.compile("^htmx:(sendAbort|afterRequest),")


def pytest_collection_modifyitems(items):
    missing = chromium() is None
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        if missing:
            item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": chromium(), "args": FLAGS}


@pytest.fixture
def page_of(new_context, live_server):
    """A page signed in as a person (a user, an e-mail address, or None for a visitor).

    `allow` takes patterns of trouble that the test provokes, such as "status of 403". Whatever
    else goes wrong in the life of a page fails the test at its end.
    """
    cache.clear()  # rate limits outlive the rollback that other tests end with
    pages = []

    def page_of(person=None, *, width=1280, scheme="light", javascript=True, allow=()):
        context = new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": HEIGHTS.get(width, 800)},
            color_scheme=scheme,
            java_script_enabled=javascript,
            reduced_motion="reduce",  # axe measures contrast, also in the middle of a fade
        )
        context.add_init_script(TELL_CSP_VIOLATIONS)
        if SLOW:
            context.on("page", _slow_down)
        if person is not None:
            context.add_cookies([_signed_in(person, live_server.url)])
        page = context.new_page()
        page.trouble = _watch(page, live_server.url, allow)
        page.has_javascript, page.scheme = javascript, scheme
        pages.append(page)
        return page

    yield page_of
    for page in pages:
        assert not page.trouble, "\n".join(page.trouble)


@pytest.fixture
def assert_clean():
    """Nothing inaccessible in light or dark, nothing wider than the screen, no trouble so far."""

    def assert_clean(page):
        page.wait_for_load_state()
        assert not page.trouble, "\n".join(page.trouble)
        if not page.has_javascript:
            return  # axe is a script
        expect(page.locator(".htmx-request")).to_have_count(0)
        _judge(page)
        with _in_the_other_scheme(page):
            _judge(page, runOnly=["color-contrast"])
        sideways = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert sideways <= 0, f"{page.url} is {sideways} px wider than the screen"

    return assert_clean


def _judge(page, **options):
    results = Axe().run(page, options=options or None)
    assert results.violations_count == 0, results.generate_report()


@contextmanager
def _in_the_other_scheme(page):
    page.emulate_media(color_scheme="light" if page.scheme == "dark" else "dark")
    page.evaluate(COLOURS_CHANGED)
    yield
    page.emulate_media(color_scheme=page.scheme)


def _slow_down(page):
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": SLOW, "downloadThroughput": -1, "uploadThroughput": -1,
    })  # fmt: skip


def _signed_in(person, url):
    """The cookie of a new session of this person, as if they had just signed in."""
    if isinstance(person, str):
        person = get_user_model().objects.get(email=person)
    client = Client()
    client.force_login(person)
    name = django_settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def _watch(page, url, allow):
    """The list that everything that goes wrong on this page will be put on."""
    trouble = []

    def note(text):
        if not any(re.search(pattern, text) for pattern in allow):
            trouble.append(text)

    def on_console(message):
        if REPLACED.match(message.text):
            return
        if message.type == "error" or "Refused to" in message.text:
            note(f"console: {message.text} ({message.location.get('url', '')})")

    def on_request(request):
        there = urlsplit(request.url)
        if there.scheme in {"http", "https", "ws", "wss"} and there.netloc != urlsplit(url).netloc:
            note(f"request to another host: {request.url}")

    def on_failed(request):
        if request.failure != CUT_SHORT:
            note(f"failed: {request.method} {request.url} {request.failure}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: note(f"error on the page: {error}"))
    page.on("request", on_request)
    page.on("requestfailed", on_failed)
    return trouble

"""The question before an idle session ends, and the notice before one that nothing extends."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason
from tests.browser.pages import heard, looks
from tests.browser.test_live import SIGNED_OUT, opened, sessions_of

KICKED = ["status of 401"]  # an act that was refused

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
IDLE = 70 * SECOND  # warns ten seconds after the last activity
STAY = "Stay signed in"


@pytest.fixture
def rules(acme, policy_of):
    """Sets acme's rules; without arguments, a short idle timeout."""

    def rules(idle=IDLE, absolute=None):
        policy_of(
            acme,
            idle_timeout_enabled=True,
            idle_timeout=idle,
            absolute_timeout_enabled=absolute is not None,
            absolute_timeout=absolute or HOUR,
        )

    rules()
    return rules


def be_idle(person, ago=30 * SECOND):
    """Nothing was heard of the person for so long; the page hears of it with its next answer."""
    last_seen_at = timezone.now() - ago
    sessions_of(person).update(last_seen_at=last_seen_at)
    return last_seen_at


def sign_in_was(person, ago):
    sessions_of(person).update(authenticated_at=timezone.now() - ago)


def last_seen_at(person):
    return sessions_of(person).get().last_seen_at


def question(page):
    return page.get_by_role("alertdialog", name="Are you still there?")


def asked(page, address="/profile/"):
    """The page, with the question on it."""
    opened(page, address)
    be_idle(page.person)
    expect(question(page)).to_be_visible()
    return page


@pytest.fixture
def page_of_member(page_of, member, rules):
    def make(**options):
        page = page_of(member, **options)
        page.person = member
        return page

    return make


@looks
def test_it_asks_before_the_session_ends(page_of_member, member, assert_clean, width):
    page = asked(page_of_member(width=width), "/sessions/")
    expect(page.get_by_role("button", name=STAY)).to_be_focused()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^0:[0-3]\d$"))
    expect(page).to_have_title(re.compile(r"^0:\d\d · "))
    assert_clean(page)


def test_it_tells_by_ear_how_much_is_left(page_of_member, member):
    page = asked(page_of_member())
    be_idle(member, IDLE - 12 * SECOND)
    words = question(page).get_by_role("status")
    expect(words).to_have_text("Time left: 10 seconds")


def test_staying_extends_the_session(page_of_member, member):
    page = asked(page_of_member())
    clicked_at = timezone.now()
    page.get_by_role("button", name=STAY).click()
    expect(question(page)).to_be_hidden()
    assert last_seen_at(member) >= clicked_at
    expect(page).to_have_title(re.compile(r"^(?!0:).+ · "))


def test_escape_is_an_answer(page_of_member, member):
    page = asked(page_of_member())
    pressed_at = timezone.now()
    page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    assert last_seen_at(member) >= pressed_at


def test_all_tabs_ask_and_one_answer_is_enough(page_of_member):
    page = page_of_member()
    other = opened(page.context.new_page(), opened(page, "/profile/").url)
    asked(page)
    expect(question(other)).to_be_visible()
    other.get_by_role("button", name=STAY).click()
    expect(question(other)).to_be_hidden()
    expect(question(page)).to_be_hidden()


def test_one_can_leave_at_once(page_of_member, member):
    page = asked(page_of_member(allow=KICKED))
    page.get_by_role("button", name="Log out now").click()
    page.wait_for_url(SIGNED_OUT)
    assert Session.objects.ended().of(member).get().end_reason == EndReason.LOGGED_OUT


def test_without_an_answer_the_session_ends(page_of_member, member):
    page = asked(page_of_member(allow=KICKED))
    be_idle(member, IDLE - 3 * SECOND)
    page.wait_for_url(SIGNED_OUT)
    assert Session.objects.ended().of(member).get().end_reason == EndReason.IDLE_TIMEOUT


def test_it_notices_that_the_machine_slept(page_of_member, member):
    """A laptop was shut for hours: its clock has gone on, its timers have not."""
    page = page_of_member(allow=KICKED)
    page.clock.install()
    opened(page, "/profile/")
    be_idle(member, 8 * HOUR)
    page.clock.fast_forward("08:00:00")
    page.wait_for_url(SIGNED_OUT)


def test_typing_keeps_the_session(page_of_member, member, rules):
    rules(idle=10 * MINUTE)
    page = opened(page_of_member(), "/profile/")
    before = be_idle(member, 2 * MINUTE)
    heard(page)
    with page.expect_response("**/live/stay/"):
        page.keyboard.press("x")
    assert last_seen_at(member) > before


def test_typing_is_told_once_a_minute(page_of_member, member, rules):
    rules(idle=10 * MINUTE)
    page = opened(page_of_member(), "/profile/")
    told = []
    page.on("request", lambda request: told.append(request.url) if "stay" in request.url else None)
    page.keyboard.type("Dave")
    be_idle(member, 2 * MINUTE)
    heard(page)
    assert told == []
    with page.expect_response("**/live/stay/"):
        page.keyboard.type("Moreau")
    heard(page)
    page.keyboard.type("again")
    heard(page)
    assert len(told) == 1


def test_what_a_script_does_is_no_activity(page_of_member, member, rules):
    rules(idle=10 * MINUTE)
    page = opened(page_of_member(), "/profile/")
    before = be_idle(member, 2 * MINUTE)
    heard(page)
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true}))")
    heard(page)
    assert last_seen_at(member) == before


# --- the deadline that nothing moves ---------------------------------------------------------


@looks
def test_it_says_when_the_session_ends_whatever_one_does(
    page_of_member, member, rules, assert_clean, width
):
    rules(idle=HOUR, absolute=HOUR)
    page = opened(page_of_member(width=width), "/sessions/")
    sign_in_was(member, 57 * MINUTE)
    notice = page.get_by_role("status").filter(has_text="cannot be extended")
    expect(notice).to_be_visible()
    expect(notice.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(question(page)).to_be_hidden()
    assert_clean(page)


def test_it_leads_to_a_new_sign_in(page_of_member, member, rules):
    rules(idle=HOUR, absolute=HOUR)
    page = opened(page_of_member(allow=KICKED), "/profile/")
    sign_in_was(member, 57 * MINUTE)
    page.get_by_role("button", name="Sign in again").click()
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=%2Fprofile%2F"))


def test_it_can_be_dismissed(page_of_member, member, rules):
    rules(idle=HOUR, absolute=HOUR)
    page = opened(page_of_member(), "/profile/")
    sign_in_was(member, 57 * MINUTE)
    page.get_by_role("button", name="Dismiss").click()
    heard(page)
    heard(page)
    expect(page.get_by_text("cannot be extended")).to_have_count(0)


def test_a_deadline_in_the_far_future_is_not_near(page_of_member, rules):
    """A timer of more than 24.8 days would go off at once."""
    rules(idle=24 * HOUR, absolute=90 * 24 * HOUR)
    page = opened(page_of_member(), "/profile/")
    heard(page)
    expect(question(page)).to_be_hidden()
    expect(page.get_by_text("cannot be extended")).to_have_count(0)

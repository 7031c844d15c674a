"""The drawings in a real browser: on a desk and on a phone, light and dark."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason
from tests.crowd import crowd, session_of
from tests.holdings import CHROME_WINDOWS, SAFARI_IPHONE, hold

LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
looks = pytest.mark.parametrize(("width", "scheme"), LOOKS)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REASONS = [EndReason.LOGGED_OUT, EndReason.IDLE_TIMEOUT, EndReason.REVOKED_BY_USER]


@pytest.fixture
def week(acme, member):
    """A member with a week behind them: on a laptop, a phone, and here and there."""
    hold(member, acme, agent=CHROME_WINDOWS, label="Office desktop", age=6 * DAY, idle=20 * HOUR)
    hold(member, acme, agent=SAFARI_IPHONE, age=11 * DAY, idle=HOUR)
    Session.objects.bulk_create(
        session_of(
            member, acme, number=number, ended=True, minutes=60 * 17 * (number + 1),
            started_at=(session_of(member, acme, minutes=60 * (17 * number + 26))).last_seen_at,
            end_reason=REASONS[number % 3],
        )
        for number in range(14)
    )  # fmt: skip


@looks
def test_the_week_is_drawn_and_told(page_of, assert_clean, member, week, width, scheme):
    page = page_of(member, width=width, scheme=scheme)
    page.goto("/sessions/")
    page.get_by_text("Last 7 days", exact=True).last.click()
    expect(page.get_by_role("img", name="Your sessions in the last 7 days")).to_be_visible()
    page.locator("#week").get_by_text("The same as a table").click()
    expect(page.locator("#week").get_by_role("cell", name="live")).to_have_count(3)
    assert_clean(page)

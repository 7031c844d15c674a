"""The drawings in a real browser: on a desk and on a phone, light and dark."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason
from tests.browser.pages import looks
from tests.crowd import crowd, session_of
from tests.holdings import CHROME_WINDOWS, SAFARI_IPHONE, hold

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
def test_the_week_is_drawn_and_told(page_of, assert_clean, member, week, width):
    page = page_of(member, width=width)
    page.goto("/sessions/")
    page.get_by_text("Last 7 days", exact=True).last.click()
    expect(page.get_by_role("img", name="Your sessions in the last 7 days")).to_be_visible()
    page.locator("#week").get_by_text("The same as a table").click()
    expect(page.locator("#week").get_by_role("cell", name="live")).to_have_count(3)
    assert_clean(page)


CITIES = [
    ("Lyon", "France", "FR", 45.76, 4.84), ("Berlin", "Germany", "DE", 52.52, 13.41),
    ("São Paulo", "Brazil", "BR", -23.55, -46.63), ("Nairobi", "Kenya", "KE", -1.29, 36.82),
    ("Toronto", "Canada", "CA", 43.65, -79.38), ("Sydney", "Australia", "AU", -33.87, 151.21),
    ("Tokyo", "Japan", "JP", 35.68, 139.69), ("Cape Town", "South Africa", "ZA", -33.93, 18.42),
    ("Austin", "United States", "US", 30.27, -97.74), ("", "", "", None, None),
]  # fmt: skip
TABLES = 4
COLUMNS = ("city", "country", "country_code", "latitude", "longitude")


@pytest.fixture
def day(acme):
    """Sixty people’s day: they come in the morning, go in the evening, and live everywhere."""
    Session.objects.bulk_create(
        session_of(
            person, acme, number=number, ended=bool(hours_ago), minutes=60 * hours_ago,
            started_at=(session_of(person, acme, minutes=60 * (hours_ago + 5))).last_seen_at,
            **dict(zip(COLUMNS, CITIES[number % 10 if number > 40 else number % 3], strict=True)),
        )
        for number, person in enumerate(crowd(acme, 60, live=0, ended=0))
        for hours_ago in (0, 11 + number % 9)
    )  # fmt: skip


@looks
def test_the_list_unfolds_what_goes_on_right_now(page_of, assert_clean, admin, day, width):
    page = page_of(admin, width=width)
    page.goto("/users/")
    page.get_by_text("Right now", exact=True).click()
    for name in ("Live sessions in the last 24 hours", "Devices", "Countries", "Places of live"):
        expect(page.get_by_role("img", name=name)).to_be_visible()
    tables = page.get_by_text("The same as a table")
    expect(tables).to_have_count(TABLES)
    for index in range(TABLES):
        tables.nth(index).click()
    expect(page.get_by_role("row", name="Nairobi, Kenya 2", exact=True)).to_be_visible()
    assert_clean(page)


def test_it_is_a_page_without_script(page_of, admin, day):
    page = page_of(admin, javascript=False)
    page.goto("/users/")
    page.get_by_text("Right now", exact=True).click()
    page.get_by_role("link", name="Live sessions, devices and places").click()
    expect(page.get_by_role("heading", name="Right now")).to_be_visible()
    expect(page.get_by_role("img", name="Places of live")).to_be_visible()


def test_one_takes_the_list_away(page_of, admin, day):
    page = page_of(admin)
    page.goto("/users/?q=person")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename.startswith("latchkey-users-acme-")
    assert len(download.value.path().read_text().splitlines()) == 61

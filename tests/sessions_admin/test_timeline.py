"""The last seven days as lanes: where the bars, the days and the marks are."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from sessions_admin.drawing.timeline import LANES_AT_MOST, LEAST_WIDTH, timeline
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason
from tests.holdings import hold

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)  # a Tuesday; Berlin's clocks went forward on Sunday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Stay:
    """What the drawing asks of a session, all in time before NOW."""

    started: timedelta
    seen: timedelta = timedelta(0)
    ended: timedelta | None = None
    pk: UUID = field(default_factory=uuid4)

    @property
    def started_at(self):
        return NOW - self.started

    @property
    def last_seen_at(self):
        return NOW - self.seen

    @property
    def ended_at(self):
        return None if self.ended is None else NOW - self.ended


def lanes(*stays):
    return timeline(stays, NOW, UTC).lanes


def shape(lane):
    return lane.start, lane.seen, lane.end


# --- lanes -------------------------------------------------------------------------------------


def test_a_live_session_reaches_from_its_start_to_now():
    [lane] = lanes(Stay(3.5 * DAY, seen=1.75 * DAY))
    assert shape(lane) == (50, 75, 100)
    assert (lane.used, lane.width, lane.is_live) == (25, 50, True)


def test_an_ended_session_reaches_to_its_end():
    [lane] = lanes(Stay(3.5 * DAY, seen=2.8 * DAY, ended=1.4 * DAY))
    assert shape(lane) == (50, 60, 80)
    assert not lane.is_live


def test_a_session_from_before_begins_at_the_edge():
    assert shape(lanes(Stay(30 * DAY, seen=14 * HOUR))[0]) == (0, 91.67, 100)
    assert shape(lanes(Stay(30 * DAY, seen=20 * DAY))[0]) == (0, 0, 100)


def test_a_short_session_is_still_to_be_seen():
    [at_the_end] = lanes(Stay(timedelta(0)))
    assert shape(at_the_end)[::2] == (100 - LEAST_WIDTH, 100)
    [at_the_edge] = lanes(Stay(8 * DAY, seen=7 * DAY, ended=7 * DAY - timedelta(seconds=1)))
    assert shape(at_the_edge)[::2] == (0, LEAST_WIDTH)


def test_what_ended_before_has_no_lane():
    assert lanes(Stay(9 * DAY, seen=8 * DAY, ended=7 * DAY)) == []


def test_the_newest_come_first_and_no_more_than_fit():
    stays = [Stay(number * HOUR) for number in range(1, LANES_AT_MOST + 4)]
    drawn = timeline(reversed(stays), NOW, UTC)
    assert [lane.session for lane in drawn.lanes] == stays[:LANES_AT_MOST]
    assert drawn.left_out == 3


# --- days --------------------------------------------------------------------------------------


def test_days_begin_at_the_persons_midnight():
    """Noon in UTC is 22:30 in Adelaide: its days begin an hour and a half later."""
    days = timeline([], NOW, ZoneInfo("Australia/Adelaide")).days
    assert [day.date.day for day in days] == [24, 25, 26, 27, 28, 29, 30, 31]
    assert [day.date.hour for day in days[1:]] == [0] * 7
    assert days[1].start == pytest.approx(100 * 1.5 / 168, abs=0.01)
    assert not days[0].has_room
    assert all(day.has_room for day in days[1:])


def test_a_day_of_twenty_three_hours_is_as_long_as_it_was():
    days = timeline([], NOW, ZoneInfo("Europe/Berlin")).days
    by_date = {day.date.day: day for day in days}
    assert by_date[30].start - by_date[29].start == pytest.approx(100 * 23 / 168, abs=0.02)
    assert by_date[31].start - by_date[30].start == pytest.approx(100 * 24 / 168, abs=0.02)


def test_labels_stand_in_the_middle_of_their_days():
    days = timeline([], NOW, UTC).days
    assert (days[0].start, days[0].middle) == (0, pytest.approx(100 * 6 / 168, abs=0.01))
    assert days[1].middle == pytest.approx(100 * 24 / 168, abs=0.01)


# --- on the page -------------------------------------------------------------------------------


def drawing(browser):
    text = browser.get("/sessions/").text
    return re.search(r'<details class="disclosure" id="week">.*?</section>', text, re.S)[0]


def rows(text):
    body = re.search(r"<tbody>(.*?)</tbody>", text, re.S)[1]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in body.split("</tr>")]
    return [[unescape(re.sub(r"<[^>]+>", "", one)) for one in row] for row in cells if row]


def test_the_page_draws_live_and_ended_sessions_and_says_why(browser_of, member, admin, acme):
    browser = browser_of(member)
    hold(member, acme, label="Old phone", age=2 * DAY)
    ended = hold(member, acme, label="Kiosk", age=DAY)
    end_sessions(
        Session.objects.filter(pk=ended.pk), reason=EndReason.REVOKED_BY_ADMIN, actor=admin
    )
    text = drawing(browser)
    assert [row[0] for row in rows(text)] == ["Firefox 145 on Linux", "Kiosk", "Old phone"]
    assert "Ann Lee" in rows(text)[1][3]
    assert rows(text)[2][3] == "live"
    assert text.count('class="week-live"') == 2
    assert text.count('class="week-end"') == 1
    assert "style=" not in text


def test_it_shows_nobody_elses_sessions(browser_of, member, owner, acme):
    hold(owner, acme, label="Owner’s laptop")
    assert "Owner’s laptop" not in drawing(browser_of(member))


def test_a_name_is_text(browser_of, member, acme):
    hold(member, acme, label="<script>alert(1)</script>")
    assert "<script>alert" not in drawing(browser_of(member))


def test_numbers_are_written_for_the_drawing_not_for_the_reader(browser_of, member, acme):
    """A comma for the decimal point would break every bar."""
    member.language = "de"
    member.save()
    hold(member, acme, age=30 * HOUR)
    assert not re.search(r'="\d+,\d+%"', drawing(browser_of(member)))

"""A person's last seven days as lanes, one a session, in percent of the drawing's width. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

SPAN = timedelta(days=7)
LANES_AT_MOST = 12  # more would not fit a screen; the lists beside it are complete
LEAST_WIDTH = 0.8  # percent: a session of a minute is still to be seen
LEAST_DAY = 13.0  # percent: on a phone, the label of a narrower day would run into its neighbour


@dataclass(frozen=True, slots=True)
class Lane:
    """One session; it was used from `start` to `seen` and stayed open until `end`."""

    session: Any
    start: float
    seen: float
    end: float

    @property
    def used(self) -> float:
        return round(self.seen - self.start, 2)

    @property
    def width(self) -> float:
        return round(self.end - self.start, 2)

    @property
    def is_live(self) -> bool:
        return self.session.ended_at is None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the person's calendar, as far as it is in the span."""

    date: datetime  # its first moment in the span, in the person's time zone
    start: float
    middle: float
    has_room: bool  # for a label


@dataclass(frozen=True, slots=True)
class Timeline:
    lanes: list[Lane]
    days: list[Day]
    left_out: int  # older sessions that got no lane


def timeline(sessions: Iterable[Any], now: datetime, zone: tzinfo) -> Timeline:
    """The sessions that were open at some time of the span, the newest first."""
    since = now - SPAN
    seen = [one for one in sessions if one.ended_at is None or one.ended_at > since]
    seen.sort(key=lambda one: (one.started_at, one.pk.int), reverse=True)
    lanes = [_lane(one, since, now) for one in seen[:LANES_AT_MOST]]
    return Timeline(lanes, _days(since, now, zone), len(seen) - len(lanes))


def _lane(session: Any, since: datetime, now: datetime) -> Lane:
    end = max(_along(session.ended_at or now, since), LEAST_WIDTH)
    start = min(_along(session.started_at, since), end - LEAST_WIDTH)
    seen = min(max(_along(session.last_seen_at, since), start), end)
    return Lane(session, round(start, 2), round(seen, 2), round(end, 2))


def _days(since: datetime, now: datetime, zone: tzinfo) -> list[Day]:
    """Between the person's midnights: a day of 23 or 25 hours is as long as it was."""
    days, start = [], since
    while start < now:
        end = min(_next_midnight(start, zone), now)
        left, right = _along(start, since), _along(end, since)
        middle = round((left + right) / 2, 2)
        days.append(Day(start.astimezone(zone), round(left, 2), middle, right - left >= LEAST_DAY))
        start = end
    return days


def _next_midnight(moment: datetime, zone: tzinfo) -> datetime:
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def _along(moment: datetime, since: datetime) -> float:
    """In percent from the beginning of the span to its end, which is now."""
    return min(max(100 * ((moment - since) / SPAN), 0.0), 100.0)

"""Numbers as shapes: a curve, bars, dots on a map. Pure; templates draw them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import sqrt

from sessions_admin.drawing.world import spot

HEIGHT = 100  # units of a curve; its width is one unit a step
ROUND_TOPS = (2, 4, 6, 8, 10)  # even, so that half of it is a number to write at a line, too
MARKED_HOURS = 6  # a label every so many hours of the reader's clock
MARK_MARGIN = 4.0  # percent: a label nearer to the edge would stick out
LEAST_DOT, LARGEST_DOT = 0.7, 3.0  # radius in dots of land


@dataclass(frozen=True, slots=True)
class Curve:
    """Paths in a box of `width` by HEIGHT units; its upper edge stands for `top`."""

    line: str
    area: str
    width: int
    top: int

    @property
    def half(self) -> int:
        return self.top // 2


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the axis, in percent of its length."""

    at: datetime
    along: float


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    count: int
    width: float  # percent of the longest; 0 for the sum of all others, which is no bar


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the map of sessions_admin.drawing.world."""

    label: str
    count: int
    x: float
    y: float
    radius: float


def curve(counts: Sequence[int]) -> Curve:
    """A point a count, joined by straight lines."""
    top = round_top(max(counts))
    points = " ".join(f"{x},{_short(HEIGHT - HEIGHT * y / top)}" for x, y in enumerate(counts))
    width = len(counts) - 1
    return Curve(f"M{points}", f"M0,{HEIGHT} {points} {width},{HEIGHT}Z", width, top)


def round_top(largest: int) -> int:
    """The least round and even number that is not below it."""
    magnitude = 1
    while largest > ROUND_TOPS[-1] * magnitude:
        magnitude *= 10
    return next(top * magnitude for top in ROUND_TOPS if top * magnitude >= largest)


def clock_marks(start: datetime, end: datetime, zone: tzinfo) -> list[Mark]:
    """The round hours of the reader's clock between two moments."""
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    marks = []
    while hour <= end:
        # Some zones are half an hour off: their round hour is not one of UTC.
        local = (hour + (_past_the_hour(hour, zone))).astimezone(zone)
        along = 100 * ((local - start) / (end - start))
        if local.hour % MARKED_HOURS == 0 and MARK_MARGIN <= along <= 100 - MARK_MARGIN:
            marks.append(Mark(local, _short(along)))
        hour += timedelta(hours=1)
    return marks


def bars(counted: Iterable[tuple[str, int]], named: int) -> list[Bar]:
    """In the order given, each as long as its share of the largest; after `named` come others."""
    pairs = list(counted)
    largest = max((count for _, count in pairs[:named]), default=0)
    return [
        Bar(label, count, _short(100 * count / largest) if place < named else 0)
        for place, (label, count) in enumerate(pairs)
    ]


def dots(counted: Iterable[tuple[str, float, float, int]]) -> list[Dot]:
    """Labels, latitudes, longitudes and counts; a dot's surface shows its count."""
    places = list(counted)
    largest = max((count for *_, count in places), default=0)
    return [
        Dot(label, count, *spot(latitude, longitude), _radius(count, largest))
        for label, latitude, longitude, count in places
    ]


def _radius(count: int, largest: int) -> float:
    return _short(max(LEAST_DOT, LARGEST_DOT * sqrt(count / largest)))


def _past_the_hour(hour: datetime, zone: tzinfo) -> timedelta:
    """How long after this hour of UTC the zone's clock strikes."""
    return timedelta(minutes=-hour.astimezone(zone).minute % 60)


def _short(number: float) -> float:
    return round(number, 2)

"""What a tenant's sessions are like at this moment, and how many there were in the last 24 h.

Everything is counted in the database, which goes through the open sessions once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import (
    Case,
    Count,
    F,
    Func,
    IntegerField,
    Value,
    When,
)
from django.utils.translation import gettext as _

from sessions_admin.live import has_access
from sessions_admin.models import Session

if TYPE_CHECKING:
    from tenants.access import CurrentTenant

POINTS = 48
EVERY = timedelta(minutes=30)
TOP = 6  # as many as one takes in
PLACES_AT_MOST = 200  # dots; more would cover each other
# What is counted by, in one pass.
SPANS = ("over", "began")
DEVICES = ("over", "system", "browser")
COUNTRIES = ("over", "country", "country_code")
PLACES = ("over", "city", "country", "longitude", "latitude")
GROUPINGS = (SPANS, DEVICES, COUNTRIES, PLACES)
COLUMNS = tuple(dict.fromkeys(name for names in GROUPINGS for name in names))

Counts = Counter[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    live: int


@dataclass(frozen=True, slots=True)
class RightNow:
    """`history` ends now; devices and countries are the largest, and a last one of all others."""

    history: list[Moment]
    devices: list[tuple[str, int]]
    countries: list[tuple[str, int]]
    places: list[tuple[str, float, float, int]]  # label, latitude, longitude, sessions

    @property
    def live(self) -> int:
        return self.history[-1].live

    @property
    def most(self) -> int:
        return max(moment.live for moment in self.history)

    @property
    def off_the_map(self) -> int:
        return max(0, self.live - sum(count for *_, count in self.places))


class Passed(Func):
    """How many of the points (ascending) lie before a moment."""

    output_field = IntegerField()

    def __init__(self, moment: Any, points: list[datetime]) -> None:
        super().__init__(moment)
        self.points = points

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """By halving; its thresholds are moments that are reached."""
        moment, parameters = compiler.compile(self.source_expressions[0])
        reached = [point + timedelta.resolution for point in self.points]
        return f"WIDTH_BUCKET({moment}, %s::timestamptz[])", [*parameters, reached]

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        moment, parameters = compiler.compile(self.source_expressions[0])
        points = [connection.ops.adapt_datetimefield_value(point) for point in self.points]
        each = [value for point in points for value in (*parameters, point)]
        return " + ".join([f"({moment} > %s)"] * len(points)), each


def right_now(tenant: CurrentTenant, now: datetime) -> RightNow:
    """In two statements: the open sessions, and those that ended in the last day."""
    points = [now - EVERY * back for back in reversed(range(POINTS))]
    counts = _open(tenant, points)
    history = _history(points, counts[SPANS] + _ended(tenant, points))
    total = history[-1].live
    return RightNow(
        history,
        _with_others(_devices(counts[DEVICES]), total),
        _with_others(_countries(counts[COUNTRIES]), total),
        _places(counts[PLACES]),
    )


def _history(points: list[datetime], spans: Counts) -> list[Moment]:
    """How many sessions were live at each point. One that began before point 7 and was over before
    point 9 was live at 7 and 8; overdue ones that nobody has tidied were until their deadline."""
    changes = Counter[int]()
    for (over, began), count in spans.items():
        changes[began] += count
        changes[over] -= count
    numbers = accumulate(changes[number] for number in range(POINTS))
    return [Moment(at, live) for at, live in zip(points, numbers, strict=True)]


def _open(tenant: CurrentTenant, points: list[datetime]) -> Mapping[tuple[str, ...], Counts]:
    """Those that are open, by each of GROUPINGS."""
    now = points[-1]
    over = Case(When(deadline__gt=now, then=Value(POINTS)), default=Passed(F("deadline"), points))
    sessions = (
        Session.objects.within(tenant)
        .open()
        .with_deadlines(tenant.id)
        .filter(has_access(tenant.id), started_at__lte=now, deadline__gt=points[0])
        .annotate(began=Passed(F("started_at"), points), over=over)
    )
    sql, parameters = sessions.values_list(*COLUMNS).query.sql_with_params()
    counts: dict[tuple[str, ...], Counts] = {names: Counter() for names in GROUPINGS}
    with connections[sessions.db].cursor() as cursor:
        cursor.execute(_counting(sql), parameters)
        for *row, grouping, count in cursor.fetchall():
            names, values = GROUPINGS[grouping], dict(zip(COLUMNS, row, strict=True))
            counts[names][tuple(values[name] for name in names)] = int(count)
    return counts


def _counting(sessions: str) -> str:
    """Rows of COLUMNS, of which of GROUPINGS they are, and how many. By hand: first by all columns
    at once, which leaves few rows, and these by each grouping."""
    columns = ", ".join(COLUMNS)
    passes = " UNION ALL ".join(map(_pass, range(len(GROUPINGS))))
    return f"""
        WITH open ({columns}) AS ({sessions}),
        alike AS (SELECT {columns}, COUNT(*) AS number FROM open GROUP BY {columns}) {passes}
    """  # noqa: S608  names of ours and the queryset's own SQL; values are parameters


def _pass(number: int) -> str:
    names = GROUPINGS[number]
    # Of the others any value will do: nobody reads it, and it has a type.
    columns = ", ".join(name if name in names else f"MAX({name})" for name in COLUMNS)
    by = ", ".join(names)
    return f"SELECT {columns}, {number}, SUM(number) FROM alike GROUP BY {by}"  # noqa: S608


def _ended(tenant: CurrentTenant, points: list[datetime]) -> Counts:
    ended = Session.objects.within(tenant).filter(
        ended_at__gt=points[0], started_at__lte=points[-1]
    )
    spans = ended.annotate(
        began=Passed(F("started_at"), points), over=Passed(F("ended_at"), points)
    ).order_by()
    rows = spans.values_list(*SPANS).annotate(n=Count("pk"))
    return Counter({(over, began): n for over, began, n in rows})


def _devices(counts: Counts) -> list[tuple[str, int]]:
    return [
        (Session(browser=browser, system=system).device, n)
        for system, browser, n in _live(counts)[:TOP]
    ]


def _countries(counts: Counts) -> list[tuple[str, int]]:
    rows = _live(counts)[:TOP]
    return [(country or code or _("Unknown country"), n) for country, code, n in rows]


def _places(counts: Counts) -> list[tuple[str, float, float, int]]:
    known = [row for row in _live(counts) if None not in row]
    return [
        (", ".join(filter(None, (city, country))) or _("Unknown place"), latitude, longitude, n)
        for city, country, longitude, latitude, n in known[:PLACES_AT_MOST]
    ]


def _live(counts: Counts) -> list[tuple[Any, ...]]:
    """The columns behind `over`, and the number: the most frequent first."""
    live = [(*values, n) for (over, *values), n in counts.items() if over == POINTS]
    return sorted(live, key=lambda row: (-row[-1], str(row)))


def _with_others(counted: Iterable[tuple[str, int]], total: int) -> list[tuple[str, int]]:
    listed = list(counted)
    others = total - sum(count for _label, count in listed)
    return [*listed, (_("Others"), others)] if others > 0 else listed

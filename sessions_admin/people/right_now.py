"""What a tenant's sessions are like at this moment, and how many there were in the last 24 h.

Everything is counted in the database: five thousand sessions cost what five cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from sessions_admin.live import has_access
from sessions_admin.models import Session

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet
    from tenants.access import CurrentTenant

POINTS = 48
EVERY = timedelta(minutes=30)
TOP = 6  # as many as one takes in
PLACES_AT_MOST = 200  # dots; more would cover each other
# Beyond any tenant. The slice also makes the deadlines a subquery: each is worked out once, and
# not once a point.
SESSIONS_AT_MOST = 1_000_000


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


def right_now(tenant: CurrentTenant, now: datetime) -> RightNow:
    """In four statements."""
    live = Session.objects.live_within(tenant, now)
    history = concurrency(tenant, now)
    total = history[-1].live
    return RightNow(
        history,
        _with_others(_devices(live), total),
        _with_others(_countries(live), total),
        _places(live),
    )


def concurrency(tenant: CurrentTenant, now: datetime) -> list[Moment]:
    """How many sessions were live at each point of the last day: the last of them is now.

    An overdue session that nobody has tidied yet was live until its deadline.
    """
    moments = [now - EVERY * back for back in reversed(range(POINTS))]
    in_sight = Q(ended_at__gt=moments[0]) | Q(has_access(), ended_at=None)
    sessions = (
        Session.objects.within(tenant)
        .filter(in_sight, started_at__lte=now)
        .with_deadlines()
        .annotate(until=Coalesce("ended_at", "deadline"))
        .values("started_at", "until")[:SESSIONS_AT_MOST]
    )
    counts = sessions.aggregate(
        **{
            f"at_{number}": Count("started_at", filter=Q(started_at__lte=moment, until__gt=moment))
            for number, moment in enumerate(moments)
        }
    )
    return [Moment(moment, counts[f"at_{number}"]) for number, moment in enumerate(moments)]


def _devices(live: SessionQuerySet) -> list[tuple[str, int]]:
    rows = _counted(live, "browser", "system")[:TOP]
    return [(Session(browser=browser, system=system).device, n) for browser, system, n in rows]


def _countries(live: SessionQuerySet) -> list[tuple[str, int]]:
    rows = _counted(live, "country_code", "country")[:TOP]
    return [(country or code or _("Unknown country"), n) for code, country, n in rows]


def _places(live: SessionQuerySet) -> list[tuple[str, float, float, int]]:
    known = live.filter(latitude__isnull=False, longitude__isnull=False)
    rows = _counted(known, "city", "country", "latitude", "longitude")[:PLACES_AT_MOST]
    return [
        (", ".join(filter(None, (city, country))) or _("Unknown place"), latitude, longitude, n)
        for city, country, latitude, longitude, n in rows
    ]


def _counted(live: SessionQuerySet, *columns: str) -> Any:
    """The different values of the columns, the most frequent first, with their numbers."""
    counted = live.values(*columns).annotate(n=Count("pk")).order_by("-n", *columns)
    return counted.values_list(*columns, "n")


def _with_others(counted: Iterable[tuple[str, int]], total: int) -> list[tuple[str, int]]:
    listed = list(counted)
    others = total - sum(count for _label, count in listed)
    return [*listed, (_("Others"), others)] if others > 0 else listed

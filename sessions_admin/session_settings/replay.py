"""What session settings would have done in the last 30 days: the preview's look back.

By what is kept of each session: when it began, was last used and ended. Breaks in between are not
kept, so of idleness only the last one counts, and the numbers are the least there would have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from django.db import connections
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from sessions_admin.models import Session
from sessions_admin.policy import Policy
from sessions_admin.vocabulary import AtLimit, EndReason

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet
    from tenants.access import CurrentTenant

LOOK_BACK = timedelta(days=30)
# What is looked at, the rest is a guess that nobody needs: half a second of the database …
SESSIONS_AT_MOST = 250_000
# … and a tenth of one here.
CROWDED_AT_MOST = 20_000
# Half of the sessions that end early do so within one of these.
STEPS = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8, 24, 72, 168, 336, 720, 2160))
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
STAYED = ""
TIMEOUTS = (EndReason.IDLE_TIMEOUT, EndReason.ABSOLUTE_TIMEOUT)


@dataclass(frozen=True, slots=True)
class Replay:
    """How many sessions of how many people would have ended before they did."""

    sessions: int
    people: int
    reasons: Mapping[EndReason, int]  # only what there is
    half_within: timedelta | None  # of the sign-in; one of STEPS
    is_complete: bool  # there was not more history than is looked at


@dataclass(frozen=True, slots=True)
class Stay:
    """One session of the past; `until` is when it ended or, earlier, the timeouts would have."""

    started_at: datetime
    until: datetime
    was_cut: bool


def replay(policy: Policy, tenant: CurrentTenant) -> Replay:
    """In one statement; a limit takes two more: who ever had too many at once, and their past."""
    past = _past(policy, tenant, timezone.now())
    cut = ~Q(reason=STAYED)
    counts = past[:SESSIONS_AT_MOST].aggregate(
        seen=Count("pk"),
        people=Count("user", distinct=True, filter=cut),
        **{reason: Count("pk", filter=Q(reason=reason)) for reason in TIMEOUTS},
        **{
            f"within_{number}": Count("pk", filter=cut & Q(over_at__lte=F("started_at") + step))
            for number, step in enumerate(STEPS)
        },
    )
    reasons = {reason: counts[reason] for reason in TIMEOUTS}
    total = sum(reasons.values())
    crowded = _crowded(past, policy)
    reasons[EndReason.CONCURRENCY_LIMIT] = crowded.sessions
    return Replay(
        sessions=total + crowded.sessions,
        people=counts["people"] + crowded.people,
        reasons={reason: number for reason, number in reasons.items() if number},
        half_within=_median([counts[f"within_{number}"] for number in range(len(STEPS))], total),
        is_complete=crowded.is_complete and counts["seen"] < SESSIONS_AT_MOST,
    )


def crowded_out(stays: Iterable[Stay], limit: int, at_limit: AtLimit) -> list[Stay]:
    """Those of one person that the limit would have ended or, where it refuses, not let begin.

    Pure. When somebody last used which session in between is not known: the oldest leaves.
    """
    live: list[Stay] = []
    out: list[Stay] = []
    for stay in sorted(stays, key=lambda stay: stay.started_at):
        live = [one for one in live if one.until > stay.started_at]
        live.append(stay)
        if len(live) > limit:
            out.append(live.pop(-1 if at_limit == AtLimit.DENY else 0))
    return out


def _past(policy: Policy, tenant: CurrentTenant, now: datetime) -> SessionQuerySet:
    """What was open in the last 30 days. `over_at`: when a timeout would have come; `until`: the
    end, or that, or now; `reason`: which timeout came before the end, or STAYED."""
    lately = Q(ended_at=None) | Q(ended_at__gt=now - LOOK_BACK)
    forced_at: Any = _moment(NEVER)
    if policy.absolute_timeout is not None:
        forced_at = _later("authenticated_at", policy.absolute_timeout)
    sessions = Session.objects.within(tenant).filter(lately, user__isnull=False)
    past = sessions.annotate(
        ended=Coalesce(F("ended_at"), _moment(now)),
        idle_at=_later("last_seen_at", policy.idle_timeout),
        forced_at=forced_at,
    ).annotate(over_at=Least("idle_at", "forced_at"))
    reason = Case(
        When(over_at__gte=F("ended"), then=Value(STAYED)),
        When(forced_at__lte=F("idle_at"), then=Value(EndReason.ABSOLUTE_TIMEOUT)),
        default=Value(EndReason.IDLE_TIMEOUT),
        output_field=CharField(),
    )
    return cast(
        "SessionQuerySet", past.annotate(until=Least("ended", "over_at"), reason=reason).order_by()
    )


def _later(field: str, by: timedelta) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(F(field) + Value(by, DurationField()), DateTimeField())


def _moment(at: datetime) -> Value:
    return Value(at, DateTimeField())


def _median(within: Sequence[int], total: int) -> timedelta | None:
    """The first step within which at least half of them ended."""
    pairs = zip(STEPS, within, strict=True)
    return next((step for step, number in pairs if total and 2 * number >= total), None)


@dataclass(frozen=True, slots=True)
class _Crowded:
    """What the limit adds to the timeouts: sessions that they let be, people whom they do."""

    sessions: int = 0
    people: int = 0
    is_complete: bool = True


def _crowded(past: SessionQuerySet, policy: Policy) -> _Crowded:
    limit = policy.max_live_sessions
    if limit is None:
        return _Crowded()
    holders = _had_more_than(limit, past)
    rows = past.filter(user__in=holders).order_by("user", "started_at")
    names = ("user", "started_at", "until", "reason")
    read = list(rows.values_list(*names)[: CROWDED_AT_MOST + 1])
    sessions = people = 0
    for _user, group in groupby(read[:CROWDED_AT_MOST], key=itemgetter(0)):
        stays = [Stay(started, until, reason != STAYED) for _, started, until, reason in group]
        out = crowded_out(stays, limit, policy.at_limit)
        sessions += sum(not stay.was_cut for stay in out)
        people += bool(out) and not any(stay.was_cut for stay in stays)
    return _Crowded(sessions, people, len(read) <= CROWDED_AT_MOST)


def _had_more_than(limit: int, past: SessionQuerySet) -> list[Any]:
    """Who ever had more than so many open at once: by counting up at each start, down at each end.

    Of that many people the first ones; by hand, as a window over a union is beyond the ORM.
    """
    connection = connections[past.db]
    rows = past.values("user_id", "started_at", "until")[:SESSIONS_AT_MOST]
    sql, parameters = rows.query.sql_with_params()
    statement = f"""
        WITH past (holder, since, until) AS ({sql}),
        steps AS (SELECT holder, since AS at, 1 AS step FROM past WHERE since < until
                  UNION ALL SELECT holder, until, -1 FROM past WHERE since < until),
        counted AS (SELECT holder, SUM(step) OVER (PARTITION BY holder ORDER BY at, step
                    ROWS UNBOUNDED PRECEDING) AS open FROM steps)
        SELECT DISTINCT holder FROM counted WHERE open > %s ORDER BY holder LIMIT %s
    """  # noqa: S608  the queryset's own SQL; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, limit, CROWDED_AT_MOST])
        return [row[0] for row in cursor.fetchall()]

"""What session settings would do to the sessions that are live: what the preview says, and what
`lifecycle.change_policy` then does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Max, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from sessions_admin.live import SessionQuerySet, idle_too_long, signed_in_too_long
from sessions_admin.models import Session
from sessions_admin.policy import Policy
from sessions_admin.vocabulary import AtLimit, EndReason, Kind
from tenants.access import CurrentTenant
from tenants.models import Tenant

# Half-open steps that people think in; no live session is idle for longer than the last.
IDLE_AGES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240, 480, 1440))
# Enough to recognise what is meant; the number says the rest.
EXAMPLES = 20
# People whose sessions are looked up one by one; of more, all sessions of the tenant are ranked.
RANKED_BY_NAME = 500
STAYS = ""  # the fate of a session that the policy leaves alone
# The fates there are, in the order in which screens name them.
OUTLIVED = (EndReason.IDLE_TIMEOUT, EndReason.ABSOLUTE_TIMEOUT)
FATES = (*OUTLIVED, EndReason.CONCURRENCY_LIMIT)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a policy would do at this moment."""

    sessions: int  # live now
    people: int
    ending: Mapping[EndReason, int]  # how many would end, by the reason; only what there is
    mine: EndReason | None  # why the session that asks would end, if it would
    idle_ages: list[int]  # how many are idle for less than each of IDLE_AGES and not the one before
    examples: list[Session]  # of those that would end, oldest first, with `fate` and their user

    @property
    def total(self) -> int:
        return sum(self.ending.values())


def impact_of(policy: Policy, tenant: Tenant | CurrentTenant, *, using: UUID | None) -> Impact:
    """What the policy would do to the tenant's sessions now.

    One statement counts, with a limit two do; two more read examples, where there are any.
    `using` is the session that asks. Saving is activity, so it is never found idle.
    """
    now = timezone.now()
    sessions = Session.objects.within(tenant)
    live = _outliving(sessions.live_within(tenant, now), policy, now, using)
    counts = live.aggregate(
        sessions=Count("pk"),
        people=Count("user", distinct=True),
        mine=Max("outlived", filter=Q(pk=using)),
        **{fate: Count("pk", filter=Q(outlived=fate)) for fate in OUTLIVED},
        **_idle_within(now),
    )
    above = _above(sessions, live, policy)
    # Their ids alone: a hundred thousand are quickly read, and ranking them again is not.
    too_many = set(above.values_list("pk", flat=True)) if above is not None else set()
    counts[EndReason.CONCURRENCY_LIMIT] = len(too_many)
    mine = counts["mine"] or (EndReason.CONCURRENCY_LIMIT if using in too_many else None)
    within = [0, *(counts[name] for name in _idle_within(now))]
    return Impact(
        sessions=counts["sessions"],
        people=counts["people"],
        ending={fate: counts[fate] for fate in FATES if counts[fate]},
        mine=EndReason(mine) if mine else None,
        idle_ages=[more - less for less, more in pairwise(within)],
        examples=_examples(live, too_many, counts),
    )


def fated(
    sessions: SessionQuerySet, policy: Policy, now: datetime, *, using: UUID | None = None
) -> SessionQuerySet:
    """The live ones, each with its `fate`: why the policy would end it now, or STAYS.

    Twin of policy.verdict and policy.leaving_first, held equal by a property test.
    """
    live = _outliving(sessions.live(now), policy, now, using)
    above = _above(sessions, live, policy)
    fate: Any = F("outlived")
    if above is not None:
        leaves = When(Q(outlived=STAYS, pk__in=above.values("pk")), then=_ABOVE)
        fate = Case(leaves, default=F("outlived"), output_field=CharField())
    return cast("SessionQuerySet", live.annotate(fate=fate))


_ABOVE = Value(EndReason.CONCURRENCY_LIMIT)


def _outliving(
    live: SessionQuerySet, policy: Policy, now: datetime, using: UUID | None
) -> SessionQuerySet:
    """The live ones, with `outlived`: the reason of the deadline that is over, or STAYS."""
    seen = Case(When(pk=using, then=Value(now)), default=F("last_seen_at"))
    live = live.annotate(seen=seen if using else F("last_seen_at"))
    return cast("SessionQuerySet", live.annotate(outlived=_outlived(policy, now, using)))


def _idle_within(now: datetime) -> dict[str, Count]:
    return {
        f"within_{number}": Count("pk", filter=Q(seen__gt=now - age))
        for number, age in enumerate(IDLE_AGES)
    }


def _above(
    sessions: SessionQuerySet, live: SessionQuerySet, policy: Policy
) -> SessionQuerySet | None:
    """Those that leave because a person has more than the limit; None without one.

    Those that end anyway do not count towards it. Ranking is dear, so only people are ranked who
    may have too many.
    """
    limit = policy.max_live_sessions
    if limit is None:
        return None
    holders = sessions.open().filter(user__isnull=False).order_by().values("user")
    crowded = holders.annotate(held=Count("pk")).filter(held__gt=limit)
    ids = list(crowded.values_list("user", flat=True)[: RANKED_BY_NAME + 1])
    contending = live.filter(outlived=STAYS, user__isnull=False).exclude(kind=Kind.SUPPORT)
    if len(ids) <= RANKED_BY_NAME:
        contending = contending.filter(user__in=ids)
    ranked = contending.annotate(
        rank=Window(RowNumber(), partition_by=F("user"), order_by=_staying_first(policy.at_limit))
    )
    return cast("SessionQuerySet", ranked.filter(rank__gt=limit))


def _outlived(policy: Policy, now: datetime, using: UUID | None) -> Case:
    """The reason whose deadline came first; on a tie the absolute one (policy.deadlines)."""
    idle = idle_too_long(policy, now) & ~Q(pk=using)
    signed_in = signed_in_too_long(policy, now)
    absolute_first = Q()
    if policy.absolute_timeout is not None:
        ahead = policy.idle_timeout - policy.absolute_timeout
        absolute_first = Q(authenticated_at__lte=F("seen") + ahead)
    return Case(
        When(signed_in & absolute_first, then=Value(EndReason.ABSOLUTE_TIMEOUT)),
        When(idle, then=Value(EndReason.IDLE_TIMEOUT)),
        default=Value(STAYS),
        output_field=CharField(),
    )


def _staying_first(at_limit: AtLimit) -> list[str]:
    """Twin of policy.leaving_first, from the other end."""
    age = "seen" if at_limit == AtLimit.END_LEAST_RECENTLY_USED else "started_at"
    return [f"-{age}", "-pk"]


def _examples(
    live: SessionQuerySet, too_many: set[UUID], counts: Mapping[str, int]
) -> list[Session]:
    """The oldest of those that would end. Found first, read then: their rows are wide."""
    fates: dict[UUID, str] = dict.fromkeys(
        nsmallest(EXAMPLES, too_many), EndReason.CONCURRENCY_LIMIT
    )
    if any(counts[reason] for reason in OUTLIVED):
        # By a date that no index has: to walk along the keys means to read all that ever ended.
        over = live.exclude(outlived=STAYS).order_by("started_at", "pk")
        fates |= over.values_list("pk", "outlived")[:EXAMPLES]
    wanted = nsmallest(EXAMPLES, fates)
    if not wanted:
        return []
    rows = Session.objects.filter(pk__in=wanted).select_related("user").defer("data", "key_hash")
    examples = list(rows.order_by("pk"))
    for example in examples:
        example.fate = fates[example.pk]
    return examples

"""What session settings would do to the sessions that are live: what the preview says, and what
`lifecycle.change_policy` then does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Max, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from sessions_admin.live import SessionQuerySet, idle_too_long, signed_in_too_long
from sessions_admin.models import Session
from sessions_admin.policy import Policy
from sessions_admin.vocabulary import AtLimit, EndReason
from tenants.access import CurrentTenant
from tenants.models import Tenant

# Half-open steps that people think in; no live session is idle for longer than the last.
IDLE_AGES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240, 480, 1440))
# Enough to recognise what is meant; the number says the rest.
EXAMPLES = 20
STAYS = ""  # the fate of a session that the policy leaves alone
# The fates there are, in the order in which screens name them.
FATES = (EndReason.IDLE_TIMEOUT, EndReason.ABSOLUTE_TIMEOUT, EndReason.CONCURRENCY_LIMIT)


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
    """What the policy would do to the tenant's sessions now, in two statements (one: nothing).

    `using` is the session that asks. Saving is activity, so it is never found idle.
    """
    now = timezone.now()
    sessions = fated(Session.objects.within(tenant), policy, now, using=using)
    seen_within = {
        f"within_{number}": Count("pk", filter=Q(seen__gt=now - age))
        for number, age in enumerate(IDLE_AGES)
    }
    counts = sessions.aggregate(
        sessions=Count("pk"),
        people=Count("user", distinct=True),
        mine=Max("fate", filter=Q(pk=using)),
        **{fate: Count("pk", filter=Q(fate=fate)) for fate in FATES},
        **seen_within,
    )
    ending = {fate: counts[fate] for fate in FATES if counts[fate]}
    within = [0, *(counts[name] for name in seen_within)]
    return Impact(
        sessions=counts["sessions"],
        people=counts["people"],
        ending=ending,
        mine=EndReason(counts["mine"]) if counts["mine"] else None,
        idle_ages=[more - less for less, more in pairwise(within)],
        examples=_examples(sessions) if ending else [],
    )


def fated(
    sessions: SessionQuerySet, policy: Policy, now: datetime, *, using: UUID | None = None
) -> SessionQuerySet:
    """The live ones, each with its `fate`: why the policy would end it now, or STAYS.

    Twin of policy.verdict and policy.leaving_first, held equal by a property test.
    """
    live = sessions.live(now).annotate(
        seen=Case(When(pk=using, then=Value(now)), default=F("last_seen_at")),
        outlived=_outlived(policy, now, using),
    )
    if policy.max_live_sessions is None:
        return cast("SessionQuerySet", live.annotate(fate=F("outlived")))
    # Those that end anyway do not count towards the limit: they are ranked among themselves.
    peers: dict[str, Any] = {"partition_by": [F("user"), F("outlived")]}
    ranked = live.annotate(
        rank=Window(RowNumber(), order_by=_leaving_first(policy.at_limit), **peers),
        excess=Window(Count("pk"), **peers) - policy.max_live_sessions,
    )
    above = Q(outlived=STAYS, rank__lte=F("excess"), user__isnull=False)
    limit = Value(EndReason.CONCURRENCY_LIMIT)
    fate = Case(When(above, then=limit), default=F("outlived"), output_field=CharField())
    return cast("SessionQuerySet", ranked.annotate(fate=fate))


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


def _leaving_first(at_limit: AtLimit) -> list[str]:
    """Twin of policy.leaving_first."""
    age = "seen" if at_limit == AtLimit.END_LEAST_RECENTLY_USED else "started_at"
    return [age, "pk"]


def _examples(sessions: SessionQuerySet) -> list[Session]:
    ending = sessions.exclude(fate=STAYS).select_related("user").defer("data", "key_hash")
    return list(ending.order_by("pk")[:EXAMPLES])

"""What risk rules would have found in the last days: the detectors over the stored history.

What the history cannot tell makes the numbers too low, never too high: of a session that was used
before and after a moment, not whether just then (so the earlier moment counts); of a device that
was forgotten, or of a sign-in from before devices were remembered, not whether it was new; and
nothing of what retention has removed. Sessions that the rules would have ended do nothing after.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from sessions_admin.identifiers import earliest_uuid7
from sessions_admin.models import LoginAttempt, Session, Sighting
from sessions_admin.risk.rules import Rules
from sessions_admin.suspicious.diary import Attempt, Firing, Stay, fire
from sessions_admin.suspicious.seen import ACCESS, seen_in
from sessions_admin.vocabulary import Detector, Kind, LoginOutcome, Novelty, Response

if TYPE_CHECKING:
    from tenants.access import CurrentTenant
    from tenants.models import Tenant

# What an administrator waits for: the newest of each, about two seconds.
MOST_SESSIONS = 5_000
MOST_SIGHTINGS = 20_000
MOST_ATTEMPTS = 20_000
# Sign-ins before the tested days say which countries and networks a person knew.
WARM_UP = timedelta(days=60)
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Person:
    """For whom a detector would have fired, and how often."""

    id: Any
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Fired:
    """What one detector would have done."""

    detector: Detector
    response: Response
    count: int
    people: tuple[Person, ...]  # the most often first
    examples: tuple[Firing, ...]  # the newest first; evidence.sentence has words for them


@dataclass(frozen=True, slots=True)
class BackTest:
    """What the rules would have done; each detector that is on has its row, also with none."""

    since: datetime
    until: datetime
    sign_ins: int
    moves: int
    fired: tuple[Fired, ...]
    is_complete: bool  # False: there was more than is looked at; the newest was

    @property
    def count(self) -> int:
        return sum(one.count for one in self.fired)


def back_test(tenant: Tenant | CurrentTenant | None, rules: Rules, days: int = 30) -> BackTest:
    """What these rules would have found in the tenant in the last days, as if they were in force
    and not on trial. Reads only, in five statements."""
    until = timezone.now()
    since = until - timedelta(days=days)
    sessions = _sessions(tenant, since)
    sightings = _sightings([row["pk"] for row in sessions])
    people = {row["user_id"] for row in sessions}
    attempts = _attempts(people, since - WARM_UP)
    stays = _stays(sessions, sightings)
    seen = sum(len(rows) for rows in sightings.values())
    firings = [
        firing
        for user_id in people
        for firing in fire(user_id, stays[user_id], attempts[user_id], rules, since)
    ]
    return BackTest(
        since, until,
        sign_ins=sum(row["started_at"] >= since for row in sessions),
        moves=sum(one.seen.at >= since for all_of in stays.values() for one in _moves(all_of)),
        fired=_summed(firings, rules),
        is_complete=len(sessions) < MOST_SESSIONS and seen < MOST_SIGHTINGS,
    )  # fmt: skip


def _sessions(tenant: Tenant | CurrentTenant | None, since: datetime) -> list[dict[str, Any]]:
    rows = (
        Session.objects.filter(Q(ended_at=None) | Q(ended_at__gte=since), user__isnull=False)
        .filter(tenant=tenant.id if tenant else None)
        .exclude(kind=Kind.SUPPORT)
        .order_by("-pk")
    )
    wanted = ("pk", "user_id", "started_at", "last_seen_at", "ended_at", "novelty", *ACCESS)
    return list(rows.values(*wanted)[:MOST_SESSIONS])


def _sightings(sessions: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    rows = Sighting.objects.filter(session__in=sessions).order_by("-pk")
    found = defaultdict(list)
    wanted = ("session_id", "first_seen_at", "last_seen_at", *ACCESS)
    for row in rows.values(*wanted)[:MOST_SIGHTINGS]:
        found[row["session_id"]].append(row)
    return found


def _attempts(people: Iterable[Any], since: datetime) -> dict[Any, list[Attempt]]:
    rows = LoginAttempt.objects.filter(user__in=people, pk__gte=earliest_uuid7(since))
    rows = rows.exclude(outcome=LoginOutcome.DENIED).order_by("-pk")
    found = defaultdict(list)
    for row in rows.values("user_id", "at", "outcome", "ip", "country_code", "asn")[:MOST_ATTEMPTS]:
        succeeded = row["outcome"] == LoginOutcome.SUCCEEDED
        attempt = Attempt(row["at"], succeeded, row["ip"], row["country_code"], row["asn"])
        found[row["user_id"]].append(attempt)
    return found


def _stays(
    sessions: list[dict[str, Any]], sightings: dict[UUID, list[dict[str, Any]]]
) -> dict[Any, list[Stay]]:
    """Where each session was, and from when to when."""
    found: dict[Any, list[Stay]] = defaultdict(list)
    for row in sessions:
        seen = sorted(sightings[row["pk"]], key=lambda one: one["first_seen_at"])
        places = seen or [row | {"first_seen_at": row["started_at"]}]
        for number, one in enumerate(places):
            found[row["user_id"]].append(
                Stay(
                    seen_in(one, row["pk"], one["first_seen_at"]), until=one["last_seen_at"],
                    is_sign_in=number == 0, ended_at=row["ended_at"],
                    is_new_device=Novelty.DEVICE in row["novelty"],
                )
            )  # fmt: skip
    return found


def _moves(stays: list[Stay]) -> Iterator[Stay]:
    return (stay for stay in stays if not stay.is_sign_in)


def _summed(firings: list[Firing], rules: Rules) -> tuple[Fired, ...]:
    people = User.objects.filter(pk__in={one.user_id for one in firings})
    names = {person.pk: person.name for person in people}
    on = [one for one in Detector if rules.response(one) != Response.OFF]
    return tuple(_fired(detector, firings, names, rules) for detector in on)


def _fired(detector: Detector, firings: list[Firing], names: dict[Any, str], rules: Rules) -> Fired:
    own = [one for one in firings if one.finding.detector == detector]
    own.sort(key=lambda one: one.at, reverse=True)
    counts = Counter(one.user_id for one in own)
    people = tuple(Person(pk, names.get(pk, ""), count) for pk, count in counts.most_common())
    return Fired(detector, rules.response(detector), len(own), people, tuple(own[:EXAMPLES]))

"""A tenant of 50,000 people with their sessions and their past: what screens are measured with."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import User
from sessions_admin import audit
from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import LoginAttempt, Session
from sessions_admin.vocabulary import AuditAction, EndReason, LoginOutcome
from tenants.belonging import create_tenant, join
from tenants.models import Membership, Tenant
from tests.crowd import NAMES, described

PEOPLE = 50_000
HELD = 5_000  # live sessions of one person
EACH = 2  # live sessions of nearly everybody else
PAST = 100_000  # sessions that ended in the last 30 days
EVENTS = 100_000
BATCH = 2000
DEVICES = [described(number) for number in range(240)]


@dataclass(frozen=True)
class Town:
    tenant: Tenant
    administrator: User
    holder: User  # who holds so many
    somebody: User


def build(people: int = PEOPLE) -> Town:
    """The tenant; everything else in the same proportion when it is smaller."""
    dice = random.Random(1)  # noqa: S311  the same town every time
    now, share = timezone.now(), people / PEOPLE
    tenant = create_tenant("Town", "town")
    policy = ensure_policy(tenant)
    policy.idle_timeout_enabled = policy.absolute_timeout_enabled = True
    policy.idle_timeout, policy.absolute_timeout = timedelta(hours=8), timedelta(days=30)
    policy.save()
    users = _people(tenant, people)
    administrator, holder, somebody = users[0], users[1], users[2]
    join(administrator, tenant, "Administrators")
    live = [user for user in users[2 : int(0.95 * people)] for _ in range(EACH)]
    live += [holder] * max(1, int(HELD * share))
    _insert(Session, (_live(user, tenant, now, dice) for user in live))
    past = (dice.choice(users) for _ in range(int(PAST * share)))
    _insert(Session, (_ended(user, tenant, now, dice) for user in past))
    _insert(LoginAttempt, (_attempt(user, tenant, now, dice) for user in live))
    for _ in range(int(EVENTS * share) // BATCH + 1):
        audit.record_all(
            audit.event(AuditAction.SESSION_STARTED, user_id=dice.choice(users).pk,
                        tenant_id=tenant.pk, at=now - timedelta(hours=1))
            for _ in range(BATCH)
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does in time
    return Town(tenant, administrator, holder, somebody)


def _people(tenant: Tenant, count: int) -> list[User]:
    users = [
        User(
            email=f"person-{number}@town.test", password="!",
            display_name=f"{NAMES[number * 7 % len(NAMES)]} {number}",
        )
        for number in range(count)
    ]  # fmt: skip
    _insert(User, users)
    # The administrator joins by themselves, with a group that allows something.
    memberships = [Membership(tenant=tenant, user=user) for user in users[1:]]
    _insert(Membership, memberships)
    group = tenant.groups.get(name="Members")
    through = Membership.groups.through
    _insert(through, (through(membership=one, group=group) for one in memberships))
    return users


def _live(user: User, tenant: Tenant, now: datetime, dice: random.Random) -> Session:
    seen = now - timedelta(minutes=dice.triangular(0, 470, 10))
    return _session(user, tenant, seen - timedelta(days=dice.triangular(0, 28, 1)), seen, dice)


def _ended(user: User, tenant: Tenant, now: datetime, dice: random.Random) -> Session:
    ended = now - timedelta(days=dice.uniform(0, 30))
    seen = ended - timedelta(hours=dice.choice((0, 0, 0, 8)))
    session = _session(user, tenant, seen - timedelta(hours=dice.triangular(0, 400, 4)), seen, dice)
    session.ended_at, session.key_hash = ended, None
    session.end_reason = EndReason.LOGGED_OUT if seen == ended else EndReason.IDLE_TIMEOUT
    return session


def _session(
    user: User, tenant: Tenant, started: datetime, seen: datetime, dice: random.Random
) -> Session:
    return Session(
        id=uuid7(started), user=user, tenant=tenant, key_hash=dice.randbytes(32), amr="pwd", aal=1,
        started_at=started, authenticated_at=started, last_seen_at=seen, data=b"x" * 220,
        **dice.choice(DEVICES),
    )  # fmt: skip


def _attempt(user: User, tenant: Tenant, now: datetime, dice: random.Random) -> LoginAttempt:
    at = now - timedelta(days=dice.uniform(0, 30))
    return LoginAttempt(
        id=uuid7(at), at=at, user=user, email=user.email, tenant=tenant, amr="pwd",
        outcome=LoginOutcome.SUCCEEDED, **dice.choice(DEVICES),
    )  # fmt: skip


def _insert(model: type[Any], rows: Iterable[Any]) -> None:
    model._default_manager.bulk_create(rows, batch_size=BATCH)

"""Lists and log-outs among many sessions, by the clock: here the database does the work."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from bench.django_sessions import DjangoSession
from bench.people import People
from sessions_admin.lifecycle import end_everything, end_sessions
from sessions_admin.models import Session, SessionPolicy
from sessions_admin.review.display import card_rows
from sessions_admin.vocabulary import EndReason
from tenants.models import Tenant

REPEATS = 3
LONG_ENOUGH = 1000  # milliseconds: longer ones are not repeated
PAGE = 50


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds: Django's, which decodes every row whoever is meant; ours for each holder."""

    name: str
    djangos: float
    ours: list[float]


def measure(people: People) -> list[Times]:
    somebody, holders = people.asker, people.holders.values()
    delete_all = DjangoSession.objects.all().delete
    return [
        Times(
            "somebody's sessions",
            _clock(partial(_djangos_of, somebody)),
            [_clock(partial(_first_page_of, user)) for user in holders],
        ),
        Times(
            "log somebody out",
            _clock(partial(_delete_djangos_of, somebody)),
            [_clock(partial(_end_all_of, user)) for user in holders],
        ),
        Times(
            "log all out: nobody gets in",
            _clock(delete_all),
            [_clock(partial(_end_access, people.tenant))],
        ),
        Times(
            "log all out: all is recorded",
            _clock(delete_all),
            [_clock(partial(_end_everything, people.tenant))],
        ),
    ]


def _clock(act: Callable[[], object]) -> float:
    """The median of some runs, each undone after."""
    durations: list[float] = []
    while len(durations) < REPEATS and sum(durations) < LONG_ENOUGH:
        with transaction.atomic():
            start = time.perf_counter()
            act()
            durations.append((time.perf_counter() - start) * 1e3)
            transaction.set_rollback(True)
    return median(durations)


def _djangos_of(user: User) -> list[DjangoSession]:
    live = DjangoSession.objects.filter(expire_date__gt=timezone.now())
    return [one for one in live if one.get_decoded().get(SESSION_KEY) == str(user.pk)]


def _delete_djangos_of(user: User) -> None:
    keys = [session.pk for session in _djangos_of(user)]
    DjangoSession.objects.filter(pk__in=keys).delete()


def _first_page_of(user: User) -> list[Session]:
    return list(card_rows(Session.objects.live().of(user)).order_by("-last_seen_at")[:PAGE])


def _end_all_of(user: User) -> None:
    end_sessions(Session.objects.live().of(user), reason=EndReason.REVOKED_BY_USER, actor=user)


def _end_everything(tenant: Tenant) -> None:
    end_everything(tenant, reason=EndReason.REVOKED_BY_ADMIN, actor=None)


class _AccessIsOver(Exception):
    pass


def _end_access(tenant: Tenant) -> None:
    """As far as the statement after which no request gets in any more."""

    def stop_there(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith(f'UPDATE "{SessionPolicy._meta.db_table}"'):
            raise _AccessIsOver
        return result

    with suppress(_AccessIsOver), connection.execute_wrapper(stop_there):
        _end_everything(tenant)

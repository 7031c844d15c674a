"""Notices with all that their words need, in one statement."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Coalesce

from sessions_admin.identifiers import earliest_uuid7
from sessions_admin.models import Notice
from sessions_admin.vocabulary import NoticeKind
from tenants.lookups import is_member

if TYPE_CHECKING:
    from accounts.models import User

# As far back as one remembers where one was; the whole list has the rest.
FRESH_FOR = timedelta(days=28)
# Who signs in to the account cannot wait until the rest is dismissed.
QUESTIONS = (NoticeKind.NEW_SIGN_IN, NoticeKind.RISK_DETECTED)
STRIP = 2  # more would hide the sessions below


def with_facts(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Joined with session, tenant and finding, and whether who acted may be named."""
    return notices.select_related(
        "tenant", "risk", "session__tenant", "session__user", "session__ended_by",
        "session__asked_by",
    ).defer("session__data", "session__key_hash").annotate(
        ender_is_colleague=_is_colleague("session__ended_by"),
        asker_is_colleague=_is_colleague("session__asked_by"),
    )  # fmt: skip


def notices_of(user: User) -> QuerySet[Notice]:
    """All of the person's, for the list."""
    return with_facts(Notice.objects.filter(user=user))


def fresh(user: User, here: UUID, now: datetime) -> list[Notice]:
    """What the person has not dismissed, questions first: one more than are shown, if there are.

    Not those about the session that asks. Who sits there knows; and a thief must not dismiss the
    news of their own sign-in.
    """
    unseen = dismissible(user, here).filter(pk__gte=earliest_uuid7(now - FRESH_FOR))
    is_news = ExpressionWrapper(~Q(kind__in=QUESTIONS), BooleanField())
    rows = with_facts(unseen).order_by(is_news, "-pk")[: STRIP + 1]
    return [notice for notice in rows if not is_stale(notice, now)]


def is_stale(notice: Notice, now: datetime) -> bool:
    """A warning of what has happened meanwhile."""
    due_at = notice.data.get("due_at")
    return bool(due_at) and datetime.fromisoformat(due_at) <= now


def dismissible(user: User, here: UUID) -> QuerySet[Notice]:
    return Notice.objects.filter(user=user, seen_at=None).exclude(session_id=here)


def _is_colleague(who: str) -> Coalesce:
    return is_member(user=who, tenant="session__tenant")

"""Everybody whom a search and filter find, as one choice that is bound to what was shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from sessions_admin.people.people_list import QUERY_LENGTH, Wanted, found

if TYPE_CHECKING:
    from tenants.access import CurrentTenant
    from tenants.models import Membership

SALT = "sessions_admin.people.matching"
GOOD_FOR = timedelta(minutes=10)  # as long as the proof that such an act asks for
LONGEST = 4 * QUERY_LENGTH  # of the URL's query; more than the list understands


@dataclass(frozen=True, slots=True)
class Matching:
    """So many people matched at that moment. Sessions that began later were not meant."""

    query: str  # as the URL of the list has it
    at: datetime
    count: int
    token: str

    @classmethod
    def ask(cls, tenant: CurrentTenant, query: str, *, sees_sessions: bool) -> Matching:
        """What matches now, signed so that the answer to the question can be held to it."""
        query, at = query[:LONGEST], timezone.now()
        count = _people(tenant, query, at, sees_sessions=sees_sessions).count()
        token = signing.dumps([str(tenant.id), query, at.isoformat(), count], salt=SALT)
        return cls(query, at, count, token)

    @classmethod
    def answer(cls, tenant: CurrentTenant, token: str) -> Matching | None:
        """What was asked; None when it was not by us, for another tenant, or too long ago."""
        try:
            of, query, at, count = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
        except signing.BadSignature:
            return None
        if of != str(tenant.id):
            return None
        return cls(query, datetime.fromisoformat(at), count, token)

    def people(self, tenant: CurrentTenant, *, sees_sessions: bool) -> QuerySet[Membership]:
        """Who matches at this moment."""
        return _people(tenant, self.query, timezone.now(), sees_sessions=sees_sessions)


def _people(
    tenant: CurrentTenant, query: str, now: datetime, *, sees_sessions: bool
) -> QuerySet[Membership]:
    wanted = Wanted.of(QueryDict(query).dict(), sees_sessions=sees_sessions)
    return found(tenant, wanted, now)

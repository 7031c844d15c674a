"""The audit log of a tenant as a feed: follow it with a cursor, and miss nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.db import connection
from django.db.models import Q

from sessions_admin.keyset import UnknownCursorError
from sessions_admin.models import AuditEvent
from sessions_admin.written_order import Unsettled
from tenants.lookups import is_member

if TYPE_CHECKING:
    from tenants.access import CurrentTenant

SALT = "sessions_admin.event_feed"
START = (-1, UUID(int=0))
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some events in the order in which they were written, and the cursor of what follows."""

    events: Sequence[AuditEvent]
    after: str
    more: bool


def stretch_of(tenant: CurrentTenant, after: str, *, action: str = "", limit: int) -> Stretch:
    """What follows the cursor: from the beginning without one, nothing yet for “latest”.

    Events whose transaction might be overtaken by one that is still at work wait for it, so the
    next stretch begins where this one ends. UnknownCursorError: begin again.
    """
    if after == LATEST:
        return Stretch([], _write(_unsettled(), UUID(int=0)), more=False)
    start = _read(after) if after else START
    events = (
        AuditEvent.objects.filter(_beyond(*start), tenant_id=tenant.id, written_in__lt=Unsettled())
        .select_related("actor")
        .annotate(actor_is_colleague=is_member(user="actor"))
        .order_by("written_in", "pk")
    )
    if action:
        events = events.filter(action=action)
    rows = list(events[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    if not rows and start[0] > _unsettled():  # of another cluster: a restored dump
        raise UnknownCursorError
    end = (rows[-1].written_in, rows[-1].pk) if rows else start
    return Stretch(rows, _write(*end), more)


def _beyond(written_in: int, event_id: UUID) -> Q:
    """Strictly further on. The first condition follows from the second; indexes like it plain."""
    further = Q(written_in__gt=written_in) | Q(pk__gt=event_id)
    return Q(written_in__gte=written_in) & further


def _unsettled() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {Unsettled.sql_for(connection.vendor)}")
        stamp: int = cursor.fetchone()[0]
    return stamp


def _write(written_in: int, event_id: UUID) -> str:
    return signing.dumps([written_in, event_id.hex], salt=SALT)


def _read(cursor: str) -> tuple[int, UUID]:
    try:
        written_in, event_id = signing.loads(cursor, salt=SALT)
    except signing.BadSignature as error:
        raise UnknownCursorError from error
    return written_in, UUID(hex=event_id)


def actor_of(event: Any) -> dict[str, Any]:
    """Who did it: by name only people of the tenant, as everywhere; operators keep theirs."""
    if event.actor_id is None:
        return {"kind": "system", "id": None, "name": None}
    if event.actor_is_colleague or not event.actor.is_operator:
        return {"kind": "person", "id": event.actor_id, "name": event.actor.name}
    return {"kind": "operator", "id": None, "name": None}

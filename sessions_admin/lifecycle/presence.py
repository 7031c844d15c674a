"""What changes in a session's life. Each write is one conditional UPDATE: never after its end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from sessions_admin import audit
from sessions_admin.client import Client, describe
from sessions_admin.models import LABEL_LENGTH, Session, Sighting
from sessions_admin.vocabulary import AuditAction

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.lookup import FoundSession


def save(key_hash: bytes, /, **columns: Any) -> bool:
    """Writes these columns of the open session; False when it is over."""
    return bool(Session.objects.open().filter(key_hash=key_hash).update(**columns))


def rotate(key_hash: bytes, *, new_key_hash: bytes, data: bytes) -> bool:
    """Gives the session a new key in place: no instant with two valid keys or none."""
    return save(key_hash, key_hash=new_key_hash, data=data)


def see(found: FoundSession, client: Client, *, active: bool) -> None:
    """Notes that the session was used just now; from elsewhere, that is a sighting.

    Compare-and-set: of parallel requests, one writes. A passive request moves no clock.
    """
    now = timezone.now()
    columns: dict[str, Any] = {}
    if active:
        columns["last_seen_at"] = now
    moved = (client.ip, client.user_agent) != (found.ip, found.user_agent)
    if moved:
        columns |= describe(client)
    unchanged = Session.objects.open().filter(
        pk=found.id, last_seen_at=found.last_seen_at, user_agent=found.user_agent
    )
    if unchanged.update(**columns) and moved and (found.ip or found.user_agent):
        _note_sightings(found, columns, now)


def rename(session_id: UUID, label: str, *, actor: User) -> None:
    """Gives one's own session a name of one's own."""
    sessions = Session.objects.open().of(actor).filter(pk=session_id)
    if sessions.update(label=label.strip()[:LABEL_LENGTH]):
        audit.record(
            AuditAction.SESSION_RENAMED, actor_id=actor.pk, user_id=actor.pk, session_id=session_id
        )


def _note_sightings(found: FoundSession, columns: dict[str, Any], now: datetime) -> None:
    """The client that the session had (kept from the first change on) and the one it has now."""
    before = Client(found.ip, found.user_agent)
    known = Sighting(
        session_id=found.id, first_seen_at=found.started_at, last_seen_at=found.last_seen_at,
        **describe(before),
    )  # fmt: skip
    access = {name: value for name, value in columns.items() if name != "last_seen_at"}
    arrived = Sighting(session_id=found.id, first_seen_at=now, last_seen_at=now, **access)
    Sighting.objects.bulk_create([known, arrived], ignore_conflicts=True)
    Sighting.objects.filter(
        session_id=found.id, ip=access["ip"], user_agent=access["user_agent"]
    ).update(last_seen_at=now)

"""What changes in a session's life. Each write is one conditional UPDATE: never after its end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.lifecycle.arrival import look_at_move
from sessions_admin.lifecycle.birth import lock_user
from sessions_admin.lifecycle.deciding import settle
from sessions_admin.lifecycle.devices import recognise, remember
from sessions_admin.live import SessionQuerySet
from sessions_admin.models import LABEL_LENGTH, Risk, Session, Sighting
from sessions_admin.request.client import Client, describe
from sessions_admin.vocabulary import AuditAction, Response, RiskState

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.request.lookup import FoundSession


def save(key_hash: bytes, /, **columns: Any) -> bool:
    """Writes these columns of the open session; False when it is over."""
    return bool(Session.objects.open().filter(key_hash=key_hash).update(**columns))


def rotate(key_hash: bytes, *, new_key_hash: bytes, data: bytes) -> bool:
    """Gives the session a new key in place: no instant with two valid keys or none."""
    return save(key_hash, key_hash=new_key_hash, data=data)


def see(found: FoundSession, client: Client, *, active: bool) -> None:
    """Notes that the session was used just now; from elsewhere, that is a sighting, and the
    detectors look at it.

    Compare-and-set: of parallel requests, one writes. A passive request moves no clock. `found`
    tells afterwards what is known now, also that the session is over or suspected: of two requests
    of a thief, the second learns what came of the first.
    """
    now = timezone.now()
    columns: dict[str, Any] = {"last_seen_at": now} if active else {}
    if (client.ip, client.user_agent) == (found.ip, found.user_agent):
        if active:
            _unchanged(found).update(**columns)
        return
    with transaction.atomic(using=Session.objects.db):
        lock_user(found.user)  # of two sessions that move at once, the second sees the first
        access = describe(client)
        if not _unchanged(found).update(**columns, **access):
            if _read_again(found):
                see(found, client, active=active)
            return
        if found.ip or found.user_agent:
            _note_sightings(found, access, now)
        look_at_move(found, client, now)
    found.ip, found.user_agent = client.ip, client.user_agent
    found.last_seen_at = columns.get("last_seen_at", found.last_seen_at)


def clear_suspicion(found: FoundSession, client: Client, browser_hash: bytes | None) -> None:
    """The person has proved that it is them: the session goes on, its browser is remembered, and
    the findings that asked for it are settled."""
    user = found.user
    with transaction.atomic(using=Session.objects.db):
        lock_user(user)
        columns: dict[str, Any] = {"suspected_at": None}
        if browser_hash:
            access = describe(client)
            known = recognise(user, browser_hash, access)
            columns["known_device_id"] = remember(user, browser_hash, known, access)
        Session.objects.open().filter(pk=found.id).update(**columns)
        asked = Risk.objects.filter(session=found.id, response=Response.STEP_UP, held_back=False)
        settle(asked, RiskState.ACTED_ON, user)
    found.suspected_at = None


def rename(session_id: UUID, label: str, *, owner: User, actor_id: Any = None) -> None:
    """Gives the owner's session a name; by themselves unless somebody else acts."""
    sessions = Session.objects.open().of(owner).filter(pk=session_id)
    if sessions.update(label=label.strip()[:LABEL_LENGTH]):
        audit.record(
            AuditAction.SESSION_RENAMED, actor_id=actor_id or owner.pk, user_id=owner.pk,
            session_id=session_id,
        )  # fmt: skip


def _unchanged(found: FoundSession) -> SessionQuerySet:
    """The session if nobody has noted anything since it was read."""
    return Session.objects.open().filter(
        pk=found.id, last_seen_at=found.last_seen_at, user_agent=found.user_agent
    )


def _read_again(found: FoundSession) -> bool:
    """Somebody noted something about the session since it was read; False when it is over."""
    names = ("ip", "user_agent", "last_seen_at", "suspected_at", "ended_at")
    row = Session.objects.filter(pk=found.id).values(*names).first()
    for name, value in (row or {"ended_at": timezone.now()}).items():
        setattr(found, name, value)
    return found.ended_at is None


def _note_sightings(found: FoundSession, access: dict[str, Any], now: datetime) -> None:
    """The client that the session had (kept from the first change on) and the one it has now."""
    before = Client(found.ip, found.user_agent)
    known = Sighting(
        session_id=found.id, first_seen_at=found.started_at, last_seen_at=found.last_seen_at,
        **describe(before),
    )  # fmt: skip
    arrived = Sighting(session_id=found.id, first_seen_at=now, last_seen_at=now, **access)
    Sighting.objects.bulk_create([known, arrived], ignore_conflicts=True)
    Sighting.objects.filter(
        session_id=found.id, ip=access["ip"], user_agent=access["user_agent"]
    ).update(last_seen_at=now)

"""The browsers that a person has signed in with: recognised, remembered, forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.lifecycle.deciding import settle
from sessions_admin.lifecycle.ending import end_sessions
from sessions_admin.models import KnownDevice, Risk, Session
from sessions_admin.request.sealing import hash_of, new_key
from sessions_admin.risk.networks import same_site
from sessions_admin.vocabulary import AuditAction, EndReason, RiskState

if TYPE_CHECKING:
    from accounts.models import User

# The latest used; a person with more has a browser that forgets its cookies.
MOST_DEVICES = 100


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the cookie, the address and the user agent say about the browser."""

    device_id: UUID | None = None  # of this very cookie; of one alike, for what keeps none
    is_known: bool = False
    has_devices: bool = False


def recognise(user: User, browser_hash: bytes | None, access: Mapping[str, Any]) -> Recognition:
    """Whether the person has signed in with this browser before. One statement.

    By its cookie; or, for one that forgets cookies and for an app that keeps none (no hash), by
    the same browser at the same address.
    """
    rows = KnownDevice.objects.filter(user_id=user.pk).order_by("-last_seen_at")
    devices = list(rows.values("pk", "browser_hash", "ip", "browser", "system")[:MOST_DEVICES])
    own = next((one["pk"] for one in devices if bytes(one["browser_hash"]) == browser_hash), None)
    alike = next((one["pk"] for one in devices if _is_alike(one, access)), None)
    return Recognition(
        alike if browser_hash is None else own,
        is_known=bool(own or alike),
        has_devices=bool(devices),
    )


def remember(
    user: User, browser_hash: bytes | None, recognition: Recognition, access: Mapping[str, Any]
) -> UUID:
    """Notes the sign-in of this browser; the user's row is locked. One statement."""
    now = timezone.now()
    if recognition.device_id:
        same = KnownDevice.objects.filter(pk=recognition.device_id)
        same.update(last_seen_at=now, **access)
        return recognition.device_id
    device = KnownDevice(
        user_id=user.pk,
        browser_hash=browser_hash or hash_of(new_key()),
        first_seen_at=now,
        last_seen_at=now,
        **access,
    )
    device.save(force_insert=True)
    return device.pk


def forget_device(device: KnownDevice, actor: User | None) -> bool:
    """The next sign-in with this browser is one with a new device; its sessions go on. False when
    somebody has forgotten it already."""
    with transaction.atomic():
        forgotten, _ = KnownDevice.objects.filter(pk=device.pk).delete()
        if forgotten:
            audit.record(
                AuditAction.DEVICE_FORGOTTEN, actor_id=actor and actor.pk, user_id=device.user_id,
                device=device.device, place=device.place,
            )  # fmt: skip
    return bool(forgotten)


def disown(session: Session, actor: User | None, note: str = "") -> bool:
    """“This wasn't me”: ends the session and forgets its device, and with the device what else
    was started in it. False when all of that was over already."""
    with transaction.atomic():
        row = Session.objects.select_related("known_device").get(pk=session.pk)
        sessions = Session.objects.filter(pk=row.pk)
        if row.known_device_id:
            sessions |= Session.objects.filter(
                known_device=row.known_device_id, user_id=row.user_id
            )
        ended = end_sessions(sessions, reason=EndReason.REVOKED_BY_USER, actor=actor, note=note)
        forgotten = row.known_device is not None and forget_device(row.known_device, actor)
        settle(Risk.objects.filter(session=row.pk), RiskState.ACTED_ON, actor)
    return bool(ended) or forgotten


def _is_alike(device: Mapping[str, Any], access: Mapping[str, Any]) -> bool:
    """A private window, or cookies that were cleared: another version is another moment only."""
    return (
        bool(access["browser"])
        and _family(device["browser"]) == _family(access["browser"])
        and _family(device["system"]) == _family(access["system"])
        and same_site(device["ip"], access["ip"])
    )


def _family(name: str) -> str:
    """“Firefox 145” is Firefox."""
    return name.rstrip("0123456789. ")

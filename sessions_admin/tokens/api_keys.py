"""API keys: how a program gets into a tenant's API. Who a key is, and the verbs that change keys.

A key is shown once and stored nowhere: the row has its SHA-256. It may do what it was given when
it was made, whatever becomes of the person who made it, until it expires or is revoked.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID
from zlib import crc32

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.models import ApiKey
from sessions_admin.tokens.api_key_lookup import find_key
from sessions_admin.vocabulary import AuditAction
from tenants.access import Access, CurrentTenant
from tenants.fields import join_words
from tenants.models import Tenant
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from accounts.models import User

# lk_<public part>_<secret><checksum>: scanners for leaked secrets find it by the prefix, and
# know a real one by the checksum without asking anybody.
PREFIX = "lk_"
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
PUBLIC_DIGITS = 8  # tells a tenant's keys apart in lists and logs
SECRET_DIGITS = 43  # 256 bits; ASVS 5.0 11.5.1 asks for 128
CHECKSUM_DIGITS = 6  # 32 bits of CRC
SHAPE = re.compile(
    rf"lk_([0-9A-Za-z]{{{PUBLIC_DIGITS}}})_[0-9A-Za-z]{{{SECRET_DIGITS}}}([0-9A-Za-z]{{{CHECKSUM_DIGITS}}})"
)

# What the API asks for. The other permissions have no use there, so no key carries them.
SCOPES = (
    Permission.USERS_VIEW,
    Permission.SESSIONS_VIEW,
    Permission.SESSIONS_END,
    Permission.SESSION_SETTINGS_VIEW,
    Permission.SESSION_SETTINGS_EDIT,
    Permission.AUDIT_VIEW,
)
SHORTEST = timedelta(days=1)
LONGEST = timedelta(days=366)  # a key that nobody looks at for a year is nobody's any more
KEYS_AT_MOST = 50  # in use at a time in a tenant: more are not looked after
OVERLAP = timedelta(hours=24)  # a day to bring the new key to every place that has the old one
LONGEST_OVERLAP = timedelta(days=7)
USED_AT_MOST_EVERY = timedelta(seconds=60)  # last_used_at moves at most so often


class KeyState(StrEnum):
    """What a key is good for. `replaced` still works until it expires."""

    ACTIVE = "active"
    REPLACED = "replaced"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyRefusedError(Exception):
    """Why a verb does nothing."""

    class Reason(StrEnum):
        NAME_TAKEN = "name_taken"
        TOO_MANY = "too_many"
        NOT_YOURS_TO_GIVE = "not_yours_to_give"
        NOT_IN_USE = "not_in_use"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that showed a key: which, and what it may do in which tenant."""

    key_id: UUID
    name: str
    access: Access
    tenant: CurrentTenant


def caller_of(text: str) -> Caller | None:
    """Whose key this is, in one SELECT; None unless it works now, in an active tenant that has
    the section. What cannot be a key costs no statement."""
    if not is_well_formed(text):
        return None
    now = timezone.now()
    row = find_key(hash_of(text))
    if row is None:
        return None
    (
        key_id, name, permissions, expires_at, revoked_at, last_used_at,
        tenant_id, tenant_name, slug, sections,
    ) = row  # fmt: skip
    if revoked_at or expires_at <= now or Section.API_KEYS not in sections:
        return None
    _note_use(key_id, last_used_at, now)
    tenant = CurrentTenant(tenant_id, tenant_name, slug)
    return Caller(key_id, name, Access(tenant, permissions, sections), tenant)


def is_well_formed(text: str) -> bool:
    """Whether it has the shape of a key and the right checksum."""
    body, checksum = text[:-CHECKSUM_DIGITS], text[-CHECKSUM_DIGITS:]
    return bool(SHAPE.fullmatch(text)) and checksum == _checksum(body)


def hash_of(text: str) -> bytes:
    """What the row is found by. A key has 256 random bits, so a fast hash is a safe one."""
    return sha256(text.encode()).digest()


def state_of(key: ApiKey, now: datetime) -> KeyState:
    if key.revoked_at:
        return KeyState.REVOKED
    if key.expires_at <= now:
        return KeyState.EXPIRED
    return KeyState.REPLACED if key.successor_id else KeyState.ACTIVE


def grantable(access: Access) -> list[Permission]:
    """The scopes that this person may give a key: never more than they have."""
    return [scope for scope in SCOPES if access.may(scope)]


def create_key(
    tenant: CurrentTenant,
    *,
    name: str,
    scopes: Iterable[str],
    lifetime: timedelta,
    access: Access,
    actor: User,
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody sees again. KeyRefusedError: nothing was made."""
    now = timezone.now()
    with transaction.atomic():
        in_use = _in_use(_locked(tenant), now)
        if any(key.name.casefold() == name.casefold() for key in in_use):
            raise KeyRefusedError(KeyRefusedError.Reason.NAME_TAKEN)
        if len(in_use) >= KEYS_AT_MOST:
            raise KeyRefusedError(KeyRefusedError.Reason.TOO_MANY)
        _hold_to(access, scopes)
        key, text = _make(tenant, name, frozenset(scopes), now + _bounded(lifetime), actor)
        _record(AuditAction.API_KEY_CREATED, key, actor)
    return key, text


def rotate_key(
    key: ApiKey, *, overlap: timedelta = OVERLAP, access: Access, actor: User
) -> tuple[ApiKey, str]:
    """A successor of the same name, scopes and lifetime; the old one works on for the overlap.

    KeyRefusedError: it is no longer in use, was rotated already, or may more than the actor:
    the new text would give them what they have not.
    """
    now = timezone.now()
    with transaction.atomic():
        old = next((one for one in _in_use(_locked(key), now) if one.pk == key.pk), None)
        if old is None or old.successor_id:
            raise KeyRefusedError(KeyRefusedError.Reason.NOT_IN_USE)
        _hold_to(access, old.permissions)
        tenant = CurrentTenant(old.tenant_id, "", "")
        until = now + _bounded(old.expires_at - old.created_at)
        new, text = _make(tenant, old.name, old.permissions, until, actor)
        old.successor = new
        old.expires_at = min(old.expires_at, now + min(overlap, LONGEST_OVERLAP))
        old.save(update_fields=["successor", "expires_at"])
        _record(AuditAction.API_KEY_ROTATED, new, actor, replaces=old.hint,
                until=old.expires_at.isoformat())  # fmt: skip
    return new, text


def revoke_key(key: ApiKey, *, actor: User) -> bool:
    """Ends the key at once; False when it was over already."""
    now = timezone.now()
    with transaction.atomic():
        in_use = ApiKey.objects.filter(pk=key.pk, revoked_at=None, expires_at__gt=now)
        if not in_use.update(revoked_at=now, revoked_by=actor):
            return False
        _record(AuditAction.API_KEY_REVOKED, key, actor)
    return True


def _note_use(key_id: UUID, before: datetime | None, now: datetime) -> None:
    """Compare-and-set: of parallel calls, one writes."""
    if before is None or now - before >= USED_AT_MOST_EVERY:
        ApiKey.objects.filter(pk=key_id, last_used_at=before).update(last_used_at=now)


def _locked(of: CurrentTenant | ApiKey) -> UUID:
    """Serialises what looks at a tenant's keys before it changes them."""
    tenant_id = of.tenant_id if isinstance(of, ApiKey) else of.id
    Tenant.objects.select_for_update(no_key=True).values_list("pk").get(pk=tenant_id)
    return tenant_id


def _in_use(tenant_id: UUID, now: datetime) -> list[ApiKey]:
    works = Q(revoked_at=None, expires_at__gt=now)
    return list(ApiKey.objects.filter(works, tenant_id=tenant_id))


def _hold_to(access: Access, scopes: Iterable[str]) -> None:
    if not set(scopes) <= set(grantable(access)):
        raise KeyRefusedError(KeyRefusedError.Reason.NOT_YOURS_TO_GIVE)


def _bounded(lifetime: timedelta) -> timedelta:
    return min(max(lifetime, SHORTEST), LONGEST)


def _make(
    tenant: CurrentTenant, name: str, scopes: frozenset[str], until: datetime, actor: User
) -> tuple[ApiKey, str]:
    public = _random(PUBLIC_DIGITS)
    unchecked = f"{PREFIX}{public}_{_random(SECRET_DIGITS)}"
    text = unchecked + _checksum(unchecked)
    key = ApiKey(
        tenant_id=tenant.id, name=name, key_hash=hash_of(text), hint=public, permissions=scopes,
        created_by=actor, expires_at=until,
    )  # fmt: skip
    key.save(force_insert=True)
    return key, text


def _random(digits: int) -> str:
    return "".join(secrets.choice(DIGITS) for _ in range(digits))


def _checksum(text: str) -> str:
    rest, digits = crc32(text.encode()), ""
    for _ in range(CHECKSUM_DIGITS):
        rest, digit = divmod(rest, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits


def _record(action: AuditAction, key: ApiKey, actor: User, **facts: str) -> None:
    audit.record(
        action, actor_id=actor.pk, tenant_id=key.tenant_id, key=str(key.pk), name=key.name,
        hint=key.hint, permissions=join_words(key.permissions), **facts,
    )  # fmt: skip

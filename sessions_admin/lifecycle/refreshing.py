"""An app session goes on: its refresh token is spent, and has exactly one successor.

RFC 9700 §4.14.
A refresh is the activity of an app session; using an access token is none. The token of an app
dies with its session, whose deadlines are the tenant's, and at the latest `refresh_token_lifetime`
after the sign-in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import transaction
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.lifecycle.ending import end_sessions, expire
from sessions_admin.lifecycle.presence import see
from sessions_admin.models import RefreshToken, Session
from sessions_admin.policy import verdict
from sessions_admin.request.client import Client
from sessions_admin.request.credential import mark_of
from sessions_admin.request.lookup import FoundSession, find_session_by_id
from sessions_admin.tokens import refresh_tokens
from sessions_admin.tokens.access_tokens import is_of_present_credential, is_usable
from sessions_admin.vocabulary import AuditAction, EndReason, Kind

if TYPE_CHECKING:
    from accounts.models import User

# The answer to a refresh may be lost on the way; so long the spent token gets the same successor.
GRACE = timedelta(seconds=10)
# The rows of spent tokens are kept for so long, to be looked at; a copy is found out without.
SPENT_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The session, and the token that goes on with it."""

    found: FoundSession
    refresh_token: str


def first_token(session_id: UUID) -> str:
    """The refresh token of a session that was born just now."""
    return _put(session_id, refresh_tokens.new_token(session_id))


def refresh(token: str, client: Client) -> Refreshed | None:
    """Spends the token. None: it is unknown, its session is over, or it was used before, which
    ends its session.

    Serialised by the lock of the token's row: however many come at once, there is one successor.
    """
    if not refresh_tokens.is_one(token):
        return None
    with transaction.atomic(using=Session.objects.db):
        row = (
            RefreshToken.objects.select_for_update(of=("self",))
            .filter(token_hash=refresh_tokens.hash_of(token))
            .first()
        )
        found = _session_of(row, token)
        if found is None or found.kind != Kind.APP or found.ended_at is not None:
            return None
        if over := verdict(found.facts, found.policy, timezone.now()):
            expire(found.id, over)
            return None
        if not is_of_present_credential(found):
            _end(found, EndReason.CREDENTIAL_CHANGED, actor=found.user)
            return None
        if row is None or _is_copied(row):
            _end_as_copied(found, row)
            return None
        return _go_on(row, token, found, client) if is_usable(found) else None


def session_of_refresh_token(token: str) -> FoundSession | None:
    """The session of a token that has not been spent, live or not; for whoever shows the token."""
    if not refresh_tokens.is_one(token):
        return None
    current = RefreshToken.objects.filter(
        token_hash=refresh_tokens.hash_of(token), spent_at=None
    ).values_list("session_id", flat=True)
    session_id = current.first()
    return find_session_by_id(session_id) if session_id else None


def _session_of(row: RefreshToken | None, token: str) -> FoundSession | None:
    """The session of the token; of one without a row, if it was spent and forgotten since."""
    if row is not None:
        return find_session_by_id(row.session_id)
    given = refresh_tokens.given(token)
    if given is None:
        return None
    # Younger than the current one it is not spent: the database was set back, from a backup.
    later = RefreshToken.objects.filter(
        session=given.session_id, spent_at=None, issued_at__gte=given.at
    )
    return find_session_by_id(given.session_id) if later.exists() else None


def _is_copied(row: RefreshToken) -> bool:
    return row.spent_at is not None and timezone.now() - row.spent_at > GRACE


def _go_on(row: RefreshToken, token: str, found: FoundSession, client: Client) -> Refreshed | None:
    see(found, client, active=True)
    if found.suspected_at is not None:  # by the risk rules, just now
        return None
    # Holds the row: an ending comes before this, and then nothing is given out, or after it.
    seen = {"last_seen_at": timezone.now(), "data": mark_of(found.user)}  # by our present key
    if not Session.objects.open().filter(pk=found.id).update(**seen):
        return None
    if row.spent_at is None:
        return Refreshed(found, _spend(row, token))
    try:
        return Refreshed(found, refresh_tokens.unseal(row.successor, token))
    except InvalidTag:
        return None


def _spend(row: RefreshToken, token: str) -> str:
    now = timezone.now()
    successor = refresh_tokens.new_token(row.session_id)
    row.spent_at, row.successor = now, refresh_tokens.seal(successor, token)
    row.save(update_fields=["spent_at", "successor"])
    RefreshToken.objects.filter(session=row.session_id, spent_at__lt=now - SPENT_KEPT).delete()
    return _put(row.session_id, successor)


def _put(session_id: UUID, token: str) -> str:
    RefreshToken(session_id=session_id, token_hash=refresh_tokens.hash_of(token)).save(
        force_insert=True
    )
    return token


def _end_as_copied(found: FoundSession, row: RefreshToken | None) -> None:
    """Two hold the same token: the app, and somebody who copied it. Neither goes on, and the
    person is told (RFC 9700 §4.14.2)."""
    tenant = found.access.tenant
    audit.record(
        AuditAction.TOKEN_REUSED, user_id=found.user_id, tenant_id=tenant and tenant.id,
        session_id=found.id, spent_at=row.spent_at.isoformat() if row and row.spent_at else "",
    )  # fmt: skip
    _end(found, EndReason.TOKEN_REUSE)


def _end(found: FoundSession, reason: EndReason, actor: User | None = None) -> None:
    end_sessions(Session.objects.filter(pk=found.id), reason=reason, actor=actor)

"""Passes: a session's way into one application on a host of its own.

A pass begins as a code in an address, for a moment and once, bound to the browser that asked for
it. It becomes a cookie of that host, worth nothing elsewhere, and is dead with its session.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from sessions_admin.models import ApplicationPass
from sessions_admin.request.sealing import hash_of, new_key

# From the portal's redirect to the application's: a slow phone makes it, a log reader does not.
CODE_LIFETIME = timedelta(seconds=30)
# Tabs that enter at the same time each get a pass; older ones of the session are not needed.
KEPT_BESIDE = timedelta(minutes=5)


def issue_code(session_id: UUID, application_id: UUID, *, mark: bytes, state: str) -> str:
    """A code that this browser can exchange once, soon, on that application's host.

    `mark` is the mark_of() the person.
    """
    code = new_key()
    now = timezone.now()
    ApplicationPass.objects.filter(session_id=session_id, code_expires_at__lte=now).delete()
    ApplicationPass.objects.create(
        session_id=session_id, application_id=application_id, mark=mark,
        key_hash=_hash_of_code(code, state), code_expires_at=now + CODE_LIFETIME,
    )  # fmt: skip
    return code


def exchange(code: str, state: str, application_id: UUID) -> str | None:
    """The value for the cookie; None for a code that is unknown, used, late or somebody else's.

    One conditional UPDATE: of two exchanges of the same code, one gets a pass.
    """
    key, now = new_key(), timezone.now()
    codes = ApplicationPass.objects.filter(
        key_hash=_hash_of_code(code, state), application_id=application_id, code_expires_at__gt=now
    )
    if not codes.update(key_hash=hash_of_pass(key), code_expires_at=None):
        return None
    _forget_older(key, application_id)
    return key


def hash_of_pass(key: str) -> bytes:
    """What a pass is found by. Its own domain: a cookie of the portal is never a pass."""
    return hash_of(f"pass:{key}")


def _forget_older(key: str, application_id: UUID) -> None:
    current = ApplicationPass.objects.filter(key_hash=hash_of_pass(key))
    older: Any = ApplicationPass.objects.filter(
        session_id__in=current.values("session_id"),
        application_id=application_id,
        created_at__lt=timezone.now() - KEPT_BESIDE,
    )
    older.delete()


def _hash_of_code(code: str, state: str) -> bytes:
    return hash_of(f"code:{code}:{state}")

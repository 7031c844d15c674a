"""The one writer of the audit log."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.models import AuditEvent
from sessions_admin.vocabulary import AuditAction

# Rows a statement: large enough to be fast, small enough for every driver's parameter limit.
BATCH = 2000


def record(action: AuditAction, **facts: Any) -> AuditEvent:
    """Writes one event (see `event` for the facts), in the caller's transaction."""
    written = event(action, **facts)
    written.save(force_insert=True)
    return written


def record_all(events: Iterable[AuditEvent]) -> None:
    """Writes many events, in the caller's transaction."""
    AuditEvent.objects.bulk_create(events, batch_size=BATCH)


def event(
    action: AuditAction,
    *,
    actor_id: Any = None,
    tenant_id: UUID | None = None,
    user_id: Any = None,
    session_id: UUID | None = None,
    at: datetime | None = None,
    **data: Any,
) -> AuditEvent:
    """What happened, who did it (None: the system), where, to whom, to which session."""
    at = at or timezone.now()
    return AuditEvent(
        id=uuid7(at), at=at, action=action, actor_id=actor_id, tenant_id=tenant_id,
        user_id=user_id, session_id=session_id,
        data={name: value for name, value in data.items() if value not in (None, "")},
    )  # fmt: skip

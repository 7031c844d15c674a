"""The one writer of the audit log."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from sessions_admin.identifiers import UUID7_SQL, uuid7
from sessions_admin.models import AuditEvent
from sessions_admin.vocabulary import AuditAction, EndReason

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
        data=_told(data),
    )  # fmt: skip


def endings_insert(ended: str, *, actor_id: Any, note: str, via: str) -> tuple[str, list[Any]]:
    """PostgreSQL's statement, and its parameters, that writes one event for each person's session
    in `ended`: a table of (id, user_id, tenant_id, end_reason, ended_at)."""
    connection = connections[AuditEvent.objects.db]
    table = connection.ops.quote_name(AuditEvent._meta.db_table)
    facts = {reason: _told(ending_facts(reason, note=note, via=via)) for reason in EndReason}
    sql = f"""
        INSERT INTO {table} (id, at, action, tenant_id, user_id, session_id, actor_id, data)
        SELECT {UUID7_SQL.format(at="ended_at")}, ended_at, %s, tenant_id, user_id, id, %s::uuid,
            %s::jsonb -> end_reason
        FROM {ended} WHERE user_id IS NOT NULL
    """  # noqa: S608  names of ours; values are parameters
    return sql, [AuditAction.SESSION_ENDED, actor_id, json.dumps(facts)]


def ending_facts(reason: EndReason, *, note: str, via: str) -> dict[str, str]:
    return {"reason": reason, "initiator": reason.initiator, "note": note, "via": via}


def _told(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in (None, "")}

"""Rows of notices, one or ten thousand, put into the table by one statement.

Written by hand: bulk_create makes a model of each row and binds fifteen parameters for it, which
for ten thousand takes longer than ending their sessions. Here a batch is one parameter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.models import Notice
from sessions_admin.vocabulary import NoticeKind

BATCH = 5000  # a statement of about 2 MB
# A thousand mails about one event let others' pass: each is due a little after the one before.
SPREAD = timedelta(milliseconds=50)

READ = {
    "postgresql": """
        SELECT id, at, user_id, tenant_id, kind, event, session_id, risk_id, data, due,
            0, '', ''
        FROM jsonb_to_recordset(%s::jsonb) AS row(
            id uuid, at timestamptz, user_id uuid, tenant_id uuid, kind text, event text,
            session_id uuid, risk_id uuid, data jsonb, due timestamptz)""",
    "sqlite": """
        SELECT value ->> 'id', value ->> 'at', value ->> 'user_id', value ->> 'tenant_id',
            value ->> 'kind', value ->> 'event', value ->> 'session_id', value ->> 'risk_id',
            value -> 'data', value ->> 'due', 0, '', ''
        FROM json_each(%s) WHERE true""",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What differs between two notices; `event` is unique."""

    user_id: Any
    event: str
    tenant_id: UUID | None = None
    session_id: UUID | None = None
    risk_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


def insert(kind: NoticeKind, rows: Iterable[Row]) -> None:
    """Writes those whose event is not told already."""
    now = timezone.now()
    connection = connections[Notice.objects.db]
    table = connection.ops.quote_name(Notice._meta.db_table)
    sql = f"""
        INSERT INTO {table} (id, at, user_id, tenant_id, kind, event, session_id, risk_id, data,
            mail_due_at, mail_attempts, mail_error, answer)
        {READ[connection.vendor]} ON CONFLICT DO NOTHING
    """
    numbered = enumerate(rows)
    with connection.cursor() as cursor:
        for batch in batched(numbered, BATCH):
            values = [_as_json(connection, kind, row, now, number) for number, row in batch]
            cursor.execute(sql, [json.dumps(values)])


def _as_json(
    connection: BaseDatabaseWrapper, kind: NoticeKind, row: Row, now: datetime, number: int
) -> dict[str, Any]:
    return {
        "id": _name(connection, uuid7(now)),
        "at": _moment(connection, now),
        "user_id": _name(connection, row.user_id),
        "tenant_id": _name(connection, row.tenant_id),
        "kind": kind,
        "event": row.event,
        "session_id": _name(connection, row.session_id),
        "risk_id": _name(connection, row.risk_id),
        "data": row.data,
        "due": _moment(connection, now + number * SPREAD),
    }


def _name(connection: BaseDatabaseWrapper, value: UUID | None) -> str | None:
    """As the database keeps a UUID."""
    if value is None:
        return None
    return str(value) if connection.features.has_native_uuid_field else value.hex


def _moment(connection: BaseDatabaseWrapper, at: datetime) -> str:
    """As the database keeps a time; SQLite compares it as text."""
    if connection.vendor == "sqlite":
        return str(at.astimezone(UTC).replace(tzinfo=None))
    return at.isoformat()

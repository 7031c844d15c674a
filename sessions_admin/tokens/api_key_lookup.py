"""The one SELECT of a program's call: the key and its tenant, by the key's hash.

As `lookup`: prepared by the driver where that can be, since building it anew costs six times more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import DatabaseError, connections

from sessions_admin.models import ApiKey
from sessions_admin.request.prepared import may_prepare, statement_on
from tenants.fields import split_words
from tenants.models import Tenant

NAME = "find_api_key"
FIELDS = (
    "id", "name", "permissions", "expires_at", "revoked_at", "last_used_at",
    "tenant_id", "tenant__name", "tenant__slug", "tenant__sections",
)  # fmt: skip
PERMISSIONS, SECTIONS = FIELDS.index("permissions"), FIELDS.index("tenant__sections")


def find_key(key_hash: bytes) -> tuple[Any, ...] | None:
    """FIELDS of the key with this hash in an active tenant, whatever became of the key."""
    connection = connections[ApiKey.objects.db]
    connection.ensure_connection()
    if not may_prepare(connection):
        return _asked_by_django(key_hash)
    try:
        with connection.wrap_database_errors:
            row = statement_on(connection, NAME, _sql()).fetch_one(key_hash)
    except DatabaseError:
        # As in lookup: the connection is gone, or what is prepared there fits no more.
        if connection.in_atomic_block or not connection.autocommit:
            raise
        connection.close()
        return _asked_by_django(key_hash)
    if row is None:
        return None
    values = list(row)
    values[PERMISSIONS], values[SECTIONS] = map(
        split_words, (values[PERMISSIONS], values[SECTIONS])
    )
    return tuple(values)


def _asked_by_django(key_hash: bytes) -> tuple[Any, ...] | None:
    rows = ApiKey.objects.filter(key_hash=key_hash, tenant__is_active=True)
    return rows.values_list(*FIELDS).first()


@lru_cache(maxsize=1)
def _sql() -> bytes:
    keys, tenants = ApiKey._meta.db_table, Tenant._meta.db_table
    # Names come from the models' metadata; the only value is the parameter.
    return f"""
        SELECT k.id, k.name, k.permissions, k.expires_at, k.revoked_at, k.last_used_at,
            t.id, t.name, t.slug, t.sections
        FROM {keys} k JOIN {tenants} t ON t.id = k.tenant_id
        WHERE k.key_hash = $1 AND t.is_active
    """.encode()  # noqa: S608

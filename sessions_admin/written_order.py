"""The order in which transactions become visible, for reading a growing table without gaps.

Ids and times do not tell it: an event is named for when it happened, and its transaction may
commit later than younger ones. So a row is stamped with its transaction, and a reader stops before
the oldest transaction that is still at work. What was returned is then complete for ever.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, Func

# SQLite has one writer at a time, so its transactions commit in the order of their statements'
# clock; milliseconds since 1970 stand for the transaction.
SQLITE_NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


class ThisTransaction(Func):
    """The stamp of a row that is written now; a column's default."""

    allowed_default = True
    output_field = BigIntegerField()

    def as_postgresql(self, *_: Any, **__: Any) -> Any:
        return "pg_current_xact_id()::text::bigint", []

    def as_sqlite(self, *_: Any, **__: Any) -> Any:
        return SQLITE_NOW, []


class Unsettled(Func):
    """The lowest stamp whose rows may not all be visible yet."""

    output_field = BigIntegerField()

    @classmethod
    def sql_for(cls, vendor: str) -> str:
        return str(cls().as_postgresql()[0] if vendor == "postgresql" else SQLITE_NOW)

    def as_postgresql(self, *_: Any, **__: Any) -> Any:
        return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint", []

    def as_sqlite(self, *_: Any, **__: Any) -> Any:
        return SQLITE_NOW, []

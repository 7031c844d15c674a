"""Counting calls in a row that all processes share."""

from __future__ import annotations

from django.db import connections

from sessions_admin.models import ApiUsage

PERIOD = 60  # seconds, for which calls are counted

# One statement counts: of parallel calls in any number of processes none is lost. A process whose
# clock is behind counts towards the newer period.
COUNT = """
    INSERT INTO {table} AS usage (caller, period, calls) VALUES (%s, %s, 1)
    ON CONFLICT (caller) DO UPDATE SET
        calls = CASE WHEN usage.period < excluded.period THEN 1 ELSE usage.calls + 1 END,
        period = CASE WHEN usage.period < excluded.period THEN excluded.period ELSE usage.period END
    RETURNING calls
"""


def count_call(caller: str, period: int) -> int:
    """Counts a call, and returns how many the caller has made in this period since 1970."""
    connection = connections[ApiUsage.objects.db]
    table = connection.ops.quote_name(ApiUsage._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(table=table), [caller, period])
        calls: int = cursor.fetchone()[0]
    return calls

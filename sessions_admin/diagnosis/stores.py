"""Where data is: the database, its clock and its settings, and the cache that counts attempts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from sessions_admin.diagnosis.finding import Finding, ok, problem, warning
from sessions_admin.models import Session

OLDEST_POSTGRESQL = 15
# Deadlines are compared with times that other processes wrote; a minute is the shortest of them.
CLOCK_TOLERANCE = timedelta(seconds=2)
# Above this, the next worker that starts may find no connection left.
CONNECTIONS_USED = 0.8
# Free space in each page, so that moving last_seen_at stays within it (a HOT update).
FILLFACTOR = 80
FILLED = 100  # PostgreSQL's own choice
# Caches that each process has for itself, or that forget: attempts would not be counted.
UNSHARED_CACHES = ("LocMemCache", "DummyCache")
PROBE_SECONDS = 10
MIGRATIONS_NAMED = 3


def database() -> Iterator[Finding]:
    """All about the database; only that it fails, when it does."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield problem(
            "Database",
            f"No connection: {first_line(error)}",
            fix="Check DATABASE_URL and that the database is up.",
        )
        return
    yield postgresql_version() if connection.vendor == "postgresql" else sqlite_journal()
    pending = migrations()
    yield pending
    yield clock()
    if connection.vendor == "postgresql":
        yield connections()
    if connection.vendor == "postgresql" and not pending.fix:
        yield fillfactor()


def postgresql_version() -> Finding:
    major = server_version() // 10000
    if major < OLDEST_POSTGRESQL:
        return problem(
            "Database",
            f"PostgreSQL {major} is too old.",
            fix=f"Upgrade to PostgreSQL {OLDEST_POSTGRESQL} or newer.",
        )
    return ok("Database", f"PostgreSQL {major} answers.")


def server_version() -> int:
    return int(scalar("SHOW server_version_num"))


def sqlite_journal() -> Finding:
    mode = scalar("PRAGMA journal_mode")
    if mode != "wal":
        return warning(
            "Database",
            f"SQLite's journal is {mode!r}: readers wait for writers.",
            fix="Keep the file on a local disk, and leave journal_mode=WAL to the settings.",
        )
    return ok("Database", "SQLite answers, with a write-ahead log.")


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        waiting = ", ".join(str(migration) for migration, _backwards in plan[:MIGRATIONS_NAMED])
        more = f" and {len(plan) - MIGRATIONS_NAMED} more" if plan[MIGRATIONS_NAMED:] else ""
        return problem(
            "Migrations", f"Not applied: {waiting}{more}.", fix="Run `manage.py migrate`."
        )
    return ok("Migrations", "All are applied.")


def clock() -> Finding:
    """Compare our clock with the database's: two machines must agree on what is overdue."""
    if connection.vendor != "postgresql":
        return ok("Clock", "The database is in this process: one clock.")
    before = timezone.now()
    theirs: datetime = scalar("SELECT clock_timestamp()")
    ours = before + (timezone.now() - before) / 2
    return judge_clock(theirs - ours)


def judge_clock(difference: timedelta) -> Finding:
    seconds = abs(difference.total_seconds())
    if abs(difference) > CLOCK_TOLERANCE:
        return problem(
            "Clock",
            f"This machine and the database differ by {seconds:.1f} s: "
            "timeouts are off by as much.",
            fix="Run a time service (chrony, systemd-timesyncd) on both.",
        )
    return ok("Clock", f"This machine and the database agree ({seconds * 1000:.0f} ms).")


def connections() -> Finding:
    used = scalar("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
    most = scalar("SELECT current_setting('max_connections')::int")
    return judge_connections(used, most)


def judge_connections(used: int, most: int) -> Finding:
    if used > most * CONNECTIONS_USED:
        return warning(
            "Connections",
            f"{used} of the database's {most} connections are in use.",
            fix="Every thread of every worker keeps one: start fewer, raise max_connections, "
            "or put PgBouncer in between.",
        )
    return ok("Connections", f"{used} of {most} in use; every thread of every worker keeps one.")


def fillfactor() -> Finding:
    table = Session._meta.db_table
    percent = scalar(
        "SELECT option_value FROM pg_class, pg_options_to_table(reloptions) "
        "WHERE oid = %s::regclass AND option_name = 'fillfactor'",
        table,
    )
    return judge_fillfactor(table, int(percent or FILLED))


def judge_fillfactor(table: str, percent: int) -> Finding:
    if percent > FILLFACTOR:
        return warning(
            "Session table",
            f"Its pages are filled to {percent} %, so noting activity writes to indexes too.",
            fix=f"ALTER TABLE {table} SET (fillfactor = {FILLFACTOR}); new pages follow it.",
        )
    return ok("Session table", f"Its pages have room for updates ({100 - percent} %).")


def shared_cache() -> Finding:
    backend: str = settings.CACHES["default"]["BACKEND"]
    if backend.endswith(UNSHARED_CACHES):
        return problem(
            "Cache",
            f"{backend.rpartition('.')[2]} is not shared by processes: sign-in attempts "
            "are not limited as configured.",
            fix="Unset CACHE_URL to use the database, or point it at Redis or Valkey.",
        )
    if backend.endswith("DatabaseCache") and not has_table(settings.CACHES["default"]["LOCATION"]):
        return problem(
            "Cache",
            "The table of the database cache does not exist.",
            fix="Run `manage.py createcachetable`.",
        )
    return cache_answers()


def cache_answers() -> Finding:
    """Write, read back and delete one key."""
    key, fix = f"doctor-{uuid4()}", "Check CACHE_URL and that the cache is up."
    try:
        cache.set(key, key, PROBE_SECONDS)
        kept = cache.get(key) == key
        cache.delete(key)
    except Exception as error:  # each cache has errors of its own
        return problem("Cache", f"It does not answer: {first_line(error)}", fix=fix)
    if not kept:
        return problem("Cache", "It forgets what it was given.", fix=fix)
    return ok("Cache", "Shared by all processes, and answers.")


def has_table(name: str) -> bool:
    with connection.cursor() as cursor:
        return name in connection.introspection.table_names(cursor)


def scalar(sql: str, *parameters: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def first_line(error: Exception) -> str:
    """Short enough for one line; drivers add where and why in more."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

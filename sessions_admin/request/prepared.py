"""A statement that PostgreSQL plans once for a connection, asked by libpq's own calls.

psycopg's cursor does the same with fifty more function calls, which are a quarter of what the
whole session layer costs a request (`make bench`). It is for reading: psycopg opens a transaction
at its own next statement, not at this one.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format, abc


def may_prepare(connection: BaseDatabaseWrapper) -> bool:
    """Not when somebody counts statements or times are naive: that is the work of Django's cursor.
    Nor when prepare_threshold is None, for a pooler between that knows no statements."""
    return (
        connection.vendor == "postgresql"
        and not (connection.queries_logged or connection.execute_wrappers)
        and settings.USE_TZ
        and connection.connection.prepare_threshold is not None
    )


def statement_on(connection: Any, name: str, sql: bytes) -> PreparedStatement:
    """The statement of this name as prepared on the connection of this thread."""
    statements: dict[str, PreparedStatement] | None = getattr(connection, "statements", None)
    if statements is None:
        statements = connection.statements = {}
    statement = statements.get(name)
    if statement is None or statement.connection is not connection.connection:
        statement = statements[name] = PreparedStatement(connection.connection, name.encode(), sql)
    return statement


class PreparedStatement:
    """One statement with one parameter, on one connection, for as long as that lasts."""

    def __init__(self, connection: Connection[Any], name: bytes, sql: bytes) -> None:
        self.connection = connection
        self._name = name
        self._rows = Transformer(connection)  # remembers how each column is read
        _checked(connection.pgconn.prepare(name, sql), ExecStatus.COMMAND_OK)

    def fetch_one(self, parameter: bytes) -> tuple[Any, ...] | None:
        """The first row; psycopg's errors, also when the connection is gone."""
        result = self.connection.pgconn.exec_prepared(
            self._name, [parameter], [Format.BINARY], Format.BINARY
        )
        self._rows.set_pgresult(_checked(result, ExecStatus.TUPLES_OK))
        return self._rows.load_row(0, tuple) if result.ntuples else None


def _checked(result: abc.PGresult, expected: ExecStatus) -> abc.PGresult:
    if result.status != expected:
        raise errors.error_from_result(result)
    return result

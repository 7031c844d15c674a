"""A statement that PostgreSQL plans once for a connection, asked by libpq's own calls.

psycopg's cursor does the same with fifty more function calls, which are a quarter of what the
whole session layer costs a request (`make bench`). It is for reading: psycopg opens a transaction
at its own next statement, not at this one.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection, errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format, abc


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

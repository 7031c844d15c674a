"""The text of the one SELECT, and where each part of its row is.

Written by hand because the ORM's query building and model instantiation cost more than the
database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from sessions_admin.models import (
    PLATFORM_POLICY_ID,
    ApplicationPass,
    PlannedChange,
    Session,
    SessionPolicy,
)
from tenants.models import Group, Membership, Tenant

SESSION_FIELDS = (
    "id", "user", "started_at", "authenticated_at", "last_seen_at", "ended_at", "expires_at",
    "persistent", "ip", "user_agent", "data", "kind", "suspected_at", "read_only", "amr", "aal",
    "made_from", "asked_in", "asked_by",
)  # fmt: skip
TENANT_FIELDS = ("id", "name", "slug", "is_active", "sections")
POLICY_FIELDS = (
    "idle_timeout_enabled", "idle_timeout", "absolute_timeout_enabled", "absolute_timeout",
    "max_live_sessions_enabled", "max_live_sessions", "at_limit",
    "ended_before", "ended_before_reason",
)  # fmt: skip
# Names come from the models' metadata; the only value is the parameter.
STATEMENT = """
    SELECT {selected}
    FROM {source}
    LEFT JOIN {user} u ON u.{user_pk} = s.user_id
    LEFT JOIN {tenant} t ON t.id = s.tenant_id
    LEFT JOIN {policy} p ON p.id = COALESCE(s.tenant_id, {platform})
    LEFT JOIN {planned} c ON c.id = p.id
    LEFT JOIN {membership} m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
    WHERE {by} = %s
"""
ELSEWHERE = """
    EXISTS (SELECT 1 FROM {membership} o
            WHERE o.user_id = s.user_id AND o.tenant_id <> s.tenant_id AND o.is_active)
"""
PERMISSIONS = """
    (SELECT {join}(g.permissions, ' ') FROM {membership_groups} mg
     JOIN {group} g ON g.id = mg.group_id WHERE mg.membership_id = m.id)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One way to ask for a session: by which column, and what else to read of it."""

    name: str  # of the statement that a connection has prepared
    by: str
    source: str = "{session} s"  # FROM, with the names of tables in braces
    fields: tuple[tuple[str, type[models.Model], str], ...] = ()
    expressions: tuple[str, ...] = ()


BY_KEY = Question("find_session", by="s.key_hash")
BY_ID = Question("find_session_by_id", by="s.id")


@dataclass(frozen=True, slots=True)
class Plan:
    """The statement for one database, and where each part of its row is."""

    alias: str
    name: str
    sql: str
    prepared: bytes  # the same for PostgreSQL's own protocol
    user_model: type[models.Model]
    user_attributes: tuple[str, ...]
    user: slice
    tenant: slice
    policy: slice
    plan: int  # when settings to come apply
    membership: slice
    elsewhere: int  # whether the person belongs to another tenant, too
    more: slice  # what this question alone reads: its expressions, then its fields
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]


@lru_cache(maxsize=16)
def plan_for(alias: str, question: Question) -> Plan:
    """The plan of a question to one database."""
    connection = connections[alias]
    user_model = _user_model()
    columns = [("s", Session._meta.get_field(name)) for name in SESSION_FIELDS]
    columns += [("u", field) for field in user_model._meta.concrete_fields]
    columns += [("t", Tenant._meta.get_field(name)) for name in TENANT_FIELDS]
    columns += [("p", SessionPolicy._meta.get_field(name)) for name in POLICY_FIELDS]
    columns += [("c", PlannedChange._meta.get_field("due_at"))]
    columns += [("m", Membership._meta.get_field("is_active"))]
    more = [(alias, model._meta.get_field(name)) for alias, model, name in question.fields]
    user_end = len(SESSION_FIELDS) + len(user_model._meta.concrete_fields)
    tenant_end = user_end + len(TENANT_FIELDS)
    policy_end = tenant_end + len(POLICY_FIELDS)
    # Between the two stand the permissions, whether there is another tenant, and the question's
    # expressions: all of them plain values.
    more_from = len(columns) + 2 + len(question.expressions)
    placed = [*enumerate(columns), *enumerate(more, start=more_from)]
    sql = _sql(connection, question, columns, more)
    return Plan(
        alias=alias,
        name=question.name,
        user_model=user_model,
        sql=sql,
        prepared=sql.replace("%s", "$1").encode(),
        user_attributes=tuple(field.attname for field in user_model._meta.concrete_fields),
        user=slice(len(SESSION_FIELDS), user_end),
        tenant=slice(user_end, tenant_end),
        policy=slice(tenant_end, policy_end),
        plan=policy_end,
        membership=slice(policy_end + 1, policy_end + 3),
        elsewhere=policy_end + 3,
        more=slice(policy_end + 4, None),
        converters=tuple(
            (index, _convert(connection, field))
            for index, (_, field) in placed
            if _converters(connection, field)
        ),
    )


def _user_model() -> Any:
    return Session._meta.get_field("user").related_model


def _sql(
    connection: BaseDatabaseWrapper,
    question: Question,
    columns: list[tuple[str, Any]],
    more: list[tuple[str, Any]],
) -> str:
    words = _words(connection)
    selected = [
        *(_column(connection, *column) for column in columns),
        *(text.format(**words) for text in (PERMISSIONS, ELSEWHERE, *question.expressions)),
        *(_column(connection, *column) for column in more),
    ]
    source = question.source.format(**words)
    return STATEMENT.format(selected=", ".join(selected), source=source, by=question.by, **words)


def _words(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Names of tables, and what the databases call differently."""
    models_ = {
        "session": Session, "user": _user_model(), "tenant": Tenant, "policy": SessionPolicy,
        "membership": Membership, "membership_groups": Membership.groups.through, "group": Group,
        "pass": ApplicationPass, "planned": PlannedChange,
    }  # fmt: skip
    quote = connection.ops.quote_name
    words = {name: quote(model._meta.db_table) for name, model in models_.items()}
    words["user_pk"] = quote(str(_user_model()._meta.pk.column))
    if connection.vendor == "postgresql":
        return words | {
            "join": "string_agg", "platform": f"'{PLATFORM_POLICY_ID}'::uuid",
            "pair": "json_build_array", "list": "json_agg", "as_text": "::text",
        }  # fmt: skip
    return words | {
        "join": "group_concat", "platform": f"'{PLATFORM_POLICY_ID.hex}'",
        "pair": "json_array", "list": "json_group_array", "as_text": "",
    }  # fmt: skip


def _column(connection: BaseDatabaseWrapper, alias: str, field: Any) -> str:
    name = f"{alias}.{connection.ops.quote_name(field.column)}"
    # psycopg would build an address object that we only compare as text.
    is_address = connection.vendor == "postgresql" and isinstance(
        field, models.GenericIPAddressField
    )
    return f"host({name})" if is_address else name


def _converters(connection: BaseDatabaseWrapper, field: Any) -> list[Callable[..., Any]]:
    column = field.get_col(field.model._meta.db_table)
    converters = list(connection.ops.get_db_converters(column))
    # Only the user model may have fields of its own kinds; word sets are split when asked for.
    # SQLite keeps durations as numbers.
    is_users = field.model is _user_model()
    if is_users or isinstance(field, models.DurationField):
        converters += field.get_db_converters(connection)
    return converters


def _convert(connection: BaseDatabaseWrapper, field: Any) -> Callable[[Any], Any]:
    column = field.get_col(field.model._meta.db_table)
    converters = _converters(connection, field)

    def convert(value: Any) -> Any:
        for converter in converters:
            value = converter(value, column, connection)
        return value

    return convert

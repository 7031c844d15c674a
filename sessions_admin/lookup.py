"""The one SELECT of a request: session, user, tenant, policy and membership by the key's hash.

Written by hand because the ORM's query building and model instantiation cost more than the
database; prepared by the driver because planning a five-table join costs more than running it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState

from sessions_admin.live import inactive_may_enter
from sessions_admin.models import PLATFORM_POLICY_ID, Session, SessionPolicy
from sessions_admin.policy import IDLE_TIMEOUT_OFF, Facts, Policy
from sessions_admin.prepared import PreparedStatement
from sessions_admin.vocabulary import AtLimit, EndReason
from tenants.access import Access, CurrentTenant
from tenants.fields import split_words
from tenants.models import Group, Membership, Tenant

SESSION_FIELDS = (
    "id", "user", "started_at", "authenticated_at", "last_seen_at", "ended_at", "expires_at",
    "persistent", "ip", "user_agent", "data", "kind", "suspected_at", "read_only",
)  # fmt: skip
TENANT_FIELDS = ("id", "name", "slug", "is_active", "sections")
POLICY_FIELDS = (
    "idle_timeout_enabled", "idle_timeout", "absolute_timeout_enabled", "absolute_timeout",
    "max_live_sessions_enabled", "max_live_sessions", "at_limit",
    "ended_before", "ended_before_reason",
)  # fmt: skip


def find_session(key_hash: bytes) -> FoundSession | None:
    """The session whose key has this hash, live or ended, in one statement; None: unknown."""
    connection = connections[Session.objects.db]
    plan = _plan(connection.alias)
    try:
        row = _fetch(connection, plan, key_hash)
    except DatabaseError:
        # The server dropped our persistent connection (a restart), or what is prepared there fits
        # no more (a migration). Once more, on a new one; inside a transaction the caller must
        # hear of it.
        if connection.in_atomic_block or not connection.autocommit:
            raise
        connection.close()
        row = _fetch(connection, plan, key_hash)
    return FoundSession(row, plan) if row else None


class FoundSession:
    """What the one SELECT found; the parts are built when first asked for."""

    id: UUID
    user_id: Any
    started_at: datetime
    authenticated_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    persistent: bool
    ip: str | None
    user_agent: str
    data: bytes
    kind: str
    suspected_at: datetime | None
    read_only: bool

    def __init__(self, row: tuple[Any, ...], plan: Plan) -> None:
        (
            self.id, self.user_id, self.started_at, self.authenticated_at, self.last_seen_at,
            self.ended_at, self.expires_at, self.persistent, self.ip, self.user_agent, self.data,
            self.kind, self.suspected_at, self.read_only,
        ) = row[: len(SESSION_FIELDS)]  # fmt: skip
        self._row, self._plan = row, plan

    @cached_property
    def user(self) -> Any:
        """The person as a model instance, made without __init__ (its signals do not fire)."""
        if self.user_id is None:
            return None
        model = self._plan.user_model
        user = model.__new__(model)
        user._state = state = ModelState()
        state.adding, state.db = False, self._plan.alias
        user.__dict__.update(
            zip(self._plan.user_attributes, self._row[self._plan.user], strict=True)
        )
        return user

    @cached_property
    def facts(self) -> Facts:
        tenant_id, _, _, tenant_active, _ = self._row[self._plan.tenant]
        member_active, _ = self._row[self._plan.membership]
        return Facts(
            self.started_at,
            self.authenticated_at,
            self.last_seen_at,
            self.expires_at,
            self.user_id is None or self.user.is_active or inactive_may_enter(),
            tenant_id is None or bool(tenant_active),
            tenant_id is None or bool(member_active),
        )

    @cached_property
    def policy(self) -> Policy:
        return _policy(self._row[self._plan.policy])

    @cached_property
    def access(self) -> Access:
        _, permissions = self._row[self._plan.membership]
        return _access(self._row[self._plan.tenant], permissions)


# Few distinct ones are in use at a time, and building one costs more than finding it here.
@lru_cache(maxsize=1024)
def _access(tenant: tuple[Any, ...], permissions: str | None) -> Access:
    tenant_id, name, slug, _, sections = tenant
    if tenant_id is None:
        return Access()
    return Access(
        CurrentTenant(tenant_id, name, slug), split_words(permissions), split_words(sections)
    )


@lru_cache(maxsize=1024)
def _policy(values: tuple[Any, ...]) -> Policy:
    (
        idle_on, idle, absolute_on, absolute, maximum_on, maximum, at_limit, before, before_reason,
    ) = values  # fmt: skip
    if idle is None:  # no row: all switches off
        return Policy()
    return Policy(
        idle_timeout=idle if idle_on else IDLE_TIMEOUT_OFF,
        absolute_timeout=absolute if absolute_on else None,
        max_live_sessions=maximum if maximum_on else None,
        at_limit=AtLimit(at_limit),
        ended_before=before,
        ended_before_reason=EndReason(before_reason),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """The statement for one database, and where each part of its row is."""

    alias: str
    sql: str
    prepared: bytes  # the same for PostgreSQL's own protocol
    user_model: type[models.Model]
    user_attributes: tuple[str, ...]
    user: slice
    tenant: slice
    policy: slice
    membership: slice
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]


@lru_cache(maxsize=4)
def _plan(alias: str) -> Plan:
    connection = connections[alias]
    user_model: Any = Session._meta.get_field("user").related_model
    columns = [("s", Session._meta.get_field(name)) for name in SESSION_FIELDS]
    columns += [("u", field) for field in user_model._meta.concrete_fields]
    columns += [("t", Tenant._meta.get_field(name)) for name in TENANT_FIELDS]
    columns += [("p", SessionPolicy._meta.get_field(name)) for name in POLICY_FIELDS]
    columns += [("m", Membership._meta.get_field("is_active"))]
    user_end = len(SESSION_FIELDS) + len(user_model._meta.concrete_fields)
    tenant_end = user_end + len(TENANT_FIELDS)
    policy_end = tenant_end + len(POLICY_FIELDS)
    sql = _sql(connection, user_model, [_column(connection, *column) for column in columns])
    return Plan(
        alias=alias,
        user_model=user_model,
        sql=sql,
        prepared=sql.replace("%s", "$1").encode(),
        user_attributes=tuple(field.attname for field in user_model._meta.concrete_fields),
        user=slice(len(SESSION_FIELDS), user_end),
        tenant=slice(user_end, tenant_end),
        policy=slice(tenant_end, policy_end),
        membership=slice(policy_end, policy_end + 2),
        converters=tuple(
            (index, _convert(connection, field))
            for index, (_, field) in enumerate(columns)
            if _converters(connection, field)
        ),
    )


def _column(connection: BaseDatabaseWrapper, alias: str, field: Any) -> str:
    name = f"{alias}.{connection.ops.quote_name(field.column)}"
    # psycopg would build an address object that we only compare as text.
    is_address = connection.vendor == "postgresql" and isinstance(
        field, models.GenericIPAddressField
    )
    return f"host({name})" if is_address else name


def _sql(
    connection: BaseDatabaseWrapper, user_model: type[models.Model], columns: list[str]
) -> str:
    def table(model: type[models.Model]) -> str:
        return connection.ops.quote_name(model._meta.db_table)

    user_pk = connection.ops.quote_name(str(user_model._meta.pk.column))
    if connection.vendor == "postgresql":
        join, platform = "string_agg", f"'{PLATFORM_POLICY_ID}'::uuid"
    else:
        join, platform = "group_concat", f"'{PLATFORM_POLICY_ID.hex}'"
    # Names come from the models' metadata; the only value is the parameter.
    return f"""
        SELECT {", ".join(columns)},
            (SELECT {join}(g.permissions, ' ') FROM {table(Membership.groups.through)} mg
             JOIN {table(Group)} g ON g.id = mg.group_id WHERE mg.membership_id = m.id)
        FROM {table(Session)} s
        LEFT JOIN {table(user_model)} u ON u.{user_pk} = s.user_id
        LEFT JOIN {table(Tenant)} t ON t.id = s.tenant_id
        LEFT JOIN {table(SessionPolicy)} p ON p.id = COALESCE(s.tenant_id, {platform})
        LEFT JOIN {table(Membership)} m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
        WHERE s.key_hash = %s
    """  # noqa: S608


def _converters(connection: BaseDatabaseWrapper, field: Any) -> list[Callable[..., Any]]:
    column = field.get_col(field.model._meta.db_table)
    converters = list(connection.ops.get_db_converters(column))
    # Only the user model may have fields of its own kinds; word sets are split when asked for.
    # SQLite keeps durations as numbers.
    is_users = field.model is Session._meta.get_field("user").related_model
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


def _fetch(connection: BaseDatabaseWrapper, plan: Plan, key_hash: bytes) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    if _may_prepare(connection):
        with connection.wrap_database_errors:
            row = _statement(connection, plan).fetch_one(key_hash)
    else:
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, [key_hash])
            row = cursor.fetchone()
    if row is None or not plan.converters:
        return row
    values = list(row)
    for index, convert in plan.converters:
        values[index] = convert(values[index])
    return tuple(values)


def _may_prepare(connection: BaseDatabaseWrapper) -> bool:
    """Not when somebody counts statements or times are naive: that is the work of Django's cursor.
    Nor when prepare_threshold is None, for a pooler between that knows no statements."""
    return (
        connection.vendor == "postgresql"
        and not (connection.queries_logged or connection.execute_wrappers)
        and settings.USE_TZ
        and connection.connection.prepare_threshold is not None
    )


def _statement(connection: Any, plan: Plan) -> PreparedStatement:
    """The statement as prepared on the connection of this thread."""
    statement: PreparedStatement | None = getattr(connection, "find_session", None)
    if statement is None or statement.connection is not connection.connection:
        statement = PreparedStatement(connection.connection, b"find_session", plan.prepared)
        connection.find_session = statement
    return statement

"""The one SELECT of a request: session, user, tenant, policy and membership by the key's hash.

Written by hand because the ORM's query building and model instantiation cost more than the
database; prepared by the driver because planning a six-table join costs more than running it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState
from django.utils import timezone

from sessions_admin.live import inactive_may_enter
from sessions_admin.models import Session
from sessions_admin.policy import IDLE_TIMEOUT_OFF, Facts, Policy, verdict
from sessions_admin.request.lookup_plan import (
    BY_ID,
    BY_KEY,
    SESSION_FIELDS,
    Plan,
    Question,
    plan_for,
)
from sessions_admin.request.prepared import may_prepare, statement_on
from sessions_admin.vocabulary import AtLimit, EndReason, Kind
from tenants.access import Access, CurrentTenant
from tenants.fields import split_words
from tenants.permissions import Permission


def find_session(key_hash: bytes, question: Question = BY_KEY) -> FoundSession | None:
    """The session whose key has this hash, live or ended, in one statement; None: unknown."""
    return _find(question, key_hash)


def find_session_by_id(session_id: UUID) -> FoundSession | None:
    """The same by the session's id, for who proved otherwise that they may use it."""
    return _find(BY_ID, session_id)


def _find(question: Question, value: bytes | UUID) -> FoundSession | None:
    connection = connections[Session.objects.db]
    plan = plan_for(connection.alias, question)
    try:
        row = _fetch(connection, plan, value)
    except DatabaseError:
        # The server dropped our persistent connection (a restart), or what is prepared there fits
        # no more (a migration). Once more, on a new one; inside a transaction the caller must
        # hear of it.
        if connection.in_atomic_block or not connection.autocommit:
            raise
        connection.close()
        row = _fetch(connection, plan, value)
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
    amr: str
    aal: int
    made_from_id: UUID | None
    asked_in_id: UUID | None
    asked_by_id: Any

    def __init__(self, row: tuple[Any, ...], plan: Plan) -> None:
        (
            self.id, self.user_id, self.started_at, self.authenticated_at, self.last_seen_at,
            self.ended_at, self.expires_at, self.persistent, self.ip, self.user_agent, self.data,
            self.kind, self.suspected_at, self.read_only, self.amr, self.aal,
            self.made_from_id, self.asked_in_id, self.asked_by_id,
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
            self.kind != Kind.SUPPORT or self._is_backed(),
        )

    @cached_property
    def policy(self) -> Policy:
        return _policy(self._row[self._plan.policy])

    @property
    def settings_due_at(self) -> datetime | None:
        """When other session settings will apply, if people are being warned of some."""
        due_at: datetime | None = self._row[self._plan.plan]
        return due_at

    @property
    def belongs_elsewhere(self) -> bool:
        """Whether there is another tenant to switch to."""
        return bool(self._row[self._plan.elsewhere])

    @cached_property
    def access(self) -> Access:
        _, permissions = self._row[self._plan.membership]
        access = _access(self._row[self._plan.tenant], permissions)
        if self.kind != Kind.SUPPORT:
            return access
        # Never more than the one who asked for it may do.
        theirs = self.asked_in.access.permissions if self.asked_in else frozenset()
        return replace(access, permissions=access.permissions & theirs)

    @cached_property
    def asked_in(self) -> FoundSession | None:
        """The session in which somebody asked for this support session; a statement of its own."""
        return find_session_by_id(self.asked_in_id) if self.asked_in_id else None

    @property
    def actor_id(self) -> Any:
        """Who acts in it: the person, or somebody else as them."""
        return self.asked_by_id if self.kind == Kind.SUPPORT else self.user_id

    @property
    def actor(self) -> Any:
        """The same as a person; a statement more where it is somebody else."""
        return self.asked_in.user if self.actor_id != self.user_id and self.asked_in else self.user

    def _is_backed(self) -> bool:
        """The session that it was made from and the one in which it was asked for are live, and
        who asked for it may still do so. The first endings end it as well, in one transaction;
        this is the second lock."""
        origin = find_session_by_id(self.made_from_id) if self.made_from_id else None
        asked_in = self.asked_in
        if origin is None or asked_in is None or asked_in.user_id != self.asked_by_id:
            return False
        now = timezone.now()
        alive = all(
            one.ended_at is None and verdict(one.facts, one.policy, now) is None
            for one in (origin, asked_in)
        )
        here = asked_in.access.tenant == self._tenant == origin.access.tenant
        return alive and here and asked_in.access.may(Permission.TOKENS_COPY)

    @property
    def _tenant(self) -> CurrentTenant | None:
        return _access(self._row[self._plan.tenant], "").tenant

    @property
    def more(self) -> tuple[Any, ...]:
        """What the question asked for besides: its expressions, then its fields."""
        return self._row[self._plan.more]


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


def _fetch(
    connection: BaseDatabaseWrapper, plan: Plan, value: bytes | UUID
) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    if may_prepare(connection):
        with connection.wrap_database_errors:
            parameter = value.bytes if isinstance(value, UUID) else value
            row = statement_on(connection, plan.name, plan.prepared).fetch_one(parameter)
    else:
        native = connection.features.has_native_uuid_field
        text = value.hex if isinstance(value, UUID) and not native else None
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, [text or value])
            row = cursor.fetchone()
    if row is None or not plan.converters:
        return row
    values = list(row)
    for index, convert in plan.converters:
        values[index] = convert(values[index])
    return tuple(values)

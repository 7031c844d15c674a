"""How sessions end: one function, whatever the cause and the number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast, Greatest, Least
from django.utils import timezone

from sessions_admin import audit, notices
from sessions_admin.live import SessionQuerySet, end_reason, has_access
from sessions_admin.models import NOTE_LENGTH, PLATFORM_POLICY_ID, Session, SessionPolicy
from sessions_admin.policy import Verdict, verdict
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.models import Tenant

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.request.lookup import FoundSession

# Rows a transaction when tidying: a concurrent log-out of such a row waits some milliseconds.
TIDY_BATCH = 1000
ENDED = ("id", "user_id", "tenant_id", "end_reason", "ended_at")


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that this call ended (not one that was over already)."""

    id: UUID
    user_id: Any
    tenant_id: UUID | None
    reason: EndReason
    at: datetime


def end_sessions(
    queryset: SessionQuerySet,
    *,
    reason: EndReason,
    actor: User | None,
    note: str = "",
    via: str = "",
    at: datetime | None = None,
) -> list[EndedSession]:
    """Ends the sessions of the queryset that nobody has ended yet, and returns those.

    The one way to end sessions: one or a hundred thousand, in one transaction with their audit
    rows. `actor` None is the system; `note` is shown to the person; `via` names the program that
    asked, for the audit log; `at` is the true moment of an ending that is only noticed now. Two
    callers never end the same session: the loser of the race gets it not returned.
    """
    over = queryset.open().annotate(
        over_at=Value(at or timezone.now(), models.DateTimeField()),
        over_reason=Cast(Value(str(reason)), models.CharField()),
    )
    return _end(over.order_by("pk"), actor=actor, note=note, via=via)


def is_over(found: FoundSession) -> bool:
    """Whether a session that was looked up is over; one whose time has come is ended here."""
    if found.ended_at is not None:
        return True
    over = verdict(found.facts, found.policy, timezone.now())
    if over is None:
        return False
    expire(found.id, over)
    return True


def expire(session_id: UUID, verdict: Verdict) -> None:
    """Ends a session whose time had come before this request."""
    actor = None
    if verdict.reason in {EndReason.REVOKED_BY_ADMIN, EndReason.REVOKED_BY_OPERATOR}:
        actor = _ender_of_everything(session_id)
    end_sessions(
        Session.objects.filter(pk=session_id), reason=verdict.reason, actor=actor, at=verdict.at
    )


def end_overdue(
    now: datetime | None = None,
    *,
    among: SessionQuerySet | None = None,
    actor: User | None = None,
    note: str = "",
) -> Iterator[list[EndedSession]]:
    """Tidies: ends what no request can use any more, with the true reason and moment.

    Yields a batch a transaction. Rows that somebody else holds are left to the next round; two
    sweepers side by side do no harm.
    """
    now = now or timezone.now()
    sessions = Session.objects.all() if among is None else among
    last = UUID(int=0)
    while True:
        rows = _overdue(sessions, now).filter(pk__gt=last)[:TIDY_BATCH]
        batch = _end(rows, actor=actor, note=note)
        if not batch:
            return
        yield batch
        last = max(ended.id for ended in batch)


def end_everything(
    tenant: Tenant | None, *, reason: EndReason, actor: User | None, note: str = ""
) -> int:
    """Ends all sessions of the tenant (None: of the whole platform), however many.

    Access ends with one UPDATE of a few policy rows; the session rows are closed after it, in
    batches. Returns how many rows were closed.
    """
    ensure_policy(tenant)
    policies = SessionPolicy.objects.all()
    sessions = Session.objects.all()
    if tenant is None:
        _write_down_missing_policies()
    else:
        policies, sessions = policies.filter(tenant=tenant), sessions.within(tenant)
    policies.update(ended_before=timezone.now(), ended_before_reason=reason, ended_before_by=actor)
    return sum(len(batch) for batch in end_overdue(among=sessions, actor=actor, note=note))


def ensure_policy(tenant: Tenant | None) -> SessionPolicy:
    """The rules of the tenant (None: the platform's); a new tenant starts with the platform's."""
    policy_id = tenant.id if tenant else PLATFORM_POLICY_ID
    if policy := SessionPolicy.objects.filter(pk=policy_id).first():
        return policy
    platform = SessionPolicy.objects.filter(pk=PLATFORM_POLICY_ID).first()
    fresh = platform or SessionPolicy()
    fresh.id, fresh.tenant = policy_id, tenant
    fresh.ended_before = fresh.ended_before_by = None
    SessionPolicy.objects.bulk_create([fresh], ignore_conflicts=True)
    return SessionPolicy.objects.get(pk=policy_id)


def _write_down_missing_policies() -> None:
    """A tenant without a row has all switches off, and nowhere to say that all is over."""
    missing = Tenant.objects.filter(sessionpolicy=None).values_list("pk", flat=True)
    rows = [SessionPolicy(id=pk, tenant_id=pk) for pk in missing]
    SessionPolicy.objects.bulk_create(rows, ignore_conflicts=True)


def _overdue(sessions: SessionQuerySet, now: datetime) -> SessionQuerySet:
    moment = Value(now, models.DateTimeField())
    overdue: SessionQuerySet = (
        sessions.overdue(now)
        .annotate(
            over_at=Case(When(has_access(), then=_true_end(moment)), default=moment),
            over_reason=Cast(end_reason(), models.CharField()),
        )
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)
    )
    return overdue


def _true_end(now: Value) -> Greatest:
    """The deadline, though never before the session began."""
    return Greatest(F("started_at"), Least(F("deadline"), now))


def _ender_of_everything(session_id: UUID) -> User | None:
    session = Session.objects.only("tenant_id").get(pk=session_id)
    policy_id = session.tenant_id or PLATFORM_POLICY_ID
    policy = SessionPolicy.objects.select_related("ended_before_by").get(pk=policy_id)
    return policy.ended_before_by


def _end(
    over: SessionQuerySet, *, actor: User | None, note: str = "", via: str = ""
) -> list[EndedSession]:
    # savepoint=False: this is one statement for an anonymous visitor, and stays one.
    with transaction.atomic(using=Session.objects.db, savepoint=False):
        ended = _close(over, actor=actor, note=note, via=via)
        if any(one.user_id is not None for one in ended):
            _close_orphans(actor, note=note, via=via)
        notices.tell_endings(ended, actor_id=actor and actor.pk)
    return ended


def _close_orphans(actor: User | None, *, note: str, via: str) -> None:
    """Support sessions end with the session they were made from, and the one they were asked for
    in. `made_from` is set in every one of them, so a small partial index finds the few there are.
    """
    orphans: SessionQuerySet = (
        Session.objects.open()
        .filter(made_from__isnull=False)
        .filter(Q(made_from__ended_at__isnull=False) | Q(asked_in__ended_at__isnull=False))
    )
    over = orphans.annotate(
        over_at=Value(timezone.now(), models.DateTimeField()),
        over_reason=Cast(Value(str(EndReason.SUPPORT_ENDED)), models.CharField()),
    )
    _close(over.order_by("pk"), actor=actor, told=note, via=via)


def _close(
    over: SessionQuerySet, *, actor: User | None, note: str = "", told: str = "", via: str = ""
) -> list[EndedSession]:
    """UPDATE … FROM (the rows, locked in the order of their ids) … RETURNING what was ended, which
    goes into the audit log: in the same statement, where the database can.

    Locking in one order keeps two bulk endings from deadlocking; the second condition on ended_at
    is looked at again after a wait for a lock, so no session is ended twice. `note` is for the
    person, `told` for the audit log alone.
    """
    if not over.query.select_for_update:
        over = over.select_for_update(of=("self",))
    connection = connections[Session.objects.db]
    try:
        rows, parameters = over.values("pk", "over_at", "over_reason").query.sql_with_params()
    except EmptyResultSet:  # none(), or a list of ids that is empty
        return []
    table = connection.ops.quote_name(Session._meta.db_table)
    columns = [f"{table}.{name}" for name in ENDED]
    sql = f"""
        UPDATE {table} SET ended_at = over.over_at, end_reason = over.over_reason,
            ended_by_id = %s, end_note = %s, data = %s
        FROM ({rows}) AS over
        WHERE {table}.id = over.pk AND {table}.ended_at IS NULL
        RETURNING {", ".join(columns)}
    """  # noqa: S608  names and the queryset's own SQL; values are parameters
    actor_id = Session._meta.get_field("ended_by").get_db_prep_save(actor and actor.pk, connection)
    values = [actor_id, note[:NOTE_LENGTH], b"", *parameters]
    if writes_itself := connection.vendor == "postgresql":
        record, facts = audit.endings_insert("ended", actor_id=actor_id, note=note or told, via=via)
        sql = f"WITH ended AS ({sql}), recorded AS ({record}) SELECT {', '.join(ENDED)} FROM ended"  # noqa: S608
        values += facts
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        ended = [_ended_session(row) for row in cursor.fetchall()]
    if not writes_itself:
        _record(ended, actor=actor, note=note or told, via=via)
    return ended


def _record(ended: list[EndedSession], *, actor: User | None, note: str, via: str) -> None:
    audit.record_all(
        audit.event(
            AuditAction.SESSION_ENDED, actor_id=actor and actor.pk, tenant_id=one.tenant_id,
            user_id=one.user_id, session_id=one.id, at=one.at,
            **audit.ending_facts(one.reason, note=note, via=via),
        )
        for one in ended
        if one.user_id is not None
    )  # fmt: skip


def _ended_session(row: tuple[Any, ...]) -> EndedSession:
    """SQLite returns texts where PostgreSQL returns values."""
    session_id, user_id, tenant_id, reason, at = row
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    if settings.USE_TZ and timezone.is_naive(at):
        at = at.replace(tzinfo=UTC)
    as_user = Session._meta.get_field("user").target_field.to_python
    return EndedSession(
        as_uuid(session_id), as_user(user_id), as_uuid(tenant_id), EndReason(reason), at
    )


as_uuid = models.UUIDField().to_python

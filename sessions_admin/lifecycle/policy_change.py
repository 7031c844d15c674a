"""Changing session settings, and ending what the new ones do not allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.utils import timezone

from accounts.models import User
from sessions_admin import audit
from sessions_admin.lifecycle.ending import EndedSession, end_overdue, end_sessions
from sessions_admin.live import SessionQuerySet
from sessions_admin.models import PLATFORM_POLICY_ID, PlannedChange, Session, SessionPolicy
from sessions_admin.notices import retract
from sessions_admin.policy import Policy
from sessions_admin.session_settings.impact import STAYS, fated
from sessions_admin.vocabulary import AuditAction, EndReason, Kind

if TYPE_CHECKING:
    from tenants.access import CurrentTenant
    from tenants.models import Tenant

Settings = dict[str, Any]

# What an administrator sets; the columns of SessionPolicy, in the order of the screen.
SETTINGS = (
    "idle_timeout_enabled", "idle_timeout",
    "absolute_timeout_enabled", "absolute_timeout",
    "max_live_sessions_enabled", "max_live_sessions", "at_limit",
    "access_token_lifetime", "refresh_token_lifetime",
    "support_sessions_enabled", "support_session_lifetime",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What was, what is, and the sessions that this ended."""

    old: Settings
    new: Settings
    ended: list[EndedSession]

    @property
    def is_change(self) -> bool:
        return self.old != self.new


def change_policy(
    tenant: Tenant | CurrentTenant | None,
    values: Mapping[str, Any],
    actor: User | None,
    *,
    planned_at: datetime | None = None,
    via: str = "",
) -> PolicyChange:
    """Stores these of the SETTINGS (valid ones) and ends at once what they do not allow.

    One transaction. Sessions end with the true reason at the true moment of their new deadline;
    exactly those that impact.impact_of names. The audit event's data: `old` and `new` (all
    SETTINGS, durations in seconds), `effect` (`ended`, and the number for each reason), if
    people were warned of it, `planned_at`, and the program that asked, if one did (`via`). What
    was planned before it is withdrawn.
    """
    with transaction.atomic():
        policy = locked_policy(tenant)
        old = settings_of(policy)
        new = with_values(old, values)
        for name, value in new.items():
            setattr(policy, name, value)
        if _tightens_limit(old, new):
            _wait_for_sign_ins(tenant)
        ended = _apply(policy, _sessions_of(tenant), timezone.now())
        change = PolicyChange(old, new, ended)
        if change.is_change:
            _record(change, tenant, actor, planned_at, via)
            withdraw_plan(tenant, actor)
    return change


def locked_policy(tenant: Tenant | CurrentTenant | None) -> SessionPolicy:
    """The row of the tenant's settings, held until the end; without one all switches are off."""
    policy, _ = SessionPolicy.objects.select_for_update(of=("self",)).get_or_create(
        pk=tenant.id if tenant else PLATFORM_POLICY_ID,
        defaults={"tenant_id": tenant.id if tenant else None},
    )
    return policy


def withdraw_plan(tenant: Tenant | CurrentTenant | None, actor: User | None) -> bool:
    """What was planned will not come: the log says so, and nobody is told of it any more. The
    caller holds locked_policy; False when there was no plan."""
    plan = PlannedChange.objects.filter(pk=tenant.id if tenant else PLATFORM_POLICY_ID).first()
    if plan is None:
        return False
    retract(event_of(plan))
    plan.delete()
    audit.record(
        AuditAction.POLICY_PLAN_CANCELLED, actor_id=actor and actor.pk,
        tenant_id=tenant and tenant.id,
    )  # fmt: skip
    return True


def event_of(plan: PlannedChange) -> str:
    """What its notices are about; a new plan is a new event."""
    return f"settings_planned:{plan.pk}:{plan.planned_at.timestamp():.0f}"


def settings_of(policy: SessionPolicy) -> Settings:
    return {name: getattr(policy, name) for name in SETTINGS}


def with_values(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """These of the SETTINGS changed, whatever else is among the values."""
    return settings | {name: values[name] for name in SETTINGS if name in values}


def as_data(settings: Settings) -> dict[str, Any]:
    """For the audit log: JSON has no durations."""
    return {
        name: int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in settings.items()
    }


def from_data(data: Mapping[str, Any]) -> Settings:
    """Back from the audit log. What an older event does not know is as it always was."""
    return settings_of(SessionPolicy()) | {
        name: timedelta(seconds=data[name]) if _is_duration(name) else data[name]
        for name in SETTINGS
        if name in data
    }


def _is_duration(name: str) -> bool:
    return SessionPolicy._meta.get_field(name).get_internal_type() == "DurationField"


def _sessions_of(tenant: Tenant | CurrentTenant | None) -> SessionQuerySet:
    return Session.objects.within(tenant) if tenant else Session.objects.filter(tenant=None)


def _tightens_limit(old: Settings, new: Settings) -> bool:
    if not new["max_live_sessions_enabled"]:
        return False
    was_off = not old["max_live_sessions_enabled"]
    return was_off or new["max_live_sessions"] < old["max_live_sessions"]


def _wait_for_sign_ins(tenant: Tenant | CurrentTenant | None) -> None:
    """A sign-in reads the limit under a lock on its user. Holding these, every sign-in has either
    committed, and is counted below, or will read the new limit: none is too many."""
    users = User.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    if tenant:
        users = users.filter(memberships__tenant_id=tenant.id)
    else:
        holders = Session.objects.open().filter(tenant=None, user__isnull=False)
        users = users.filter(pk__in=holders.values("user"))
    list(users.values_list("pk"))


def _apply(policy: SessionPolicy, sessions: SessionQuerySet, now: datetime) -> list[EndedSession]:
    rules = policy.rules()
    _hold(sessions, rules, now)
    # What was over already ended by the old rules: a longer timeout brings nothing back to life.
    for _batch in end_overdue(now, among=sessions):
        pass
    policy.save(update_fields=SETTINGS)
    _apply_to_programs(policy, sessions)
    outlived = [one for batch in end_overdue(now, among=sessions) for one in batch]
    above = fated(sessions, rules, now).filter(fate=EndReason.CONCURRENCY_LIMIT).values("pk")
    return outlived + end_sessions(
        Session.objects.filter(pk__in=above), reason=EndReason.CONCURRENCY_LIMIT, actor=None
    )


def _apply_to_programs(policy: SessionPolicy, sessions: SessionQuerySet) -> None:
    """What is stored with sessions that no cookie holds follows the settings: how long an app may
    refresh, and whether anybody may act as somebody else."""
    until = ExpressionWrapper(
        F("authenticated_at") + policy.refresh_token_lifetime, models.DateTimeField()
    )
    sessions.open().filter(kind=Kind.APP).exclude(expires_at=until).update(expires_at=until)
    if not policy.support_sessions_enabled:
        end_sessions(sessions.filter(kind=Kind.SUPPORT), reason=EndReason.SUPPORT_ENDED, actor=None)


def _hold(sessions: SessionQuerySet, rules: Policy, now: datetime) -> None:
    """Locks all rows that will end, in the order of their ids: the steps that follow can neither
    deadlock with another bulk ending nor skip a row that somebody else holds."""
    over = Q(pk__in=sessions.overdue(now).values("pk"))
    doomed = Q(pk__in=fated(sessions, rules, now).exclude(fate=STAYS).values("pk"))
    rows = Session.objects.filter(over | doomed).select_for_update(of=("self",))
    list(rows.order_by("pk").values_list("pk"))


def _record(
    change: PolicyChange,
    tenant: Tenant | CurrentTenant | None,
    actor: User | None,
    planned_at: datetime | None,
    via: str,
) -> None:
    audit.record(
        AuditAction.POLICY_CHANGED,
        actor_id=actor and actor.pk,
        tenant_id=tenant and tenant.id,
        old=as_data(change.old),
        new=as_data(change.new),
        effect={"ended": len(change.ended), **Counter(one.reason for one in change.ended)},
        planned_at=planned_at and planned_at.isoformat(),
        via=via,
    )

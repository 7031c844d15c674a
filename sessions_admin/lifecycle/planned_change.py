"""New session settings that people are warned of: planned, withdrawn, applied exactly once.

Whoever touches a plan holds the row of the tenant's settings first, as every change of them does:
so of two that find a plan due, or of one that applies and one that withdraws it, one wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.lifecycle.policy_change import (
    PolicyChange,
    as_data,
    change_policy,
    event_of,
    from_data,
    locked_policy,
    settings_of,
    with_values,
    withdraw_plan,
)
from sessions_admin.models import PlannedChange, Session, SessionPolicy
from sessions_admin.notices import notify_all
from sessions_admin.session_settings.impact import STAYS, fated
from sessions_admin.vocabulary import AuditAction, NoticeKind

if TYPE_CHECKING:
    from accounts.models import User
    from tenants.access import CurrentTenant
    from tenants.models import Tenant

# Time to finish a paragraph and to save; longer, and the reason for the change is forgotten.
WARNING = timedelta(minutes=15)


def plan_change(
    tenant: Tenant | CurrentTenant, values: Mapping[str, Any], actor: User | None
) -> PlannedChange | None:
    """These of the SETTINGS (valid ones) apply after the WARNING, instead of an earlier plan.

    Those whose sessions this would end as it is now get a notice; not who plans it. None: nothing
    would change.
    """
    with transaction.atomic():
        policy = locked_policy(tenant)
        old = settings_of(policy)
        new = with_values(old, values)
        if new == old:
            return None
        withdraw_plan(tenant, actor)
        now = timezone.now()
        plan = PlannedChange.objects.create(
            pk=tenant.id, tenant_id=tenant.id, values=as_data(new), planned_at=now,
            planned_by=actor, due_at=now + WARNING,
        )  # fmt: skip
        audit.record(
            AuditAction.POLICY_PLANNED, actor_id=actor and actor.pk, tenant_id=tenant.id,
            old=as_data(old), new=as_data(new), due_at=plan.due_at.isoformat(),
        )  # fmt: skip
        _warn(plan, SessionPolicy(**new))
    return plan


def cancel_plan(tenant: Tenant | CurrentTenant, actor: User | None) -> bool:
    """Nothing will apply; False when there was no plan any more."""
    with transaction.atomic():
        locked_policy(tenant)
        return withdraw_plan(tenant, actor)


def apply_plan(tenant: Tenant | CurrentTenant, actor: User | None) -> PolicyChange | None:
    """Applies the plan now, before its time; None when there was no plan any more."""
    return _apply(PlannedChange.objects.filter(pk=tenant.id), tenant, by=actor)


def apply_due_plans(among: QuerySet[PlannedChange] | None = None) -> Iterator[PolicyChange]:
    """Applies the plans whose time has come, each in a transaction of its own."""
    plans = PlannedChange.objects.all() if among is None else among
    due = plans.filter(due_at__lte=timezone.now())
    for plan in list(due.select_related("tenant")):
        if plan.tenant and (change := _apply(due.filter(pk=plan.pk), plan.tenant)):
            yield change


def _apply(
    plans: QuerySet[PlannedChange], tenant: Tenant | CurrentTenant, *, by: User | None = None
) -> PolicyChange | None:
    with transaction.atomic():
        locked_policy(tenant)
        plan = plans.select_related("planned_by").first()
        if plan is None:
            return None
        PlannedChange.objects.filter(pk=plan.pk).delete()
        values = from_data(plan.values)
        return change_policy(tenant, values, by or plan.planned_by, planned_at=plan.planned_at)


def _warn(plan: PlannedChange, policy: SessionPolicy) -> None:
    leaving = fated(Session.objects.filter(tenant_id=plan.pk), policy.rules(), plan.planned_at)
    people = set(leaving.exclude(fate=STAYS).values_list("user_id", flat=True))
    notify_all(
        NoticeKind.SETTINGS_PLANNED,
        user_ids=people - {None, plan.planned_by_id},
        event=event_of(plan),
        tenant_id=plan.pk,
        due_at=plan.due_at.isoformat(),
    )

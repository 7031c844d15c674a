"""Session settings to come, as who plans them and who is warned see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext

from sessions_admin.lifecycle.policy_change import from_data, settings_of
from sessions_admin.models import PlannedChange, Session, SessionPolicy
from sessions_admin.session_settings.impact import fated
from sessions_admin.session_settings.words import Line, changed_lines

if TYPE_CHECKING:
    from sessions_admin.request.lookup import FoundSession


@dataclass(frozen=True, slots=True)
class Coming:
    """What will apply, and when."""

    due_at: datetime
    planned_at: datetime
    by: str
    lines: list[Line]


def coming(found: FoundSession, stored: SessionPolicy) -> Coming | None:
    """What is planned for the tenant with these settings; no statement where nothing is."""
    if found.settings_due_at is None:
        return None
    plan = PlannedChange.objects.select_related("planned_by").filter(pk=stored.pk).first()
    if plan is None:
        return None
    return Coming(
        plan.due_at,
        plan.planned_at,
        plan.planned_by.name if plan.planned_by else gettext("The system"),
        changed_lines(settings_of(stored), from_data(plan.values)),
    )


def ends_then(found: FoundSession) -> bool:
    """Whether the settings to come would end this very session, by what is known now."""
    tenant = found.access.tenant
    if found.settings_due_at is None or tenant is None:
        return False
    plan = PlannedChange.objects.filter(pk=tenant.id).first()
    if plan is None:
        return False
    policy = SessionPolicy(**from_data(plan.values)).rules()
    own = Session.objects.within(tenant).filter(user=found.user_id)
    # All of the person's: which of them are too many depends on the others.
    fates = dict(fated(own, policy, timezone.now(), using=found.id).values_list("pk", "fate"))
    return bool(fates.get(found.id))

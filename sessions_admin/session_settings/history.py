"""How a tenant's session settings came to be what they are, from the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext

from sessions_admin.keyset import Order, Page, page_of
from sessions_admin.lifecycle.policy_change import from_data
from sessions_admin.models import AuditEvent
from sessions_admin.session_settings.words import Line, changed_lines
from sessions_admin.vocabulary import AuditAction
from tenants.access import CurrentTenant
from tenants.lookups import is_member

SHOWN = 20
NEWEST_FIRST = Order("policy-changes", by="id", descending=True)


@dataclass(frozen=True, slots=True)
class Change:
    """One change in words. Without lines the event does not say what was before."""

    id: UUID
    at: datetime
    actor: str
    lines: list[Line]
    effect: str
    planned_at: datetime | None  # when people were warned of it, if they were


def changes_of(tenant: CurrentTenant) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(tenant_id=tenant.id, action=AuditAction.POLICY_CHANGED)


def history(tenant: CurrentTenant, query: Mapping[str, str]) -> tuple[list[Change], Page[Any]]:
    """The page of changes that the URL's query asks for, newest first, in one statement."""
    events = changes_of(tenant).select_related("actor")
    page = page_of(
        events.annotate(actor_is_colleague=is_member(user="actor")), NEWEST_FIRST, query, size=SHOWN
    )
    return [_change(event) for event in page.rows], page


def _change(event: AuditEvent) -> Change:
    known = "old" in event.data and "new" in event.data
    planned_at = event.data.get("planned_at")
    ended = event.data.get("effect", {}).get("ended", 0)
    return Change(
        id=event.id,
        at=event.at,
        actor=_actor(event),
        lines=changed_lines(from_data(event.data["old"]), from_data(event.data["new"]))
        if known
        else [],
        effect=ngettext("%d session ended", "%d sessions ended", ended) % ended if ended else "",
        planned_at=datetime.fromisoformat(planned_at) if planned_at else None,
    )


def _actor(event: AuditEvent) -> str:
    """By name only people of the tenant: operators keep theirs."""
    if event.actor is None:
        return gettext("The system")
    if event.actor_is_colleague or not event.actor.is_operator:  # type: ignore[attr-defined]
        return event.actor.name
    return gettext("A Latchkey operator")

"""How a tenant's risk rules came to be what they are, from the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.keyset import Order, Page, page_of
from sessions_admin.models import AuditEvent
from sessions_admin.review.lifelines import duration_words
from sessions_admin.suspicious.words import DETECTORS, responses_to
from sessions_admin.vocabulary import AuditAction, Detector, Response
from tenants.access import CurrentTenant
from tenants.lookups import is_member

SHOWN = 10
NEWEST_FIRST = Order("risk-rule-changes", by="id", descending=True)
LABELS = {
    "report_only": _("Report only"),
    "top_speed_kmh": _("Top speed"),
    "cool_down": _("Cool-down"),
    "trusted_networks": _("Trusted networks"),
    "shared_addresses": _("Shared addresses"),
}
LISTS = frozenset({"trusted_networks", "shared_addresses"})


@dataclass(frozen=True, slots=True)
class Line:
    """One rule that was changed; of a list only what came and went."""

    label: str | Promise
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    at: datetime
    actor: str
    lines: list[Line]


def history(tenant: CurrentTenant, query: Mapping[str, str]) -> tuple[list[Change], Page[Any]]:
    """The page of changes that the URL's query asks for, newest first, in one statement."""
    events = AuditEvent.objects.filter(
        tenant_id=tenant.id, action=AuditAction.RISK_RULES_CHANGED
    ).select_related("actor")
    page = page_of(
        events.annotate(actor_is_colleague=is_member(user="actor")), NEWEST_FIRST, query, size=SHOWN
    )
    return [Change(one.at, _actor(one), _lines(one.data)) for one in page.rows], page


def _lines(data: Mapping[str, Any]) -> list[Line]:
    old, new = data.get("old", {}), data.get("new", {})
    changed = [name for name in new if name in old and old[name] != new[name]]
    return [_line(name, old[name], new[name]) for name in changed]


def _line(name: str, old: Any, new: Any) -> Line:
    if name in list(Detector):
        words = responses_to(Detector(name))
        return Line(
            DETECTORS[Detector(name)].name,
            str(words.get(Response(old), old)),
            str(words.get(Response(new), new)),
        )
    if name in LISTS:
        before, after = _entries(old), _entries(new)
        gone = [line for line in before if line not in after]
        came = [line for line in after if line not in before]
        return Line(LABELS[name], ", ".join(gone) or "–", ", ".join(came) or "–")
    return Line(LABELS[name], _value(name, old), _value(name, new))


def _entries(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _value(name: str, value: Any) -> str:
    if name == "report_only":
        return gettext("on") if value else gettext("off")
    if name == "cool_down":
        return duration_words(timedelta(seconds=value)) if value else gettext("none")
    return str(gettext("%s km/h") % value)


def _actor(event: AuditEvent) -> str:
    """By name only people of the tenant: operators keep theirs."""
    if event.actor is None:
        return gettext("The system")
    if event.actor_is_colleague or not event.actor.is_operator:  # type: ignore[attr-defined]
        return str(event.actor.name)
    return gettext("A Latchkey operator")

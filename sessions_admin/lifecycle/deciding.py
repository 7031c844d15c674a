"""What people decide about findings, and about the rules that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin import audit
from sessions_admin.models import NOTE_LENGTH, PLATFORM_POLICY_ID, Risk, RiskRules
from sessions_admin.risk.rules import responses_to
from sessions_admin.vocabulary import AuditAction, Detector, RiskState

if TYPE_CHECKING:
    from accounts.models import User
    from tenants.access import CurrentTenant
    from tenants.models import Tenant

# What an administrator sets; columns of RiskRules, in the order of the screen.
RISK_SETTINGS = (
    *(str(detector) for detector in Detector),
    "report_only", "top_speed_kmh", "cool_down", "trusted_networks", "shared_addresses",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RulesChange:
    """What was and what is; durations as durations."""

    old: dict[str, Any]
    new: dict[str, Any]

    @property
    def is_change(self) -> bool:
        return self.old != self.new


def decide(risk: Risk, state: RiskState, actor: User | None, note: str = "") -> bool:
    """Dismisses an open finding, or notes that it was acted on. False: somebody already did."""
    return bool(settle(Risk.objects.filter(pk=risk.pk), state, actor, note))


def settle(
    risks: QuerySet[Risk], state: RiskState, actor: User | None, note: str = ""
) -> list[Risk]:
    """Decides those of them that are open, each once and in the log, and returns these.

    What the rules acted on by themselves may still be dismissed: a person who says that it was
    them is not logged out for the same thing again.
    """
    open_to = Q(state=RiskState.OPEN)
    if state == RiskState.DISMISSED:
        open_to |= Q(state=RiskState.ACTED_ON, decided_by=None)
    with transaction.atomic():
        rows = list(risks.filter(open_to).select_for_update(of=("self",)).order_by("pk"))
        Risk.objects.filter(pk__in=[risk.pk for risk in rows]).update(
            state=state, decided_at=timezone.now(), decided_by=actor, note=note[:NOTE_LENGTH]
        )
        audit.record_all(_decided(risk, state, actor, note) for risk in rows)
    return rows


def ensure_rules(tenant: Tenant | CurrentTenant | None) -> RiskRules:
    """The risk rules of the tenant (None: the platform's); a new tenant starts with the
    platform's."""
    own = RiskRules.objects.filter(tenant=tenant.id if tenant else None)
    if rules := own.first():
        return rules
    platform = RiskRules.objects.filter(tenant=None).first()
    fresh = platform or RiskRules()
    fresh.id, fresh.tenant_id = (tenant.id, tenant.id) if tenant else (PLATFORM_POLICY_ID, None)
    RiskRules.objects.bulk_create([fresh], ignore_conflicts=True)
    return own.get()


def change_risk_rules(
    tenant: Tenant | CurrentTenant | None, values: Mapping[str, Any], actor: User | None
) -> RulesChange:
    """Stores these of the RISK_SETTINGS; ValidationError by field. The audit event's data: `old`
    and `new` (durations in seconds)."""
    with transaction.atomic():
        pk = ensure_rules(tenant).pk
        rules = RiskRules.objects.select_for_update(of=("self",)).get(pk=pk)
        old = settings_of(rules)
        for name in RISK_SETTINGS:
            setattr(rules, name, values.get(name, old[name]))
        _check(rules)
        change = RulesChange(old, settings_of(rules))
        if change.is_change:
            rules.save(update_fields=RISK_SETTINGS)
            audit.record(
                AuditAction.RISK_RULES_CHANGED, actor_id=actor and actor.pk,
                tenant_id=tenant and tenant.id, old=as_data(change.old), new=as_data(change.new),
            )  # fmt: skip
    return change


def trust_network(
    tenant: Tenant | CurrentTenant, line: str, remark: str, actor: User | None
) -> bool:
    """Adds a line to the trusted networks; False when it was there. Two at once both arrive."""
    with transaction.atomic():
        pk = ensure_rules(tenant).pk
        trusted = RiskRules.objects.select_for_update(of=("self",)).get(pk=pk).trusted_networks
        lines = trusted.splitlines()
        if line in (one.partition("#")[0].strip() for one in lines):
            return False
        lines.append(f"{line}  # {remark}" if remark else line)
        change_risk_rules(tenant, {"trusted_networks": "\n".join(lines)}, actor)
    return True


def settings_of(rules: RiskRules) -> dict[str, Any]:
    return {name: getattr(rules, name) for name in RISK_SETTINGS}


def as_data(settings: Mapping[str, Any]) -> dict[str, Any]:
    """For the audit log: JSON has no durations."""
    return {
        name: int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in settings.items()
    }


def _check(rules: RiskRules) -> None:
    rules.full_clean(validate_unique=False, validate_constraints=False)
    senseless = {
        str(detector): _("This compares no two sessions: there is no old one to end.")
        for detector in Detector
        if getattr(rules, detector) not in responses_to(detector)
    }
    if senseless:
        raise ValidationError(senseless)


def _decided(risk: Risk, state: RiskState, actor: User | None, note: str) -> Any:
    return audit.event(
        AuditAction.RISK_DECIDED, actor_id=actor and actor.pk, tenant_id=risk.tenant_id,
        user_id=risk.user_id, session_id=risk.session_id, risk=str(risk.pk),
        rule=risk.detector, state=state, note=note[:NOTE_LENGTH],
    )  # fmt: skip

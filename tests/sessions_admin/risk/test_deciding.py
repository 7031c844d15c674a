"""The verbs of findings and of the rules."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from sessions_admin.lifecycle import change_risk_rules, decide, ensure_rules
from sessions_admin.models import PLATFORM_POLICY_ID, AuditEvent, Risk, RiskRules
from sessions_admin.vocabulary import AuditAction, Detector, Response, RiskState
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def risk(acme, member):
    return Risk.objects.create(
        detector=Detector.NEW_COUNTRY, tenant=acme, user=member, response=Response.RECORD
    )


@pytest.mark.parametrize("state", [RiskState.DISMISSED, RiskState.ACTED_ON])
def test_a_finding_is_decided_once(risk, admin, owner, acme, member, state):
    assert decide(risk, state, admin, "On a business trip")
    assert not decide(risk, RiskState.DISMISSED, owner, "Too late")
    risk.refresh_from_db()
    assert (risk.state, risk.decided_by, risk.note) == (state, admin, "On a business trip")
    assert risk.decided_at is not None
    event = AuditEvent.objects.get(action=AuditAction.RISK_DECIDED)
    assert (event.tenant, event.user, event.actor) == (acme, member, admin)
    assert event.data == {
        "risk": str(risk.pk), "rule": "new_country", "state": state, "note": "On a business trip",
    }  # fmt: skip


def test_a_new_tenant_starts_with_the_platforms_rules():
    change_risk_rules(None, {"new_country": "notify", "top_speed_kmh": 900}, None)
    tenant = Tenant.objects.create(name="New", slug="new")
    rules = RiskRules.objects.get(tenant=tenant)
    assert (rules.new_country, rules.top_speed_kmh, rules.pk) == ("notify", 900, tenant.pk)
    change_risk_rules(tenant, {"new_country": "off"}, None)
    assert ensure_rules(None).new_country == "notify"
    assert ensure_rules(None).pk == PLATFORM_POLICY_ID
    assert ensure_rules(tenant).new_country == "off"


def test_a_change_is_in_the_log_with_old_and_new(acme, owner):
    change = change_risk_rules(
        acme, {"impossible_travel": Response.END_NEW, "cool_down": timedelta(hours=1)}, owner
    )
    assert change.is_change
    assert (change.old["impossible_travel"], change.new["impossible_travel"]) == (
        "record", "end_new",
    )  # fmt: skip
    event = AuditEvent.objects.get(action=AuditAction.RISK_RULES_CHANGED)
    assert (event.tenant, event.actor) == (acme, owner)
    assert (event.data["old"]["cool_down"], event.data["new"]["cool_down"]) == (86400, 3600)
    assert ensure_rules(acme).impossible_travel == "end_new"


def test_what_changes_nothing_is_not_logged(acme, owner):
    ensure_rules(acme)
    assert not change_risk_rules(acme, {"new_device": "record"}, owner).is_change
    assert not AuditEvent.objects.filter(action=AuditAction.RISK_RULES_CHANGED).exists()


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"trusted_networks": "192.0.2.0/24\nx"}, "trusted_networks", "Line 2: x is neither"),
        ({"trusted_networks": "192.0.2.1/24"}, "trusted_networks", "Line 1: 192.0.2.1/24 is an"),
        ({"trusted_networks": "0.0.0.0/0"}, "trusted_networks", "too wide"),
        ({"shared_addresses": "AS64500"}, "shared_addresses", "only networks"),
        ({"new_device": "end_old"}, "new_device", "no old one"),
        ({"agent_changed": "end_both"}, "agent_changed", "no old one"),
        ({"top_speed_kmh": 10}, "top_speed_kmh", "200"),
        ({"new_device": "shout"}, "new_device", "shout"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_field(acme, owner, values, field, words):
    with pytest.raises(ValidationError) as error:
        change_risk_rules(acme, values, owner)
    assert words in " ".join(error.value.message_dict[field])
    assert not AuditEvent.objects.filter(action=AuditAction.RISK_RULES_CHANGED).exists()


def test_the_rules_of_a_row():
    row = RiskRules(
        impossible_travel=Response.END_NEW, report_only=False, top_speed_kmh=800,
        trusted_networks="192.0.2.0/24\nAS64500\nbroken", shared_addresses="198.51.100.1",
    )  # fmt: skip
    rules = row.rules()
    assert rules.response(Detector.IMPOSSIBLE_TRAVEL) == Response.END_NEW
    assert (rules.report_only, rules.top_speed_kmh) == (False, 800)
    assert rules.trusted.contains("192.0.2.9")
    assert rules.trusted.contains(None, 64500)
    assert rules.shared.contains("198.51.100.1")

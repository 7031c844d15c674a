"""Suspicious sessions in /admin/: findings to read, rules to change as in the portal."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle.deciding import ensure_rules
from sessions_admin.models import PLATFORM_POLICY_ID, AuditEvent, Risk, RiskRules
from sessions_admin.suspicious.rules_form import fields_of
from sessions_admin.vocabulary import Detector, Response, RiskState
from tests.cast import Browser
from tests.suspicions import suspect, travel

RISKS = "/admin/sessions_admin/risk/"
RULES = "/admin/sessions_admin/riskrules/"


@pytest.fixture
def desk(operator, browser_of):
    return browser_of(operator)


def form(rules, **changes):
    """All fields as the page sends them."""
    fields = fields_of(rules) | changes
    if not fields["report_only"]:
        del fields["report_only"]
    return fields


def rules_page(tenant) -> str:
    return f"{RULES}{tenant.pk if tenant else PLATFORM_POLICY_ID}/change/"


@pytest.mark.parametrize("url", [RISKS, RULES])
def test_nobody_but_operators_gets_in(browser_of, owner, url):
    assert browser_of(owner).get(url, follow=True).status_code == 403


# --- findings --------------------------------------------------------------------------------


def test_a_finding_says_what_was_seen_and_done(desk, member, acme, admin):
    risk = travel(
        member, acme, response=Response.END_NEW, held_back=True, state=RiskState.DISMISSED,
        decided_by=admin, note="On a plane with Wi-Fi.",
    )  # fmt: skip
    page = desk.get(f"{RISKS}{risk.pk}/change/").content.decode()
    for fact in (
        "member@acme.test", "Impossible travel", "London", "Bangkok", "9,530 km",
        "Would have ended the newer session", "Dismissed", "admin@acme.test",
        "On a plane with Wi-Fi.", f"/admin/sessions_admin/session/{risk.session_id}/change/",
        f"/admin/sessions_admin/session/{risk.other_session_id}/change/",
    ):  # fmt: skip
        assert fact in page
    assert "Bangkok" in desk.get(RISKS).content.decode()


def test_findings_are_neither_written_nor_deleted(desk, member, acme):
    risk = suspect(member, acme)
    assert desk.get(f"{RISKS}add/").status_code == 403
    assert desk.post(f"{RISKS}{risk.pk}/change/", {"state": "dismissed"}).status_code == 403
    assert desk.post(f"{RISKS}{risk.pk}/delete/", {"post": "yes"}).status_code == 403
    risk.refresh_from_db()
    assert risk.state == RiskState.OPEN


def test_findings_are_found_and_never_counted(desk, member, outsider, acme, globex):
    one = suspect(member, acme, Detector.NEW_DEVICE)
    other = suspect(outsider, globex, Detector.NEW_COUNTRY, state=RiskState.ACTED_ON)

    def found(**query):
        return {row.pk for row in desk.get(RISKS, query).context["cl"].result_list}

    with CaptureQueriesContext(connection) as statements:
        assert found() == {one.pk, other.pk}
    assert [sql for sql in statements if "COUNT(" in sql["sql"].upper()] == []
    assert found(q="member@") == found(tenant=acme.pk) == found(state="open") == {one.pk}
    assert found(detector="new_country") == {other.pk}
    assert desk.get(f"{RISKS}?evidence__contains=x").status_code == 400


@pytest.mark.parametrize("detector", Detector)
def test_every_finding_can_be_shown_with_evidence_and_without(desk, member, acme, detector):
    risk = suspect(member, acme, detector)
    assert desk.get(f"{RISKS}{risk.pk}/change/").status_code == 200
    assert Risk.objects.get().detector == detector


# --- rules -----------------------------------------------------------------------------------


def test_the_platforms_rules_are_listed_and_changed(desk, operator):
    assert "Platform" in desk.get(RULES).content.decode()
    rules = ensure_rules(None)
    desk.post(rules_page(None), form(rules, new_device="notify", cool_down="12"))
    rules.refresh_from_db()
    assert rules.new_device == Response.NOTIFY
    assert rules.cool_down.total_seconds() == 12 * 3600
    event = AuditEvent.objects.get(action="risk_rules.changed")
    assert (event.actor, event.tenant) == (operator, None)
    assert "8 on, 1 with a consequence" in desk.get(RULES).content.decode()


def test_a_tenants_rules_are_changed_as_in_the_portal(desk, acme, operator):
    rules = ensure_rules(None)
    fields = form(rules, report_only="", impossible_travel="end_new", trusted_networks="AS64496")
    desk.post(rules_page(acme), fields)
    own = RiskRules.objects.get(tenant=acme)
    assert (own.report_only, own.impossible_travel) == (False, Response.END_NEW)
    assert AuditEvent.objects.get(action="risk_rules.changed").tenant == acme
    rules.refresh_from_db()
    assert rules.report_only


@pytest.mark.parametrize(
    "changes",
    [
        {"top_speed_kmh": "fast"},
        {"top_speed_kmh": "100"},
        {"new_device": "end_old"},
        {"new_device": "panic"},
        {"trusted_networks": "203.0.113.0/99"},
        {"shared_addresses": "AS64496"},
    ],
)
def test_rules_that_make_no_sense_are_refused(desk, acme, changes):
    rules = ensure_rules(acme)
    response = desk.post(rules_page(acme), form(rules, **changes))
    assert set(changes) <= set(response.context["adminform"].form.errors)
    assert not AuditEvent.objects.filter(action="risk_rules.changed").exists()


def test_rules_are_neither_added_nor_deleted(desk, acme):
    rules = ensure_rules(acme)
    assert desk.get(f"{RULES}add/").status_code == 403
    assert desk.post(f"{RULES}{rules.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.get(f"{RULES}{uuid7()}/change/").status_code == 302


def test_changing_rules_wants_a_fresh_proof(operator, acme):
    rules = ensure_rules(acme)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        desk = Browser()
        desk.sign_in(operator)
        clock.shift(660)
        response = desk.post(rules_page(acme), form(rules, report_only=""))
    assert response.url.startswith("/accounts/reauthenticate/")
    rules.refresh_from_db()
    assert rules.report_only

"""What an administrator does about a finding: dismiss it, end its sessions, trust the network."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.models import AuditEvent, Risk, RiskRules, Session
from sessions_admin.vocabulary import AuditAction, EndReason, RiskState
from tenants.models import Tenant
from tenants.permissions import Permission, Section
from tests.holdings import hold
from tests.suspicions import BANGKOK, LONDON, suspect, travel


@pytest.fixture
def admins(browser_of, admin):
    return browser_of(admin)


@pytest.fixture
def risk(member, acme):
    return travel(member, acme)


def act(browser, risk, verb, **fields):
    return browser.post(f"/risks/{risk.pk}/{verb}/", fields, follow=True)


def told(response):
    return [str(message) for message in response.context["messages"]]


def open_ids(risk):
    both = Session.objects.filter(pk__in=[risk.session_id, risk.other_session_id])
    return set(both.filter(ended_at=None).values_list("pk", flat=True))


def prove_long_ago(browser):
    Session.objects.filter(pk=browser.session_row.pk).update(
        authenticated_at=timezone.now() - timedelta(minutes=11)
    )


@pytest.mark.parametrize("verb", ["dismiss", "end", "trust"])
def test_another_tenant_finds_nothing(browser_of, outsider, risk, verb):
    response = browser_of(outsider).post(f"/risks/{risk.pk}/{verb}/", {"note": "x", "which": "new"})
    assert response.status_code == 404
    assert Risk.objects.get().state == RiskState.OPEN
    assert len(open_ids(risk)) == 2


@pytest.mark.parametrize("verb", ["dismiss", "end", "trust"])
def test_with_the_section_off_there_is_nothing(admins, acme, risk, verb):
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {Section.RISKS})
    assert admins.post(f"/risks/{risk.pk}/{verb}/").status_code == 404


def test_the_page_offers_nothing_to_those_who_only_look(browser_of, auditor, admins, risk):
    path = f"/risks/{risk.pk}/"
    assert "<form" not in browser_of(auditor).get(path).text.split("<main")[1]
    for verb in ("dismiss", "end", "trust"):
        assert f'action="/risks/{risk.pk}/{verb}/"' in admins.get(path).text


# --- dismissing ------------------------------------------------------------------------------


def test_it_is_dismissed_with_a_reason(admins, admin, risk):
    response = act(admins, risk, "dismiss", note="  On a\nflight \u202e ")
    assert told(response) == ["Dismissed."]
    risk.refresh_from_db()
    assert (risk.state, risk.decided_by, risk.note) == (RiskState.DISMISSED, admin, "On a flight")
    event = AuditEvent.objects.get(action=AuditAction.RISK_DECIDED)
    assert (event.actor, event.user, event.data["note"]) == (admin, risk.user, "On a flight")
    assert "Dismissed by Ann Lee" in response.text
    assert f'action="/risks/{risk.pk}/dismiss/"' not in response.text


def test_it_is_not_dismissed_without_one(admins, risk):
    response = admins.post(f"/risks/{risk.pk}/dismiss/", {"note": "  "})
    assert response.status_code == 422
    assert "Say why it is harmless" in response.text
    assert Risk.objects.get().state == RiskState.OPEN


def test_dismissing_asks_for_a_proof_of_today(admins, risk):
    """Nor does somebody who acts as an administrator dismiss in their name: that is no proof."""
    Session.objects.filter(pk=admins.session_row.pk).update(
        authenticated_at=timezone.now() - timedelta(hours=13)
    )
    for path in (f"/risks/{risk.pk}/dismiss/", "/risks/dismiss/"):
        response = admins.post(path, {"note": "x", "risk": str(risk.pk)})
        assert response.url.startswith("/accounts/reauthenticate/")
    assert Risk.objects.get().state == RiskState.OPEN


def test_it_is_dismissed_once(admins, browser_of, owner, risk):
    act(browser_of(owner), risk, "dismiss", note="First")
    assert told(act(admins, risk, "dismiss", note="Second")) == [
        "Somebody has decided about it already."
    ]
    assert Risk.objects.get().note == "First"
    assert AuditEvent.objects.filter(action=AuditAction.RISK_DECIDED).count() == 1


def test_what_the_rules_did_may_be_dismissed_after_all(admins, member, acme):
    risk = suspect(member, acme, state=RiskState.ACTED_ON, decided_at=timezone.now())
    assert f'action="/risks/{risk.pk}/dismiss/"' in admins.get(f"/risks/{risk.pk}/").text
    assert told(act(admins, risk, "dismiss", note="It was her")) == ["Dismissed."]
    assert f'action="/risks/{risk.pk}/dismiss/"' not in admins.get(f"/risks/{risk.pk}/").text


def dismiss_many(browser, *risks, note="Known"):
    return browser.post(
        "/risks/dismiss/", {"risk": [str(one.pk) for one in risks], "note": note}, follow=True
    )


def test_many_are_dismissed_for_one_reason(admins, admin, member, acme):
    risks = [suspect(member, acme) for _ in range(3)]
    left = suspect(member, acme)
    assert told(dismiss_many(admins, *risks)) == ["Dismissed 3 findings."]
    assert {one.pk for one in Risk.objects.filter(state=RiskState.OPEN)} == {left.pk}
    events = AuditEvent.objects.filter(action=AuditAction.RISK_DECIDED)
    assert [(event.actor, event.data["note"]) for event in events] == [(admin, "Known")] * 3


def test_of_many_only_those_of_the_tenant_that_are_open(admins, member, outsider, acme, globex):
    theirs = suspect(outsider, globex)
    done = suspect(member, acme, state=RiskState.ACTED_ON, decided_by=member)
    assert told(dismiss_many(admins, theirs, done)) == ["Dismissed 0 findings."]
    states = dict(Risk.objects.values_list("pk", "state"))
    assert states == {theirs.pk: RiskState.OPEN, done.pk: RiskState.ACTED_ON}


def test_many_want_a_choice_and_a_reason(admins, member, acme):
    risk = suspect(member, acme)
    assert told(dismiss_many(admins)) == ["Tick the findings to dismiss first."]
    assert told(dismiss_many(admins, risk, note=" "))[0].startswith("Say why they are harmless")
    bad = admins.post("/risks/dismiss/", {"risk": ["nonsense"], "note": "x"}, follow=True)
    assert told(bad) == ["Tick the findings to dismiss first."]
    assert Risk.objects.get().state == RiskState.OPEN


# --- ending ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "stays"), [("new", "other_session_id"), ("old", "session_id"), ("both", None)]
)
def test_it_ends_exactly_the_chosen_sessions(admins, admin, risk, which, stays):
    response = act(admins, risk, "end", which=which)
    assert open_ids(risk) == ({getattr(risk, stays)} if stays else set())
    count = 1 if stays else 2
    assert told(response)[0].startswith(f"Dave Moreau: {count} session")
    events = AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED)
    assert {event.data["reason"] for event in events} == {EndReason.REVOKED_BY_ADMIN}
    assert {event.actor for event in events} == {admin}
    risk.refresh_from_db()
    assert (risk.state, risk.decided_by) == (RiskState.ACTED_ON, admin)


def test_the_person_is_told_what_was_seen_in_their_language(admins, member, risk):
    member.language = "de"
    member.save()
    act(admins, risk, "end", which="new")
    risk.session.refresh_from_db()
    assert "9.530" in risk.session.end_note


def test_nothing_ends_without_a_choice(admins, risk):
    assert told(act(admins, risk, "end", which="nonsense")) == [
        "Choose the session to log out first."
    ]
    assert len(open_ids(risk)) == 2
    assert Risk.objects.get().state == RiskState.OPEN


def test_what_had_ended_already_is_said(admins, risk):
    act(admins, risk, "end", which="new")
    assert told(act(admins, risk, "end", which="new")) == ["It had ended already."]
    assert AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED).count() == 1


def test_a_session_in_another_tenant_is_never_ended(admins, acme, globex, contractor):
    theirs = hold(contractor, globex, place=LONDON)
    ours = hold(contractor, acme, place=BANGKOK)
    risk = suspect(contractor, acme, session=ours, other=theirs)
    act(admins, risk, "end", which="both")
    assert open_ids(risk) == {theirs.pk}
    assert told(act(admins, risk, "end", which="old")) == ["Choose the session to log out first."]


def test_ones_own_session_leads_to_the_page_that_says_why(admins, admin, acme):
    risk = suspect(admin, acme, session=admins.session_row)
    assert admins.post(f"/risks/{risk.pk}/end/", {"which": "new"}).url == "/signed-out/"


def test_ending_asks_for_a_fresh_proof(admins, risk):
    prove_long_ago(admins)
    response = admins.post(f"/risks/{risk.pk}/end/", {"which": "new"})
    assert response.url.startswith("/accounts/reauthenticate/")
    assert len(open_ids(risk)) == 2


# --- trusting --------------------------------------------------------------------------------


def trusted(tenant):
    return RiskRules.objects.get(tenant=tenant).trusted_networks.splitlines()


def test_the_network_is_trusted_from_now_on(admins, admin, acme, risk):
    response = act(admins, risk, "trust", network="AS64501")
    assert told(response) == ["From now on AS64501 is trusted."]
    act(admins, risk, "trust", network="198.51.100.44")
    assert trusted(acme) == ["AS64501  # Siam Broadband", "198.51.100.44"]
    event = AuditEvent.objects.filter(action=AuditAction.RISK_RULES_CHANGED).earliest("at")
    assert (event.actor, event.tenant) == (admin, acme)
    assert event.data["new"]["trusted_networks"] == "AS64501  # Siam Broadband"


def test_it_is_trusted_once(admins, acme, risk):
    act(admins, risk, "trust", network="AS64501")
    assert told(act(admins, risk, "trust", network="AS64501")) == ["AS64501 was trusted already."]
    assert len(trusted(acme)) == 1


def test_only_networks_of_the_finding_can_be_trusted(admins, risk):
    assert told(act(admins, risk, "trust", network="0.0.0.0/0")) == [
        "Choose one of the networks of this finding."
    ]
    assert not RiskRules.objects.filter(tenant__isnull=False, trusted_networks__gt="").exists()


@pytest.mark.parametrize("missing", [Permission.SESSION_SETTINGS_EDIT, Permission.SESSIONS_VIEW])
def test_trusting_takes_both_permissions(admins, admin, acme, risk, missing):
    group = admin.memberships.get(tenant=acme).groups.get()
    group.permissions -= {missing}
    group.save()
    response = admins.post(f"/risks/{risk.pk}/trust/", {"network": "AS64501"})
    assert response.status_code == 403


def test_trusting_asks_for_a_fresh_proof(admins, risk):
    prove_long_ago(admins)
    response = admins.post(f"/risks/{risk.pk}/trust/", {"network": "AS64501"})
    assert response.url.startswith("/accounts/reauthenticate/")

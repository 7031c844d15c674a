"""“Was this you?”, suspicious sessions in lists, and the devices that a person uses."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.models import AuditEvent, KnownDevice, Risk, Session
from sessions_admin.vocabulary import AuditAction, Detector, EndReason, RiskState
from tenants.models import Tenant
from tenants.permissions import Section
from tests.holdings import SAFARI_IPHONE, hold
from tests.suspicions import BANGKOK, device_of, suspect, travel


@pytest.fixture
def firefox(browser_of, member):
    return browser_of(member)


def prove_long_ago(browser):
    Session.objects.filter(pk=browser.session_row.pk).update(
        authenticated_at=timezone.now() - timedelta(hours=13)
    )


# --- badges and evidence ---------------------------------------------------------------------


def test_my_sessions_show_what_was_found(firefox, member, acme):
    travel(member, acme)
    text = firefox.get("/sessions/").text
    assert "Suspicious" in text
    assert "9,530 km" in text
    assert "/risks/" not in text.split("<main")[1]


def test_what_was_judged_is_no_badge_any_more(firefox, member, acme):
    travel(member, acme, state=RiskState.DISMISSED)
    assert "Suspicious" not in firefox.get("/sessions/").text


def test_the_latest_finding_is_told_and_can_be_filtered(firefox, member, acme):
    session = hold(member, acme, place=BANGKOK)
    suspect(member, acme, Detector.GUESSED_PASSWORD, session=session, age=timedelta(hours=2),
            evidence={"now": {"country": "Thailand"}})  # fmt: skip
    suspect(member, acme, Detector.DORMANT_RETURN, session=session, age=timedelta(hours=1),
            evidence={"now": {"country": "Thailand"}, "days": 44})  # fmt: skip
    hold(member, acme, label="Harmless")
    response = firefox.get("/sessions/?show=suspicious")
    assert [one.pk for one in response.context["page"].sessions] == [session.pk]
    assert "44 days" in response.text


def test_a_new_device_is_news_and_no_suspicion(firefox, member, acme):
    session = hold(member, acme)
    suspect(member, acme, Detector.NEW_DEVICE, session=session)
    text = firefox.get("/sessions/").text
    assert "New device" in text
    assert "Suspicious" not in text


def test_what_is_worse_than_news_is_told_first(firefox, member, acme):
    risk = travel(member, acme)
    for detector in (Detector.NEW_DEVICE, Detector.NEW_COUNTRY):
        suspect(member, acme, detector, session=risk.session, age=timedelta(0))
    [found] = firefox.get("/sessions/?show=suspicious").context["page"].sessions
    assert found.finding["detector"] == Detector.IMPOSSIBLE_TRAVEL


def test_an_administrator_sees_it_on_the_persons_page_with_a_link(browser_of, admin, member, acme):
    risk = travel(member, acme)
    text = browser_of(admin).get(f"/users/{member.pk}/").text
    assert "Suspicious" in text
    assert f'href="/risks/{risk.pk}/"' in text


def test_the_link_is_only_for_those_who_may_follow_it(browser_of, admin, member, acme):
    travel(member, acme)
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {Section.RISKS})
    text = browser_of(admin).get(f"/users/{member.pk}/").text
    assert "Suspicious" in text
    assert "/risks/" not in text


def test_a_tenant_sees_nothing_of_what_was_found_outside_of_it(browser_of, admin, contractor, acme):
    """Before the tenant was chosen the sign-in was compared with sessions everywhere."""
    session = hold(contractor, acme, place=BANGKOK)
    suspect(contractor, None, session=session, evidence={"from": {"city": "Secretville"}})
    text = browser_of(admin).get(f"/users/{contractor.pk}/").text
    assert "Suspicious" not in text
    assert "Secretville" not in text
    assert "Secretville" in browser_of(contractor).get("/sessions/").text


def test_details_tell_the_network_and_what_was_new(firefox, member, acme):
    hold(member, acme, place=BANGKOK, novelty={"device", "country"})
    text = firefox.get("/sessions/").text
    assert "device and country" in text
    assert "Siam Broadband</bdi> (AS64501)" in text


# --- the answer ------------------------------------------------------------------------------


def test_it_was_me_dismisses_what_was_found(firefox, member, acme):
    risk = travel(member, acme)
    response = firefox.post(f"/sessions/{risk.session_id}/recognise/", follow=True)
    risk.refresh_from_db()
    assert (risk.state, risk.decided_by) == (RiskState.DISMISSED, member)
    assert AuditEvent.objects.get(action=AuditAction.RISK_DECIDED).actor == member
    assert "We will not ask about this session again" in response.text
    assert all(one.pk != risk.session_id for one in response.context["inventory"].to_review)
    risk.session.refresh_from_db()
    assert risk.session.ended_at is None


def test_not_me_ends_the_session_and_forgets_its_device(firefox, member, acme):
    risk, device = travel(member, acme), device_of(member)
    Session.objects.filter(pk=risk.session_id).update(known_device=device)
    response = firefox.post(f"/sessions/{risk.session_id}/disown/")
    assert response.url == "/accounts/password/change/"
    risk.session.refresh_from_db()
    assert risk.session.end_reason == EndReason.REVOKED_BY_USER
    assert not KnownDevice.objects.filter(pk=device.pk).exists()
    assert Risk.objects.get().state == RiskState.ACTED_ON
    assert firefox.get("/sessions/").status_code == 200


def test_not_me_of_what_is_over_says_so(firefox, member, acme):
    session = hold(member, acme)
    firefox.post(f"/sessions/{session.pk}/disown/")
    response = firefox.post(f"/sessions/{session.pk}/disown/", follow=True)
    assert "had ended already" in response.text


@pytest.mark.parametrize("verb", ["recognise", "disown"])
def test_nobody_vouches_for_the_session_that_they_sit_in(firefox, member, acme, verb):
    here = firefox.session_row
    suspect(member, acme, session=here)
    assert firefox.post(f"/sessions/{here.pk}/{verb}/").status_code == 404
    assert Risk.objects.get().state == RiskState.OPEN


@pytest.mark.parametrize("verb", ["recognise", "disown"])
def test_nobody_answers_for_somebody_else(browser_of, admin, member, acme, verb):
    risk = travel(member, acme)
    assert browser_of(admin).post(f"/sessions/{risk.session_id}/{verb}/").status_code == 404
    assert Risk.objects.get().state == RiskState.OPEN


@pytest.mark.parametrize("verb", ["recognise", "disown"])
def test_an_answer_asks_for_a_proof_of_today(firefox, member, acme, verb):
    risk = travel(member, acme)
    prove_long_ago(firefox)
    response = firefox.post(f"/sessions/{risk.session_id}/{verb}/")
    assert response.url.startswith("/accounts/reauthenticate/")
    assert Risk.objects.get().state == RiskState.OPEN


# --- devices ---------------------------------------------------------------------------------


def test_my_sessions_list_the_devices_the_last_used_first(firefox, member, owner, acme):
    KnownDevice.objects.all().delete()
    here, phone = device_of(member), device_of(member, SAFARI_IPHONE)
    KnownDevice.objects.filter(pk=here.pk).update(last_seen_at=timezone.now() - timedelta(days=3))
    device_of(owner)
    Session.objects.filter(pk=firefox.session_row.pk).update(known_device=here)
    hold(member, acme, known_device=phone)
    listed = firefox.get("/sessions/").context["devices"]
    assert [one.device for one in listed] == [phone, here]
    assert [(one.is_here, one.is_signed_in) for one in listed] == [(False, True), (True, True)]


def test_a_device_is_forgotten_and_its_sessions_stay(firefox, member, acme):
    device = device_of(member)
    session = hold(member, acme, known_device=device)
    response = firefox.post(f"/sessions/devices/{device.pk}/forget/", follow=True)
    assert "Forgotten: Chrome 142 on Windows." in response.text
    assert not KnownDevice.objects.filter(pk=device.pk).exists()
    session.refresh_from_db()
    assert session.ended_at is None
    assert AuditEvent.objects.get(action=AuditAction.DEVICE_FORGOTTEN).user == member


def test_another_persons_device_is_not_found(browser_of, admin, member):
    device = device_of(member)
    assert browser_of(admin).post(f"/sessions/devices/{device.pk}/forget/").status_code == 404
    assert KnownDevice.objects.exists()


def test_forgetting_asks_for_a_proof_of_today(firefox, member):
    device = device_of(member)
    prove_long_ago(firefox)
    response = firefox.post(f"/sessions/devices/{device.pk}/forget/")
    assert response.url.startswith("/accounts/reauthenticate/")
    assert KnownDevice.objects.exists()

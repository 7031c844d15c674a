"""A suspected session is nobody's until the person has proved that it is them."""

import json

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import AuditEvent, KnownDevice, Notice, Risk
from sessions_admin.vocabulary import AuditAction, NoticeKind, Response, RiskState
from tests.accounts.conftest import authenticator_code
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
ASKED = "/accounts/reauthenticate/"


@pytest.fixture
def suspected(browser_of, member, rules_for, acme):
    """A session that signed in from Bangkok while another one is used in London."""
    rules_for(acme, report_only=False, impossible_travel=Response.STEP_UP)
    browser_of(ip=LONDON_IP).sign_in(member)
    browser = browser_of(ip=BANGKOK_IP)
    browser.sign_in(member)
    assert browser.session_row.suspected_at is not None
    return browser


@pytest.mark.parametrize("url", ["/sessions/", "/profile/", "/users/", "/tenants/", "/admin/", "/"])
def test_every_page_leads_to_the_proof(suspected, url):
    answer = suspected.get(url, follow=True)
    assert answer.redirect_chain[-1][0].startswith(ASKED)
    assert answer.status_code == 200


def test_htmx_and_polls_are_sent_there_too(suspected):
    answer = suspected.get("/sessions/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith(ASKED)
    poll = suspected.get(
        "/live/", headers={"Accept": "application/json", "X-Latchkey-Passive": "1"}
    )
    assert json.loads(poll.content)["signed_out"].startswith(ASKED)


def test_what_was_posted_is_not_kept(suspected, member):
    answer = suspected.post("/profile/", {"display_name": "Thief", "language": "en"})
    assert answer.url.startswith(ASKED)
    suspected.post(answer.url, {"password": PASSWORD})
    member.refresh_from_db()
    assert member.display_name != "Thief"


def test_a_proof_lifts_it(suspected, member, acme):
    assert not KnownDevice.objects.filter(city="Bangkok").exists()
    answer = suspected.post(f"{ASKED}?next=/sessions/", {"password": PASSWORD})
    assert answer.url == "/sessions/"
    assert suspected.get("/sessions/").status_code == 200
    row = suspected.session_row
    assert row.suspected_at is None
    assert row.known_device.city == "Bangkok"
    risk = Risk.objects.get(response=Response.STEP_UP)
    assert (risk.state, risk.decided_by) == (RiskState.ACTED_ON, member)
    assert AuditEvent.objects.filter(action=AuditAction.RISK_DECIDED, user=member).count() == 1


def test_nobody_is_asked_twice_for_the_same_thing(suspected, browser_of, member):
    suspected.post(f"{ASKED}?next=/sessions/", {"password": PASSWORD})
    again = browser_of(ip=BANGKOK_IP)
    again.sign_in(member)
    assert again.get("/sessions/").status_code == 200
    assert Notice.objects.filter(kind=NoticeKind.RISK_DETECTED).count() == 1


def test_until_proved_every_sign_in_is_asked(suspected, browser_of, member):
    again = browser_of(ip=BANGKOK_IP)
    again.sign_in(member)
    assert again.get("/sessions/").url.startswith(ASKED)
    assert Notice.objects.filter(kind=NoticeKind.RISK_DETECTED).count() == 1


def test_a_wrong_password_lifts_nothing(suspected):
    suspected.post(ASKED, {"password": "wrong"})
    assert suspected.get("/sessions/").url.startswith(ASKED)


def test_signing_in_again_is_as_good_a_proof(suspected, member):
    suspected.sign_in(member)
    assert suspected.get("/sessions/").status_code == 200


def test_a_password_without_the_second_factor_is_none(suspected, second_factor, member):
    suspected.sign_in(member)
    assert suspected.get("/sessions/").status_code == 302


def test_one_can_leave(suspected):
    row = suspected.session_row
    suspected.post("/accounts/logout/")
    row.refresh_from_db()
    assert row.end_reason == "logged_out"


def test_the_page_says_why(suspected):
    page = suspected.get("/sessions/", follow=True).content.decode()
    assert "does not look like you" in page


@pytest.fixture
def second_factor(member):
    secret = generate_totp_secret()
    TOTP.activate(member, secret)
    return lambda: authenticator_code(secret)


def test_who_has_a_second_factor_shows_it(suspected, second_factor):
    """A thief who signed in has the password."""
    answer = suspected.get("/sessions/")
    assert answer.url.startswith("/accounts/2fa/reauthenticate/")
    suspected.post(f"{ASKED}?next=/sessions/", {"password": PASSWORD})
    assert suspected.get("/sessions/").status_code == 302
    suspected.post(answer.url, {"code": second_factor()})
    assert suspected.get("/sessions/").status_code == 200

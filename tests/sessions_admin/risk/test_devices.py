"""Browsers that a person has signed in with: the cookie, the record, and forgetting it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from sessions_admin.lifecycle import disown, forget_device
from sessions_admin.lifecycle.birth import Birth, start_session
from sessions_admin.models import AuditEvent, KnownDevice, LoginAttempt, Notice, Risk, Session
from sessions_admin.request.client import Client
from sessions_admin.vocabulary import AuditAction, EndReason, NoticeKind, Novelty, RiskState
from tests.cast import FIREFOX, SAFARI
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP, LYON_IP, PARIS_IP

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
COOKIE = settings.DEVICE_COOKIE_NAME


@pytest.fixture
def at_home(browser_of, member):
    """The browser of the member's first sign-in ever, in Paris."""
    browser = browser_of(ip=PARIS_IP)
    browser.sign_in(member)
    return browser


def novelty_of(browser):
    attempt = LoginAttempt.objects.latest("pk")
    assert attempt.novelty == browser.session_row.novelty
    return browser.session_row.novelty


def told(member):
    return Notice.objects.filter(user=member, kind=NoticeKind.NEW_SIGN_IN)


def test_the_first_sign_in_is_not_new(at_home, member):
    assert novelty_of(at_home) == frozenset()
    assert not told(member).exists()
    device = KnownDevice.objects.get(user=member)
    assert at_home.session_row.known_device == device
    assert (device.browser, device.city) == ("Firefox 145", "Paris")


def test_the_cookie_is_long_lived_and_no_secret_of_the_database(at_home):
    cookie = at_home.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == timedelta(days=400).total_seconds()
    name = cookie.value.rpartition(":")[0]
    assert name.encode() not in bytes(KnownDevice.objects.get().browser_hash)


def test_nobody_gets_it_before_signing_in(browser_of, member):
    browser = browser_of()
    browser.get("/accounts/login/")
    browser.post("/accounts/login/", {"login": member.email, "password": "wrong"})
    assert COOKIE not in browser.cookies


def test_the_same_browser_is_known_wherever_it_goes(at_home, member):
    first = at_home.cookies[COOKIE].value
    at_home.post("/accounts/logout/")
    at_home.defaults["REMOTE_ADDR"] = LYON_IP
    at_home.sign_in(member)
    assert novelty_of(at_home) == frozenset()
    assert at_home.cookies[COOKIE].value == first
    device = KnownDevice.objects.get(user=member)
    assert device.city == "Lyon"
    assert device.last_seen_at > device.first_seen_at


@pytest.mark.parametrize(
    ("ip", "novelty", "is_told"),
    [
        (LYON_IP, {Novelty.DEVICE}, True),
        (LONDON_IP, {Novelty.DEVICE, Novelty.COUNTRY}, True),
        ("10.0.0.1", {Novelty.DEVICE}, True),
    ],
)
def test_another_browser_is_new_and_told(at_home, browser_of, member, ip, novelty, is_told):
    phone = browser_of(ip=ip, agent=SAFARI)
    phone.sign_in(member)
    assert novelty_of(phone) == novelty
    assert told(member).exists() == is_told
    assert KnownDevice.objects.filter(user=member).count() == 2


def test_a_known_browser_in_a_new_country_is_told(at_home, member):
    at_home.post("/accounts/logout/")
    at_home.defaults["REMOTE_ADDR"] = BANGKOK_IP
    at_home.sign_in(member)
    assert novelty_of(at_home) == {Novelty.COUNTRY}
    notice = told(member).get()
    assert notice.data["novelty"] == ["country"]
    assert notice.session == at_home.session_row


def test_cookies_that_were_cleared_are_no_new_device(at_home, browser_of, member):
    """A private window: the same browser at the same address."""
    private = browser_of(ip=PARIS_IP, agent=FIREFOX.replace("145", "146"))
    private.sign_in(member)
    assert novelty_of(private) == frozenset()
    assert not told(member).exists()


@pytest.mark.parametrize("value", ["", "junk", "a:b", "é", "x" * 5000, "name:signature"])
def test_a_forged_cookie_is_a_new_device(at_home, browser_of, member, value):
    phone = browser_of(ip=LYON_IP, agent=SAFARI)
    phone.cookies[COOKIE] = value
    phone.sign_in(member)
    assert novelty_of(phone) == {Novelty.DEVICE}
    assert phone.cookies[COOKIE].value != value


def test_a_shared_browser_is_known_to_each_who_signed_in(at_home, member, admin, browser_of):
    browser_of(ip=LYON_IP).sign_in(admin)
    at_home.post("/accounts/logout/")
    at_home.sign_in(admin)
    assert novelty_of(at_home) == {Novelty.DEVICE}
    hashes = KnownDevice.objects.values_list("browser_hash", flat=True)
    assert len(set(map(bytes, hashes))) == 2
    assert KnownDevice.objects.filter(user=admin).count() == 2


def test_it_signs_nobody_in(at_home, browser_of):
    stranger = browser_of(ip=PARIS_IP)
    stranger.cookies[COOKIE] = at_home.cookies[COOKIE].value
    assert stranger.get("/sessions/").url.startswith("/accounts/login/")


def test_who_had_no_devices_has_no_new_one(browser_of, member):
    """On the day when devices begin to be remembered nobody is told of all that they have."""
    at = timezone.now() - timedelta(days=3)
    LoginAttempt.objects.create(user=member, outcome="succeeded", at=at, country_code="FR")
    browser = browser_of(ip=PARIS_IP)
    browser.sign_in(member)
    assert novelty_of(browser) == frozenset()


def app_sign_in(user, ip):
    """As an app does it, which keeps no cookie; its known device and what was new."""
    birth = Birth(
        user=user, new_key_hash=uuid4().bytes * 2, data=b"", client=Client(ip, "AcmeApp/2.1"),
        amr="pwd", aal=1, persistent=True,
    )  # fmt: skip
    session = Session.objects.get(pk=start_session(birth, key_hash=None))
    return session.known_device, session.novelty


def test_an_app_without_cookies_is_known_at_its_address(at_home, member):
    device, novelty = app_sign_in(member, LYON_IP)
    assert novelty == {Novelty.DEVICE}
    assert app_sign_in(member, LYON_IP) == (device, frozenset())
    other, novelty = app_sign_in(member, PARIS_IP)
    assert novelty == {Novelty.DEVICE}
    assert other != device


# --- forgetting ------------------------------------------------------------------------------


def test_a_forgotten_device_is_new_the_next_time(at_home, member, browser_of):
    browser_of(ip=LYON_IP, agent=SAFARI).sign_in(member)
    device = at_home.session_row.known_device
    assert forget_device(device, member)
    assert not forget_device(device, member)
    assert at_home.get("/sessions/").status_code == 200
    at_home.post("/accounts/logout/")
    at_home.sign_in(member)
    assert novelty_of(at_home) == {Novelty.DEVICE}
    event = AuditEvent.objects.get(action=AuditAction.DEVICE_FORGOTTEN)
    assert (event.user, event.actor) == (member, member)
    assert event.data["device"] == "Firefox 145 on Linux"


def test_disowning_ends_what_the_device_holds_and_settles_the_findings(at_home, browser_of, member):
    thief = browser_of(ip=BANGKOK_IP, agent=SAFARI)
    thief.sign_in(member)
    thiefs = Session.objects.get(user=member, city="Bangkok")
    other = Session.objects.create(
        user=member, tenant=thiefs.tenant, known_device=thiefs.known_device
    )
    assert disown(thiefs, member)
    ended = Session.objects.ended().filter(end_reason=EndReason.REVOKED_BY_USER, ended_by=member)
    assert set(ended.values_list("pk", flat=True)) == {thiefs.pk, other.pk}
    assert at_home.get("/sessions/").status_code == 200
    assert not KnownDevice.objects.filter(user=member, city="Bangkok").exists()
    risks = Risk.objects.filter(session=thiefs)
    assert risks
    assert {(risk.state, risk.decided_by) for risk in risks} == {(RiskState.ACTED_ON, member)}
    assert not disown(thiefs, member)

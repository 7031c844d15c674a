"""Signing in with an app: the same rules as with a browser, and a session like any other."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from sessions_admin.models import AuditEvent, LoginAttempt, RefreshToken, RiskRules, Session
from sessions_admin.request.sealing import hash_of
from sessions_admin.vocabulary import EndReason, Kind
from tests.apps import AGENT, LOGIN, App
from tests.holdings import hold


@pytest.fixture
def app(cast):
    return App()


def codes(answer):
    return [error["code"] for error in answer.json()["errors"]]


def give_authenticator(user):
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def code_now(secret):
    counter = int(timezone.now().timestamp()) // 30
    return f"{hotp_value(secret, counter):06d}"


def test_it_gets_tokens_and_no_cookie(app, member):
    answer = app.sign_in(member)
    assert answer.status_code == 200
    assert not answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]
    meta = answer.json()["meta"]
    assert meta.keys() == {
        "is_authenticated", "access_token", "refresh_token", "token_type", "expires_in"
    }  # fmt: skip
    assert meta["expires_in"] == 300
    assert answer.json()["data"]["user"] == {
        "id": str(member.pk), "email": "member@acme.test", "display": member.name
    }  # fmt: skip


def test_its_session_is_one_like_any_other(app, acme, member, browser_of):
    app.sign_in(member)
    session = app.session
    assert (session.kind, session.tenant, session.user) == (Kind.APP, acme, member)
    assert (session.amr, session.aal, session.user_agent) == ("pwd", 1, AGENT)
    assert session.key_hash is None
    assert session.expires_at - session.authenticated_at == pytest.approx(
        timedelta(days=30), abs=timedelta(seconds=2)
    )
    assert LoginAttempt.objects.get(session=session).outcome == "succeeded"
    assert AuditEvent.objects.get(action="session.started").session_id == session.pk
    page = browser_of(member).get("/sessions/").content.decode()
    assert str(session.pk) in page
    assert ">App<" in page


def test_logging_out_everywhere_ends_it(app, member, browser_of):
    app.sign_in(member)
    browser_of(member).post("/sessions/end-others/")
    assert app.session.end_reason == EndReason.REVOKED_BY_USER
    assert app.go_on().json() == {"error": "invalid_grant"}


def test_a_wrong_password_gets_the_one_answer(app, member, cast):
    wrong = app.sign_in(member, "wrong")
    unknown = app.post(LOGIN, {"email": "nobody@acme.test", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.json() == unknown.json()
    assert not app.access
    assert LoginAttempt.objects.filter(outcome="failed").count() == 2


def test_guessing_is_limited_as_on_the_page(app, member):
    for _ in range(11):
        app.sign_in(member, "wrong")
    assert codes(app.sign_in(member)) == ["too_many_login_attempts"]


def test_a_disabled_person_gets_nothing(app, member):
    type(member).objects.update(is_active=False)
    answer = app.sign_in(member)
    assert answer.status_code != 200
    assert not Session.objects.filter(kind=Kind.APP).exists()


# --- two steps -------------------------------------------------------------------------------


def test_a_second_factor_is_asked_for(app, member):
    secret = give_authenticator(member)
    first = app.sign_in(member)
    assert first.status_code == 401
    pending = next(flow for flow in first.json()["data"]["flows"] if flow.get("is_pending"))
    assert pending["id"] == "mfa_authenticate"
    assert not app.access
    token = first.json()["meta"]["session_token"]
    second = app.keep(
        app.post(
            "/_allauth/app/v1/auth/2fa/authenticate",
            {"code": code_now(secret)},
            **{"X-Session-Token": token},
        )
    )
    assert second.status_code == 200
    assert "session_token" not in second.json()["meta"]
    assert (app.session.amr, app.session.aal) == ("pwd otp", 2)
    assert not Session.objects.open().filter(user=None).exists()


def test_a_new_password_ends_a_sign_in_that_waits(app, member):
    secret = give_authenticator(member)
    token = app.sign_in(member).json()["meta"]["session_token"]
    member.set_password("another-horse-battery")
    member.save()
    answer = app.post(
        "/_allauth/app/v1/auth/2fa/authenticate", {"code": code_now(secret)},
        **{"X-Session-Token": token},
    )  # fmt: skip
    assert answer.status_code == 409
    assert codes(answer) == ["sign_in_lapsed"]
    assert not Session.objects.filter(user=member).exists()


def test_codes_cannot_be_tried_without_end(app, member):
    give_authenticator(member)
    token = app.sign_in(member).json()["meta"]["session_token"]
    answers = [
        app.post(
            "/_allauth/app/v1/auth/2fa/authenticate", {"code": f"{number:06d}"},
            **{"X-Session-Token": token},
        )
        for number in range(12)
    ]  # fmt: skip
    assert codes(answers[0]) != codes(answers[-1])
    assert codes(answers[-1]) == ["too_many_login_attempts"]


def test_tenants_are_not_told_before_the_second_factor(app, contractor):
    give_authenticator(contractor)
    answer = app.sign_in(contractor)
    assert answer.status_code == 401
    assert b"globex" not in answer.content


def test_a_stronger_hasher_keeps_nobody_out(app, member, settings, browser_of):
    """Django hashes the password anew at the sign-in: that is no new password."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS,
    ]  # fmt: skip
    app.sign_in(member)
    assert app.go_on().status_code == 200
    member.refresh_from_db()
    assert member.password.startswith("pbkdf2")
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
    browser = browser_of()
    browser.sign_in(member)
    assert browser.get("/profile/").status_code == 200
    assert app.go_on().status_code == 200


def test_the_tenant_of_the_first_step_counts_in_the_last(app, contractor, globex):
    secret = give_authenticator(contractor)
    first = app.sign_in(contractor, tenant="globex")
    token = first.json()["meta"]["session_token"]
    app.keep(
        app.post(
            "/_allauth/app/v1/auth/2fa/authenticate",
            {"code": code_now(secret)},
            **{"X-Session-Token": token},
        )
    )
    assert app.session.tenant == globex


@pytest.mark.parametrize("whose", ["unknown", "cookie", "refresh", "access"])
def test_no_other_credential_carries_a_sign_in_on(app, member, browser_of, whose):
    app.sign_in(member)
    cookie = browser_of(member).cookies[django_settings.SESSION_COOKIE_NAME].value
    token = {"unknown": "x" * 43, "cookie": cookie, "refresh": app.refresh, "access": app.access}
    answer = app.post(
        "/_allauth/app/v1/auth/2fa/authenticate", {"code": "1"},
        **{"X-Session-Token": token[whose]},
    )  # fmt: skip
    assert answer.status_code == 410


def test_a_token_is_no_cookie(app, member):
    app.sign_in(member)
    for token in (app.refresh, app.access):
        browser = Client()
        browser.cookies[django_settings.SESSION_COOKIE_NAME] = token
        assert browser.get("/sessions/").status_code == 302
        assert not Session.objects.filter(key_hash=hash_of(token)).exists()


# --- the tenant ------------------------------------------------------------------------------


def test_somebody_of_several_tenants_says_which(app, contractor, globex):
    answer = app.sign_in(contractor)
    assert answer.status_code == 400
    assert codes(answer) == ["tenant_required"]
    assert [one["slug"] for one in answer.json()["data"]["tenants"]] == ["acme", "globex"]
    assert not Session.objects.filter(user=contractor).exists()
    app.sign_in(contractor, tenant="globex")
    assert app.session.tenant == globex


@pytest.mark.parametrize("wanted", ["globex", "nowhere", "x" * 400])
def test_a_foreign_tenant_is_as_unknown_as_none(app, member, wanted):
    answer = app.sign_in(member, tenant=wanted)
    assert codes(answer) == ["tenant_unknown"]
    assert not Session.objects.filter(user=member).exists()


def test_tenants_are_not_told_before_the_password(app, contractor):
    answer = app.sign_in(contractor, "wrong", tenant="nowhere")
    assert codes(answer) == ["email_password_mismatch"]
    assert "data" not in answer.json()


DEEP = "[" * 60_000


@pytest.mark.parametrize(
    "body", ["[]", "{", '"text"', '{"tenant": ["acme"]}', DEEP, '{"tenant": ' + DEEP],
    ids=["list", "open", "text", "tenant", "deep", "deep within"],
)  # fmt: skip
def test_odd_bodies_are_refused(app, body, cast):
    answer = app.client.post(LOGIN, body, content_type="application/json")
    assert answer.status_code == 400


def test_an_operator_signs_in_without_a_tenant(app, operator):
    app.sign_in(operator)
    assert app.session.tenant is None


# --- the limit -------------------------------------------------------------------------------


@pytest.mark.parametrize("at_limit", ["deny", "ask"])
def test_at_the_limit_it_is_told_so(app, acme, member, policy_of, at_limit):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=1, at_limit=at_limit)
    hold(member, acme)
    answer = app.sign_in(member)
    assert answer.status_code == 409
    assert codes(answer) == ["session_limit_reached"]
    assert Session.objects.live().of(member).count() == 1


def test_the_oldest_gives_way_to_it(app, acme, member, policy_of):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=1, at_limit="end_oldest")
    old = hold(member, acme)
    app.sign_in(member)
    old.refresh_from_db()
    assert old.end_reason == EndReason.CONCURRENCY_LIMIT


# --- what is shut ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "auth/signup", "auth/session", "auth/email/verify", "account/email", "auth/reauthenticate",
        "account/password/change", "auth/password/reset", "account/authenticators",
        "auth/code/request",
    ],
)  # fmt: skip
def test_other_flows_of_allauth_do_not_exist(app, cast, path):
    assert app.client.get(f"/_allauth/app/v1/{path}").status_code == 404
    assert app.client.get(f"/_allauth/browser/v1/{path}").status_code == 404


def test_nothing_secret_is_stored(app, member):
    app.sign_in(member)
    row = RefreshToken.objects.get()
    assert app.refresh.encode() not in bytes(row.token_hash)
    assert bytes(row.token_hash) != hash_of(app.refresh)
    for model in (Session, RefreshToken, AuditEvent):
        assert app.refresh not in json.dumps(list(model.objects.values()), default=repr)


# --- the risk rules --------------------------------------------------------------------------


@pytest.mark.parametrize("response", ["end_new", "step_up"])
def test_a_suspicious_sign_in_is_refused_in_words(app, acme, member, response):
    """An app has no page to ask for a further proof."""
    RiskRules.objects.update_or_create(pk=acme.pk, defaults={"tenant": acme})
    RiskRules.objects.filter(pk=acme.pk).update(report_only=False, guessed_password=response)
    for _ in range(6):
        app.sign_in(member, "wrong")
    answer = app.sign_in(member)
    assert answer.status_code == 403
    assert codes(answer) == ["sign_in_suspicious"]
    session = Session.objects.get(kind=Kind.APP)
    assert session.end_reason == EndReason.RISK_DETECTED
    assert not RefreshToken.objects.exists()

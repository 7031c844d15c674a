"""Refresh tokens: one successor each, and a copy found out (RFC 9700 §4.14)."""

import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin.lifecycle import change_policy, end_sessions
from sessions_admin.lifecycle.refreshing import GRACE, SPENT_KEPT
from sessions_admin.models import AuditEvent, Notice, RefreshToken, Session, SessionPolicy
from sessions_admin.session_settings.impact import impact_of
from sessions_admin.tokens.access_tokens import session_of
from sessions_admin.vocabulary import EndReason
from tests.apps import App, form

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def app(member):
    app = App()
    app.sign_in(member)
    return app


def spend(token):
    return form(App().client, "/oauth/token", grant_type="refresh_token", refresh_token=token)


def test_it_gets_a_new_pair(app):
    before = app.refresh, app.access
    answer = app.go_on()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json().keys() == {
        "access_token", "refresh_token", "token_type", "expires_in", "scope"
    }  # fmt: skip
    assert app.refresh != before[0]
    assert session_of(app.access).id == session_of(before[1]).id


def test_allauths_own_address_does_the_same(app):
    answer = app.post("/_allauth/app/v1/tokens/refresh", {"refresh_token": app.refresh})
    assert answer.status_code == 200
    app.refresh = answer.json()["data"]["refresh_token"]
    assert app.go_on().status_code == 200


def test_what_the_token_says_of_the_sign_in_stays(app):
    fixed = ("sub", "sid", "auth_time", "amr", "acr", "client_id", "tenant", "aud", "iss", "scope")
    before = form(app.client, "/oauth/introspect", bearer=app.access, token=app.access).json()
    with time_machine.travel(timezone.now() + HOUR, tick=False):
        app.go_on()
        after = form(app.client, "/oauth/introspect", bearer=app.access, token=app.access).json()
    assert {name: before[name] for name in fixed} == {name: after[name] for name in fixed}
    assert before["jti"] != after["jti"]


def test_a_refresh_is_activity_and_the_use_of_a_token_is_none(app, acme, policy_of):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=30 * MINUTE)
    begun = app.session.last_seen_at
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(20 * MINUTE)
        form(app.client, "/oauth/introspect", bearer=app.access, token=app.access)
        assert app.session.last_seen_at == begun
        app.go_on()
        assert app.session.last_seen_at == timezone.now()
        clock.shift(20 * MINUTE)
        assert app.go_on().status_code == 200
        clock.shift(30 * MINUTE)
        assert app.go_on().status_code == 400
    assert app.session.end_reason == EndReason.IDLE_TIMEOUT


def test_a_new_place_is_a_sighting(app):
    app.client = type(app.client)(headers={"user-agent": "Acme/2.2"}, REMOTE_ADDR="198.51.100.9")
    app.go_on()
    assert app.session.ip == "198.51.100.9"
    assert app.session.sightings.count() == 2


def test_a_lost_answer_is_given_again(app):
    lost = spend(app.refresh).json()
    again = spend(app.refresh).json()
    assert again["refresh_token"] == lost["refresh_token"]
    assert RefreshToken.objects.filter(spent_at=None).count() == 1
    app.refresh = again["refresh_token"]
    assert app.go_on().status_code == 200


def test_a_copy_that_comes_later_ends_the_session(app, member, acme):
    stolen = app.refresh
    app.go_on()
    with time_machine.travel(timezone.now() + GRACE + timedelta(seconds=1)):
        assert spend(stolen).json() == {"error": "invalid_grant"}
        assert app.session.end_reason == EndReason.TOKEN_REUSE
        assert app.go_on().json() == {"error": "invalid_grant"}
        assert session_of(app.access) is None
    event = AuditEvent.objects.get(action="token.reused")
    assert (event.user_id, event.tenant_id, event.session_id) == (
        member.pk, acme.pk, app.session.pk
    )  # fmt: skip
    assert AuditEvent.objects.get(action="session.ended").data["reason"] == "token_reuse"
    assert Notice.objects.get(user=member, kind="session_ended").data["reason"] == "token_reuse"


def test_it_is_found_out_once(app):
    stolen = app.refresh
    app.go_on()
    with time_machine.travel(timezone.now() + MINUTE):
        spend(stolen)
        spend(stolen)
    assert AuditEvent.objects.filter(action="token.reused").count() == 1


def test_spent_tokens_are_forgotten_in_the_end(app):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(9):
            app.go_on()
            clock.shift(DAY - MINUTE)
    kept = RefreshToken.objects.exclude(spent_at=None).order_by("spent_at").first()
    assert RefreshToken.objects.count() <= 9
    assert kept.spent_at > timezone.now()
    assert SPENT_KEPT == 7 * DAY


def test_a_copy_is_found_out_when_its_row_is_long_gone(app):
    """The thief of a phone that lies in a drawer goes on meanwhile; then its owner comes back."""
    drawer = app.refresh
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(20):
            app.go_on()
            clock.shift(DAY - MINUTE)
        assert not RefreshToken.objects.filter(issued_at__lt=timezone.now() - 9 * DAY).exists()
        assert spend(drawer).json() == {"error": "invalid_grant"}
        assert app.session.end_reason == EndReason.TOKEN_REUSE
        assert app.go_on().status_code == 400


def test_nobody_makes_a_token_that_looks_spent(app):
    """It would end somebody else's session."""
    value = app.refresh.removeprefix("lkr_")
    raw = bytearray(urlsafe_b64decode(value + "=="))
    for at in (0, 16, 30, len(raw) - 1):
        made = raw.copy()
        made[at] ^= 1
        text = "lkr_" + urlsafe_b64encode(bytes(made)).decode().rstrip("=")
        assert spend(text).json() == {"error": "invalid_grant"}
    for text in ("lkr_", "lkr_" + value[:-22], "lkr_" + value + value[:20], "lkr_!" + value):
        assert spend(text).json() == {"error": "invalid_grant"}
    assert app.session.ended_at is None


def test_a_database_that_was_set_back_accuses_nobody(app):
    """Of a copy: the app has a token that the backup does not know yet."""
    held = app.refresh
    with time_machine.travel(timezone.now() + MINUTE, tick=False):
        app.go_on()
        RefreshToken.objects.get(spent_at=None).delete()
        RefreshToken.objects.update(spent_at=None, successor=b"")
        assert app.go_on().json() == {"error": "invalid_grant"}
    assert app.session.ended_at is None
    assert spend(held).status_code == 200


def test_a_copy_of_a_suspected_session_ends_it(app):
    stolen = app.refresh
    app.go_on()
    Session.objects.update(suspected_at=timezone.now())
    with time_machine.travel(timezone.now() + MINUTE):
        spend(stolen)
    assert app.session.end_reason == EndReason.TOKEN_REUSE


ENDINGS = {
    "ended": lambda cast, app: end_sessions(
        Session.objects.filter(pk=app.session.pk), reason=EndReason.LOGGED_OUT, actor=None
    ),
    "disabled": lambda cast, app: disable_user(cast.member, actor=None),
    "disabled past us": lambda cast, app: type(cast.member).objects.update(is_active=False),
    "suspected": lambda cast, app: Session.objects.update(suspected_at=timezone.now()),
    "another kind": lambda cast, app: Session.objects.update(kind="browser"),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_it_dies_with_its_session(cast, app, end):
    end(cast, app)
    assert app.go_on().json() == {"error": "invalid_grant"}
    assert RefreshToken.objects.count() == 1


def test_a_password_that_is_changed_past_us_ends_it(app, member):
    member.set_password("another-horse-battery")
    member.save()
    assert app.go_on().json() == {"error": "invalid_grant"}
    assert app.session.end_reason == EndReason.CREDENTIAL_CHANGED


def test_a_new_server_secret_ends_no_session_while_the_former_counts(app, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "s" * 64
    assert app.go_on().status_code == 200
    settings.SECRET_KEY_FALLBACKS = []  # the session has moved to the new one
    assert app.go_on().status_code == 200
    settings.SECRET_KEY = "t" * 64
    assert app.go_on().json() == {"error": "invalid_grant"}


def test_it_ends_for_good_after_the_tenants_time(app, acme, member, policy_of):
    policy_of(acme, refresh_token_lifetime=2 * HOUR)
    app = App()
    app.sign_in(member)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            clock.shift(20 * MINUTE)
            assert app.go_on().status_code == 200
        clock.shift(20 * MINUTE)
        assert app.go_on().status_code == 400
    assert app.session.end_reason == EndReason.ABSOLUTE_TIMEOUT


def test_a_shorter_time_applies_at_once_and_is_foretold(app, acme, admin):
    Session.objects.filter(pk=app.session.pk).update(
        authenticated_at=timezone.now() - 3 * DAY, started_at=timezone.now() - 3 * DAY
    )
    policy = SessionPolicy.objects.get(tenant=acme)
    policy.refresh_token_lifetime = 2 * DAY
    impact = impact_of(policy.rules(), acme, using=None)
    assert impact.ending == {EndReason.ABSOLUTE_TIMEOUT: 1}
    change = change_policy(acme, {"refresh_token_lifetime": 2 * DAY}, admin)
    assert [one.reason for one in change.ended] == [EndReason.ABSOLUTE_TIMEOUT]
    assert app.session.ended_at


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"refresh_token": "x"}, "invalid_request"),
        ({"grant_type": "password", "refresh_token": "x"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "lkr_" + "x" * 43}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "lkr_" + "x" * 999}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "lkr_\N{SNOWMAN}"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "\0"}, "invalid_grant"),
        (
            {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "other"},
            "invalid_client",
        ),
    ],
)
def test_what_is_wrong_is_said(client, db, fields, code):
    answer = form(client, "/oauth/token", **fields)
    assert answer.json() == {"error": code}
    assert answer.status_code == (401 if code == "invalid_client" else 400)


def test_json_and_repeated_fields_are_refused(client, db):
    body = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = client.post("/oauth/token", body, content_type="application/json")
    assert answer.json() == {"error": "invalid_request"}
    twice = "grant_type=refresh_token&refresh_token=a&refresh_token=b"
    answer = client.post(
        "/oauth/token", twice, content_type="application/x-www-form-urlencoded"
    )  # fmt: skip
    assert answer.json() == {"error": "invalid_request"}


# --- races -----------------------------------------------------------------------------------


def together(count, act):
    """The results of so many threads that act at the same moment."""
    barrier, results = threading.Barrier(count), []

    def run():
        barrier.wait()
        try:
            results.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_hundred_at_once_get_one_successor(cast):
    app = App()
    app.sign_in(cast.member)
    answers = [
        answer
        for _ in range(5)  # of twenty threads: a hundred connections are more than a server has
        for answer in together(20, lambda: spend(app.refresh))
    ]
    assert [answer.status_code for answer in answers] == [200] * 100
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert RefreshToken.objects.count() == 2
    assert not AuditEvent.objects.filter(action="token.reused").exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_ending_beside_a_refresh_wins(cast):
    """Whatever the order, what the refresh gave out is worth nothing afterwards."""
    for _ in range(10):
        app = App()
        app.sign_in(cast.member)
        sessions = Session.objects.filter(pk=app.session.pk)

        def end(sessions=sessions):
            return end_sessions(sessions, reason=EndReason.LOGGED_OUT, actor=None)

        acts = iter([app.go_on, end])
        together(2, lambda acts=acts: next(acts)())
        assert session_of(app.access) is None
        assert app.go_on().status_code == 400

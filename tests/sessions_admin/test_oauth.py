"""Signing out and asking by token: RFC 7009, 7662 and 8414, live from the row."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import resolve
from django.utils import timezone

from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import ApiKey, RefreshToken, Session
from sessions_admin.tokens import api_keys
from sessions_admin.tokens.signing import issuer
from sessions_admin.views import oauth
from sessions_admin.vocabulary import EndReason
from tenants.access import Access, CurrentTenant
from tests.apps import App, form

REVOKE, INTROSPECT = "/oauth/revoke", "/oauth/introspect"
INACTIVE = b'{"active": false}'


@pytest.fixture
def app(member):
    app = App()
    app.sign_in(member)
    return app


@pytest.fixture
def key_of(owner):
    """A tenant's API key, as a program holds it."""

    def make(tenant, **columns):
        key, text = api_keys.create_key(
            CurrentTenant(tenant.pk, tenant.name, tenant.slug), name="Shop", scopes=[],
            lifetime=timedelta(days=1), access=Access(), actor=owner,
        )  # fmt: skip
        ApiKey.objects.filter(pk=key.pk).update(**columns)
        return text

    return make


@pytest.fixture
def ask(client):
    def ask(bearer, token, **fields):
        return form(client, INTROSPECT, bearer=bearer, token=token, **fields)

    return ask


# --- revocation ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_whoever_shows_a_token_signs_its_session_out(app, client, member, kind):
    answer = form(client, REVOKE, token=getattr(app, kind), token_type_hint="nonsense")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    session = app.session
    assert (session.end_reason, session.ended_by) == (EndReason.LOGGED_OUT, member)
    assert app.go_on().status_code == 400


def test_a_spent_token_signs_out_as_well(app, client):
    old = app.refresh
    app.go_on()
    form(client, REVOKE, token=old)
    assert app.session.ended_at


@pytest.mark.parametrize("token", ["nonsense", "lkr_" + "x" * 43, "a.b.c", "\0"])
def test_an_unknown_token_is_as_good_as_revoked(app, client, token):
    assert form(client, REVOKE, token=token).status_code == 200
    assert not app.session.ended_at


def test_it_wants_a_token(client, db):
    assert form(client, REVOKE).json() == {"error": "invalid_request"}


def test_without_the_database_it_does_not_say_done(client, db, monkeypatch):
    def gone(_token):
        raise OperationalError

    monkeypatch.setattr(oauth, "sign_out", gone)
    answer = form(client, REVOKE, token="lkr_x")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


# --- introspection ---------------------------------------------------------------------------


def test_a_tenants_key_learns_what_a_token_is_worth(app, acme, member, key_of, ask):
    answer = ask(key_of(acme), app.access)
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told.pop("exp") - told.pop("iat") == pytest.approx(300, abs=1)
    assert told.pop("jti")
    assert told == {
        "active": True, "token_type": "Bearer", "username": "member@acme.test", "iss": issuer(),
        "aud": issuer(), "sub": str(member.pk), "client_id": "app", "scope": "read write",
        "sid": str(app.session.pk), "tenant": str(acme.pk), "amr": ["pwd"], "acr": "aal1",
        "auth_time": int(app.session.authenticated_at.timestamp()),
    }  # fmt: skip


def test_of_a_refresh_token_too(app, acme, key_of, ask):
    told = ask(key_of(acme), app.refresh).json()
    assert told["active"]
    assert told["sid"] == str(app.session.pk)
    assert told["exp"] == int(app.session.expires_at.timestamp())
    assert "token_type" not in told


def test_an_app_may_ask_about_itself(app, ask):
    assert ask(app.access, app.access).json()["active"]
    assert ask(app.access, app.refresh).json()["active"]


def test_a_person_may_ask_who_may_see_sessions(app, admin, ask):
    theirs = App()
    theirs.sign_in(admin)
    assert ask(theirs.access, app.access).json()["active"]
    assert ask(app.access, theirs.access).content == INACTIVE


def test_the_next_answer_after_an_ending_is_no(app, acme, key_of, ask):
    key = key_of(acme)
    assert ask(key, app.access).json()["active"]
    end_sessions(Session.objects.filter(user__email="member@acme.test"),
                 reason=EndReason.REVOKED_BY_ADMIN, actor=None)  # fmt: skip
    assert ask(key, app.access).content == INACTIVE


UNKNOWN = {
    "nonsense": lambda app: "nonsense",
    "nothing": lambda app: "",
    "over": lambda app: _over(app, app.access),
    "refresh token of an ended session": lambda app: _over(app, app.refresh),
    "spent": lambda app: (app.refresh, app.go_on())[0],
    "unknown refresh token": lambda app: "lkr_" + "x" * 43,
    "suspected": lambda app: (app.access, Session.objects.update(suspected_at=timezone.now()))[0],
    "another person's row": lambda app: (app.access, RefreshToken.objects.all().delete(),
                                         Session.objects.all().delete())[0],
}  # fmt: skip


def _over(app, token):
    Session.objects.filter(pk=app.session.pk).update(ended_at=timezone.now())
    return token


@pytest.mark.parametrize("token_of", UNKNOWN.values(), ids=UNKNOWN)
def test_whatever_is_no_good_gets_the_same_bytes(app, acme, key_of, ask, token_of):
    answer = ask(key_of(acme), token_of(app))
    assert (answer.status_code, answer.content) == (200, INACTIVE)


def test_another_tenants_token_gets_the_same_bytes(app, acme, globex, outsider, key_of, ask):
    theirs = App()
    theirs.sign_in(outsider)
    key = key_of(globex)
    for token in (app.access, app.refresh):
        assert ask(key, token).content == INACTIVE
        assert ask(theirs.access, token).content == INACTIVE


@pytest.mark.parametrize(
    "columns",
    [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}],
    ids=["revoked", "expired"],
)
def test_a_key_that_is_over_may_not_ask(app, acme, key_of, ask, columns):
    answer = ask(key_of(acme, **columns), app.access)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("credential", ["", "nonsense", "lk_nonsense", "lkr_" + "x" * 43])
def test_nobody_may_not_ask(app, ask, credential):
    assert ask(credential, app.access).status_code == 401


def test_a_refresh_token_is_no_credential(app, ask):
    assert ask(app.refresh, app.access).status_code == 401


def test_a_browsers_cookie_is_no_credential(app, admin, browser_of):
    browser = browser_of(admin)
    assert form(browser, INTROSPECT, token=app.access).status_code == 401


def test_it_takes_three_statements(app, acme, key_of, ask, django_assert_num_queries):
    key = key_of(acme, last_used_at=timezone.now())
    ask(key, app.access)  # from now on its signature is known
    # the key, the signing keys (remembered outside of tests), the session
    with django_assert_num_queries(3):
        ask(key, app.access)


# --- metadata --------------------------------------------------------------------------------


def test_the_metadata_tell_the_truth(client, db):
    answer = client.get("/.well-known/oauth-authorization-server")
    assert "public" in answer.headers["Cache-Control"]
    told = answer.json()
    assert told["issuer"] == issuer()
    for name, address in told.items():
        if name.endswith(("_endpoint", "_uri")):
            assert resolve(address.removeprefix(issuer())), name
    assert told["grant_types_supported"] == ["refresh_token"]
    assert told["response_types_supported"] == []

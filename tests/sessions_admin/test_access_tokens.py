"""An access token stands for a session, and dies with it."""

import time
from datetime import timedelta

import jwt
import pytest
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Session
from sessions_admin.request.lookup import find_session_by_id
from sessions_admin.tokens.access_tokens import issue, session_of
from sessions_admin.tokens.signing import issuer, sign
from sessions_admin.vocabulary import EndReason, Kind
from tenants.belonging import suspend_membership, suspend_tenant
from tests.holdings import hold

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def app(cast):
    return hold(cast.member, cast.acme, kind=Kind.APP, amr="pwd otp", aal=2)


def token_of(session):
    return issue(find_session_by_id(session.pk)).value


def claims_in(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_it_says_what_rfc_9068_asks_for(cast, app):
    token = token_of(app)
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    claims = claims_in(token)
    assert claims.pop("jti")
    assert claims.pop("exp") - claims.pop("iat") == pytest.approx(300, abs=1)
    assert claims == {
        "iss": issuer(), "aud": issuer(), "sub": str(cast.member.pk), "client_id": "app",
        "sid": str(app.pk), "tenant": str(cast.acme.pk), "amr": ["pwd", "otp"], "acr": "aal2",
        "auth_time": int(app.authenticated_at.timestamp()), "scope": "read write",
    }  # fmt: skip


def test_the_session_is_found_by_one_select(app, django_assert_num_queries):
    token = token_of(app)
    session_of(token)  # from now on its signature is known
    with django_assert_num_queries(2):  # the keys (remembered outside of tests), and the session
        found = session_of(token)
    assert found.id == app.pk
    assert found.user.email == "member@acme.test"
    assert found.access.tenant.slug == "acme"


def test_it_lives_as_long_as_the_tenant_says(cast, app, policy_of):
    policy_of(cast.acme, access_token_lifetime=20 * MINUTE)
    lifetime = issue(find_session_by_id(app.pk)).expires_at - timezone.now()
    assert lifetime == pytest.approx(20 * MINUTE, abs=timedelta(seconds=5))


def test_it_never_outlives_its_session(cast, policy_of):
    policy_of(cast.acme, access_token_lifetime=HOUR, absolute_timeout_enabled=True,
              absolute_timeout=HOUR)  # fmt: skip
    app = hold(cast.member, cast.acme, kind=Kind.APP, age=50 * MINUTE)
    token = issue(find_session_by_id(app.pk))
    assert token.expires_at == app.authenticated_at + HOUR
    assert 590 <= token.expires_in <= 600


def test_who_refreshes_in_time_is_never_idle(cast, app, policy_of):
    policy_of(cast.acme, access_token_lifetime=HOUR, idle_timeout_enabled=True,
              idle_timeout=10 * MINUTE)  # fmt: skip
    assert issue(find_session_by_id(app.pk)).expires_in <= 300


def test_the_database_holds_nothing_that_a_session_could_be_made_of(cast, app):
    """Who may write to it would need the session hash to make one that the portal takes."""
    kept = bytes(Session.objects.get(pk=app.pk).data)
    assert kept
    assert cast.member.get_session_auth_hash().encode() not in kept


def another_password(person):
    """Past us: a command, or a program of somebody's who installs our apps."""
    person.set_password("another-horse-battery")
    person.save()


ENDINGS = {
    "logged out": lambda cast, app: end_sessions(
        Session.objects.filter(pk=app.pk), reason=EndReason.LOGGED_OUT, actor=cast.member
    ),
    "disabled": lambda cast, app: disable_user(cast.member, actor=cast.admin),
    "disabled past us": lambda cast, app: type(cast.member).objects.update(is_active=False),
    "shut out": lambda cast, app: suspend_membership(
        cast.member.memberships.get(), actor=cast.admin
    ),
    "tenant suspended": lambda cast, app: suspend_tenant(cast.acme, actor=None),
    "idle": lambda cast, app: Session.objects.update(last_seen_at=timezone.now() - 24 * HOUR),
    "capped": lambda cast, app: Session.objects.update(expires_at=timezone.now()),
    "another password": lambda cast, app: another_password(cast.member),
    "suspected": lambda cast, app: Session.objects.update(suspected_at=timezone.now()),
    "gone": lambda cast, app: Session.objects.all().delete(),
    "moved to another tenant": lambda cast, app: Session.objects.update(tenant=cast.globex),
    "somebody else's": lambda cast, app: Session.objects.update(user=cast.admin),
    "a browser's": lambda cast, app: Session.objects.update(kind=Kind.BROWSER),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_it_is_worth_nothing_when_its_session_is_over(cast, app, end):
    token = token_of(app)
    assert session_of(token)
    end(cast, app)
    assert session_of(token) is None


@pytest.mark.parametrize(
    "changed",
    [{"sid": None}, {"sid": "1"}, {"sid": 1}, {"sub": "somebody"}, {"tenant": None}, {"tenant": 1}],
    ids=str,
)
def test_a_signed_token_about_nothing_is_worth_nothing(app, changed):
    claims = claims_in(token_of(app)) | {"exp": int(time.time()) + 60} | changed
    assert session_of(sign(claims, typ="at+jwt")) is None


def test_a_token_for_somebody_else_is_none_of_ours(app):
    claims = claims_in(token_of(app))
    assert session_of(sign(claims, typ="at+jwt"))
    assert session_of(sign(claims | {"aud": "https://app.test"}, typ="at+jwt")) is None
    assert session_of(sign(claims, typ="latchkey-identity+jwt")) is None

"""The cast of every test: fixed people of two tenants, and their browsers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from sessions_admin.demo.cast import PASSWORD, make_people, make_tenants
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import Session, SessionPolicy
from sessions_admin.request.sealing import hash_of
from tenants.models import Tenant

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)
HOME = "203.0.113.7"
ELSEWHERE = "198.51.100.9"


@dataclass
class Cast:
    """acme: owner, admin, auditor, member; globex: outsider; both: contractor; operator."""

    acme: Tenant
    globex: Tenant
    operator: User
    owner: User
    admin: User
    auditor: User
    member: User
    outsider: User
    contractor: User


@pytest.fixture
def cast(db) -> Cast:
    tenants = make_tenants()
    members: dict[str, Any] = {**tenants, **make_people(tenants)}
    return Cast(**members)


@pytest.fixture
def acme(cast) -> Tenant:
    return cast.acme


@pytest.fixture
def globex(cast) -> Tenant:
    return cast.globex


@pytest.fixture
def operator(cast) -> User:
    return cast.operator


@pytest.fixture
def owner(cast) -> User:
    return cast.owner


@pytest.fixture
def admin(cast) -> User:
    return cast.admin


@pytest.fixture
def auditor(cast) -> User:
    return cast.auditor


@pytest.fixture
def member(cast) -> User:
    return cast.member


@pytest.fixture
def outsider(cast) -> User:
    return cast.outsider


@pytest.fixture
def contractor(cast) -> User:
    return cast.contractor


class Browser(Client):
    """A test client with an address and a user agent, and its session at hand."""

    @property
    def session_row(self) -> Session:
        """The row of this browser's session, live or ended."""
        key = self.cookies[settings.SESSION_COOKIE_NAME].value
        return Session.objects.get(key_hash=hash_of(key))

    def sign_in(self, user: User, password: str = PASSWORD, **fields):
        """By the sign-in page, as a person does."""
        data = {"login": user.email, "password": password, **fields}
        return self.post("/accounts/login/", data)


@pytest.fixture
def browser_of() -> Callable[..., Browser]:
    """A browser in which this person (None: nobody) is signed in, freshly and without the page."""

    def make(user: User | None = None, *, agent: str = FIREFOX, ip: str = HOME) -> Browser:
        browser = Browser(headers={"user-agent": agent}, REMOTE_ADDR=ip)
        if user is not None:
            browser.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
            browser.get("/tenants/")  # the first request brings address and agent
        return browser

    return make


@pytest.fixture
def policy_of() -> Callable[..., SessionPolicy]:
    """Sets the session rules of a tenant (None: the platform's)."""

    def make(tenant: Tenant | None, **values) -> SessionPolicy:
        policy = ensure_policy(tenant)
        SessionPolicy.objects.filter(pk=policy.pk).update(**values)
        policy.refresh_from_db()
        return policy

    return make

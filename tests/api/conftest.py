"""Callers of the API: a program with a key, a person with an access token, a page."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sessions_admin.models import Session
from sessions_admin.request.lookup import find_session_by_id
from sessions_admin.tokens import access_tokens, api_keys
from sessions_admin.vocabulary import Kind
from tenants.access import Access, CurrentTenant
from tests.holdings import hold

API = "/api/v1"


class Program(Client):
    """A caller that speaks JSON; a person's has its session."""

    own: Session

    def __init__(self, authorization: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.authorization = authorization

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if self.authorization:
            headers = {"authorization": self.authorization, **headers}
        content = b"" if body is None else json.dumps(body).encode()
        return self.generic(
            method, API + path, content, content_type="application/json", headers=headers
        )

    def read(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:  # type: ignore[override]
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:  # type: ignore[override]
        return self.call("PATCH", path, body, **headers)


def code_of(response) -> str:
    """Which problem it is; it must look like one."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    return problem["code"]


@pytest.fixture
def key_of(cast) -> Callable[..., Program]:
    """A program with a key of the tenant; with all scopes if none are named."""

    def make(tenant=None, *scopes: str, name: str = "nightly") -> Program:
        tenant = tenant or cast.acme
        place = CurrentTenant(tenant.id, tenant.name, tenant.slug)
        everything = frozenset(str(scope) for scope in api_keys.SCOPES)
        chosen = everything if scopes == () else frozenset(scopes) - {"none"}
        _, text = api_keys.create_key(
            place, name=name, scopes=chosen, lifetime=timedelta(days=30),
            access=Access(place, everything), actor=cast.owner,
        )  # fmt: skip
        return Program(f"Bearer {text}")

    return make


@pytest.fixture
def token_of() -> Callable[..., Program]:
    """A person with an access token of an app session of theirs (`.own`)."""

    def make(user, tenant, **columns: Any) -> Program:
        columns = {"kind": Kind.APP, "age": timedelta(minutes=1), "idle": timedelta(), **columns}
        session = hold(user, tenant, **columns)
        found = find_session_by_id(session.pk)
        assert found
        program = Program(f"Bearer {access_tokens.issue(found).value}")
        program.own = session
        return program

    return make


@pytest.fixture
def page_of_portal(browser_of) -> Callable[..., Program]:
    """A page of the portal, with the session's cookie; CSRF is checked."""

    def make(user) -> Program:
        browser = browser_of(user)
        program = Program(enforce_csrf_checks=True, headers={"user-agent": "page"})
        program.cookies = browser.cookies
        program.own = browser.session_row
        return program

    return make


@pytest.fixture
def live() -> Callable[..., bool]:
    """Whether these sessions are live."""

    def check(*sessions) -> bool:
        count = Session.objects.live().filter(pk__in=[one.pk for one in sessions]).count()
        assert count in {0, len(sessions)}
        return count > 0

    return check

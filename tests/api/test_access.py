"""Every operation × every role, by access token. An operation that is not in it fails."""

import re
import uuid

import pytest
from django.db import transaction

from sessions_admin.api.urls import urlpatterns
from tests.api.conftest import Program
from tests.holdings import hold

ROLES = ("anonymous", "member", "auditor", "admin", "owner", "operator", "outsider")
EVERYBODY = (401, 200, 200, 200, 200, 200, 200)
SEES = (401, 403, 200, 200, 200, 403, 200)
SEES_MEMBER = (401, 403, 200, 200, 200, 403, 404)
ENDS = (401, 403, 403, 200, 200, 403, 200)
ENDS_OF_MEMBER = (401, 403, 403, 200, 200, 403, 404)
# Nothing is sent: who may is told what is missing.
WANTS_MORE = (401, 403, 403, 422, 422, 403, 422)

TABLE = {
    "/me": {"GET": EVERYBODY},
    "/me/sessions": {"GET": EVERYBODY},
    "/me/sessions/{session}/end": {"POST": (401, 200, 404, 404, 404, 404, 404)},
    "/me/sessions/end-others": {"POST": EVERYBODY},
    "/me/sessions/end-all": {"POST": EVERYBODY},
    "/users": {"GET": SEES},
    "/users/{user}": {"GET": SEES_MEMBER},
    "/users/{user}/sessions": {"GET": SEES_MEMBER},
    "/users/{user}/logins": {"GET": SEES_MEMBER},
    "/users/{user}/end-sessions": {"POST": ENDS_OF_MEMBER},
    "/sessions": {"GET": SEES},
    "/sessions/{session}": {"GET": SEES_MEMBER},
    "/sessions/{session}/end": {"POST": ENDS_OF_MEMBER},
    "/sessions/end": {"POST": WANTS_MORE},
    "/sessions/end-all": {"POST": ENDS},
    "/sessions/end-by-query": {"POST": WANTS_MORE},
    "/settings/sessions": {"GET": SEES, "PATCH": WANTS_MORE},
    "/settings/sessions/preview": {"POST": WANTS_MORE},
    "/events": {"GET": SEES},
    "/openapi.json": {"GET": EVERYBODY},
    "/unheard-of": {"GET": (401, *(404,) * 6), "POST": (401, *(404,) * 6)},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
CASES = [(path, method) for path, methods in TABLE.items() for method in methods]


@pytest.fixture
def callers(cast, token_of):
    def of(role: str) -> Program:
        tenant = {"operator": None, "outsider": cast.globex}.get(role, cast.acme)
        return Program() if role == "anonymous" else token_of(getattr(cast, role), tenant)

    return {role: of(role) for role in ROLES}


def filled(path, cast):
    session = hold(cast.member, cast.acme)
    return path.format(session=session.pk, user=cast.member.pk)


@pytest.mark.parametrize(("path", "method"), CASES)
def test_each_role_gets_what_the_table_says(cast, callers, path, method):
    address, got = filled(path, cast), {}
    for role, caller in callers.items():
        with transaction.atomic():  # what one role changes, the next does not find
            got[role] = caller.call(method, address).status_code
            transaction.set_rollback(True)
    assert got == dict(zip(ROLES, TABLE[path][method], strict=True))


@pytest.mark.parametrize("path", TABLE)
def test_other_methods_are_none(cast, callers, path):
    address = filled(path, cast)
    known = {*TABLE[path], *(["HEAD"] if "GET" in TABLE[path] else [])}
    unheard = path == "/unheard-of"
    for method in set(METHODS) - known:
        response = callers["owner"].call(method, address)
        assert response.status_code == (404 if unheard else 405), method
        if not unheard:
            assert set(response.headers["Allow"].split(", ")) == set(TABLE[path])


def test_every_operation_is_in_the_table():
    routes = [str(pattern.pattern) for pattern in urlpatterns]
    found = {"/" + re.sub(r"<\w+:(\w+)_id>", r"{\1}", route) for route in routes}
    assert found - {r"/^[\s\S]*$"} == set(TABLE) - {"/unheard-of"}


FOREIGN = [
    ("GET", "/users/{user}"),
    ("GET", "/users/{user}/sessions"),
    ("GET", "/users/{user}/logins"),
    ("POST", "/users/{user}/end-sessions"),
    ("GET", "/sessions/{session}"),
    ("POST", "/sessions/{session}/end"),
    ("POST", "/me/sessions/{session}/end"),
]


@pytest.mark.parametrize(("method", "path"), FOREIGN)
@pytest.mark.parametrize("kind", ["key", "token"])
def test_what_is_another_tenants_is_as_unknown_to_the_byte(
    cast, callers, key_of, live, method, path, kind
):
    caller = callers["outsider"] if kind == "token" else key_of(cast.globex)
    if kind == "key" and path.startswith("/me"):
        path = path.removeprefix("/me")
    session = hold(cast.member, cast.acme)
    foreign = caller.call(method, path.format(session=session.pk, user=cast.member.pk))
    unknown = caller.call(method, path.format(session=uuid.uuid4(), user=uuid.uuid4()))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    assert sorted(foreign.headers) == sorted(unknown.headers)
    assert live(session)

"""Who may call, and what each caller needs."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client
from django.utils import timezone

from accounts.step_up import ADMINISTRATIVE, OWN_SESSIONS
from sessions_admin.models import ApiKey, AuditEvent, Session
from sessions_admin.vocabulary import Kind
from tests.api.conftest import Program, code_of
from tests.apps import form
from tests.holdings import hold

ISSUED_AGO = timedelta(seconds=1)


def test_a_key_is_a_caller(key_of, acme):
    me = key_of(acme, "users.view").read("/me").json()
    assert me == {
        "name": "API key “nightly”", "user_id": None, "session_id": None,
        "tenant_id": str(acme.id), "tenant": "acme", "permissions": ["users.view"],
        "sections": sorted(acme.sections),
    }  # fmt: skip


def test_an_access_token_is_a_caller(token_of, cast):
    program = token_of(cast.auditor, cast.acme)
    me = program.read("/me").json()
    assert me["name"] == cast.auditor.name
    assert me["session_id"] == str(program.own.pk)
    assert "sessions.view" in me["permissions"]


def test_a_page_is_a_caller(page_of_portal, cast):
    page = page_of_portal(cast.auditor)
    assert page.read("/me").json()["session_id"] == str(page.own.pk)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "lk_x", "Bearer lk_AAAAAAAA_" + "A" * 49],
)
def test_nobody_is_told_so(db, authorization):
    response = Program(authorization).read("/users")
    assert response.status_code == 401
    assert code_of(response) == "not_authenticated"
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="Latchkey"')


def test_a_wrong_credential_beside_a_cookie_is_no_caller(page_of_portal, cast):
    page = page_of_portal(cast.owner)
    assert page.read("/me", authorization="Bearer nonsense").status_code == 401


def test_a_revoked_key_is_nobody_at_once(key_of, acme):
    program = key_of(acme)
    assert program.read("/me").status_code == 200
    ApiKey.objects.update(revoked_at=timezone.now())
    assert program.read("/me").status_code == 401


def test_an_ended_session_calls_no_more(token_of, page_of_portal, cast):
    token, page = token_of(cast.owner, cast.acme), page_of_portal(cast.owner)
    assert token.post("/me/sessions/end-all").json()["ended"] == 2
    assert token.read("/me").status_code == 401
    assert page.read("/me").status_code == 401


# --- pages -----------------------------------------------------------------------------------


def test_a_page_brings_the_csrf_token_to_change_something(page_of_portal, cast):
    page = page_of_portal(cast.owner)
    response = page.post("/me/sessions/end-others")
    assert response.status_code == 403
    assert code_of(response) == "csrf_failed"
    token = _get_new_csrf_string()
    page.cookies["latchkey-csrf"] = token
    assert page.post("/me/sessions/end-others", **{"x-csrftoken": token}).status_code == 200


# --- scopes, sections, proofs ----------------------------------------------------------------

READS = [
    ("/users", "users.view"),
    ("/sessions", "sessions.view"),
    ("/settings/sessions", "session_settings.view"),
    ("/events", "audit.view"),
]


@pytest.mark.parametrize(("path", "permission"), READS)
def test_a_key_without_the_scope_is_refused(key_of, acme, path, permission):
    response = key_of(acme, "none").read(path)
    assert response.status_code == 403
    assert code_of(response) == "forbidden"
    others = {p for _, p in READS if p != permission} | {"users.view"}
    response = key_of(acme, *(others - {permission}), name="other").read(path)
    assert response.json()["permission"] == permission


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("/users", "users"),
        ("/sessions", "users"),
        ("/settings/sessions", "session_settings"),
        ("/events", "audit"),
        ("/me/sessions", "sessions"),
    ],
)
def test_a_section_that_is_off_is_not_there(token_of, cast, path, section):
    cast.acme.sections -= {section}
    cast.acme.save()
    response = token_of(cast.owner, cast.acme).read(path)
    assert response.status_code == 404
    assert code_of(response) == "not_found"


ADMINISTRATIVE_CALLS = [
    ("POST", "/sessions/{id}/end", None),
    ("POST", "/sessions/end", {"ids": ["00000000-0000-0000-0000-000000000000"]}),
    ("POST", "/sessions/end-all", None),
    ("POST", "/sessions/end-by-query", {"query": {"country": "FR"}, "dry_run": True}),
    ("POST", "/users/{user}/end-sessions", None),
    ("PATCH", "/settings/sessions", {"idle_timeout_enabled": True}),
]
OWN_CALLS = [
    ("POST", "/me/sessions/{own}/end", None),
    ("POST", "/me/sessions/end-others", None),
    ("POST", "/me/sessions/end-all", None),
]


@pytest.mark.parametrize(
    ("call", "within"),
    [(call, ADMINISTRATIVE) for call in ADMINISTRATIVE_CALLS]
    + [(call, OWN_SESSIONS) for call in OWN_CALLS],
)
def test_a_person_needs_a_fresh_proof(token_of, cast, call, within):
    method, path, body = call
    other = hold(cast.member, cast.acme, idle=timedelta())
    own = hold(cast.owner, cast.acme, idle=timedelta())
    address = path.format(id=other.pk, user=cast.member.pk, own=own.pk)
    program = token_of(cast.owner, cast.acme, authenticated_at=timezone.now() - within - ISSUED_AGO)
    response = program.call(method, address, body)
    assert response.status_code == 403
    assert code_of(response) == "step_up_required"
    assert response.json()["max_age"] == within.total_seconds()
    assert "insufficient_user_authentication" in response.headers["WWW-Authenticate"]
    fresh = token_of(cast.owner, cast.acme, authenticated_at=timezone.now())
    assert fresh.call(method, address, body).status_code == 200


def test_a_page_proves_by_step_up(page_of_portal, cast):
    page = page_of_portal(cast.owner)
    page.handler.enforce_csrf_checks = False
    assert page.post("/sessions/end-all").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert code_of(page.post("/sessions/end-all")) == "step_up_required"


def test_a_key_has_no_sessions_of_its_own(key_of, acme):
    program = key_of(acme)
    for response in (program.read("/me/sessions"), program.post("/me/sessions/end-all")):
        assert response.status_code == 403
        assert code_of(response) == "person_required"


def test_a_suspected_session_gets_nothing(page_of_portal, token_of, cast):
    page, token = page_of_portal(cast.owner), token_of(cast.owner, cast.acme)
    Session.objects.update(suspected_at=timezone.now())
    assert token.read("/me").status_code == 401
    assert code_of(page.read("/users")) == "step_up_required"


def support_session(cast, token_of, **columns) -> Program:
    """The owner acts for the member."""
    here = hold(cast.owner, cast.acme, idle=timedelta())
    origin = hold(cast.admin, cast.acme, idle=timedelta())
    return token_of(
        cast.admin, cast.acme, kind=Kind.SUPPORT, made_from=origin, asked_in=here,
        asked_by=cast.owner, ask_reason="A test", **columns,
    )  # fmt: skip


def test_a_support_session_that_may_read_changes_nothing(token_of, cast):
    program = support_session(cast, token_of, read_only=True)
    assert program.read("/users").status_code == 200
    response = program.post("/settings/sessions/preview", {})
    assert response.status_code == 403
    assert code_of(response) == "read_only"


def test_a_support_session_is_no_proof_of_the_person(token_of, cast):
    program = support_session(cast, token_of)
    assert code_of(program.post("/sessions/end-all")) == "step_up_required"
    assert code_of(program.post("/me/sessions/end-others")) == "step_up_required"


def test_a_support_session_sees_nothing_of_the_persons_other_tenants(token_of, cast):
    in_acme = hold(cast.contractor, cast.acme, idle=timedelta())
    in_globex = hold(cast.contractor, cast.globex, idle=timedelta())
    here = hold(cast.owner, cast.acme, idle=timedelta())
    program = token_of(
        cast.contractor, cast.acme, kind=Kind.SUPPORT, made_from=in_acme, asked_in=here,
        asked_by=cast.owner, ask_reason="A test",
    )  # fmt: skip
    seen = {one["id"] for one in program.read("/me/sessions").json()["items"]}
    assert seen == {str(in_acme.pk), str(program.own.pk)}
    foreign = program.post(f"/me/sessions/{in_globex.pk}/end")
    unknown = program.post(f"/me/sessions/{uuid4()}/end")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content


def test_a_support_session_dies_with_the_password_of_who_asked_for_it(token_of, cast):
    program = support_session(cast, token_of)
    assert program.read("/me").status_code == 200
    cast.owner.set_password("another-horse-battery")
    cast.owner.save()  # past us: nobody ends the sessions
    assert program.read("/me").status_code == 401


@pytest.mark.parametrize("way", ["api", "revocation"])
def test_who_acts_is_who_ended_a_support_session(token_of, cast, way):
    program = support_session(cast, token_of)
    if way == "api":
        assert program.post(f"/me/sessions/{program.own.pk}/end").json()["ended"] == 1
    else:
        form(Client(), "/oauth/revoke", token=program.authorization.removeprefix("Bearer "))
    program.own.refresh_from_db()
    assert program.own.ended_by == cast.owner
    event = AuditEvent.objects.get(action="session.ended", session_id=program.own.pk)
    assert event.actor == cast.owner


def test_an_operator_without_tenant_is_told(token_of, cast):
    response = token_of(cast.operator, None).read("/users")
    assert response.status_code == 403
    assert code_of(response) == "no_tenant"

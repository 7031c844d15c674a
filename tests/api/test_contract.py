"""What all calls share: problems, JSON, limits, headers, repeated calls."""

import json
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from sessions_admin.api import entrance, idempotency, own_sessions, quota
from sessions_admin.api.problems import KINDS
from sessions_admin.models import IdempotentCall, Session
from tenants.models import Group, Membership
from tests.api.conftest import Program, code_of
from tests.holdings import hold

MANY = {"ids": ["00000000-0000-0000-0000-000000000000"]}


def test_problems_are_told_apart():
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_every_answer_is_for_this_caller_alone(key_of):
    response = key_of().read("/users")
    assert "no-store" in response.headers["Cache-Control"]
    assert {"Authorization", "Cookie"} <= {
        one.strip() for one in response.headers["Vary"].split(",")
    }
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_another_origin_gets_no_permission_to_read(key_of):
    preflight = key_of().call("OPTIONS", "/users", origin="https://elsewhere.example")
    assert preflight.status_code == 405
    assert not [name for name in preflight.headers if name.lower().startswith("access-control")]


def test_plain_http_is_refused_and_not_redirected(key_of, settings):
    settings.SECURE_SSL_REDIRECT = True
    response = key_of().read("/users")
    assert response.status_code == 403
    assert code_of(response) == "https_required"


def test_a_trouble_of_ours_tells_nothing(key_of, monkeypatch, token_of, cast):
    def break_down(*_, **__):
        raise RuntimeError("secret detail")

    program = token_of(cast.owner, cast.acme)
    program.raise_request_exception = False
    monkeypatch.setattr(own_sessions, "page_of", break_down)
    response = program.read("/me/sessions")
    assert response.status_code == 500
    assert code_of(response) == "server_error"
    assert "secret detail" not in response.text


# --- bodies ----------------------------------------------------------------------------------


def raw(program, content, content_type="application/json"):
    return program.generic(
        "POST", "/api/v1/sessions/end", content, content_type=content_type,
        headers={"authorization": program.authorization},
    )  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff", b'{"ids": [], "ids": []}', b'{"ids": NaN}', b"[" * 20_000, b"9" * 5_000],
)
def test_what_is_no_json_is_malformed(key_of, content):
    response = raw(key_of(), content)
    assert response.status_code == 400
    assert code_of(response) == "malformed"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_comes_in(key_of, content_type):
    response = raw(key_of(), json.dumps(MANY), content_type)
    assert response.status_code == 415
    assert code_of(response) == "unsupported_media_type"


def test_a_large_body_is_not_read(key_of):
    response = raw(key_of(), b" " * (entrance.LONGEST_BODY + 1))
    assert response.status_code == 413
    assert code_of(response) == "too_large"


def test_a_body_without_length_is_refused_and_not_overlooked(key_of):
    program = key_of()
    response = program.generic(
        "POST", "/api/v1/sessions/end-all", headers={"authorization": program.authorization},
        HTTP_TRANSFER_ENCODING="chunked",
    )  # fmt: skip
    assert response.status_code == 411
    assert code_of(response) == "length_required"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (None, ""),
        ([], ""),
        ({}, "/ids"),
        ({"ids": []}, "/ids"),
        ({"ids": ["x"]}, "/ids/0"),
        (MANY | {"note": "a\u0000b"}, "/note"),
        (MANY | {"note": "\ud800"}, "/note"),
        (MANY | {"note": "x" * 201}, "/note"),
        (MANY | {"not/e": ""}, "/not~1e"),
        ({"ids": MANY["ids"] * 501}, "/ids"),
    ],
)
def test_it_points_at_what_is_not_possible(key_of, body, pointer):
    response = key_of().post("/sessions/end", body)
    assert response.status_code == 422
    assert code_of(response) == "invalid"
    assert pointer in [error.get("pointer") for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("after=nonsense", "after"),
        ("after=%00", "after"),
        ("q=a%00", "q"),
        ("sort=colour", "sort"),
        ("stat=disabled", "stat"),
        ("a%00=1", "a\x00"),
        ("state=disabled&state=active", "state"),
    ],
)
def test_it_names_the_parameter_that_is_not_possible(key_of, query, parameter):
    response = key_of().read(f"/users?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("path", ["/%0A", "/a%0Ab", "/users%0A", "/%00"])
def test_odd_addresses_are_answered_as_any_unknown_one(key_of, path):
    unknown, odd = key_of().read("/unheard-of"), key_of(name="odd").read(path)
    assert odd.status_code == 404
    assert code_of(odd) == "not_found"
    assert odd.content == unknown.content


# --- limits ----------------------------------------------------------------------------------


def test_it_says_what_is_left(key_of):
    program = key_of()
    first, second = program.read("/me"), program.read("/me")
    assert first.headers["RateLimit-Policy"] == '"default";q=600;w=60'
    assert '"default";r=599;t=' in first.headers["RateLimit"]
    assert '"default";r=598;t=' in second.headers["RateLimit"]


def test_one_call_too_many_waits(key_of, acme, monkeypatch):
    monkeypatch.setattr(quota, "CALLS", 2)
    program = key_of()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [program.read("/me").status_code for _ in range(3)] == [200, 200, 429]
        refused = program.read("/me")
        assert code_of(refused) == "rate_limited"
        assert 0 < int(refused.headers["Retry-After"]) <= quota.PERIOD
        assert '"default";r=0;' in refused.headers["RateLimit"]
        assert key_of(name="other").read("/me").status_code == 200
        clock.shift(int(refused.headers["Retry-After"]))
        assert program.read("/me").status_code == 200


def test_all_sessions_of_a_person_share_a_limit(token_of, cast, monkeypatch):
    monkeypatch.setattr(quota, "CALLS", 1)
    assert token_of(cast.owner, cast.acme).read("/me").status_code == 200
    assert token_of(cast.owner, cast.acme).read("/me").status_code == 429


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_call_is_lost_between_processes(db):
    start, left = threading.Barrier(8), []

    def call():
        start.wait()
        left.extend(quota.take("key:same").left for _ in range(10))
        connection.close()

    run(call, 8)
    assert sorted(left, reverse=True) == list(range(quota.CALLS - 1, quota.CALLS - 81, -1))


def run(target, count):
    threads = [threading.Thread(target=target) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


# --- repeated calls --------------------------------------------------------------------------

ONCE = {"idempotency-key": "a-1"}


def test_a_repeated_call_gets_the_same_answer(key_of, cast):
    first, second = hold(cast.member, cast.acme), hold(cast.member, cast.acme)
    program = key_of()
    body = {"ids": [str(first.pk)]}
    answer = program.post("/sessions/end", body, **ONCE)
    again = program.post("/sessions/end", body, **ONCE)
    assert answer.json()["ended"] == 1
    assert again.content == answer.content
    assert again.status_code == answer.status_code
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in answer.headers
    other = program.post("/sessions/end", {"ids": [str(second.pk)]}, **ONCE)
    assert other.status_code == 422
    assert code_of(other) == "idempotency_key_reused"


def test_another_callers_key_is_another_key(key_of, cast):
    session = hold(cast.member, cast.acme)
    body = {"ids": [str(session.pk)]}
    key_of().post("/sessions/end", body, **ONCE)
    assert key_of(name="other").post("/sessions/end", body, **ONCE).json()["ended"] == 0


def test_in_another_tenant_a_page_has_other_keys(page_of_portal, cast):
    """It is the same session there: the answer of before would say that its call was done."""
    for tenant in (cast.acme, cast.globex):
        Membership.objects.get_or_create(tenant=tenant, user=cast.outsider)
        hold(cast.outsider, tenant, idle=timedelta())
        owners = Group.objects.get(tenant=tenant, name="Owners")
        cast.contractor.memberships.get(tenant=tenant).groups.add(owners)
    page = page_of_portal(cast.contractor)
    page.handler.enforce_csrf_checks = False
    for tenant in (cast.acme, cast.globex):
        Session.objects.filter(pk=page.own.pk).update(tenant=tenant)
        answer = page.post("/sessions/end-all", **ONCE)
        assert answer.json()["ended"] == 1
        assert "Idempotency-Replayed" not in answer.headers


def test_what_failed_may_be_tried_again(key_of, cast):
    session = hold(cast.member, cast.acme)
    program = key_of()
    assert program.post("/sessions/end", {"ids": []}, **ONCE).status_code == 422
    assert program.post("/sessions/end", {"ids": [str(session.pk)]}, **ONCE).json()["ended"] == 1


def test_the_first_call_at_work_is_waited_for(key_of, cast):
    program = key_of()
    program.post("/sessions/end", MANY, **ONCE)
    IdempotentCall.objects.update(status=None, body=None)
    response = program.post("/sessions/end", MANY, **ONCE)
    assert response.status_code == 409
    assert code_of(response) == "in_flight"
    assert response.headers["Retry-After"] == "1"


def test_a_call_that_died_frees_its_key(key_of):
    program = key_of()
    program.post("/sessions/end", MANY, **ONCE)
    past = timezone.now() - timedelta(minutes=3)
    IdempotentCall.objects.update(status=None, body=None, at=past)
    assert program.post("/sessions/end", MANY, **ONCE).status_code == 200


def test_after_a_day_a_key_is_new(key_of, cast):
    session = hold(cast.member, cast.acme)
    program = key_of()
    program.post("/sessions/end", MANY, **ONCE)
    IdempotentCall.objects.update(at=timezone.now() - timedelta(hours=25))
    assert program.post("/sessions/end", {"ids": [str(session.pk)]}, **ONCE).json()["ended"] == 1


@pytest.mark.parametrize("key", ["", "x" * 129, "ä"])
def test_a_key_has_bounds(key_of, key):
    response = key_of().post("/sessions/end", MANY, **{"idempotency-key": key})
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "Idempotency-Key"


def test_answer_and_effect_are_one(key_of, cast, live, monkeypatch):
    """The process dies between the effect and the answer: there is neither."""
    session = hold(cast.member, cast.acme)
    program = key_of()
    program.raise_request_exception = False
    monkeypatch.setattr(idempotency, "_own", lambda _: 1 / 0)
    body = {"ids": [str(session.pk)]}
    assert program.post("/sessions/end", body, **ONCE).status_code == 500
    monkeypatch.undo()
    assert live(session)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_parallel_repetitions_one_acts(key_of, cast):
    sessions = [hold(cast.member, cast.acme) for _ in range(3)]
    authorization, answers = key_of().authorization, []
    start = threading.Barrier(6)

    def call():
        program = Program(authorization)
        start.wait()
        response = program.post("/sessions/end", {"ids": [str(one.pk) for one in sessions]}, **ONCE)
        answers.append((response.status_code, response.content))
        connection.close()

    run(call, 6)
    done = {content for status, content in answers if status == 200}
    assert len(done) == 1
    assert json.loads(done.pop())["ended"] == 3
    assert {status for status, _ in answers} <= {200, 409}
    assert Session.objects.ended().count() == 3

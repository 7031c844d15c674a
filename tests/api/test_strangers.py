"""Addresses that show many credentials which are none."""

import threading

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from sessions_admin.models import ApiUsage, Session
from sessions_admin.tokens import strangers
from tests.api.conftest import code_of
from tests.apps import App, form
from tests.cast import HOME

DOORS = {
    "api": lambda client: client.get("/api/v1/me", headers={"authorization": "Bearer nonsense"}),
    "refresh": lambda client: form(
        client, "/oauth/token", grant_type="refresh_token", refresh_token="lkr_nonsense"
    ),
    "revocation": lambda client: form(client, "/oauth/revoke", token="nonsense"),
    "introspection": lambda client: form(client, "/oauth/introspect", bearer="x", token="x"),
    "refresh for apps": lambda client: client.post(
        "/_allauth/app/v1/tokens/refresh", {"refresh_token": "x"}, content_type="application/json"
    ),
}


@pytest.fixture(autouse=True)
def _few(db, monkeypatch):
    monkeypatch.setattr(strangers, "FAILURES", 3)
    strangers.forget()
    yield
    strangers.forget()


@pytest.fixture
def clock():
    """In the middle of a minute."""
    now = timezone.now().replace(second=30)
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


def at(ip):
    return Client(REMOTE_ADDR=ip)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_an_address_that_tries_often_is_held_back_everywhere(clock, door):
    tries = [door(at(HOME)).status_code for _ in range(3)]
    assert 429 not in tries
    for number, other in enumerate(DOORS.values()):
        refused = other(at(HOME))
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "30"
        assert "no-store" in refused.headers["Cache-Control"]
        assert other(at(f"192.0.2.{number}")).status_code != 429
    clock.shift(30)
    assert door(at(HOME)).status_code == tries[0]


def test_a_good_key_waits_too_and_a_page_does_not(clock, key_of, page_of_portal, cast):
    program, page = key_of(), page_of_portal(cast.member)
    program.defaults["REMOTE_ADDR"] = page.defaults["REMOTE_ADDR"] = HOME
    for _ in range(3):
        DOORS["api"](at(HOME))
    refused = program.read("/me")
    assert refused.status_code == 429
    assert code_of(refused) == "rate_limited"
    assert page.read("/me").status_code == 200


def test_addresses_that_one_customer_has_are_one(clock):
    for number in (1, 2, 3):
        DOORS["api"](at(f"2001:db8:0:1::{number}"))
    assert DOORS["api"](at("2001:db8:0:1:ffff::9")).status_code == 429
    assert DOORS["api"](at("2001:db8:0:2::1")).status_code == 401


def test_who_has_a_good_credential_costs_no_write(clock, key_of, acme, member):
    app = App()
    app.sign_in(member)
    program = key_of()
    for _ in range(5):
        assert program.read("/me").status_code == 200
        assert app.go_on().status_code == 200
        form(app.client, "/oauth/introspect", bearer=app.access, token="nonsense")
    assert not ApiUsage.objects.filter(caller__startswith="stranger:").exists()


def test_who_is_held_back_costs_no_statement(clock, django_assert_num_queries):
    for _ in range(3):
        DOORS["api"](at(HOME))
    for door in DOORS.values():
        with django_assert_num_queries(0):
            assert door(at(HOME)).status_code == 429


def test_a_call_without_any_credential_is_not_counted(clock):
    for _ in range(5):
        assert at(HOME).get("/api/v1/me").status_code == 401
        assert form(at(HOME), "/oauth/introspect", token="x").status_code == 401


def test_it_forgets_addresses_before_it_grows(clock, monkeypatch):
    monkeypatch.setattr(strangers, "HELD_AT_MOST", 2)
    for number in range(4):
        for _ in range(3):
            DOORS["api"](at(f"192.0.2.{number}"))
    assert len(strangers._held) <= 2


def test_a_look_at_passkeys_is_not_free(cast, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "passkey": "2/m/ip"}
    for path in ("/_allauth/app/v1/auth/webauthn/login", "/accounts/2fa/webauthn/login/"):
        before = Session.objects.count()
        client = Client(REMOTE_ADDR=f"192.0.2.{len(path)}")
        ajax = {"x-requested-with": "XMLHttpRequest"}
        codes = []
        for _ in range(4):
            client.cookies.clear()
            codes.append(client.get(path, headers=ajax).status_code)
        assert codes == [200, 200, 429, 429]
        assert Session.objects.count() - before == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_all_processes_count_together(clock):
    """Each has its own memory and the one row."""
    start = threading.Barrier(6)

    def fail():
        start.wait()
        strangers.note_failure({"REMOTE_ADDR": HOME})
        connection.close()

    threads = [threading.Thread(target=fail) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ApiUsage.objects.get().calls == 6
    strangers.forget()  # another process has not heard of it
    assert DOORS["api"](at(HOME)).status_code == 401
    assert DOORS["api"](at(HOME)).status_code == 429

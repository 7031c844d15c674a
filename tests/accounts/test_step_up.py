"""accounts.step_up, and /accounts/reauthenticate/"""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from accounts.step_up import is_proved, proved_at
from sessions_admin.demo.cast import PASSWORD
from tests.accounts import step_up_pages
from tests.accounts.conftest import (
    authenticator_code,
    set_up_authenticator_app,
    signed_in_device,
)

pytestmark = pytest.mark.urls("tests.accounts.step_up_pages")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REAUTHENTICATE = "/accounts/reauthenticate/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def done():
    step_up_pages.done.clear()
    return step_up_pages.done


@pytest.fixture
def stale(clock, device):
    """A device whose sign-in was eleven minutes ago."""
    clock.shift(timedelta(minutes=11))
    return device


def confirm(client, target, password=PASSWORD):
    return client.post(REAUTHENTICATE, {"password": password, "next": target})


def test_it_asks_for_nothing_in_the_first_ten_minutes(clock, device, done):
    clock.shift(timedelta(minutes=10))
    assert device.post("/test/act/", {"a": "1"}).url == "/profile/"
    assert done == [{"a": "1"}]


def test_it_asks_later(stale, done):
    response = stale.post("/test/act/", {"a": "1"})
    assert response.status_code == 302
    assert response.url == f"{REAUTHENTICATE}?next=%2Ftest%2Fact%2F"
    assert done == []


def test_it_does_what_was_asked_for_after_the_proof(stale, done):
    stale.post("/test/act/", {"a": "1", "b": "ä & ö"})
    response = confirm(stale, "/test/act/")
    assert response.url == "/profile/"
    assert done == [{"a": "1", "b": "ä & ö"}]


def test_it_keeps_the_query_of_the_address_as_well(stale, done):
    asked = stale.post("/test/act/?q=ann", {"a": "1"})
    assert asked.url == f"{REAUTHENTICATE}?next=%2Ftest%2Fact%2F"
    confirm(stale, "/test/act/")
    assert done == [{"a": "1", "query": "ann"}]


def test_it_does_it_once(stale, done):
    stale.post("/test/act/", {"a": "1"})
    confirm(stale, "/test/act/")
    confirm(stale, "/test/act/")
    assert len(done) == 1


def test_it_does_nothing_after_a_wrong_password(stale, done):
    stale.post("/test/act/", {"a": "1"})
    response = confirm(stale, "/test/act/", "wrong")
    assert "The password is wrong." in response.content.decode()
    assert done == []


def test_it_can_still_be_proved_after_a_wrong_password(stale, done):
    stale.post("/test/act/", {"a": "1"})
    confirm(stale, "/test/act/", "wrong")
    confirm(stale, "/test/act/")
    assert len(done) == 1


def test_it_answers_htmx_so_that_the_page_is_left(stale, done):
    response = stale.post("/test/act/", {"a": "1"}, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"].startswith(REAUTHENTICATE)
    assert done == []


def test_what_htmx_asked_for_goes_on_as_a_whole_page(stale, done):
    stale.post(
        "/test/act/", {"a": "1"},
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/users/"},
    )  # fmt: skip
    response = confirm(stale, "/test/act/")
    assert done == [{"a": "1"}]
    assert response.status_code == 302
    assert response.url == "/profile/"
    assert "HX-Redirect" not in response.headers


def test_it_asks_once_for_several_acts(stale, done):
    stale.post("/test/act/")
    confirm(stale, "/test/act/")
    assert stale.post("/test/act/").url == "/profile/"
    assert len(done) == 2


def test_it_gives_the_session_a_new_key(stale):
    before = stale.cookies[settings.SESSION_COOKIE_NAME].value
    stale.post("/test/act/")
    confirm(stale, "/test/act/")
    assert stale.cookies[settings.SESSION_COOKIE_NAME].value != before


def test_it_lets_one_act_on_own_sessions_for_twelve_hours(clock, device):
    clock.shift(timedelta(hours=12))
    assert device.post("/test/act-on-own/").status_code == 200
    clock.shift(timedelta(seconds=1))
    assert device.post("/test/act-on-own/").status_code == 302


def test_it_lets_one_read(stale):
    assert stale.get("/test/read/").status_code == 200


def test_it_may_guard_reading_too(stale):
    response = stale.get("/test/export/?format=csv")
    assert response.url == f"{REAUTHENTICATE}?next=%2Ftest%2Fexport%2F%3Fformat%3Dcsv"
    assert confirm(stale, "/test/export/?format=csv").url == "/test/export/?format=csv"
    assert stale.get("/test/export/?format=csv").content == b"secret"


def test_it_checks_the_csrf_token_before_it_keeps_a_request(clock, member, done):
    device = signed_in_device(member)
    forger = Client(enforce_csrf_checks=True)
    forger.cookies = device.cookies
    clock.shift(timedelta(minutes=11))
    assert forger.post("/test/act/").status_code == 403
    confirm(device, "/test/act/")
    assert done == []


def test_it_goes_nowhere_else_after_the_proof(stale):
    assert confirm(stale, "https://evil.test/").url == "/sessions/"


def test_a_code_of_the_authenticator_app_is_a_proof(clock, device, done):
    secret = set_up_authenticator_app(device)
    clock.shift(timedelta(minutes=11))
    device.post("/test/act/", {"a": "1"})
    response = device.post(
        "/accounts/2fa/reauthenticate/",
        {"code": authenticator_code(secret), "next": "/test/act/"},
    )
    assert response.url == "/profile/"
    assert len(done) == 1


def test_a_visitor_has_proved_nothing(rf, client, db):
    request = client.get("/accounts/login/").wsgi_request
    assert proved_at(request) is None
    assert not is_proved(request, timedelta(days=365))


def test_a_sign_in_without_a_record_counts_from_when_the_session_says(client, member):
    client.force_login(member)
    request = client.get("/profile/").wsgi_request
    assert proved_at(request) == START

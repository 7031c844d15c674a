"""A session that comes to an application from elsewhere is looked at before it is answered."""

import json

import pytest

from sessions_admin.authz.identity import HEADERS
from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason, Response
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP
from tests.sessions_admin.risk.conftest import rules_for, world  # noqa: F401  fixtures

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def signed_in(cast, browser_of):
    browser = browser_of(ip=LONDON_IP)
    browser.sign_in(cast.member)
    return browser


@pytest.mark.parametrize(
    ("response", "why"), [(Response.END_NEW, "not_signed_in"), (Response.STEP_UP, "suspected")]
)
def test_a_stolen_cookie_gets_not_even_one_answer(cast, ask, signed_in, rules_for, response, why):  # noqa: F811
    rules_for(cast.acme, report_only=False, impossible_travel=response)
    reply = ask(signed_in, HTTP_X_FORWARDED_FOR=BANGKOK_IP)
    assert (reply.status, json.loads(reply.body)["error"]) == (401, why)
    assert {reply.headers[name] for name in HEADERS} == {""}


def test_recording_lets_it_in(ask, signed_in):
    assert ask(signed_in, HTTP_X_FORWARDED_FOR=BANGKOK_IP).status == 200
    assert Session.objects.get().ip == BANGKOK_IP


def test_the_person_is_told_why(cast, ask, signed_in, rules_for):  # noqa: F811
    rules_for(cast.acme, report_only=False, impossible_travel=Response.END_NEW)
    ask(signed_in, HTTP_X_FORWARDED_FOR=BANGKOK_IP)
    assert signed_in.session_row.end_reason == EndReason.RISK_DETECTED

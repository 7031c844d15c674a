"""schemathesis over the whole description, in process, with every kind of caller."""

from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sessions_admin.api import quota
from sessions_admin.api.schema import schema as description
from tests.holdings import LYON, hold

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
# How much each kind of caller sends to each operation. Who is turned away at the door needs little.
CALLERS = {
    "nobody": 3, "wrong key": 3, "key with all scopes": 12, "key without scopes": 3, "page": 8,
    "token": 8,
}  # fmt: skip

schema = schemathesis.openapi.from_dict(description())
schema.app = get_wsgi_application()
operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]


def sensible(operation):
    return operation.as_strategy(generation_mode=GenerationMode.POSITIVE)


def senseless(operation):
    """What the description forbids; nothing, where it forbids nothing."""
    takes = operation.body or operation.query or operation.path_parameters
    return operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if takes else st.nothing()


@contextmanager
def one_connection():
    """As in Django's own test client: the test's transaction outlives a request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers_of(key_of, token_of, page_of_portal, cast):
    """The headers of each kind of caller; there is something to be found."""
    hold(cast.member, cast.acme, place=LYON, idle=timedelta())
    page = page_of_portal(cast.owner)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in page.cookies.items())
    return {
        "nobody": {},
        "wrong key": {"Authorization": f"Bearer lk_AAAAAAAA_{'A' * 49}"},
        "key with all scopes": {"Authorization": key_of().authorization},
        "key without scopes": {"Authorization": key_of(cast.acme, "none", name="2").authorization},
        "page": {"Cookie": cookies},
        "token": {"Authorization": token_of(cast.owner, cast.acme).authorization},
    }


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", operations, ids=lambda one: f"{one.method} {one.path}")
def test_nothing_that_is_sent_breaks_it(headers_of, monkeypatch, operation, caller):
    monkeypatch.setattr(quota, "CALLS", 10**9)
    headers = headers_of[caller] | {"Accept-Encoding": "identity"}

    @settings(
        max_examples=CALLERS[caller], database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=sensible(operation) | senseless(operation))
    def send(case):
        case.call_and_validate(checks=CHECKS, headers=headers)

    with one_connection():
        send()

"""The hot path stays short: function calls beside Django's own, which no busy machine changes.

`make bench` measures the time. A request of a tracked session is held to a share of what Django's
untracked one takes above a bare view, in this very process.
"""

from types import SimpleNamespace

import pytest
from django.db import connection

from bench import meter
from bench.django_sessions import DjangoSession, create_table
from bench.people import stay_fresh
from bench.stacks import bare_stack, django_stack, our_stack

# Now 0.12; on SQLite 0.21, because Django's cursor and its converters read the row.
MOST_OF_DJANGOS = {"postgresql": 0.15, "sqlite": 0.25}
# Two lazy objects and one comparison, on a page that asks for neither user nor session.
MOST_ABOVE_DJANGOS_WHEN_UNASKED = 25

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stacks(cast, policy_of, settings):
    """The same page through a bare stack, Django's and ours, with an owner signed in."""
    settings.ROOT_URLCONF = "bench.urls"
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    policy_of(cast.acme, idle_timeout_enabled=True, absolute_timeout_enabled=True)
    create_table()
    yield SimpleNamespace(
        bare=bare_stack("bare"),
        djangos=django_stack("Django's", cast.owner),
        ours=our_stack("ours", cast.owner),
    )
    with connection.schema_editor() as editor:
        editor.delete_model(DjangoSession)


def test_a_tracked_request_takes_few_of_the_calls_of_djangos(stacks):
    bare = meter.calls(stacks.bare)
    djangos = meter.calls(stacks.djangos) - bare
    stay_fresh()
    ours = meter.calls(stacks.ours) - bare
    assert ours / djangos <= MOST_OF_DJANGOS[connection.vendor]


def test_the_same_request_always_takes_the_same_calls(stacks):
    stay_fresh()
    assert meter.calls(stacks.ours) == meter.calls(stacks.ours)


def test_a_tracked_request_is_one_select_and_no_write(stacks):
    stay_fresh()
    assert meter.statements(stacks.ours) == ["SELECT"]
    assert meter.statements(stacks.ours.at("what one may do", "/tenant/")) == ["SELECT"]
    assert meter.statements(stacks.djangos) == ["SELECT", "SELECT"]


def test_a_page_that_asks_for_nothing_costs_no_statement(stacks):
    unasked = stacks.ours.at("unasked", "/bare/")
    assert meter.statements(unasked) == []
    above = meter.calls(unasked) - meter.calls(stacks.djangos.at("unasked", "/bare/"))
    assert above <= MOST_ABOVE_DJANGOS_WHEN_UNASKED

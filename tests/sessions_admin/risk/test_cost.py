"""What looking costs: three statements at a sign-in, two at a move, none in between."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_admin.models import KnownDevice, LoginAttempt, RiskRules, Session
from tests.cast import FIREFOX, SAFARI
from tests.sessions_admin.risk.cities import LYON_IP, PARIS_IP

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
# The tables that only an evaluation reads.
RULES, ATTEMPTS, SESSIONS, DEVICES = (
    model._meta.db_table for model in (RiskRules, LoginAttempt, Session, KnownDevice)
)


def statements(queries, start, table):
    """The statements that begin so and are about this table."""
    found = [one["sql"] for one in queries if one["sql"].startswith(start)]
    return [sql for sql in found if f'"{table}"' in sql.split("WHERE")[0]]


def test_a_sign_in_takes_three_statements_more(browser_of, member):
    browser_of(ip=PARIS_IP).sign_in(member)
    browser = browser_of(ip=PARIS_IP)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        browser.sign_in(member)
    asked = list(queries.captured_queries)
    assert len(statements(asked, "SELECT", RULES)) == 1
    assert len(statements(asked, "SELECT", ATTEMPTS)) == 1
    others = [sql for sql in statements(asked, "SELECT", SESSIONS) if "accuracy_km" in sql
              and "data" not in sql.split("FROM")[0]]  # fmt: skip
    assert len(others) == 1
    assert len(statements(asked, "SELECT", DEVICES)) == 1
    assert len(statements(asked, "INSERT", DEVICES)) == 1


def test_it_does_not_grow_with_the_history(browser_of, member):
    def cost():
        browser = browser_of(ip=PARIS_IP)
        with CaptureQueriesContext(connection) as queries:
            browser.sign_in(member)
        return len(queries)

    cost()
    few = cost()
    for _ in range(5):
        cost()
    assert cost() == few


def test_a_move_asks_for_rules_and_others(browser_of, member):
    browser = browser_of(ip=PARIS_IP)
    browser.sign_in(member)
    browser.get("/tenants/")
    with CaptureQueriesContext(connection) as queries:
        browser.get("/tenants/", REMOTE_ADDR=LYON_IP)
    asked = list(queries.captured_queries)
    assert len(statements(asked, "SELECT", RULES)) == 1
    assert statements(asked, "SELECT", ATTEMPTS) == []
    assert statements(asked, "SELECT", DEVICES) == []


@pytest.mark.parametrize("agent", [FIREFOX, SAFARI])
def test_the_next_request_is_one_select_again(browser_of, member, agent, django_assert_num_queries):
    browser = browser_of(ip=PARIS_IP)
    browser.sign_in(member)
    browser.get("/live/", REMOTE_ADDR=LYON_IP, headers={"user-agent": agent})
    with django_assert_num_queries(1) as queries:
        browser.get("/live/", REMOTE_ADDR=LYON_IP, headers={"user-agent": agent})
    assert queries.captured_queries[0]["sql"].lstrip().startswith("SELECT")

"""/live/: what open pages ask by themselves, and staying signed in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from sessions_admin import audit, lifecycle
from sessions_admin.identifiers import millisecond_of, uuid7
from sessions_admin.models import AuditEvent, Session
from sessions_admin.policy import Facts, Policy
from sessions_admin.review.pulse import absolute_limit, idle_limit, milliseconds, warning_before
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.models import Tenant
from tests.holdings import hold

JSON = {"accept": "application/json"}
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def firefox(browser_of, member):
    return browser_of(member)


def ask(browser, *topics):
    """The answer that a page with these lists gets."""
    response = browser.get("/live/", {"topic": topics}, headers=JSON)
    assert response.status_code == 200
    return response.json()


def end(session, reason=EndReason.REVOKED_BY_ADMIN, actor=None, **facts):
    sessions = Session.objects.filter(pk=session.pk)
    return lifecycle.end_sessions(sessions, reason=reason, actor=actor, **facts)


# --- who may ask -----------------------------------------------------------------------------


def test_it_tells_a_script_of_a_visitor_where_to_go(client, db):
    response = client.get("/live/", headers=JSON)
    assert response.status_code == 200
    assert response.json() == {"signed_out": "/accounts/login/?next=%2F"}


def test_it_redirects_a_visitor_who_opens_it(client, db):
    assert client.get("/live/").status_code == 302


def test_it_tells_of_a_session_that_was_ended(firefox):
    end(firefox.session_row)
    response = firefox.get("/live/", headers=JSON)
    assert response.status_code == 200
    assert response.json() == {"signed_out": "/signed-out/?next=%2F"}
    assert "no-store" in response.headers["Cache-Control"]


def test_it_refuses_the_list_of_people_without_permission(firefox):
    assert firefox.get("/live/?topic=users", headers=JSON).status_code == 403


def test_it_refuses_the_list_of_people_without_a_tenant(browser_of, operator):
    browser = browser_of(operator)
    assert browser.get("/live/?topic=users", headers=JSON).status_code == 403
    assert ask(browser, "sessions")["changes"]["sessions"]


@pytest.mark.parametrize("topic", ["sessions", "users"])
def test_it_knows_no_list_of_a_section_that_is_off(browser_of, admin, acme, topic):
    browser = browser_of(admin)
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {topic})
    assert browser.get(f"/live/?topic={topic}", headers=JSON).status_code == 404


def test_it_knows_no_other_lists(firefox):
    assert firefox.get("/live/?topic=audit'--", headers=JSON).status_code == 404


def test_it_is_for_reading(firefox):
    assert firefox.post("/live/").status_code == 405


# --- what it tells ---------------------------------------------------------------------------


def test_it_tells_nothing_new_of_proofs_and_failures(firefox, member, acme):
    before = ask(firefox, "sessions")["changes"]
    for action in (AuditAction.SESSION_STEPPED_UP, AuditAction.LOGIN_FAILED):
        audit.record(action, user_id=member.pk, tenant_id=acme.pk)
    assert ask(firefox, "sessions")["changes"] == before


def test_it_tells_of_a_sign_in_elsewhere(firefox, browser_of, member):
    before = ask(firefox, "sessions")["changes"]["sessions"]
    browser_of(member)
    after = ask(firefox, "sessions")["changes"]["sessions"]
    assert after[1:] == before
    assert after[0] == millisecond_of(AuditEvent.objects.latest("pk").pk)


def test_it_tells_of_an_ending_and_of_a_new_name(firefox, browser_of, member):
    other = browser_of(member).session_row
    count = len(ask(firefox, "sessions")["changes"]["sessions"])
    lifecycle.rename(other.pk, "Kitchen", owner=member)
    assert len(ask(firefox, "sessions")["changes"]["sessions"]) == count + 1
    end(other)
    assert len(ask(firefox, "sessions")["changes"]["sessions"]) == count + 2


def test_it_tells_an_administrator_of_everybody_in_the_tenant(browser_of, admin, member, outsider):
    browser = browser_of(admin)
    count = len(ask(browser, "users")["changes"]["users"])
    other = browser_of(member).session_row
    end(other)
    browser_of(outsider)
    assert len(ask(browser, "users")["changes"]["users"]) == count + 2


def test_it_tells_of_nobody_elses_sessions(firefox, browser_of, owner):
    before = ask(firefox, "sessions")["changes"]
    browser_of(owner)
    assert ask(firefox, "sessions")["changes"] == before


def test_a_page_is_newer_than_what_it_shows(firefox, browser_of, member):
    """What the page says of its own age goes with what the changes say of theirs."""
    browser_of(member)
    region = firefox.get("/sessions/").content.decode().partition('data-live="sessions"')[2]
    read = int(region.partition('data-live-read="')[2].partition('"')[0])
    assert all(at < read for at in ask(firefox, "sessions")["changes"]["sessions"])
    browser_of(member)
    assert len([at for at in ask(firefox, "sessions")["changes"]["sessions"] if at >= read]) == 1


def test_it_tells_the_deadlines_by_the_servers_clock(firefox, acme, policy_of):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=30 * MINUTE,
              absolute_timeout_enabled=True, absolute_timeout=timedelta(days=14))  # fmt: skip
    row = firefox.session_row
    answer = ask(firefox)
    assert answer["changes"] == {}
    assert abs(answer["now"] - milliseconds(timezone.now())) < 60_000
    assert answer["idle"]["end"] == milliseconds(row.last_seen_at + 30 * MINUTE)
    assert answer["absolute"]["end"] == milliseconds(row.authenticated_at + timedelta(days=14))


def test_it_knows_the_millisecond_of_an_identifier():
    assert millisecond_of(uuid7(NOON)) == milliseconds(NOON)


# --- what it costs ---------------------------------------------------------------------------


def test_it_asks_the_database_once_where_nothing_is_listed(firefox, django_assert_num_queries):
    with django_assert_num_queries(1):
        ask(firefox)


def test_it_asks_the_database_twice_for_lists(browser_of, admin, django_assert_num_queries):
    browser = browser_of(admin)
    with django_assert_num_queries(2):
        assert set(ask(browser, "sessions", "users")["changes"]) == {"sessions", "users"}


def test_it_renders_nothing(firefox):
    assert firefox.get("/live/?topic=sessions", headers=JSON).templates == []


# --- what it leaves alone --------------------------------------------------------------------


def unseen(browser):
    """The session was last active so long ago that any activity would be noted."""
    Session.objects.filter(pk=browser.session_row.pk).update(
        last_seen_at=timezone.now() - 2 * MINUTE
    )
    return browser.session_row.last_seen_at


def test_asking_is_no_activity(firefox):
    last_seen_at = unseen(firefox)
    ask(firefox, "sessions")
    assert firefox.session_row.last_seen_at == last_seen_at


def test_refreshing_a_list_is_no_activity_and_takes_no_message(firefox, member, acme):
    session = hold(member, acme)
    firefox.post(f"/sessions/{session.pk}/rename/", {"label": "Kitchen"})
    last_seen_at = unseen(firefox)
    page = firefox.get("/sessions/", headers={"x-latchkey-passive": "1"})
    assert "Name saved" not in page.content.decode()
    assert firefox.session_row.last_seen_at == last_seen_at
    assert "Name saved" in firefox.get("/sessions/").content.decode()


def test_a_question_that_crosses_a_rotation_leaves_the_new_cookie(firefox):
    """The answer to the old cookie may arrive after the new one."""
    name = settings.SESSION_COOKIE_NAME
    firefox.cookies[name] = "a-key-of-before"
    response = firefox.get("/live/", headers=JSON)
    assert response.status_code == 200
    assert name not in response.cookies


# --- staying ---------------------------------------------------------------------------------


def test_staying_is_activity(firefox):
    unseen(firefox)
    before = ask(firefox)["idle"]["end"]
    assert firefox.post("/live/stay/", headers=JSON).status_code == 204
    assert ask(firefox)["idle"]["end"] > before


def test_staying_again_at_once_writes_nothing(firefox, django_assert_num_queries):
    with django_assert_num_queries(1):
        firefox.post("/live/stay/", headers=JSON)


def test_nobody_stays_whose_session_is_over(firefox):
    end(firefox.session_row)
    response = firefox.post("/live/stay/", headers=JSON)
    assert response.status_code == 401
    assert not Session.objects.open().filter(pk=firefox.session_row.pk).exists()


def test_staying_is_a_post(firefox):
    assert firefox.get("/live/stay/").status_code == 405


# --- when to warn ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("idle_timeout", "before"),
    [
        (timedelta(hours=24), 2 * MINUTE),
        (8 * MINUTE, 2 * MINUTE),
        (6 * MINUTE, 1.5 * MINUTE),
        (4 * MINUTE, MINUTE),
        (70 * MINUTE / 60, MINUTE),
    ],
)
def test_it_warns_early_enough_and_not_for_long(idle_timeout, before):
    assert warning_before(idle_timeout) == before


def test_it_offers_no_stay_where_no_activity_helps():
    facts = Facts(NOON, NOON, NOON + 50 * MINUTE)
    policy = Policy(idle_timeout=30 * MINUTE, absolute_timeout=60 * MINUTE)
    assert idle_limit(facts, policy) is None
    assert absolute_limit(facts, policy) == {
        "warn": milliseconds(NOON + 55 * MINUTE),
        "end": milliseconds(NOON + 60 * MINUTE),
    }


def test_it_tells_from_when_on_activity_counts():
    facts = Facts(NOON, NOON, NOON)
    assert idle_limit(facts, Policy(idle_timeout=5 * MINUTE)) == {
        "tell": milliseconds(NOON + timedelta(seconds=30)),
        "warn": milliseconds(NOON + timedelta(minutes=3, seconds=45)),
        "end": milliseconds(NOON + 5 * MINUTE),
    }
    assert absolute_limit(facts, Policy()) is None

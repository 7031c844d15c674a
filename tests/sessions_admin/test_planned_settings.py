"""Session settings that people are warned of: planned, cancelled, applied exactly once."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from sessions_admin.lifecycle import apply_due_plans, apply_plan, cancel_plan, change_policy
from sessions_admin.lifecycle.planned_change import WARNING, plan_change
from sessions_admin.models import AuditEvent, Notice, PlannedChange, Session, SessionPolicy
from sessions_admin.vocabulary import AuditAction, EndReason, NoticeKind
from tests.holdings import hold

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE, PLANNED = "/settings/sessions/", "/settings/sessions/planned/"
TWO_DAYS = {"absolute_timeout_enabled": True, "absolute_timeout": 2 * DAY}
FIELDS = {"absolute_timeout_enabled": "on", "absolute_timeout_value": "2",
          "absolute_timeout_unit": "days", "refresh_token_lifetime": "24"}  # fmt: skip
LATER = FIELDS | {"when": "later"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


@pytest.fixture
def old(cast):
    """A session that two days are too short for; the idle timeout lets it be."""
    return hold(cast.member, cast.acme, age=3 * DAY)


def actions() -> set[str]:
    return set(
        AuditEvent.objects.filter(action__startswith="policy.").values_list("action", flat=True)
    )


def is_live(session) -> bool:
    return Session.objects.live().filter(pk=session.pk).exists()


def forces(tenant) -> bool:
    return SessionPolicy.objects.get(pk=tenant.pk).absolute_timeout_enabled


# --- the verbs -----------------------------------------------------------------------------------


def test_a_plan_changes_nothing_until_its_time(cast, clock, old):
    plan = plan_change(cast.acme, TWO_DAYS, cast.admin)
    assert plan.due_at == timezone.now() + WARNING
    clock.shift(WARNING - timedelta(seconds=1))
    assert list(apply_due_plans()) == []
    assert is_live(old)
    clock.shift(timedelta(seconds=1))
    [change] = apply_due_plans()
    assert [one.id for one in change.ended] == [old.pk]
    assert forces(cast.acme)
    assert list(apply_due_plans()) == []
    assert actions() == {AuditAction.POLICY_PLANNED, AuditAction.POLICY_CHANGED}
    changed = AuditEvent.objects.get(action=AuditAction.POLICY_CHANGED)
    assert changed.actor == cast.admin
    assert changed.data["planned_at"] == plan.planned_at.isoformat()
    assert changed.data["effect"] == {"ended": 1, "absolute_timeout": 1}


def test_a_plan_that_changes_nothing_is_none(cast):
    assert plan_change(cast.acme, {"absolute_timeout_enabled": False}, cast.admin) is None
    assert not PlannedChange.objects.exists()


def test_those_whose_sessions_would_end_get_a_notice_in_few_statements(
    cast, old, django_assert_max_num_queries
):
    for person in (cast.owner, cast.auditor, cast.admin):
        hold(person, cast.acme, age=3 * DAY)
    hold(cast.contractor, cast.acme)
    hold(cast.outsider, cast.globex, age=3 * DAY)
    with django_assert_max_num_queries(12):
        plan_change(cast.acme, TWO_DAYS, cast.admin)
    notices = Notice.objects.filter(kind=NoticeKind.SETTINGS_PLANNED)
    assert {one.user for one in notices} == {cast.member, cast.owner, cast.auditor}
    assert {one.tenant for one in notices} == {cast.acme}


def test_a_cancelled_plan_is_told_to_nobody(cast, clock, old):
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    assert cancel_plan(cast.acme, cast.owner)
    assert not cancel_plan(cast.acme, cast.owner)
    assert not Notice.objects.exists()
    clock.shift(HOUR)
    assert list(apply_due_plans()) == []
    assert actions() == {AuditAction.POLICY_PLANNED, AuditAction.POLICY_PLAN_CANCELLED}


def test_a_change_at_once_takes_the_plan_back_and_a_save_of_the_same_does_not(cast, old):
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    change_policy(cast.acme, {"absolute_timeout_enabled": False}, cast.owner)
    assert PlannedChange.objects.exists()
    change_policy(cast.acme, {"idle_timeout_enabled": True}, cast.owner)
    assert not PlannedChange.objects.exists()
    assert AuditAction.POLICY_PLAN_CANCELLED in actions()


def test_a_new_plan_replaces_the_one_before(cast, old):
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    plan = plan_change(cast.acme, {"idle_timeout_enabled": True}, cast.admin)
    assert PlannedChange.objects.get() == plan
    assert not plan.values["absolute_timeout_enabled"]
    assert not Notice.objects.exists()  # nobody's session ends by this one


def test_tenants_do_not_apply_each_others(cast, clock):
    plan_change(cast.globex, TWO_DAYS, cast.outsider)
    assert apply_plan(cast.acme, cast.admin) is None
    assert not cancel_plan(cast.acme, cast.admin)
    assert PlannedChange.objects.get().tenant == cast.globex


# --- who applies it ------------------------------------------------------------------------------


def test_the_sweeper_applies_it(cast, clock, old, capsys):
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    clock.shift(WARNING)
    call_command("sweep_sessions")
    assert "Ended 1 session: absolute_timeout 1." in capsys.readouterr().out
    assert forces(cast.acme)


def test_a_look_at_the_settings_applies_it(cast, clock, old, browser_of):
    browser = browser_of(cast.auditor)
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    clock.shift(WARNING)
    page = browser.get(HERE)
    assert page.context["plan"] is None
    assert forces(cast.acme)
    assert "people were warned" in page.text


def test_a_sign_in_applies_it(cast, clock, browser_of):
    limit = {"max_live_sessions_enabled": True, "max_live_sessions": 1, "at_limit": "end_oldest"}
    first = browser_of(cast.member).session_row
    plan_change(cast.acme, limit, cast.admin)
    clock.shift(WARNING)
    browser_of(cast.member)
    first.refresh_from_db()
    assert first.end_reason == EndReason.CONCURRENCY_LIMIT


def test_entering_a_tenant_applies_it(cast, clock, browser_of):
    browser = browser_of(cast.contractor)
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    clock.shift(WARNING)
    browser.post("/tenants/", {"tenant": cast.acme.pk})
    assert forces(cast.acme)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_that_find_it_due_one_applies_it(cast, old):
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    PlannedChange.objects.update(due_at=timezone.now() - MINUTE)
    gate, found = threading.Barrier(6), []

    def apply():
        try:
            gate.wait()
            found.extend(apply_due_plans())
        finally:
            connection.close()

    def cancel():
        try:
            gate.wait()
            found.extend([None] * cancel_plan(cast.acme, cast.owner))
        finally:
            connection.close()

    threads = [threading.Thread(target=apply) for _ in range(5)] + [threading.Thread(target=cancel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    applied = found[0] is not None
    assert forces(cast.acme) is applied
    assert is_live(old) is not applied


# --- the page ------------------------------------------------------------------------------------


def test_the_page_plans_shows_and_applies(cast, old, browser_of):
    browser = browser_of(cast.admin)
    page = browser.post(HERE, LATER, follow=True)
    assert "People are warned." in page.text
    assert "New settings apply at" in page.text
    assert "Planned by <bdi>Ann Lee</bdi>" in page.text
    assert not forces(cast.acme)
    page = browser.post(PLANNED, {"act": "apply"}, follow=True)
    assert "Applied. 1 session ended." in page.text
    assert forces(cast.acme)
    page = browser.post(PLANNED, {"act": "apply"}, follow=True)
    assert "Nothing is planned any more." in page.text


def test_the_page_cancels(cast, old, browser_of):
    browser = browser_of(cast.admin)
    browser.post(HERE, LATER)
    page = browser.post(PLANNED, {"act": "cancel"}, follow=True)
    assert "Cancelled: the settings stay as they are." in page.text
    assert not PlannedChange.objects.exists()
    assert not forces(cast.acme)


def test_a_plan_must_be_valid_and_different(cast, browser_of):
    browser = browser_of(cast.admin)
    assert browser.post(HERE, LATER | {"absolute_timeout_value": "900"}).status_code == 422
    page = browser.post(HERE, {"when": "later"}, follow=True)
    assert "These are the settings that apply already." in page.text
    assert not PlannedChange.objects.exists()


def test_who_only_sees_the_settings_sees_the_plan_without_its_buttons(cast, browser_of):
    plan_change(cast.acme, TWO_DAYS, cast.admin)
    page = browser_of(cast.auditor).get(HERE)
    assert "New settings apply at" in page.text
    assert "Apply now" not in page.text


# --- those who are warned ------------------------------------------------------------------------


def test_they_are_told_on_every_page_and_others_are_not(cast, clock, browser_of):
    old = browser_of(cast.member)
    clock.shift(20 * HOUR)
    young = browser_of(cast.owner)
    half_a_day = {"absolute_timeout_enabled": True, "absolute_timeout": 12 * HOUR}
    plan_change(cast.acme, half_a_day, cast.admin)
    for address in ("/sessions/", "/profile/"):
        assert "You will be logged out here at" in old.get(address).text
        assert "You will be logged out here at" not in young.get(address).text
    assert "You will be logged out here at" in old.get("/live/planned/").text
    assert not young.get("/live/planned/").text.strip()


def test_a_poll_says_that_something_is_planned(cast, clock, browser_of):
    browser = browser_of(cast.member)
    assert browser.get("/live/").json()["settings"] is None
    plan = plan_change(cast.acme, TWO_DAYS, cast.admin)
    assert browser.get("/live/").json()["settings"] == int(plan.due_at.timestamp() * 1000)


def test_without_a_plan_it_costs_no_statement(cast, browser_of, django_assert_num_queries):
    browser = browser_of(cast.member)
    with django_assert_num_queries(1):
        browser.get("/live/")
    with django_assert_num_queries(1):
        browser.get("/live/planned/")

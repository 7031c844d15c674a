"""lifecycle.change_policy: what is stored, what ends, what is written down."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from sessions_admin.lifecycle import change_policy, end_overdue
from sessions_admin.lifecycle.birth import lock_user
from sessions_admin.lifecycle.policy_change import as_data, from_data, settings_of
from sessions_admin.models import AuditEvent, Session, SessionPolicy
from sessions_admin.request.lookup import find_session
from sessions_admin.request.sealing import hash_of
from sessions_admin.vocabulary import AtLimit, AuditAction, EndReason
from tests.holdings import hold

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
IDLE = {"idle_timeout_enabled": True, "idle_timeout": 30 * MINUTE}
FORCE = {"absolute_timeout_enabled": True, "absolute_timeout": 14 * DAY}


def limit(number, at_limit=AtLimit.END_OLDEST):
    return {
        "max_live_sessions_enabled": True, "max_live_sessions": number, "at_limit": at_limit,
    }  # fmt: skip


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(request):
    """Time stands still, except where threads race."""
    if request.node.get_closest_marker("postgres"):
        yield None
        return
    with time_machine.travel(timezone.now(), tick=False):
        yield timezone.now()


def ends(change):
    return {one.id: one.reason for one in change.ended}


def test_it_stores_what_it_is_given_and_keeps_the_rest(cast, policy_of):
    policy_of(cast.acme, max_live_sessions=7, ended_before_reason=EndReason.REVOKED_BY_ADMIN)
    change = change_policy(cast.acme, IDLE, cast.admin)

    stored = SessionPolicy.objects.get(pk=cast.acme.pk)
    assert stored.idle_timeout_enabled
    assert stored.idle_timeout == 30 * MINUTE
    assert stored.max_live_sessions == 7
    assert stored.ended_before_reason == EndReason.REVOKED_BY_ADMIN
    assert change.is_change
    assert settings_of(stored) == change.new


def test_without_a_row_all_switches_were_off(cast):
    change = change_policy(cast.acme, IDLE, cast.admin)
    assert not change.old["idle_timeout_enabled"]
    assert SessionPolicy.objects.get(pk=cast.acme.pk).tenant == cast.acme


def test_it_ends_what_is_too_old_at_the_true_moment(cast, now):
    stays = hold(cast.member, cast.acme, idle=29 * MINUTE)
    idle = hold(cast.member, cast.acme, age=5 * HOUR, idle=2 * HOUR)
    old = hold(cast.admin, cast.acme, age=15 * DAY)
    change = change_policy(cast.acme, IDLE | FORCE, cast.admin)

    assert ends(change) == {idle.pk: EndReason.IDLE_TIMEOUT, old.pk: EndReason.ABSOLUTE_TIMEOUT}
    idle.refresh_from_db()
    old.refresh_from_db()
    assert (idle.end_reason, idle.ended_at) == (EndReason.IDLE_TIMEOUT, now - 90 * MINUTE)
    assert (old.end_reason, old.ended_at) == (EndReason.ABSOLUTE_TIMEOUT, now - DAY)
    assert idle.ended_by is None
    assert Session.objects.open().get(user=cast.member) == stays


def test_nothing_ends_before_it_started(cast, now):
    came = hold(cast.contractor, cast.acme, age=MINUTE, authenticated_at=now - 3 * HOUR)
    change_policy(cast.acme, {"absolute_timeout_enabled": True, "absolute_timeout": HOUR}, None)
    came.refresh_from_db()
    assert came.ended_at == came.started_at


@pytest.mark.parametrize(
    ("at_limit", "leaving"),
    [
        (AtLimit.END_OLDEST, "oldest"),
        (AtLimit.END_LEAST_RECENTLY_USED, "unused"),
        (AtLimit.DENY, "oldest"),
        (AtLimit.ASK, "oldest"),
    ],
)
def test_above_the_limit_those_leave_that_the_limit_would_end(cast, at_limit, leaving):
    held = {
        "oldest": hold(cast.member, cast.acme, age=3 * HOUR, idle=MINUTE),
        "unused": hold(cast.member, cast.acme, age=2 * HOUR, idle=9 * MINUTE),
        "newest": hold(cast.member, cast.acme, age=HOUR, idle=2 * MINUTE),
    }
    hold(cast.admin, cast.acme, age=9 * HOUR)
    change = change_policy(cast.acme, limit(2, at_limit), cast.admin)
    assert ends(change) == {held[leaving].pk: EndReason.CONCURRENCY_LIMIT}


def test_those_that_end_by_time_do_not_count_towards_the_limit(cast):
    idle = hold(cast.member, cast.acme, age=HOUR, idle=40 * MINUTE)
    hold(cast.member, cast.acme, age=3 * HOUR)
    hold(cast.member, cast.acme, age=2 * HOUR)
    change = change_policy(cast.acme, IDLE | limit(2), cast.admin)
    assert ends(change) == {idle.pk: EndReason.IDLE_TIMEOUT}


def test_a_longer_timeout_brings_nothing_back_to_life(cast, policy_of, now):
    policy_of(cast.acme, **IDLE)
    dead = hold(cast.member, cast.acme, age=2 * HOUR, idle=HOUR)
    change = change_policy(cast.acme, {"idle_timeout": 8 * HOUR}, cast.admin)

    assert change.ended == []  # it was over before: no effect of this change
    dead.refresh_from_db()
    assert dead.ended_at == now - 30 * MINUTE
    assert not Session.objects.live().filter(pk=dead.pk).exists()


def test_a_shorter_timeout_does_not_date_back_what_was_over_already(cast, policy_of, now):
    policy_of(cast.acme, **IDLE)
    dead = hold(cast.member, cast.acme, age=2 * HOUR, idle=HOUR)
    change_policy(cast.acme, {"idle_timeout": 5 * MINUTE}, cast.admin)
    dead.refresh_from_db()
    assert dead.ended_at == now - 30 * MINUTE


def test_another_tenant_is_left_alone(cast, policy_of):
    policy_of(cast.globex, max_live_sessions=9)
    theirs = [hold(cast.outsider, cast.globex, age=20 * DAY, idle=5 * HOUR) for _ in range(3)]
    also = hold(cast.contractor, cast.globex, age=20 * DAY, idle=5 * HOUR)
    mine = hold(cast.contractor, cast.acme, age=20 * DAY, idle=5 * HOUR)
    change = change_policy(cast.acme, IDLE | FORCE | limit(1), cast.admin)

    assert set(ends(change)) == {mine.pk}
    assert Session.objects.live().filter(pk__in=[one.pk for one in [*theirs, also]]).count() == 4
    assert not SessionPolicy.objects.get(pk=cast.globex.pk).max_live_sessions_enabled


def test_the_platform_has_settings_too(cast):
    operator = hold(cast.operator, None, idle=2 * HOUR)
    member = hold(cast.member, cast.acme, idle=2 * HOUR)
    change = change_policy(None, IDLE | limit(1), cast.operator)
    assert set(ends(change)) == {operator.pk}
    assert Session.objects.live().filter(pk=member.pk).exists()
    assert AuditEvent.objects.get(action=AuditAction.POLICY_CHANGED).tenant is None


def test_the_limit_of_the_platform_leaves_visitors_alone(cast):
    for _ in range(3):
        Session.objects.create()
    assert change_policy(None, limit(1), cast.operator).ended == []


def test_it_writes_down_who_changed_what_and_what_that_did(cast, policy_of):
    policy_of(cast.acme, **FORCE)
    hold(cast.member, cast.acme, idle=HOUR)
    hold(cast.admin, cast.acme, age=HOUR, idle=MINUTE)
    hold(cast.admin, cast.acme, age=2 * HOUR, idle=MINUTE)
    change = change_policy(cast.acme, IDLE | limit(1), cast.admin)

    event = AuditEvent.objects.get(action=AuditAction.POLICY_CHANGED)
    assert (event.tenant, event.actor) == (cast.acme, cast.admin)
    assert event.data["old"] == as_data(change.old)
    assert event.data["old"]["absolute_timeout"] == 14 * 24 * 3600
    assert from_data(event.data["new"]) == change.new
    assert event.data["effect"] == {"ended": 2, "idle_timeout": 1, "concurrency_limit": 1}
    reasons = AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED).values_list(
        "data__reason", flat=True
    )
    assert Counter(reasons) == {"idle_timeout": 1, "concurrency_limit": 1}


def test_without_a_difference_it_writes_nothing_down_but_still_holds_the_rules(cast, policy_of):
    policy_of(cast.acme, **limit(1))
    old = hold(cast.member, cast.acme, age=2 * HOUR)
    hold(cast.member, cast.acme, age=HOUR)
    change = change_policy(cast.acme, limit(1), cast.admin)
    assert not change.is_change
    assert set(ends(change)) == {old.pk}
    assert not AuditEvent.objects.filter(action=AuditAction.POLICY_CHANGED).exists()


def test_a_settings_row_written_by_an_older_event_gets_the_defaults():
    assert from_data({"max_live_sessions": 3})["idle_timeout"] == 30 * MINUTE


def test_the_number_of_statements_does_not_grow_with_the_sessions(
    cast, django_assert_max_num_queries
):
    def change_with(number, idle):
        for _ in range(number):
            hold(cast.member, cast.acme, age=20 * DAY, idle=2 * HOUR)
            hold(cast.admin, cast.acme, age=HOUR)
        with django_assert_max_num_queries(19):
            values = {"idle_timeout_enabled": True, "idle_timeout": idle} | limit(1)
            assert len(change_policy(cast.acme, values, cast.admin).ended) >= number

    change_with(2, HOUR)
    change_with(40, 50 * MINUTE)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (IDLE, EndReason.IDLE_TIMEOUT),
        ({"absolute_timeout_enabled": True, "absolute_timeout": HOUR}, EndReason.ABSOLUTE_TIMEOUT),
    ],
)
def test_a_change_bites_at_the_next_request_even_where_no_row_was_ended(
    cast, browser_of, policy_of, rules, reason
):
    browser = browser_of(cast.member)
    row = browser.session_row
    Session.objects.filter(pk=row.pk).update(
        authenticated_at=timezone.now() - 2 * HOUR, last_seen_at=timezone.now() - HOUR
    )
    assert browser.get("/sessions/").status_code == 200
    Session.objects.filter(pk=row.pk).update(last_seen_at=timezone.now() - HOUR)
    policy_of(cast.acme, **rules)  # the settings alone; nobody ends anything

    assert browser.get("/sessions/").url.startswith("/signed-out/")
    row.refresh_from_db()
    assert row.end_reason == reason


def test_a_lower_limit_bites_at_the_next_sign_in(cast, browser_of, policy_of):
    for _ in range(3):
        hold(cast.member, cast.acme)
    policy_of(cast.acme, **limit(2))
    browser_of(cast.member)
    assert Session.objects.live().of(cast.member).count() == 2


def test_the_lookup_reads_the_same_rules(cast):
    for values in (IDLE | FORCE | limit(3, AtLimit.ASK), {"idle_timeout_enabled": False}):
        change_policy(cast.acme, values, cast.admin)
        hold(cast.owner, cast.acme, key_hash=hash_of(str(values)))
        found = find_session(hash_of(str(values)))
        assert found.policy == SessionPolicy.objects.get(pk=cast.acme.pk).rules()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_lower_limit_waits_for_a_sign_in_that_has_read_the_old_one(cast):
    hold(cast.member, cast.acme)

    def lower():
        change_policy(cast.acme, limit(1), cast.admin)
        connection.close()

    thread = threading.Thread(target=lower)
    with transaction.atomic():
        lock_user(cast.member)  # the sign-in begins, and reads that there is no limit
        thread.start()
        while thread.is_alive() and not somebody_waits():
            thread.join(0.01)
        arrived = hold(cast.member, cast.acme, age=timedelta())
    thread.join()
    assert list(Session.objects.live().of(cast.member)) == [arrived]


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return cursor.fetchone()[0]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_changes_endings_and_the_sweeper_side_by_side_end_each_session_once(cast, policy_of):
    policy_of(cast.acme, idle_timeout_enabled=True, idle_timeout=12 * HOUR)
    people = [cast.owner, cast.admin, cast.member, cast.auditor]
    for number in range(200):
        hold(people[number % 4], cast.acme, age=20 * HOUR, idle=(199 - number) * 6 * MINUTE)
    ended, barrier = [], threading.Barrier(4)

    def change(values):
        barrier.wait()
        ended.extend(one.id for one in change_policy(cast.acme, values, cast.admin).ended)
        connection.close()

    def sweep():
        barrier.wait()
        for batch in end_overdue():
            ended.extend(one.id for one in batch)
        connection.close()

    run([
        lambda: change({"idle_timeout": 2 * HOUR}),
        lambda: change(limit(3)),
        lambda: change({"idle_timeout": 5 * HOUR}),
        sweep,
    ])  # fmt: skip
    assert len(ended) == len(set(ended))
    events = AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED)
    assert events.count() == Session.objects.ended().count()
    live = Counter(Session.objects.live().values_list("user", flat=True))
    assert set(live.values()) == {3}


def run(tasks):
    problems = []

    def guarded(task):
        try:
            task()
        except Exception as problem:  # told below, where the test sees it
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=[task]) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []

"""/events: the audit log as a feed that misses nothing."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from sessions_admin import audit, event_feed
from sessions_admin.lifecycle import end_overdue
from sessions_admin.models import Session
from sessions_admin.vocabulary import AuditAction
from tests.api.conftest import Program
from tests.holdings import hold

# What a transaction that is still open has written is nobody's to read yet.
# Transactions of the whole cluster count, so no other test may have one.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]


def record(tenant, **facts):
    return audit.record(AuditAction.SESSION_RENAMED, tenant_id=tenant.pk, **facts)


def follow(program, after="", limit=50, **query) -> tuple[list[str], str]:
    """All that there is after the cursor, and the next one."""
    found: list[str] = []
    more = True
    extra = "".join(f"&{name}={value}" for name, value in query.items())
    while more:
        page = program.read(f"/events?limit={limit}&after={after}{extra}").json()
        found += [one["id"] for one in page["items"]]
        after, more = page["after"], page["more"]
    return found, after


@pytest.fixture
def program(key_of):
    return key_of()


def test_it_follows_from_the_cursor(program, acme, globex):
    everything, cursor = follow(program)
    assert everything  # the key was made
    assert follow(program, cursor) == ([], cursor)
    first, _, second = record(acme), record(globex), record(acme)
    new, cursor = follow(program, cursor, limit=1)
    assert sorted(new) == sorted([str(first.pk), str(second.pk)])
    assert follow(program, cursor)[0] == []


def test_from_now_on(program, acme):
    record(acme)
    page = program.read("/events?after=latest").json()
    assert page["items"] == []
    event = record(acme)
    assert follow(program, page["after"])[0] == [str(event.pk)]


def test_an_event_of_long_ago_that_is_written_now_is_not_missed(program, cast):
    """The sweeper writes an idle timeout with the true moment: ids and times lie before others."""
    sleepy = hold(cast.member, cast.acme, age=timedelta(days=3), idle=timedelta(days=2))
    record(cast.acme)
    _, cursor = follow(program)
    assert list(end_overdue())
    page = program.read(f"/events?after={cursor}").json()
    [event] = page["items"]
    assert event["session_id"] == str(sleepy.pk)
    assert event["at"] < (timezone.now() - timedelta(hours=20)).isoformat()
    assert event["data"]["reason"] == "idle_timeout"


def test_it_tells_who_did_what(program, cast):
    _, cursor = follow(program)
    record(cast.acme, actor_id=cast.admin.pk, user_id=cast.member.pk, note="Hello")
    record(cast.acme, actor_id=cast.operator.pk)
    record(cast.acme)
    items = program.read(f"/events?after={cursor}").json()["items"]
    by_kind = {one["actor"]["kind"]: one for one in items}
    person, operator = by_kind["person"], by_kind["operator"]
    assert set(by_kind) == {"person", "operator", "system"}
    assert person["actor"] == {
        "kind": "person", "id": str(cast.admin.pk), "name": cast.admin.name
    }  # fmt: skip
    assert person["user_id"] == str(cast.member.pk)
    assert person["data"] == {"note": "Hello"}
    assert operator["actor"] == {"kind": "operator", "id": None, "name": None}


def test_it_filters_by_action(program, acme):
    _, cursor = follow(program)
    event = record(acme)
    audit.record(AuditAction.LOGIN_FAILED, tenant_id=acme.pk)
    assert follow(program, cursor, action="session.renamed")[0] == [str(event.pk)]
    assert program.read("/events?action=nonsense").status_code == 422


def test_an_unknown_cursor_is_said(program):
    response = program.read("/events?after=nonsense")
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "after"


def test_a_cursor_of_another_cluster_is_said(program):
    """After a dump was restored into a new one, whose transactions begin to count anew."""
    cursor = event_feed._write(2**60, uuid.uuid4())
    assert program.read(f"/events?after={cursor}").status_code == 422


def test_it_costs_three_statements(program, acme, django_assert_num_queries):
    for _ in range(40):
        record(acme)
    program.read("/me")
    with django_assert_num_queries(3):  # the key, the quota, the events
        program.read("/events")


@pytest.mark.postgres
def test_a_transaction_that_commits_late_is_not_missed(program, acme):
    """It began to write first, and becomes visible after a younger one was read."""
    _, cursor = follow(program)
    written, commit, late = threading.Event(), threading.Event(), []

    def slowly():
        with transaction.atomic():
            late.append(record(acme))
            written.set()
            commit.wait(20)
        connection.close()

    thread = threading.Thread(target=slowly)
    thread.start()
    written.wait(20)
    young = record(acme)
    meanwhile, cursor = follow(program, cursor)
    assert meanwhile == []  # the young one waits for the late one
    commit.set()
    thread.join(20)
    found, _ = follow(program, cursor)
    assert sorted(found) == sorted([str(late[0].pk), str(young.pk)])


@pytest.mark.postgres
def test_a_reader_beside_many_writers_reads_each_event_once(program, acme, cast):
    """Twelve writers whose transactions overlap in every way, and one who follows."""
    _, cursor = follow(program)
    ids, done, lock = [], threading.Event(), threading.Lock()

    def write(number):
        for turn in range(8):
            with transaction.atomic():
                first = record(acme)
                Session.objects.filter(pk=first.pk).count()
                second = record(acme)
                if (number + turn) % 5 == 0:
                    transaction.set_rollback(True)
                    continue
            with lock:
                ids.extend([str(first.pk), str(second.pk)])
        connection.close()

    def read():
        reader, at = Program(program.authorization), cursor
        while not done.is_set():
            new, at = follow(reader, at, limit=7)
            seen.extend(new)
        seen.extend(follow(reader, at)[0])
        connection.close()

    seen: list[str] = []
    writers = [threading.Thread(target=write, args=[number]) for number in range(12)]
    reader = threading.Thread(target=read)
    for thread in [*writers, reader]:
        thread.start()
    for thread in writers:
        thread.join(60)
    done.set()
    reader.join(60)
    assert len(seen) == len(set(seen))
    assert sorted(seen) == sorted(ids)

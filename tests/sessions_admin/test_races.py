"""Real threads on PostgreSQL: whatever the interleaving, an ended session stays ended."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import UpdateError
from django.db import connections, transaction
from django.test import RequestFactory

from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle import end_overdue, end_sessions
from sessions_admin.models import AuditEvent, Session
from sessions_admin.request.client import Client
from sessions_admin.vocabulary import AuditAction, EndReason

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ROUNDS = 30


def signed_in(user) -> str:
    """The key of a new session of the user."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    return request.session.session_key


def end(user) -> list:
    return end_sessions(Session.objects.of(user), reason=EndReason.REVOKED_BY_ADMIN, actor=None)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Runs the jobs in threads that start together; their results or exceptions."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return job()
        except UpdateError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def loaded(key: str) -> SessionStore:
    store = SessionStore(key)
    store["late"] = True
    return store


def saves(key: str) -> Callable[[], None]:
    return loaded(key).save


def rotates(key: str) -> Callable[[], None]:
    return loaded(key).cycle_key


@pytest.mark.parametrize("write", [saves, rotates])
def test_end_while_writing(cast, write):
    for _ in range(ROUNDS):
        job = write(signed_in(cast.member))
        at_once(job, lambda: end(cast.member))
        assert not Session.objects.open().of(cast.member).exists()
    ended = AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED)
    assert ended.count() == ROUNDS


def test_end_while_writing_wakes_from_the_lock_to_an_ended_row(cast):
    """The writer waits for the row's lock while the end commits: the harder half of the race."""
    store = loaded(signed_in(cast.member))
    waiting = threading.Event()

    def save() -> Any:
        waiting.set()
        return store.save()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            end(cast.member)
            result = pool.submit(save)
            assert waiting.wait(10)
            wait_until_blocked()
        with pytest.raises(UpdateError):
            result.result(10)
    assert not Session.objects.open().of(cast.member).exists()
    assert bytes(Session.objects.of(cast.member).get().data) == b""


def wait_until_blocked() -> None:
    """Until some other backend waits for a lock of ours."""
    connection = connections["default"]
    for _ in range(100_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    pytest.fail("nobody waited for the lock")


def test_end_twice_ends_once(cast):
    for _ in range(ROUNDS):
        signed_in(cast.member)
        results = at_once(*[lambda: end(cast.member)] * 4)
        assert sorted(len(ended) for ended in results) == [0, 0, 0, 1]
    assert AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED).count() == ROUNDS


def test_bulk_endings_of_the_same_sessions_do_not_deadlock(cast):
    for _ in range(ROUNDS // 3):
        for _ in range(20):
            signed_in(cast.member)
        results = at_once(*[lambda: end(cast.member)] * 4)
        assert sum(len(ended) for ended in results) == 20


def test_rotate_twice_leaves_one_key(cast):
    for _ in range(ROUNDS):
        key = signed_in(cast.member)
        first, second = loaded(key), loaded(key)
        results = at_once(first.cycle_key, second.cycle_key)
        assert sum(isinstance(result, UpdateError) for result in results) == 1
        keys = [store.session_key for store in (first, second) if store.session_key != key]
        assert len(keys) == 1
        assert SessionStore().exists(keys[0])
        assert not SessionStore().exists(key)
        end(cast.member)


def test_two_sweepers_end_each_session_once(cast, policy_of):
    for _ in range(20):
        signed_in(cast.member)
    Session.objects.update(last_seen_at="2026-01-01T00:00Z", authenticated_at="2026-01-01T00:00Z")

    def sweep() -> int:
        return sum(len(batch) for batch in end_overdue())

    assert sum(at_once(sweep, sweep)) == 20
    assert AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED).count() == 20


def test_two_people_signing_in_over_one_visitor_leave_one_session(cast):
    """Two tabs of one browser: one takes the visitor's session over, the other is told."""
    for _ in range(ROUNDS):
        visitor = SessionStore()
        visitor["before"] = 1
        visitor.save()
        stores = [loaded(visitor.session_key), loaded(visitor.session_key)]
        people = [cast.member, cast.admin]
        results = at_once(*[
            lambda store=store, user=user: begin(store, user)
            for store, user in zip(stores, people, strict=True)
        ])  # fmt: skip
        assert sum(isinstance(result, UpdateError) for result in results) == 1
        assert Session.objects.open().exclude(user=None).count() == 1
        end_sessions(Session.objects.all(), reason=EndReason.LOGGED_OUT, actor=None)


def begin(store: SessionStore, user) -> None:
    store.begin(user, Client(None, ""), amr="pwd", aal=1)

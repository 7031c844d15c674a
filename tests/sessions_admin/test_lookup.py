"""The one SELECT of a request, by its two roads: prepared on PostgreSQL, and as Django asks."""

from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from sessions_admin import lifecycle
from sessions_admin.models import Session
from sessions_admin.request.lookup import find_session, find_session_by_id
from sessions_admin.request.sealing import hash_of
from sessions_admin.vocabulary import EndReason


@pytest.fixture
def key_hash(cast, browser_of, policy_of):
    """Of the session of an administrator in a tenant with rules."""
    policy_of(cast.acme, idle_timeout_enabled=True, absolute_timeout_enabled=True)
    return bytes(browser_of(cast.admin).session_row.key_hash)


def prepared():
    """What this connection has had prepared for the lookup: how often by its generic plan."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans FROM pg_prepared_statements WHERE name = 'find_session'"
        )
        return [plans for (plans,) in cursor.fetchall()]


def terminate_connection():
    """Ends the server's side of our connection, as a restart does, and waits until it is gone."""
    parameters = connection.get_connection_params()
    for only_djangos in ("context", "cursor_factory", "prepare_threshold"):
        parameters.pop(only_djangos, None)
    with psycopg.connect(**parameters, autocommit=True) as other:
        pid = connection.connection.info.backend_pid
        ended = other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid]).fetchone()
    assert ended == (True,)


def test_it_is_one_statement(key_hash, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = find_session(key_hash)
        assert found.user.email == "admin@acme.test"
        assert found.access.tenant.slug == "acme"
        assert found.access.permissions
        assert found.policy.absolute_timeout


def test_it_knows_no_unknown_key(key_hash):
    assert find_session(hash_of("somebody's guess")) is None
    with CaptureQueriesContext(connection):
        assert find_session(hash_of("somebody's guess")) is None


def test_by_its_id_it_finds_the_same(key_hash, django_assert_num_queries):
    found = find_session(key_hash)
    for _ in range(2):  # as it counts statements, and by PostgreSQL's own protocol
        again = find_session_by_id(found.id)
        assert (again.id, again.facts, again.policy, again.access) == (
            found.id, found.facts, found.policy, found.access
        )  # fmt: skip
    with django_assert_num_queries(1):
        assert find_session_by_id(found.id).user == found.user
    assert find_session_by_id(uuid4()) is None


@pytest.mark.postgres
def test_it_is_prepared_once_and_planned_once(key_hash):
    # PostgreSQL compares five plans made for their values with the generic one.
    for _ in range(7):
        find_session(key_hash)
    [generic_plans] = prepared()
    assert generic_plans >= 1


@pytest.mark.postgres
@pytest.mark.parametrize("whose", ["admin", "contractor", "operator", "nobody", "ended"])
def test_it_finds_the_same_by_both_roads(cast, browser_of, policy_of, whose):
    policy_of(cast.acme, idle_timeout_enabled=True, absolute_timeout_enabled=True)
    if whose == "nobody":
        row = Session.objects.create(key_hash=hash_of("a visitor"), data=b"sealed")
    elif whose == "ended":
        row = browser_of(cast.member).session_row
        lifecycle.end_everything(
            cast.acme, reason=EndReason.REVOKED_BY_OPERATOR, actor=cast.operator
        )
    else:
        row = browser_of(getattr(cast, whose), ip="2001:db8::7").session_row
    key_hash = bytes(row.key_hash)

    by_statement = find_session(key_hash)
    with CaptureQueriesContext(connection) as queries:
        by_cursor = find_session(key_hash)

    assert len(queries) == 1
    assert by_statement._row == by_cursor._row
    assert [type(value) for value in by_statement._row] == [type(value) for value in by_cursor._row]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_outlives_a_dropped_connection(key_hash):
    find_session(key_hash)
    before = connection.connection
    terminate_connection()
    assert find_session(key_hash).user.email == "admin@acme.test"
    assert connection.connection is not before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_never_goes_on_outside_a_transaction_that_is_lost(key_hash):
    @transaction.atomic
    def interrupted():
        Session.objects.update(label="lost")
        terminate_connection()
        find_session(key_hash)

    with pytest.raises(DatabaseError):
        interrupted()
    assert not Session.objects.filter(label="lost").exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_never_goes_on_outside_a_transaction_without_atomic_either(key_hash):
    find_session(key_hash)
    transaction.set_autocommit(False)
    try:
        Session.objects.update(label="lost")
        terminate_connection()
        with pytest.raises(DatabaseError):
            find_session(key_hash)
    finally:
        connection.close()  # the next one commits by itself again
    assert not Session.objects.filter(label="lost").exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_prepares_again_what_the_server_has_forgotten(key_hash):
    find_session(key_hash)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert find_session(key_hash).user.email == "admin@acme.test"
    assert len(prepared()) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_works_unprepared_where_the_settings_say_so(key_hash):
    connection.close()
    connection.ensure_connection()
    connection.connection.prepare_threshold = None
    try:
        assert find_session(key_hash).user.email == "admin@acme.test"
        assert prepared() == []
    finally:
        connection.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_its_times_are_naive_where_djangos_are(key_hash, settings):
    settings.USE_TZ = False
    connection.close()
    assert find_session(key_hash).started_at.tzinfo is None

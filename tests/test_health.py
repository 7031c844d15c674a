"""/readyz for load balancers; anybody may ask, and often."""

import pytest
from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder

from config import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def just_started():
    health._complete.clear()
    yield
    health._complete.clear()


def test_it_is_ready_with_all_migrations(client):
    assert client.get("/readyz").content == b"ok\n"


def test_it_is_not_ready_while_one_is_missing(client):
    MigrationRecorder.Migration.objects.filter(app="sessions_admin").latest("applied").delete()
    for _ in range(2):
        answer = client.get("/readyz")
        assert (answer.status_code, answer.content) == (503, b"migrations pending\n")


def test_it_reads_the_migrations_once(client, django_assert_num_queries, monkeypatch):
    client.get("/readyz")
    with django_assert_num_queries(1):
        assert client.get("/readyz").status_code == 200


def test_it_notices_a_database_that_is_gone(client, monkeypatch):
    def gone(*_):
        raise DatabaseError

    client.get("/readyz")
    monkeypatch.setattr(health.connection, "cursor", gone)
    assert client.get("/readyz").status_code == 503

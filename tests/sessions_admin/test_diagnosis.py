"""Settings and stores, in order and not: each of the doctor's checks with both outcomes."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from sessions_admin import audit
from sessions_admin.diagnosis import feed, stores, web
from sessions_admin.models import AuditEvent, Session
from sessions_admin.vocabulary import AuditAction
from tests.sessions_admin.findings import (
    OK,
    PROBLEM,
    PUBLIC,
    WARNING,
    assert_found,
    change,
)

RANDOM_KEY = "q8#v!Zr2" * 8


# --- what faces the network ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "values", "level", "words"),
    [
        (web.debug, {"DEBUG": False}, OK, "off"),
        (web.debug, {"DEBUG": True}, PROBLEM, "on"),
        (web.secret_key, {"SECRET_KEY": RANDOM_KEY}, OK, "long enough"),
        (web.secret_key, {"SECRET_KEY": "django-insecure-" + RANDOM_KEY}, PROBLEM, "published"),
        (web.secret_key, {"SECRET_KEY": RANDOM_KEY[:49]}, PROBLEM, "guessed"),
        (web.secret_key, {"SECRET_KEY": "abc" * 30}, PROBLEM, "guessed"),
        (web.hosts, {"ALLOWED_HOSTS": ["localhost", "[::1]", "127.0.0.1"]}, OK, "Only this"),
        (web.hosts, {"ALLOWED_HOSTS": ["a.example", "b.example"]}, OK, "a.example, b.example"),
        (web.hosts, {"ALLOWED_HOSTS": ["a.example", "*"]}, PROBLEM, "any name"),
        (web.tls, {"ALLOWED_HOSTS": ["localhost"], "SECURE_SSL_REDIRECT": False}, OK, "loopback"),
        (web.tls, PUBLIC, OK, "insist"),
        (web.tls, PUBLIC | {"SECURE_SSL_REDIRECT": False}, PROBLEM, "public host"),
        (web.tls, PUBLIC | {"SECURE_HSTS_SECONDS": 0}, WARNING, "HSTS"),
        (web.cookies, PUBLIC, OK, "__Host-"),
        (web.cookies, {"ALLOWED_HOSTS": ["localhost"]}, OK, "plain http"),
        (web.cookies, PUBLIC | {"SESSION_COOKIE_SECURE": False}, PROBLEM, "travels over plain"),
        (web.cookies, PUBLIC | {"CSRF_COOKIE_SECURE": False}, PROBLEM, "travels over plain"),
        (web.cookies, PUBLIC | {"SESSION_COOKIE_NAME": "latchkey"}, PROBLEM, "prefix"),
        (web.cookies, PUBLIC | {"SESSION_COOKIE_DOMAIN": ".example.com"}, PROBLEM, "subdomains"),
        (web.cookies, PUBLIC | {"SESSION_COOKIE_HTTPONLY": False}, PROBLEM, "scripts"),
        (web.cookies, PUBLIC | {"SESSION_COOKIE_SAMESITE": "None"}, PROBLEM, "other sites"),
        (web.cookies, PUBLIC | {"CSRF_COOKIE_SAMESITE": False}, PROBLEM, "other sites"),
    ],
)
def test_what_faces_the_network(settings, check, values, level, words):
    change(settings, values)
    assert_found(check(), level, words)


@pytest.mark.parametrize(
    ("trusted", "level", "words"),
    [
        (["10.0.0.0/8", "fc00::/7", "203.0.113.7/32", "2001:db8::/32"], OK, "10.0.0.0/8"),
        (["0.0.0.0/0"], PROBLEM, "everybody"),
        (["10.0.0.1/32", "::/0"], PROBLEM, "everybody"),
        (["0.0.0.0/1", "128.0.0.0/1"], PROBLEM, "everybody"),
        (["64.0.0.0/2"], WARNING, "64.0.0.0/2"),
        (["2000::/3"], WARNING, "2000::/3"),
        ([], WARNING, "No proxy is trusted"),
    ],
)
def test_proxies(settings, trusted, level, words):
    change(settings, PUBLIC | {"TRUSTED_PROXIES": tuple(map(ip_network, trusted))})
    assert_found(web.proxies(), level, words)


def test_no_proxy_is_in_order_without_tls(settings):
    change(settings, {"TRUSTED_PROXIES": (), "SECURE_SSL_REDIRECT": False})
    assert_found(web.proxies(), OK, "whoever connects")


# --- where data is ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_of_the_tests_is_in_order():
    findings = {finding.name: finding for finding in stores.database()}
    assert {"Database", "Migrations", "Clock"} <= set(findings)
    assert [f for f in findings.values() if f.level == PROBLEM] == []


@pytest.mark.django_db
def test_a_missing_migration():
    assert_found(stores.migrations(), OK, "All are applied")
    ((app, name),) = MigrationLoader(connection).graph.leaf_nodes("sessions_admin")
    MigrationRecorder(connection).record_unapplied(app, name)
    assert_found(stores.migrations(), PROBLEM, f"Not applied: {app}.{name}.")


@pytest.mark.parametrize(
    ("seconds", "level", "words"),
    [(0.003, OK, "3 ms"), (-1.9, OK, "1900 ms"), (2.1, PROBLEM, "2.1 s"), (-60, PROBLEM, "60.0 s")],
)
def test_how_far_clocks_may_differ(seconds, level, words):
    assert_found(stores.judge_clock(timedelta(seconds=seconds)), level, words)


@pytest.mark.postgres
@pytest.mark.django_db
def test_our_clock_is_compared_with_postgresql(time_machine):
    assert_found(stores.clock(), OK, "agree")
    time_machine.move_to(datetime.now(UTC) + timedelta(hours=1))
    assert_found(stores.clock(), PROBLEM, "differ by 3")


@pytest.mark.parametrize(("used", "level"), [(1, OK), (80, OK), (81, WARNING), (100, WARNING)])
def test_how_many_connections_may_be_in_use(used, level):
    assert_found(stores.judge_connections(used, 100), level, f"{used} of")


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_connections_of_postgresql_are_counted():
    assert_found(stores.connections(), OK, " in use")


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_session_table_leaves_room():
    table = Session._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} SET (fillfactor = 80)")
        assert_found(stores.fillfactor(), OK, "20 %")
        cursor.execute(f"ALTER TABLE {table} RESET (fillfactor)")
        assert_found(stores.fillfactor(), WARNING, "100 %")


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize(("oldest", "level"), [(15, OK), (99, PROBLEM)])
def test_an_old_postgresql_is_a_problem(monkeypatch, oldest, level):
    monkeypatch.setattr(stores, "OLDEST_POSTGRESQL", oldest)
    assert_found(stores.postgresql_version(), level, "PostgreSQL")


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_sqlite_keeps_a_write_ahead_log():
    assert_found(stores.sqlite_journal(), OK, "write-ahead")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=DELETE")
        assert_found(stores.sqlite_journal(), WARNING, "'delete'")
        cursor.execute("PRAGMA journal_mode=WAL")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("backend", "location", "level", "words"),
    [
        ("django.core.cache.backends.db.DatabaseCache", "rate_limits", OK, "answers"),
        ("django.core.cache.backends.db.DatabaseCache", "elsewhere", PROBLEM, "does not exist"),
        ("django.core.cache.backends.locmem.LocMemCache", "", PROBLEM, "not shared"),
        ("django.core.cache.backends.dummy.DummyCache", "", PROBLEM, "not shared"),
        (
            "django.core.cache.backends.redis.RedisCache",
            "redis://127.0.0.1:1/0",
            PROBLEM,
            "does not answer",
        ),
    ],
)
def test_cache(settings, backend, location, level, words):
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location}}
    assert_found(stores.shared_cache(), level, words)


def test_a_cache_that_forgets(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert_found(stores.cache_answers(), PROBLEM, "forgets")


@pytest.mark.postgres
def test_a_feed_from_another_cluster_is_a_problem(acme):
    event = audit.record(AuditAction.LOGIN_FAILED, tenant_id=acme.pk)
    assert feed.events().level == OK
    AuditEvent.objects.filter(pk=event.pk).update(written_in=2**60)
    assert feed.events().level == PROBLEM
    assert feed.REPAIR in feed.events().fix

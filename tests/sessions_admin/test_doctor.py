"""The doctor: what the portal leans on, in order and not, and the command itself."""

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

from sessions_admin import diagnosis
from sessions_admin.diagnosis import dependencies, places
from sessions_admin.geo import NetworkRow, PlaceRow, write_city_database, write_network_database
from tests.sessions_admin.findings import (
    OK,
    PROBLEM,
    PUBLIC,
    WARNING,
    assert_found,
    change,
)

pytestmark = pytest.mark.alone  # a browser's event loop in the process is what it warns of

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


# --- what the portal leans on ----------------------------------------------------------------


class MailServer(socketserver.StreamRequestHandler):
    """Greets, and takes any sender who does not sign in."""

    ANSWERS = {b"QUIT": b"221 bye\r\n", b"AUTH": b"535 no\r\n"}

    def handle(self):
        self.wfile.write(b"220 hello\r\n")
        for line in self.rfile:
            verb = line.split()[0].upper()
            self.wfile.write(
                {b"QUIT": b"221 bye\r\n", b"AUTH": b"535 no\r\n"}.get(verb, b"250 ok\r\n")
            )
            if verb == b"QUIT":
                return


@pytest.fixture
def mail_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def smtp(**options):
    return {"default": {"BACKEND": dependencies.SMTP_BACKEND, "OPTIONS": options}}


def test_a_mail_server_that_answers(settings, mail_server):
    settings.MAILERS = smtp(host="127.0.0.1", port=mail_server)
    assert_found(dependencies.mail(), OK, "takes our mails")


def test_a_mail_server_that_is_not_there(settings):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.MAILERS = smtp(host="127.0.0.1", port=unused.getsockname()[1])
        assert_found(dependencies.mail(), PROBLEM, "does not let us in")


def test_a_mail_server_that_refuses(settings, mail_server):
    settings.MAILERS = smtp(host="127.0.0.1", port=mail_server, username="u", password="p")
    assert_found(dependencies.mail(), PROBLEM, "does not let us in")


def test_a_mail_server_that_never_greets(settings, monkeypatch):
    monkeypatch.setattr(dependencies, "MAIL_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.MAILERS = smtp(host="127.0.0.1", port=silent.getsockname()[1])
        assert_found(dependencies.mail(), PROBLEM, "timed out")


def test_contradicting_mail_options(settings):
    settings.MAILERS = smtp(host="127.0.0.1", port=1, use_tls=True, use_ssl=True)
    assert_found(dependencies.mail(), PROBLEM, "incompatible")


def test_mails_that_go_nowhere(settings):
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.filebased.EmailBackend"},
    }
    assert_found(dependencies.mail(), WARNING, "filebased")


@pytest.mark.parametrize(
    ("options", "level"),
    [
        ({"host": "mail.example.com", "use_tls": True}, OK),
        ({"host": "mail.example.com", "use_ssl": True}, OK),
        ({"host": "localhost"}, OK),
        ({"host": "mail.example.com"}, WARNING),
    ],
)
def test_mail_is_encrypted_on_the_way(options, level):
    assert_found(dependencies.judge_mail(options), level, options["host"])


def test_places(settings, tmp_path):
    settings.GEOIP_PATH = ""
    assert_found(places.places(), OK, "not set")
    settings.GEOIP_PATH = str(tmp_path / "city.mmdb")
    assert_found(places.places(), PROBLEM, "not there")
    Path(settings.GEOIP_PATH).write_bytes(b"junk")
    assert_found(places.places(), PROBLEM, "cannot be used")
    write_city_database(
        settings.GEOIP_PATH, [PlaceRow("203.0.113.0/24", "Lyon", "France", "FR", 45.8, 4.8)]
    )
    assert_found(places.places(), OK, f"{timezone.now():%Y-%m-%d}")


def test_networks(settings, tmp_path):
    settings.GEOIP_ASN_PATH = ""
    assert_found(places.networks(), OK, "not set")
    settings.GEOIP_ASN_PATH = str(tmp_path / "asn.mmdb")
    assert_found(places.networks(), PROBLEM, "not there")
    write_city_database(settings.GEOIP_ASN_PATH, [])
    assert_found(places.networks(), PROBLEM, "not an ASN database")
    write_network_database(settings.GEOIP_ASN_PATH, [NetworkRow("203.0.113.0/24", 64496, "Acme")])
    assert_found(places.networks(), OK, f"{timezone.now():%Y-%m-%d}")


@pytest.mark.parametrize(("days", "level"), [(0, OK), (45, OK), (46, WARNING), (400, WARNING)])
def test_how_old_places_may_be(days, level):
    found = places.judge_age("Places", NOW - timedelta(days=days), NOW)
    assert_found(found, level, "The data is")


@pytest.fixture
def database_tasks(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


def task(*, age, **values):
    """A task that was asked for `age` ago."""
    row = DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}},
        task_path="nowhere.task",
        backend_name="default",
        **{"run_after": get_date_max()} | values,
    )
    DBTaskResult.objects.filter(pk=row.pk).update(enqueued_at=timezone.now() - age)


def test_tasks_done_at_once(settings):
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
    assert_found(dependencies.tasks(), OK, "at once")


@pytest.mark.django_db
@pytest.mark.usefixtures("database_tasks")
def test_tasks_of_a_worker_that_keeps_up():
    assert_found(dependencies.tasks(), OK, "0 waiting")
    task(age=timedelta(seconds=10))
    task(age=timedelta(days=1), run_after=timezone.now() + timedelta(hours=1))
    task(age=timedelta(days=1), run_after=timezone.now() - timedelta(seconds=5))
    assert_found(dependencies.tasks(), OK, "2 waiting")


@pytest.mark.django_db
@pytest.mark.usefixtures("database_tasks")
def test_tasks_that_nobody_takes():
    task(age=timedelta(minutes=7, seconds=5))
    task(age=timedelta(seconds=1))
    assert_found(dependencies.tasks(), PROBLEM, "2 waiting, the oldest for 7 minutes")


@pytest.mark.django_db
@pytest.mark.usefixtures("database_tasks")
def test_tasks_that_failed():
    failed = {"status": "FAILED", "traceback": "", "exception_class_path": ""}
    task(age=timedelta(days=3), finished_at=timezone.now() - timedelta(days=2), **failed)
    assert_found(dependencies.tasks(), OK, "0 waiting")
    task(age=timedelta(hours=2), finished_at=timezone.now() - timedelta(hours=1), **failed)
    assert_found(dependencies.tasks(), WARNING, "1 failed")


@pytest.fixture
def _no_async(monkeypatch):
    """The tests' environment allows what Django's check rightly refuses."""
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.mark.usefixtures("_no_async")
def test_system_checks(settings, db):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    assert_found(dependencies.system_checks(), PROBLEM, "latchkey.E002")
    settings.SESSION_ENGINE = "sessions_admin.engine"
    change(settings, PUBLIC | {"SECURE_HSTS_SECONDS": 0, "SILENCED_SYSTEM_CHECKS": []})
    assert_found(dependencies.system_checks(), WARNING, "security.W004")


# --- the command -----------------------------------------------------------------------------


def doctor(*arguments):
    output = StringIO()
    call_command("doctor", *arguments, stdout=output, no_color=True)
    return output.getvalue()


@pytest.fixture
def in_order(settings, mail_server, _no_async):
    settings.MAILERS = smtp(host="127.0.0.1", port=mail_server)


@pytest.mark.django_db
@pytest.mark.usefixtures("in_order")
def test_one_line_a_check_and_no_exit_when_all_is_in_order():
    lines = doctor().splitlines()
    assert len(lines) >= len(diagnosis.CHECKS)
    assert all(line.startswith(("ok ", "warning ")) for line in lines)


@pytest.mark.django_db
@pytest.mark.usefixtures("in_order")
def test_a_problem_is_said_with_its_fix_and_exits_with_1(settings):
    settings.DEBUG = True
    output = StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("doctor", stdout=output, no_color=True)
    assert exit_.value.code == 1
    assert "problem  Debug          DEBUG is on: error pages show secrets. Unset DEBUG.\n" in (
        output.getvalue()
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("in_order")
def test_json_says_the_same():
    findings = json.loads(doctor("--json"))
    assert {"name": "Debug", "level": "ok", "message": "DEBUG is off.", "fix": ""} in findings
    assert {finding["level"] for finding in findings} <= {"ok", "warning"}


def test_without_a_database_the_others_are_still_heard():
    url = "postgres://nobody:secret-word@127.0.0.1:1/nowhere?connect_timeout=2"
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "EMAIL_URL": "smtp://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    levels = {finding["name"]: finding["level"] for finding in json.loads(done.stdout)}
    assert levels["Database"] == levels["Cache"] == levels["Mail"] == "problem"
    assert levels["Debug"] == levels["Secret key"] == levels["Places"] == "ok"
    assert "secret-word" not in done.stdout


def test_a_check_that_breaks_is_a_finding_too():
    def broken():
        raise ZeroDivisionError("twice\nover")

    (finding,) = diagnosis.outcome("Something", broken)
    assert_found(finding, PROBLEM, "It cannot be checked: twice")
    assert "over" not in finding.message

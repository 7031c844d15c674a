"""manage.py sweep_sessions: one sweep, and the loop."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from sessions_admin.management.commands import sweep_sessions
from sessions_admin.models import AuditEvent, Session
from sessions_admin.vocabulary import EndReason
from tests.holdings import hold

ROOT = Path(__file__).resolve().parents[2]
HOUR = timedelta(hours=1)


def sweep(**options) -> str:
    output = StringIO()
    call_command("sweep_sessions", stdout=output, **options)
    return output.getvalue()


def test_it_ends_what_is_overdue_with_the_true_reason_and_time(member, acme, policy_of):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=HOUR, absolute_timeout_enabled=True,
              absolute_timeout=10 * HOUR)  # fmt: skip
    idle = hold(member, acme, age=5 * HOUR, idle=2 * HOUR)
    old = hold(member, acme, age=11 * HOUR, idle=timedelta(minutes=1))
    live = hold(member, acme)

    assert sweep() == "Ended 2 sessions: absolute_timeout 1, idle_timeout 1.\n"

    for session in (idle, old, live):
        session.refresh_from_db()
    assert (idle.end_reason, idle.ended_at) == (EndReason.IDLE_TIMEOUT, idle.last_seen_at + HOUR)
    assert (old.end_reason, old.ended_at) == (
        EndReason.ABSOLUTE_TIMEOUT,
        old.authenticated_at + 10 * HOUR,
    )
    assert live.ended_at is None


def test_it_says_that_there_was_nothing_to_do(member, acme):
    hold(member, acme)
    assert sweep() == "Ended 0 sessions.\n"


def test_it_ends_each_session_once(member, acme):
    session = hold(member, acme, age=50 * HOUR, idle=30 * HOUR)
    sweep()
    sweep()
    events = AuditEvent.objects.filter(session_id=session.pk, action="session.ended")
    assert events.count() == 1


def test_it_fails_when_the_database_does(monkeypatch, db):
    def broken():
        raise OperationalError("the server is gone")

    monkeypatch.setattr(sweep_sessions, "end_overdue", broken)
    with pytest.raises(OperationalError):
        sweep()


def test_its_loop_survives_a_database_that_was_away(monkeypatch, member, acme, caplog):
    hold(member, acme, age=50 * HOUR, idle=30 * HOUR)
    command = sweep_sessions.Command(stdout=StringIO())
    rounds = []

    def away_at_first():
        rounds.append(timezone.now())
        if len(rounds) == 1:
            raise OperationalError("the server is gone")
        command.stopped.set()
        return real()

    real = sweep_sessions.end_overdue
    monkeypatch.setattr(sweep_sessions, "end_overdue", away_at_first)
    monkeypatch.setattr(sweep_sessions.signal, "signal", lambda *_: None)
    # The connection belongs to the test's transaction.
    monkeypatch.setattr(sweep_sessions.connection, "close", lambda: None)

    command.handle(loop=True, every=0.1)

    assert "will be tried again: the server is gone" in caplog.text
    assert len(rounds) == 2
    assert Session.objects.open().count() == 0
    assert "Ended 1 session" in command.stdout.getvalue()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_its_loop_stops_cleanly(number, tmp_path):
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
    command = [sys.executable, "manage.py", "sweep_sessions", "--loop", "--every", "3600"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        assert process.stdout.readline() == "Sweeping every 3600 s.\n"
        process.send_signal(number)
        rest, _ = process.communicate()
    finally:
        killer.cancel()
    assert (process.returncode, rest) == (0, "Stopped.\n")


@pytest.mark.parametrize("every", ["0", "-5", "soon", "nan", "1e9"])
def test_it_refuses_a_pause_that_is_none(every):
    with pytest.raises(CommandError, match="is not a number of seconds"):
        call_command("sweep_sessions", "--loop", "--every", every)

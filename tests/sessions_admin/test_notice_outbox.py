"""Mailing notices: once, later when the server is away, and never lost."""

import email
import os
import signal
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from email.policy import default
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from sessions_admin.diagnosis.finding import Level
from sessions_admin.diagnosis.outbox import notices as diagnosed
from sessions_admin.models import Notice
from sessions_admin.notices import delivery, notify, notify_all, outbox, retract
from sessions_admin.notices.outbox import send_due, wait_after
from sessions_admin.vocabulary import NoticeKind

MINUTE = timedelta(minutes=1)
ROOT = Path(__file__).resolve().parents[2]


class MailServer(socketserver.ThreadingTCPServer):
    """A small SMTP server (RFC 5321) on a real socket, which does what a test tells it to."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.refused, self.hangs_up, self.mails, self.connections = set(), False, [], 0

    @property
    def port(self):
        return self.server_address[1]

    @property
    def messages(self):
        return [email.message_from_bytes(raw, policy=default) for raw in self.mails]


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        self.say("220 ready")
        while line := self.rfile.readline():
            verb = line.decode().strip().upper()
            if verb.startswith("DATA"):
                if self.server.hangs_up:
                    return None
                self.say("354 go on")
                self.server.mails.append(self.read_mail())
                self.say("250 taken")
            elif verb.startswith("RCPT") and any(to.upper() in verb for to in self.server.refused):
                self.say("550 no such mailbox")
            elif verb.startswith("QUIT"):
                return self.say("221 bye")
            else:
                self.say("250 ok")
        return None

    def read_mail(self):
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(
            line.removeprefix(b".") if line.startswith(b"..") else line for line in lines
        )

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mail_server(settings):
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.MAILERS = smtp(server.port)
        yield server
        server.shutdown()


def smtp(port):
    options = {"host": "127.0.0.1", "port": port, "timeout": 2}
    return {
        "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}
    }


@contextmanager
def later(by):
    with time_machine.travel(timezone.now() + by):
        yield


def tell(*people, event="change"):
    for number, person in enumerate(people):
        notify(NoticeKind.CREDENTIAL_CHANGED, user_id=person.pk, event=f"{event}:{number}",
               change="password_changed")  # fmt: skip


def test_it_goes_over_one_connection_and_says_that_no_person_wrote_it(mail_server, member, admin):
    tell(member, admin)
    with later(MINUTE):
        assert send_due().sent == 2
    first, _second = mail_server.messages
    assert first["To"] == member.email
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_body(("plain",)).get_content().startswith(f"Hello {member.name},")
    assert "<h1>Your password was changed</h1>" in first.get_body(("html",)).get_content()
    assert mail_server.connections == 1
    assert Notice.objects.filter(mailed_at=None).count() == 0


def test_it_is_sent_once(mail_server, member):
    tell(member)
    send_due()
    with later(timedelta(days=1)):
        assert send_due().sent == 0
    assert len(mail_server.mails) == 1


def test_an_event_is_told_once(member):
    tell(member)
    tell(member)
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 4), (3, 16), (4, 64), (5, 256), (6, 360), (600, 360)]
)
def test_it_waits_longer_after_each_failure(attempts, minutes):
    assert wait_after(attempts) == minutes * MINUTE


def test_a_server_that_is_down_loses_nothing(settings, mail_server, member, admin):
    """One try shows it: the others are not tried, and none is lost."""
    up, settings.MAILERS = settings.MAILERS, smtp(1)
    tell(member, admin)
    with later(timedelta(seconds=10)):
        assert (send_due().sent, send_due().failed) == (0, 1)
    assert sorted(Notice.objects.values_list("mail_attempts", flat=True)) == [1, 1]
    assert "refused" in Notice.objects.exclude(mail_error="").first().mail_error
    settings.MAILERS = up
    with later(2 * MINUTE):
        assert send_due().sent == 2
    assert Notice.objects.filter(mailed_at=None).count() == 0
    assert Notice.objects.exclude(mail_error="").count() == 0


def test_a_server_that_hangs_up_in_the_middle(mail_server, member):
    mail_server.hangs_up = True
    tell(member)
    assert send_due().failed == 1
    mail_server.hangs_up = False
    with later(30 * timedelta(seconds=1)):
        assert send_due().sent == 0  # not yet
    with later(2 * MINUTE):
        assert send_due().sent == 1
    assert len(mail_server.mails) == 1


def test_an_address_that_is_refused_does_not_hold_up_the_others(mail_server, member, admin):
    mail_server.refused = {member.email}
    tell(member, admin)
    with later(timedelta(seconds=10)):
        delivery = send_due()
    assert (delivery.sent, delivery.failed) == (1, 1)
    assert "550" in Notice.objects.get(user=member).mail_error


def test_a_mail_that_cannot_be_written_does_not_hold_up_the_others(member, admin, monkeypatch):
    def broken(notice):
        if notice.user_id == member.pk:
            raise ValueError("a bug")
        return compose(notice)

    compose = outbox.compose
    monkeypatch.setattr(outbox, "compose", broken)
    tell(member, admin)
    with later(timedelta(seconds=10)):
        delivery = send_due()
    assert (delivery.sent, delivery.failed) == (1, 1)


def test_a_mailer_that_cannot_be_made_ends_no_loop(settings, member):
    backend = "django.core.mail.backends.smtp.EmailBackend"
    both = {"host": "localhost", "use_tls": True, "use_ssl": True}
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": both}}
    tell(member)
    assert send_due().sent == 0
    assert Notice.objects.get().mail_attempts == 0


def test_it_is_given_up_after_a_week(settings, member):
    settings.MAILERS = smtp(1)
    tell(member)
    with later(timedelta(days=7, hours=1)):
        send_due()
    assert Notice.objects.get().mail_due_at is None
    assert diagnosed().level == Level.WARNING


def test_a_sender_that_was_killed_after_its_claim_loses_nothing(mail_server, member, monkeypatch):
    class Killed(BaseException):
        pass

    def die(_notice):
        raise Killed

    tell(member)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "compose", die)
        with pytest.raises(Killed):
            send_due()
    assert send_due().sent == 0
    with later(2 * MINUTE):
        assert send_due().sent == 1


def test_a_mail_that_is_sent_again_has_the_same_message_id(mail_server, member):
    tell(member)
    send_due()
    Notice.objects.update(mailed_at=None, mail_due_at=timezone.now())
    send_due()
    first, second = mail_server.messages
    assert first["Message-ID"] == second["Message-ID"]


def test_a_warning_that_comes_too_late_is_not_sent(member, acme):
    notify_all(NoticeKind.SETTINGS_PLANNED, user_ids=[member.pk], event="plan", tenant_id=acme.pk,
               due_at=(timezone.now() + 15 * MINUTE).isoformat())  # fmt: skip
    with later(20 * MINUTE):
        assert send_due().sent == 0
    assert mail.outbox == []


def test_what_was_retracted_is_not_sent(member, acme):
    notify_all(NoticeKind.SETTINGS_PLANNED, user_ids=[member.pk], event="plan", tenant_id=acme.pk)
    retract("plan")
    assert send_due().sent == 0


def test_many_at_once_let_others_pass(cast, acme):
    people = [cast.member.pk, cast.admin.pk, cast.owner.pk]
    notify_all(NoticeKind.SETTINGS_PLANNED, user_ids=people, event="plan", tenant_id=acme.pk)
    due = list(Notice.objects.order_by("mail_due_at").values_list("mail_due_at", flat=True))
    assert due == sorted(set(due))


def test_a_worker_is_asked_after_the_commit(settings, member, django_capture_on_commit_callbacks):
    from django_tasks_db.models import DBTaskResult

    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    with django_capture_on_commit_callbacks(execute=True):
        tell(member)
        assert DBTaskResult.objects.count() == 0
    assert DBTaskResult.objects.get().task_path == "sessions_admin.notices.delivery.deliver"
    assert mail.outbox == []


def test_the_worker_sends_it(member):
    tell(member)
    delivery.deliver.call()
    assert len(mail.outbox) == 1


def test_without_a_worker_nothing_is_sent_within_the_request(
    member, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        tell(member)
    assert mail.outbox == []


def test_the_command_says_what_it_did(settings, member):
    tell(member)
    output = StringIO()
    call_command("send_notices", stdout=output)
    assert output.getvalue() == "Sent 1 mail.\n"
    settings.MAILERS = smtp(1)
    tell(member, event="other")
    call_command("send_notices", stdout=output)
    assert output.getvalue().endswith("Sent 0 mails. 1 will be tried again later.\n")
    with pytest.raises(CommandError):
        call_command("send_notices", "--every", "0")


def test_its_loop_survives_a_database_that_was_away(member, monkeypatch, caplog):
    def away(*_):
        raise OperationalError("the server is gone")

    tell(member)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "send_due", away)
        patch.setattr(outbox.connection, "close", lambda: None)  # the test's transaction is in it
        assert outbox.keep_sending(threading.Event()).sent == 0
    assert "will be tried again" in caplog.text
    assert outbox.keep_sending(threading.Event()).sent == 1


def test_it_stops_when_it_is_told(member):
    tell(member)
    stopped = threading.Event()
    stopped.set()
    assert outbox.keep_sending(stopped).sent == 0
    assert Notice.objects.get().mail_attempts == 0


@pytest.mark.parametrize(
    "command", [("send_notices", "--loop"), ("sweep_sessions", "--loop")], ids=lambda one: one[0]
)
def test_the_loops_send_and_end_in_order(tmp_path, command):
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/mails.sqlite3"}

    def manage(*arguments):
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    subprocess.run(manage("migrate", "--verbosity=0"), env=environment, check=True)
    tell_one = (
        "from accounts.models import User; from sessions_admin.notices import notify; "
        "notify('credential_changed', user_id=User.objects.create_user('a@b.test').pk, event='x')"
    )
    subprocess.run(manage("shell", "-v0", "-c", tell_one), env=environment, check=True)
    server = MailServer()
    arrived = threading.Event()
    server.mails = Announcing(arrived)
    with server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        environment["EMAIL_URL"] = f"smtp://127.0.0.1:{server.port}"
        with subprocess.Popen(manage(*command), env=environment) as process:
            assert arrived.wait(30)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        server.shutdown()
    assert len(server.mails) == 1


class Announcing(list):
    """Tells who waits that something was put into it."""

    def __init__(self, arrived):
        super().__init__()
        self.arrived = arrived

    def append(self, item):
        super().append(item)
        self.arrived.set()


def test_the_doctor_is_content(member):
    assert diagnosed().level == Level.OK
    tell(member)
    assert diagnosed().level == Level.OK  # it is due, but only just


def test_the_doctor_says_that_nobody_sends(member):
    tell(member)
    with later(10 * MINUTE):
        found = diagnosed()
    assert found.level == Level.PROBLEM
    assert "1 mail waits since" in found.message
    assert "nobody sends" in found.message


def test_the_doctor_says_what_the_mail_server_said(settings, member):
    settings.MAILERS = smtp(1)
    tell(member)
    send_due()
    found = diagnosed()
    assert found.level == Level.PROBLEM
    assert "refused" in found.message

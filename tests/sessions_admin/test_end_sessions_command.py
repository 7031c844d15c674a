"""manage.py end_sessions: whose sessions end, and how it says so."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from sessions_admin.models import AuditEvent, Session
from sessions_admin.vocabulary import EndReason
from tests.cast import ELSEWHERE
from tests.holdings import hold


def end(*arguments: str) -> str:
    output = StringIO()
    call_command("end_sessions", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def sessions(member, admin, outsider, contractor, acme, globex):
    return {
        "member": hold(member, acme),
        "member elsewhere": hold(member, acme, ip=ELSEWHERE),
        "admin": hold(admin, acme, ip=ELSEWHERE),
        "outsider": hold(outsider, globex),
        "contractor in acme": hold(contractor, acme),
        "contractor in globex": hold(contractor, globex),
    }


def ended(sessions) -> set[str]:
    over = set(Session.objects.ended().values_list("pk", flat=True))
    return {name for name, session in sessions.items() if session.pk in over}


@pytest.mark.parametrize(
    ("arguments", "over"),
    [
        (["--user", "member@acme.test"], {"member", "member elsewhere"}),
        (["--user", " Member@ACME.test "], {"member", "member elsewhere"}),
        (["--tenant", "globex"], {"outsider", "contractor in globex"}),
        (["--ip", ELSEWHERE], {"member elsewhere", "admin"}),
        (["--user", "contractor@example.test", "--tenant", "acme"], {"contractor in acme"}),
        (["--user", "member@acme.test", "--ip", ELSEWHERE], {"member elsewhere"}),
    ],
)
def test_it_ends_the_sessions_that_were_meant(sessions, arguments, over):
    noun = "session" if len(over) == 1 else "sessions"
    assert end(*arguments) == f"Ended {len(over)} {noun}.\n"
    assert ended(sessions) == over


def test_it_ends_everything(sessions):
    assert end("--everything") == "Ended 6 sessions.\n"
    assert ended(sessions) == sessions.keys()


def test_it_ends_everything_also_of_a_tenant_without_settings(sessions, acme, policy_of):
    policy_of(None)
    policy_of(acme)
    end("--everything")
    assert Session.objects.live().count() == 0


@pytest.mark.parametrize("arguments", [["--user", "member@acme.test"], ["--tenant", "acme"]])
def test_it_says_who_and_why(sessions, arguments):
    end(*arguments, "--note", "The phone was stolen.")
    session = Session.objects.get(pk=sessions["member"].pk)
    assert session.end_reason == EndReason.REVOKED_BY_OPERATOR
    assert session.end_note == "The phone was stolen."
    assert session.ended_by is None
    event = AuditEvent.objects.get(session_id=session.pk, action="session.ended")
    assert event.data["reason"] == EndReason.REVOKED_BY_OPERATOR
    assert event.data["note"] == "The phone was stolen."


def test_nothing_to_end_is_no_failure(auditor):
    assert end("--user", auditor.email) == "Ended 0 sessions.\n"


def test_a_dry_run_ends_nothing(sessions):
    assert end("--tenant", "acme", "--dry-run") == "Would end 4 sessions.\n"
    assert ended(sessions) == set()


def test_it_speaks_json(sessions):
    assert json.loads(end("--user", "member@acme.test", "--json", "--dry-run")) == {
        "ended": 2, "dry_run": True,
    }  # fmt: skip
    assert json.loads(end("--user", "member@acme.test", "--json")) == {
        "ended": 2, "dry_run": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say whose"),
        (["--everything", "--tenant", "acme"], "contradict"),
        (["--everything", "--user", ""], "contradict"),
        (["--user", ""], "Nobody has the address"),
        (["--user", "nobody@acme.test"], "Nobody has the address 'nobody@acme.test'"),
        (["--tenant", "umbrella"], "No tenant has the short name 'umbrella'"),
        (["--ip", "the office"], "'the office' is not an IP address"),
        (["--user", "member@acme.test", "--note", "x" * 201], "longer than 200"),
    ],
)
def test_it_refuses_what_is_unclear_and_ends_nothing(sessions, arguments, words):
    with pytest.raises(CommandError, match=words):
        end(*arguments)
    assert ended(sessions) == set()

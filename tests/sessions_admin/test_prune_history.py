"""manage.py prune_history: what goes, and what must never."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle import retention
from sessions_admin.models import (
    ApiUsage,
    Application,
    ApplicationPass,
    AuditEvent,
    EndingPreview,
    IdempotentCall,
    KnownDevice,
    LoginAttempt,
    Notice,
    Risk,
    Session,
    Sighting,
)
from sessions_admin.tokens.usage import PERIOD, count_call
from sessions_admin.vocabulary import EndReason, LoginOutcome
from tests.holdings import hold, see_elsewhere

DAY = timedelta(days=1)


def prune(*arguments: str) -> str:
    output = StringIO()
    call_command("prune_history", *arguments, stdout=output)
    return output.getvalue()


def ended(user, tenant, ago, **columns):
    return hold(
        user, tenant, age=ago + DAY, idle=ago, ended_at=timezone.now() - ago,
        end_reason=EndReason.LOGGED_OUT, **columns,
    )  # fmt: skip


def attempt(ago, **columns):
    at = timezone.now() - ago
    return LoginAttempt.objects.create(id=uuid7(at), at=at, outcome=LoginOutcome.FAILED, **columns)


def test_it_deletes_what_ended_long_ago_with_its_sightings(member, acme):
    old, young = ended(member, acme, 366 * DAY), ended(member, acme, 364 * DAY)
    see_elsewhere(old, ip="192.0.2.9")
    kept = see_elsewhere(young, ip="192.0.2.9")

    assert "Deleted 1 ended sessions." in prune()

    assert list(Session.objects.all()) == [young]
    assert list(Sighting.objects.all()) == [kept]


def test_it_never_deletes_an_open_session_however_old(member, acme):
    session = hold(member, acme, age=3000 * DAY, idle=2000 * DAY)
    prune("--older-than", "1")
    assert Session.objects.filter(pk=session.pk).exists()


def test_it_goes_by_the_end_and_not_by_the_start(member, acme):
    session = hold(
        member, acme, age=500 * DAY, idle=10 * DAY, ended_at=timezone.now() - 10 * DAY,
        end_reason=EndReason.LOGGED_OUT,
    )  # fmt: skip
    prune()
    assert Session.objects.filter(pk=session.pk).exists()


def test_it_deletes_old_login_attempts_and_keeps_those_of_kept_sessions(member, acme):
    session = ended(member, acme, 10 * DAY)
    attempt(400 * DAY, user=member)
    attempt(400 * DAY, email="nobody@acme.test")
    young = attempt(10 * DAY, user=member, session=session)

    assert "Deleted 2 login attempts." in prune()

    assert list(LoginAttempt.objects.all()) == [young]


def test_an_attempt_outlives_its_session(member, acme):
    session = ended(member, acme, 400 * DAY)
    young = attempt(10 * DAY, user=member, session=session)
    prune()
    young.refresh_from_db()
    assert young.session_id is None


def test_it_deletes_visitors_notes_after_a_day(member, acme, db):
    ended(None, None, 2 * DAY, aal=0)
    ended(None, None, DAY / 2, aal=0)
    of_somebody_deleted = ended(None, acme, 2 * DAY)

    assert "Deleted 1 sessions of visitors." in prune()

    assert Session.objects.count() == 2
    assert Session.objects.filter(pk=of_somebody_deleted.pk).exists()


def test_it_leaves_the_audit_log_alone(member, acme):
    AuditEvent.objects.create(action="session.ended", at=timezone.now() - 900 * DAY, user=member)
    prune("--older-than", "1")
    assert AuditEvent.objects.count() == 1


def test_it_goes_on_batch_by_batch(member, acme, monkeypatch):
    monkeypatch.setattr(retention, "FORGET_BATCH", 2)
    for _ in range(5):
        ended(member, acme, 400 * DAY)
    assert "Deleted 5 ended sessions." in prune()
    assert Session.objects.count() == 0


def test_a_dry_run_deletes_nothing(member, acme):
    ended(member, acme, 400 * DAY)
    attempt(400 * DAY, user=member)

    output = prune("--dry-run")

    assert "Would delete 1 ended sessions." in output
    assert "Would delete 1 login attempts." in output
    assert (Session.objects.count(), LoginAttempt.objects.count()) == (1, 1)


@pytest.mark.parametrize("days", ["0", "-1", "many", "1.5", "99999999"])
def test_it_refuses_a_number_of_days_that_is_none(days, db):
    with pytest.raises(CommandError, match="is not a number of days"):
        prune(f"--older-than={days}")


def test_it_deletes_old_notices_but_none_whose_mail_waits(member):
    def tell(ago, **columns):
        at = timezone.now() - ago
        return Notice.objects.create(
            id=uuid7(at), at=at, user=member, kind="new_sign_in", event=f"{ago}{columns}", **columns
        )

    tell(366 * DAY, mail_due_at=None)
    waiting = tell(366 * DAY)
    young = tell(364 * DAY, mail_due_at=None)
    assert "Deleted 1 notices." in prune()
    assert set(Notice.objects.all()) == {waiting, young}


def test_it_deletes_old_findings_with_their_places(member):
    def find(ago):
        at = timezone.now() - ago
        return Risk.objects.create(
            id=uuid7(at), at=at, user=member, detector="new_country", response="record"
        )

    find(366 * DAY)
    young = find(364 * DAY)
    assert "Deleted 1 findings." in prune()
    assert Risk.objects.get() == young


def test_it_forgets_browsers_whose_cookie_is_gone(member):
    for number, days in enumerate((401, 399)):
        seen = timezone.now() - days * DAY
        KnownDevice.objects.create(user=member, browser_hash=bytes([number]), last_seen_at=seen)
    assert "Deleted 1 known devices." in prune("--older-than=1000")
    assert KnownDevice.objects.count() == 1


def test_passes_of_applications_go_with_their_session_and_codes_in_time(member, acme):
    wiki = Application.objects.create(name="Wiki", host="wiki.example")
    live, over = hold(member, acme), ended(member, acme, timedelta(hours=1))
    soon = timezone.now() + timedelta(seconds=30)
    for number, (session, expires_at) in enumerate(
        [(live, None), (live, soon), (live, soon - DAY), (over, None), (over, soon)]
    ):
        ApplicationPass.objects.create(
            session=session, application=wiki, key_hash=bytes([number]), code_expires_at=expires_at
        )
    assert "Deleted 3 passes of applications." in prune()
    kept = ApplicationPass.objects.values_list("session", "code_expires_at")
    assert set(kept) == {(live.pk, None), (live.pk, soon)}


def test_answers_and_previews_of_the_api_last_a_day(acme):
    for hours in (1, 25):
        at = timezone.now() - timedelta(hours=hours)
        IdempotentCall.objects.create(caller="key:x", key=str(hours), request_hash=b"", at=at)
        EndingPreview.objects.create(tenant=acme, caller="key:x", query={}, at=at, session_ids=b"")
        count_call(f"key:{hours}", int(at.timestamp()) // PERIOD)
    printed = prune()
    assert "Deleted 1 answers to API calls." in printed
    assert "Deleted 1 counts of API calls." in printed
    assert ApiUsage.objects.get().caller == "key:1"
    assert "Deleted 1 previews of endings." in printed
    assert IdempotentCall.objects.get().key == "1"

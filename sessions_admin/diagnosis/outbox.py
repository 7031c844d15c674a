"""Mails that people should have by now."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from sessions_admin.diagnosis.finding import Finding, ok, problem, warning
from sessions_admin.models import Notice
from sessions_admin.notices.outbox import waiting

# The sweeper's loop looks every five seconds: after five minutes nobody does.
LONGEST_WAIT = timedelta(minutes=5)
LOST_WITHIN = timedelta(days=30)


def notices() -> Finding:
    now = timezone.now()
    overdue = waiting().filter(mail_due_at__lt=now - LONGEST_WAIT).order_by("mail_due_at")
    refused = waiting().filter(mail_attempts__gt=0).order_by("at")
    oldest = overdue.values_list("mail_due_at", flat=True).first()
    if oldest:
        return judge_overdue(overdue.count(), oldest)
    if first := refused.first():
        return judge_refused(refused.count(), first.at, first.mail_error)
    lost = Notice.objects.filter(
        mailed_at=None, mail_due_at=None, at__gt=now - LOST_WITHIN
    ).exclude(mail_error="")
    return judge_lost(lost.count())


def judge_overdue(count: int, since: datetime) -> Finding:
    return problem(
        "Notices",
        f"{mails(count)} since {moment(since)}: nobody sends them.",
        fix="Keep `manage.py sweep_sessions --loop` running, or `send_notices` in cron.",
    )


def judge_refused(count: int, since: datetime, error: str) -> Finding:
    return problem(
        "Notices",
        f"{mails(count)} since {moment(since)} after a failed try: {error or 'no answer'}",
        fix="Check EMAIL_URL and the mail server; `manage.py send_notices` tries what is due.",
    )


def judge_lost(count: int) -> Finding:
    if count:
        return warning(
            "Notices",
            f"{count} within a month could not be mailed for a week and were given up.",
            fix="Read why in the admin, under notices; people see them in the portal.",
        )
    return ok("Notices", "No mail waits for long.")


def mails(count: int) -> str:
    return f"{count:,} mail waits" if count == 1 else f"{count:,} mails wait"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

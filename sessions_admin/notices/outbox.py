"""Mailing notices: each once, also with two senders side by side; later when it does not work.

A sender claims a notice before it sends: one UPDATE, which of two senders one wins, moves the next
try ahead. So a sender that is killed loses nothing. Killed in the instant between the server's
“accepted” and our note of it, the mail is sent again, with the same Message-ID: better twice than
never.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from django.core import mail
from django.core.mail import InvalidMailer
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import QuerySet
from django.utils import timezone

from sessions_admin.models import Notice
from sessions_admin.models.notices import ERROR_LENGTH
from sessions_admin.notices.mails import compose
from sessions_admin.notices.reading import is_stale, with_facts

logger = logging.getLogger("latchkey.mail")

# Mails a round: the sweeper gets its turn in between.
ROUND = 100
# A greylisting server wants a few minutes, a broken one somebody who mends it.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# Its links have expired by then; the notice stays in the portal.
GIVEN_UP_AFTER = timedelta(days=7)

# The server speaks, and refuses this mail alone; after anything else the others would fail as well.
REFUSALS = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)
Stopped = Callable[[], bool]


@dataclass
class Delivery:
    """What a sender did."""

    sent: int = 0
    failed: int = 0


def send_due(stopped: Stopped = lambda: False) -> Delivery:
    """Mails all that is due now, oldest due first, until done, stopped or the server is away."""
    delivery, goes_on = Delivery(), True
    while goes_on and not stopped():
        goes_on = _send_round(delivery, stopped)
    return delivery


def keep_sending(stopped: Event) -> Delivery:
    """As send_due, for a loop: a database that is restarting ends none."""
    try:
        return send_due(stopped.is_set)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("Mails were not sent and will be tried again: %s", error)
        connection.close()
        return Delivery()


def waiting() -> QuerySet[Notice]:
    """Notices whose mail has yet to be sent."""
    return Notice.objects.filter(mailed_at=None, mail_due_at__isnull=False)


def wait_after(attempts: int) -> timedelta:
    """Until the next try, after so many that failed: 1, 4, 16, 64 minutes … 6 hours."""
    return min(FIRST_WAIT * (1 << 2 * min(attempts - 1, 10)), LONGEST_WAIT)


def _send_round(delivery: Delivery, stopped: Stopped) -> bool:
    """Whether there may be more to send."""
    due = waiting().filter(mail_due_at__lte=timezone.now()).order_by("mail_due_at", "pk")
    batch = list(with_facts(due).select_related("user")[:ROUND])
    if not batch:
        return False
    try:
        server = mail.mailers.default
    except InvalidMailer as error:
        logger.error("No mail can be sent: %s", error)
        return False
    try:
        return all(not stopped() and _send(notice, server, delivery) for notice in batch)
    finally:
        # What was sent is sent, also when the server has no good-bye.
        with suppress(OSError, smtplib.SMTPException):
            server.close()


def _send(notice: Notice, server: Any, delivery: Delivery) -> bool:
    """False when it makes no sense to go on with the others."""
    now = timezone.now()
    if not _claim(notice, now):
        return True
    if is_stale(notice, now):
        Notice.objects.filter(pk=notice.pk).update(mail_due_at=None)
        return True
    try:
        message = compose(notice)
        server.open()
        server.send_messages([message])
    except REFUSALS as error:
        _note_failure(notice, error, delivery, now)
        return True
    except (OSError, smtplib.SMTPException) as error:
        _note_failure(notice, error, delivery, now)
        return False
    except Exception as error:  # a mail that cannot be written must not hold up the others
        logger.exception("The mail of notice %s cannot be written.", notice.pk)
        _note_failure(notice, error, delivery, now)
        return True
    Notice.objects.filter(pk=notice.pk).update(
        mailed_at=timezone.now(), mail_due_at=None, mail_error=""
    )
    delivery.sent += 1
    return True


def _claim(notice: Notice, now: datetime) -> bool:
    """Compare-and-set on the number of attempts: whoever raises it may send, until the next."""
    attempts = notice.mail_attempts + 1
    mine = waiting().filter(pk=notice.pk, mail_attempts=notice.mail_attempts)
    claimed = mine.update(mail_attempts=attempts, mail_due_at=now + wait_after(attempts))
    notice.mail_attempts = attempts
    return bool(claimed)


def _note_failure(notice: Notice, error: Exception, delivery: Delivery, now: datetime) -> None:
    delivery.failed += 1
    words = (str(error).strip().splitlines() or [type(error).__name__])[0]
    columns: dict[str, Any] = {"mail_error": words[:ERROR_LENGTH]}
    if now - notice.at > GIVEN_UP_AFTER:
        columns["mail_due_at"] = None
        logger.error("Notice %s was never mailed: %s", notice.pk, words)
    else:
        logger.warning("Notice %s will be mailed again later: %s", notice.pk, words)
    Notice.objects.filter(pk=notice.pk, mailed_at=None).update(**columns)

"""What the portal leans on besides its database: mail, and the tasks' worker."""

import smtplib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import InvalidMailer
from django.urls import get_resolver
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

from sessions_admin.diagnosis.finding import Finding, ok, problem, warning
from sessions_admin.diagnosis.stores import first_line
from sessions_admin.diagnosis.web import is_loopback

# A mail server that takes longer to greet would hold up the page that sends a reset link.
MAIL_TIMEOUT = 5
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
# A worker looks every second; five minutes are a worker that is gone or stuck.
LONGEST_WAIT = timedelta(minutes=5)
FAILURES_OF = timedelta(days=1)
# What has a line of its own here, which knows better how bad it is.
SAID_ELSEWHERE = {"mail.E001"}


def mail() -> Finding:
    backend, options = mailer()
    if backend != SMTP_BACKEND:
        return warning(
            "Mail",
            f"Mails are not sent: {backend.rpartition('backends.')[2]}.",
            fix="Set EMAIL_URL, for instance smtp+tls://user:password@mail.example.com:587.",
        )
    try:
        connection = import_string(backend)(alias="default", **options | {"timeout": MAIL_TIMEOUT})
        connection.open()
        connection.close()
    except (OSError, smtplib.SMTPException, InvalidMailer) as error:
        return problem(
            "Mail",
            f"The mail server does not let us in: {first_line(error)}",
            fix="Check EMAIL_URL: host, port, TLS, user and password.",
        )
    return judge_mail(options)


def judge_mail(options: dict[str, Any]) -> Finding:
    host = str(options["host"])
    if not (options.get("use_tls") or options.get("use_ssl") or is_loopback(host)):
        return warning(
            "Mail",
            f"{host} takes our mails unencrypted, reset links among them.",
            fix="Use smtp+tls:// or smtp+ssl:// in EMAIL_URL.",
        )
    return ok("Mail", f"{host} takes our mails.")


def mailer() -> tuple[str, dict[str, Any]]:
    """Backend and options of the default mailer."""
    config: dict[str, Any] = settings.MAILERS.get("default", {})
    return config.get("BACKEND", SMTP_BACKEND), config.get("OPTIONS", {})


def tasks() -> Finding:
    if not settings.TASKS["default"]["BACKEND"].endswith("DatabaseBackend"):
        return ok("Tasks", "Done at once, within the request that asks for them.")
    now = timezone.now()
    waiting = DBTaskResult.objects.ready().order_by("enqueued_at")
    oldest = waiting.values_list("enqueued_at", "run_after").first()
    failed = DBTaskResult.objects.failed().filter(finished_at__gt=now - FAILURES_OF).count()
    return judge_tasks(waiting.count(), due(oldest, now), failed, now)


def due(oldest: tuple[datetime, datetime] | None, now: datetime) -> datetime | None:
    """Since when the task could have been done; "no particular time" is stored as far ahead."""
    if oldest is None:
        return None
    enqueued_at, run_after = oldest
    return run_after if enqueued_at < run_after <= now else enqueued_at


def judge_tasks(waiting: int, since: datetime | None, failed: int, now: datetime) -> Finding:
    if since is not None and now - since > LONGEST_WAIT:
        minutes = (now - since) // timedelta(minutes=1)
        return problem(
            "Tasks",
            f"{waiting} waiting, the oldest for {minutes} minutes: no worker takes them.",
            fix="Keep `manage.py db_worker` running.",
        )
    if failed:
        return warning(
            "Tasks",
            f"{failed} failed within a day.",
            fix="Read why in the admin, under task results.",
        )
    return ok("Tasks", f"{waiting} waiting, none for long.")


def system_checks() -> Finding:
    """Django's own checks and ours (config/checks.py), those for production included."""
    try:
        _ = get_resolver().url_patterns  # config/urls.py brings our own checks along
        found = checks.run_checks(include_deployment_checks=True)
    except ImproperlyConfigured as error:
        return problem("System checks", first_line(error), fix="Run `manage.py check --deploy`.")
    serious = [message for message in found if is_serious(message)]
    if not serious:
        return ok("System checks", "Nothing to say.")
    kind = problem if any(message.level >= checks.ERROR for message in serious) else warning
    named = ", ".join(str(message.id) for message in serious)
    return kind("System checks", f"Raised: {named}.", fix="Run `manage.py check --deploy`.")


def is_serious(message: checks.CheckMessage) -> bool:
    known = message.is_silenced() or message.id in SAID_ELSEWHERE
    return message.level >= checks.WARNING and not known

"""Sending mail to people: in the background where a worker runs, never failing the request."""

from django.core.mail import EmailMessage
from django.tasks import task

from accounts.sealing import seal, unseal


def send_mail(to: str, subject: str, body: str) -> None:
    """Hands the mail over; a mail server that is down is logged and undoes nothing."""
    # Sealed because a queue in the database must not hold a usable password reset link.
    deliver.enqueue(to, subject, seal(body))


@task
def deliver(to: str, subject: str, sealed_body: str) -> None:
    EmailMessage(subject, unseal(sealed_body), to=[to]).send()

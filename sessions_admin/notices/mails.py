"""A notice as a mail: text and HTML, in the person's language and time zone."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from sessions_admin.models import Notice
from sessions_admin.notices.links import link
from sessions_admin.notices.words import telling
from sessions_admin.vocabulary import NoticeAnswer

# RFC 3834 §5: no answering machine answers.
AUTOMATIC = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def compose(notice: Notice) -> EmailMultiAlternatives:
    """The mail of a row of reading.with_facts(), the same at each try."""
    user = notice.user
    with translation.override(user.language), timezone.override(ZoneInfo(user.time_zone)):
        context = _context(notice)
        message = EmailMultiAlternatives(
            subject=settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + _line(context["telling"].title),
            body=render_to_string("notices/mail.txt", context),
            to=[user.email],
            headers={**AUTOMATIC, "Message-ID": _message_id(notice)},
        )
        message.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    return message


def _context(notice: Notice) -> dict[str, Any]:
    told = telling(notice)
    links = {}
    if told.asks:
        links = {
            "me_url": link(notice, NoticeAnswer.ME),
            "not_me_url": link(notice, NoticeAnswer.NOT_ME),
        }
    return {
        "person": notice.user,
        "telling": told,
        "language": translation.get_language(),
        "sessions_url": settings.PUBLIC_URL + reverse("my-sessions"),
        **links,
    }


def _line(text: object) -> str:
    """A header is one line."""
    return " ".join(str(text).split())


def _message_id(notice: Notice) -> str:
    """The same for each try, so that mail programs show a mail that was sent twice once."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{notice.pk}@{host}>"

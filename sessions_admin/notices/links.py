"""The links in a mail: signed, for one answer to one notice, good for a week.

Whoever has the mail may answer, and do nothing else: a link names no person and opens no session.
Nothing of it is stored; a copy of the database makes none.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from sessions_admin.models import Notice
from sessions_admin.vocabulary import NoticeAnswer

# Somebody comes back from a week away and reads mails; older news is for the portal.
GOOD_FOR = timedelta(days=7)
TOKEN_LENGTH = 100  # ours have 70; a longer one is none
CODES = {NoticeAnswer.ME: "y", NoticeAnswer.NOT_ME: "n"}


def link(notice: Notice, answer: NoticeAnswer) -> str:
    """The whole address, for a mail."""
    return settings.PUBLIC_URL + path(notice.pk, answer)


def path(notice_id: UUID, answer: NoticeAnswer) -> str:
    """The address of the page that asks to confirm this answer."""
    return reverse("answer-notice", args=[_token(notice_id, answer)])


def read(token: str) -> tuple[UUID, NoticeAnswer] | None:
    """What the token says; None when we never made it."""
    if len(token) > TOKEN_LENGTH:
        return None
    try:
        name, code = _signer().unsign(token).split(".")
        notice_id = UUID(bytes=urlsafe_b64decode(name + "=="))
    except (BadSignature, ValueError, Error):
        return None
    return notice_id, next(answer for answer, its in CODES.items() if its == code)


def is_expired(notice: Notice, now: datetime) -> bool:
    """By the age of what it tells, so that a mail that was late is not good for longer."""
    return now - notice.at > GOOD_FOR


def _token(notice_id: UUID, answer: NoticeAnswer) -> str:
    name = urlsafe_b64encode(notice_id.bytes).decode().rstrip("=")
    return _signer().sign(f"{name}.{CODES[answer]}")


def _signer() -> Signer:
    return Signer(salt="sessions_admin.notices.links")

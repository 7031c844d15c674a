"""The links in a mail: signed, for one answer to one notice, good for a week.

Whoever has the mail may answer, and do nothing else: a link names no person and opens no session.
Nothing of it is stored; a copy of the database makes none.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from sessions_admin.models import Notice
from sessions_admin.vocabulary import NoticeAnswer

# Somebody comes back from a week away and reads mails; older news is for the portal.
GOOD_FOR = timedelta(days=7)
TOKEN_LENGTH = 100  # ours have 80; a longer one is none
MAILBOX_LENGTH = 10
CODES = {NoticeAnswer.ME: "y", NoticeAnswer.NOT_ME: "n"}


def link(notice: Notice, answer: NoticeAnswer) -> str:
    """The whole address, for a mail."""
    return settings.PUBLIC_URL + path(notice, answer)


def path(notice: Notice, answer: NoticeAnswer) -> str:
    """The address of the page that asks to confirm this answer."""
    return reverse("answer-notice", args=[_token(notice, answer)])


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says."""

    notice_id: UUID
    answer: NoticeAnswer
    mailbox: str

    def fits(self, notice: Notice) -> bool:
        """A mailbox that was taken away from the account may not speak for it any more."""
        return self.mailbox == _mailbox(notice.user.email)


def read(token: str) -> Link | None:
    """What the token says; None when we never made it."""
    if len(token) > TOKEN_LENGTH:
        return None
    try:
        name, code, mailbox = _signer().unsign(token).split(".")
        notice_id = UUID(bytes=urlsafe_b64decode(name + "=="))
    except (BadSignature, ValueError, Error):
        return None
    said = next(answer for answer, its in CODES.items() if its == code)
    return Link(notice_id, said, mailbox)


def is_expired(notice: Notice, now: datetime) -> bool:
    """By the age of what it tells, so that a mail that was late is not good for longer."""
    return now - notice.at > GOOD_FOR


def _token(notice: Notice, answer: NoticeAnswer) -> str:
    name = urlsafe_b64encode(notice.pk.bytes).decode().rstrip("=")
    return _signer().sign(f"{name}.{CODES[answer]}.{_mailbox(notice.user.email)}")


def _mailbox(email: str) -> str:
    """Tells addresses apart, and says none in an address of ours."""
    return sha256(email.encode()).hexdigest()[:MAILBOX_LENGTH]


def _signer() -> Signer:
    return Signer(salt="sessions_admin.notices.links")

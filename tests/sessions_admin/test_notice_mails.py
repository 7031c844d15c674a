"""Notices by mail: who is told of what, in which words, once."""

import re

import pytest
import time_machine
from django.core import mail

from accounts.models import User
from sessions_admin.notices import notify
from sessions_admin.notices.outbox import send_due
from sessions_admin.vocabulary import NoticeKind
from tests.holdings import LYON, hold

MOMENT = "2026-11-20T09:14:00+00:00"


def tell_sign_in(session, **data):
    notify(
        NoticeKind.NEW_SIGN_IN, user_id=session.user_id, event=f"new_sign_in:{session.pk}",
        tenant_id=session.tenant_id, session_id=session.pk, **data,
    )  # fmt: skip


@pytest.fixture
def session(member, acme):
    return hold(member, acme, ip="203.0.113.7", place=LYON, novelty={"device"})


def test_it_tells_of_a_new_sign_in_in_these_words(session, member):
    User.objects.filter(pk=member.pk).update(time_zone="Europe/Paris")
    with time_machine.travel(MOMENT, tick=False):
        tell_sign_in(session)
        send_due()
    (message,) = mail.outbox
    assert message.to == [member.email]
    assert message.subject == "[Latchkey] New sign-in: Lyon, France"
    body = re.sub(r"http://\S+/notices/answer/\S+", "LINK", message.body)
    assert (
        body
        == f"""\
Hello {member.name},

Somebody signed in to your account with a browser that you had not used here before.

Device: Firefox 145 on Linux
Place: Lyon, France (approximate)
IP address: 203.0.113.7
When: 20 Nov 2026, 10:14 CET
Tenant: Acme

Was this you?

Yes, it was me:
LINK

No, it wasn't me – log it out and choose a new password:
LINK

Each link asks before it does anything, and works for seven days.

If it was not you, somebody else can get into your account: log that session out and choose a new \
password.

Where you're signed in:
http://127.0.0.1:8000/sessions/

Latchkey
This mail is about the security of your account, so it cannot be switched off.
"""
    )

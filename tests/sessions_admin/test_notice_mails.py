"""Notices by mail: who is told of what, in which words, once."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.people import disable_user
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.lifecycle import end_everything, end_sessions
from sessions_admin.models import Notice, Session
from sessions_admin.notices import notify
from sessions_admin.notices.outbox import send_due
from sessions_admin.vocabulary import EndReason, NoticeKind
from tests.accounts.conftest import NEW_PASSWORD
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
    assert message.subject == "[Latchkey] New sign-in: Firefox 145 on Linux, Lyon"
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


def told(person):
    return [
        (notice.kind, notice.data.get("reason", notice.data.get("change", "")))
        for notice in Notice.objects.filter(user=person).order_by("pk")
    ]


def end(sessions, reason, actor=None, note=""):
    return end_sessions(sessions, reason=reason, actor=actor, note=note)


def test_its_html_says_the_same_without_tables_and_without_code(session):
    tell_sign_in(session)
    send_due()
    (html,) = [part.content for part in mail.outbox[0].alternatives]
    assert "<h1>New sign-in: Firefox 145 on Linux, Lyon</h1>" in html
    assert "<dt>Device</dt><dd>Firefox 145 on Linux</dd>" in html
    assert "prefers-color-scheme: dark" in html
    for bad in ("<table", "<script", "<img", " style=", "http://testserver"):
        assert bad not in html


def test_what_came_from_outside_is_escaped(member, acme, admin):
    session = hold(member, acme)
    end(Session.objects.filter(pk=session.pk), EndReason.REVOKED_BY_ADMIN, admin, "<b>& you?</b>")
    send_due()
    assert "“<b>& you?</b>”" in mail.outbox[0].body
    assert "&lt;b&gt;&amp; you?&lt;/b&gt;" in mail.outbox[0].alternatives[0].content


def test_a_subject_is_one_line(session):
    notify(NoticeKind.NEW_SIGN_IN, user_id=session.user_id, event="x",
           seen={"city": "Lyon\r\nBcc: all@acme.test", "country": "France"})  # fmt: skip
    send_due()
    assert (
        mail.outbox[0].subject == "[Latchkey] New sign-in: Unknown device, Lyon Bcc: all@acme.test"
    )
    assert mail.outbox[0].bcc == []


def test_it_is_written_in_the_language_of_the_person(session, member):
    User.objects.filter(pk=member.pk).update(language="de")
    tell_sign_in(session)
    send_due()
    assert '<html lang="de">' in mail.outbox[0].alternatives[0].content
    assert len(re.findall(r"http://\S+/notices/answer/\S+", mail.outbox[0].body)) == 2


@pytest.mark.parametrize(
    ("novelty", "words"),
    [
        ({"device"}, "with a browser that you had not used here before"),
        ({"country"}, "from a country that you had not signed in from before"),
        ({"network"}, "from a network that you had not used here before"),
        ({"device", "country"}, "with a new browser and from a new country"),
        ({"device", "network"}, "with a browser that you had not used here before"),
        ({"device", "country", "network"}, "with a new browser and from a new country"),
        (set(), "Somebody signed in to your account."),
    ],
)
def test_it_says_what_is_new(session, novelty, words):
    tell_sign_in(session, novelty=sorted(novelty))
    send_due()
    assert words in mail.outbox[0].body


def test_it_tells_what_was_seen_though_the_session_has_moved_on(session):
    tell_sign_in(session, seen={"browser": "Safari 18", "system": "iOS", "ip": "198.51.100.1"})
    send_due()
    assert "Device: Safari 18 on iOS\n" in mail.outbox[0].body
    assert "Lyon" not in mail.outbox[0].body


@pytest.mark.parametrize(
    ("reason", "is_told"),
    [
        (EndReason.REVOKED_BY_ADMIN, True),
        (EndReason.REVOKED_BY_OPERATOR, True),
        (EndReason.USER_DISABLED, True),
        (EndReason.MEMBERSHIP_REMOVED, True),
        (EndReason.TOKEN_REUSE, True),
        (EndReason.API_REQUEST, True),
        (EndReason.LOGGED_OUT, False),
        (EndReason.REVOKED_BY_USER, False),
        (EndReason.IDLE_TIMEOUT, False),
        (EndReason.ABSOLUTE_TIMEOUT, False),
        (EndReason.CONCURRENCY_LIMIT, False),
        (EndReason.CREDENTIAL_CHANGED, False),  # the change itself is told
        (EndReason.RISK_DETECTED, False),  # the finding is told
        (EndReason.TENANT_SUSPENDED, False),
        (EndReason.TENANT_SWITCHED, False),
    ],
)
def test_an_ended_session_is_news_when_somebody_else_ended_it(member, acme, reason, is_told):
    hold(member, acme)
    end(Session.objects.of(member), reason)
    assert told(member) == ([("session_ended", reason)] if is_told else [])
    send_due()
    assert len(mail.outbox) == is_told


def test_who_ended_their_own_session_is_not_told(admin, acme):
    hold(admin, acme)
    end(Session.objects.of(admin), EndReason.REVOKED_BY_ADMIN, admin)
    assert told(admin) == []


def test_many_sessions_are_one_mail(member, acme, admin):
    for _ in range(3):
        hold(member, acme)
    end(Session.objects.of(member), EndReason.REVOKED_BY_ADMIN, admin)
    send_due()
    (message,) = mail.outbox
    assert message.subject == "[Latchkey] An administrator logged you out"
    assert "3 sessions of yours have ended." in message.body
    assert "Ann Lee, an administrator of Acme, ended" in message.body


def test_it_is_one_statement_for_one_person_and_for_many(cast, acme):
    def statements(*people):
        for person in people:
            hold(person, acme)
            hold(person, acme)
        with CaptureQueriesContext(connection) as context:
            end(Session.objects.within(acme), EndReason.REVOKED_BY_OPERATOR, cast.operator)
        return len(context)

    people = [cast.admin, cast.auditor, cast.contractor, cast.owner]
    assert statements(cast.member) == statements(*people)
    assert [len(told(person)) for person in people] == [1, 1, 1, 1]


def test_the_end_of_everything_is_told_once_though_rows_are_closed_in_batches(
    cast, acme, monkeypatch
):
    monkeypatch.setattr("sessions_admin.lifecycle.ending.TIDY_BATCH", 2)
    for _ in range(5):
        hold(cast.member, acme)
    end_everything(acme, reason=EndReason.REVOKED_BY_OPERATOR, actor=cast.operator, note="Drill.")
    assert told(cast.member) == [("session_ended", "revoked_by_operator")]
    send_due()
    assert "“Drill.”" in mail.outbox[0].body


def test_a_disabled_person_hears_of_it(member, admin, acme):
    hold(member, acme)
    disable_user(member, actor=admin)
    send_due()
    (message,) = mail.outbox
    assert message.subject == "[Latchkey] Your account is disabled"
    assert message.to == [member.email]


def test_an_end_that_is_rolled_back_is_not_told(member, acme, admin):
    hold(member, acme)
    with transaction.atomic():
        end(Session.objects.of(member), EndReason.REVOKED_BY_ADMIN, admin)
        transaction.set_rollback(True)
    assert told(member) == []


def test_the_operators_name_stays_theirs(member, acme, operator):
    hold(member, acme)
    end(Session.objects.of(member), EndReason.REVOKED_BY_OPERATOR, operator)
    send_due()
    assert "A Latchkey operator ended" in mail.outbox[0].body
    assert operator.name not in mail.outbox[0].body


def test_a_changed_password_is_one_mail_that_can_be_answered(browser_of, member):
    browser = browser_of(member)
    browser.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD,
         "end_other_sessions": "on"},
    )  # fmt: skip
    assert told(member) == [("credential_changed", "password_changed")]
    notice = Notice.objects.get()
    assert notice.session_id == browser.session_row.pk
    send_due()
    (message,) = mail.outbox
    assert "Device: Firefox 145 on Linux\n" in message.body
    assert "IP address: 203.0.113.7\n" in message.body
    assert "/notices/answer/" in message.body


def test_the_bangkok_london_case_in_words(member, acme):
    session = hold(member, acme)
    here = {"city": "Bangkok", "country": "Thailand"}
    there = {"city": "London", "country": "United Kingdom"}
    notify(
        NoticeKind.RISK_DETECTED, user_id=member.pk, event="risk", session_id=session.pk,
        detector="impossible_travel", response="end_new", ended=[str(session.pk)],
        evidence={"occasion": "sign_in", "from": here, "to": there, "seconds": 240, "km": 9530,
                  "kmh": 142950},
    )  # fmt: skip
    send_due()
    (message,) = mail.outbox
    assert message.subject == "[Latchkey] We ended a session to protect your account"
    assert "Signed in from Bangkok and from London within 4 minutes: 9,530 km" in message.body


def test_support_access_names_who_and_why(member, admin, acme):
    session = hold(
        member, acme, kind="support", asked_by=admin, ask_reason="Ticket 4711", read_only=True,
        expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    notify(NoticeKind.SUPPORT_STARTED, user_id=member.pk, event="support", tenant_id=acme.pk,
           session_id=session.pk)  # fmt: skip
    send_due()
    (message,) = mail.outbox
    assert "Ann Lee, of Acme, can see what you see, and changes nothing." in message.body
    assert "“Ticket 4711”" in message.body
    assert "Until: " in message.body
    assert "/notices/answer/" not in message.body


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_has_words_also_when_all_it_was_about_is_gone(member, kind):
    notify(kind, user_id=member.pk, event="x")
    assert send_due().sent == 1
    assert mail.outbox[0].body.startswith("Hello ")

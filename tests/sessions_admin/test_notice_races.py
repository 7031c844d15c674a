"""Real threads on PostgreSQL: each mail is sent once, each notice answered once."""

import threading

import pytest
from django.core import mail

from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import AuditEvent, Notice, Session
from sessions_admin.notices import answers, notify, outbox, reading
from sessions_admin.notices.outbox import send_due
from sessions_admin.vocabulary import EndReason, NoticeAnswer, NoticeKind
from tests.holdings import hold
from tests.sessions_admin.test_races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ROUNDS = 20


def tell(person, number=0):
    notify(NoticeKind.CREDENTIAL_CHANGED, user_id=person.pk, event=f"change:{number}",
           change="password_changed")  # fmt: skip


def test_two_senders_send_each_mail_once(cast):
    for number in range(ROUNDS):
        tell(cast.member, number)
    done = at_once(send_due, send_due, send_due)
    assert sum(delivery.sent for delivery in done) == ROUNDS
    assert len(mail.outbox) == ROUNDS
    assert Notice.objects.filter(mailed_at=None).count() == 0


def test_a_sender_that_read_the_notice_before_another_claimed_it(cast, monkeypatch):
    """Both have read it as due; the claim lets one of them send."""
    tell(cast.member)
    both_have_read, claim = threading.Barrier(2), outbox._claim

    def claim_together(*arguments):
        both_have_read.wait(5)
        return claim(*arguments)

    monkeypatch.setattr(outbox, "_claim", claim_together)

    def one_round():
        return outbox._send_round(outbox.Delivery(), lambda: False)

    at_once(one_round, one_round)
    assert len(mail.outbox) == 1
    assert Notice.objects.get().mail_attempts == 1


def test_an_event_that_two_tell_at_once_is_one_notice(cast):
    for number in range(ROUNDS):
        at_once(lambda n=number: tell(cast.member, n), lambda n=number: tell(cast.member, n))
    assert Notice.objects.count() == ROUNDS


@pytest.mark.parametrize(
    "said", [(NoticeAnswer.ME, NoticeAnswer.NOT_ME), (NoticeAnswer.NOT_ME, NoticeAnswer.NOT_ME)]
)
def test_two_answers_at_once_are_one(cast, acme, said):
    for _ in range(ROUNDS // 2):
        session = hold(cast.member, acme)
        notify(NoticeKind.NEW_SIGN_IN, user_id=cast.member.pk, event=str(session.pk),
               session_id=session.pk)  # fmt: skip
        rows = [reading.with_facts(Notice.objects.filter(session=session)).get() for _ in said]
        taken = at_once(
            *(
                lambda row=row, word=word: answers.answer(row, word)
                for row, word in zip(rows, said, strict=True)
            )
        )
        assert sorted(taken) == [False, True]
        winner = said[taken.index(True)]
        assert Notice.objects.get(session=session).answer == winner
        is_live = Session.objects.live().filter(pk=session.pk).exists()
        assert is_live == (winner == NoticeAnswer.ME)
    assert AuditEvent.objects.filter(action="notice.answered").count() == ROUNDS // 2


def test_an_end_that_waits_for_another_is_told_once(cast, acme):
    for _ in range(ROUNDS // 2):
        session = hold(cast.member, acme)

        def end(pk=session.pk):
            sessions = Session.objects.filter(pk=pk)
            return end_sessions(sessions, reason=EndReason.REVOKED_BY_ADMIN, actor=cast.admin)

        at_once(end, end)
        assert Notice.objects.filter(session=session).count() == 1

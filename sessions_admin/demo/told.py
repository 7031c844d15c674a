"""What the demo's people were told: every notice of the last weeks, and its mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sessions_admin.identifiers import uuid7
from sessions_admin.models import Notice, Risk, Session
from sessions_admin.risk.rules import STRENGTH
from sessions_admin.vocabulary import (
    AuditAction,
    EndReason,
    Kind,
    NoticeAnswer,
    NoticeKind,
    Novelty,
    Response,
    RiskState,
)

if TYPE_CHECKING:
    from sessions_admin.demo.diary import Diary
    from sessions_admin.demo.scenes import Company

TOLD_SINCE = timedelta(days=30)
STILL_UNSEEN = timedelta(hours=30)  # what is younger waits in the portal to be read
SEEN_BY = ("ip", "browser", "system", "city", "country")
WORTH_TELLING = frozenset({Novelty.DEVICE, Novelty.COUNTRY})
ENDED_BY_OTHERS = frozenset(
    {EndReason.REVOKED_BY_ADMIN, EndReason.REVOKED_BY_OPERATOR, EndReason.MEMBERSHIP_REMOVED}
)
# A mail server that has never heard of us says so to the first few mails.
GREYLISTED = "451 4.7.1 Greylisted, please try again in 300 seconds"


def tell(company: Company, risks: Iterable[Risk]) -> list[Notice]:
    """The notices, in the order of time. All mails but one have been sent."""
    diary = company.diary
    notices = [*_of_risks(diary, risks)]
    told = {notice.session_id for notice in notices}
    notices += _of_sign_ins(diary, told)
    notices += _of_endings(diary)
    notices += _of_credentials(diary)
    notices += _of_support(diary)
    recent = [one for one in notices if diary.now - one.at < TOLD_SINCE]
    recent.sort(key=lambda one: one.pk)
    for notice in recent:
        _settle(diary, notice)
    _hold_up(diary, recent)
    return recent


def _of_risks(diary: Diary, risks: Iterable[Risk]) -> Iterable[Notice]:
    """One for each session, of what was worst."""
    sessions = {session.pk: session for session in diary.sessions}
    told = set()
    for risk in sorted(risks, key=lambda one: -STRENGTH[Response(one.response)]):
        ended = bool(risk.decided_at) and risk.decided_by_id is None
        assert risk.session_id  # noqa: S101  every finding is about one
        if risk.session_id in told or not (ended or risk.response == Response.NOTIFY):
            continue
        told.add(risk.session_id)
        data = {
            "seen": _seen(sessions[risk.session_id]), "detector": risk.detector,
            "response": risk.response, "evidence": risk.evidence,
            "ended": [str(risk.session_id)] if ended else [],
        }  # fmt: skip
        yield _notice(
            NoticeKind.RISK_DETECTED, risk.at, f"risk_detected:{risk.pk}", risk.user_id,
            sessions[risk.session_id], risk=risk, **data,
        )  # fmt: skip


def _of_sign_ins(diary: Diary, told: set[Any]) -> Iterable[Notice]:
    for session in diary.sessions:
        if session.novelty & WORTH_TELLING and session.pk not in told:
            yield _notice(
                NoticeKind.NEW_SIGN_IN, session.started_at, f"new_sign_in:{session.pk}",
                session.user_id, session, seen=_seen(session), novelty=sorted(session.novelty),
            )  # fmt: skip


def _of_endings(diary: Diary) -> Iterable[Notice]:
    """One for each person and act, however many sessions it ended."""
    together: dict[tuple[Any, datetime], list[Session]] = defaultdict(list)
    for session in diary.sessions:
        if session.end_reason in ENDED_BY_OTHERS and session.ended_at:
            together[session.user_id, session.ended_at].append(session)
    for (user_id, at), sessions in together.items():
        last = max(sessions, key=lambda one: one.pk)
        yield _notice(
            NoticeKind.SESSION_ENDED, at, f"session_ended:{user_id}:{at.timestamp():.6f}",
            user_id, last, reason=last.end_reason, count=len(sessions),
        )  # fmt: skip


def _of_credentials(diary: Diary) -> Iterable[Notice]:
    for event in diary.events:
        if event.action == AuditAction.CREDENTIAL_CHANGED:
            yield _notice(
                NoticeKind.CREDENTIAL_CHANGED, event.at, f"credential_changed:{event.pk}",
                event.user_id, None, change="password_changed",
            )  # fmt: skip


def _of_support(diary: Diary) -> Iterable[Notice]:
    for session in diary.sessions:
        if session.kind == Kind.SUPPORT:
            yield _notice(
                NoticeKind.SUPPORT_STARTED, session.started_at, f"support_started:{session.pk}",
                session.user_id, session,
            )  # fmt: skip


def _notice(
    kind: NoticeKind, at: datetime, event: str, user_id: Any, session: Session | None,
    *, risk: Risk | None = None, **data: Any,
) -> Notice:  # fmt: skip
    return Notice(
        id=uuid7(at), at=at, kind=kind, event=event, user_id=user_id, session=session, risk=risk,
        tenant_id=session.tenant_id if session else None, data=data, mail_due_at=None,
        mail_attempts=1, mailed_at=at + timedelta(seconds=4),
    )  # fmt: skip


def _settle(diary: Diary, notice: Notice) -> None:
    """Old ones have been seen, and some were answered."""
    if diary.now - notice.at < STILL_UNSEEN:
        return
    notice.seen_at = notice.at + timedelta(hours=diary.rng.uniform(0.1, 20))
    asks = notice.kind in {NoticeKind.NEW_SIGN_IN, NoticeKind.RISK_DETECTED}
    if asks and diary.rng.random() < 0.6:
        notice.answer, notice.answered_at = NoticeAnswer.ME, notice.seen_at
        if notice.risk and notice.risk.state == RiskState.ACTED_ON:
            notice.answer = NoticeAnswer.NOT_ME
        diary.event(
            AuditAction.NOTICE_ANSWERED, notice.seen_at, actor_id=notice.user_id,
            user_id=notice.user_id, tenant_id=notice.tenant_id, session_id=notice.session_id,
            notice=str(notice.pk), kind=notice.kind, answer=notice.answer,
        )  # fmt: skip


def _hold_up(diary: Diary, notices: list[Notice]) -> None:
    """The last mail does not leave, so that an operator sees what that looks like."""
    last = notices[-1]
    last.mailed_at, last.mail_attempts, last.mail_error = None, 4, GREYLISTED
    last.mail_due_at = diary.now + timedelta(hours=1)


def _seen(session: Session) -> dict[str, Any]:
    facts = {name: getattr(session, name) for name in SEEN_BY}
    return {name: value for name, value in facts.items() if value}

"""“It was me”, “It wasn't me”: what each does, to a notice or to a session, wherever it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_admin import audit, lifecycle
from sessions_admin.models import LABEL_LENGTH, Notice, Risk, Session
from sessions_admin.vocabulary import AuditAction, EndReason, NoticeAnswer, RiskState

if TYPE_CHECKING:
    from accounts.models import User


def answer(
    notice: Notice, said: NoticeAnswer, *, everywhere: bool = False, spared: UUID | None = None
) -> bool:
    """Takes the person's answer, once, whoever comes first; False when it had one.

    With `everywhere`, “It wasn't me” ends all of the person's sessions but the one that is
    `spared`. In the audit log as `notice.answered`.
    """
    with transaction.atomic():
        if not _close(Notice.objects.filter(pk=notice.pk), said):
            return False
        if said == NoticeAnswer.ME:
            _recognise(notice)
        else:
            _disown(notice, everywhere=everywhere, spared=spared)
        audit.record(
            AuditAction.NOTICE_ANSWERED, actor_id=notice.user_id, user_id=notice.user_id,
            tenant_id=notice.tenant_id, session_id=notice.session_id, notice=str(notice.pk),
            kind=notice.kind, answer=said,
        )  # fmt: skip
    return True


def recognise(session: Session, owner: User) -> None:
    """“It was me”: dismisses what was found about the session; nobody asks about it again."""
    with transaction.atomic():
        if not session.label:
            # A session with a name is one that the person knows.
            lifecycle.rename(session.pk, session.device[:LABEL_LENGTH], owner=owner)
        lifecycle.settle(_found_about(session, owner), RiskState.DISMISSED, owner)
        _close(Notice.objects.filter(session=session, user=owner), NoticeAnswer.ME)


def disown(session: Session, owner: User, note: str = "") -> bool:
    """“It wasn't me”: ends the session and forgets its device; False when both was done before."""
    with transaction.atomic():
        lifecycle.settle(_found_about(session, owner), RiskState.ACTED_ON, owner)
        _close(Notice.objects.filter(session=session, user=owner), NoticeAnswer.NOT_ME)
        return lifecycle.disown(session, owner, note)


def _recognise(notice: Notice) -> None:
    if notice.session:
        recognise(notice.session, notice.user)
    _settle(notice, RiskState.DISMISSED)


def _disown(notice: Notice, *, everywhere: bool, spared: UUID | None) -> None:
    owner: User = notice.user
    note = _("an answer to a notice")
    if notice.session and notice.session_id != spared:
        disown(notice.session, owner, note)
    _settle(notice, RiskState.ACTED_ON)
    if everywhere:
        others = Session.objects.of(owner).exclude(pk=spared)
        lifecycle.end_sessions(others, reason=EndReason.REVOKED_BY_USER, actor=owner, note=note)


def _settle(notice: Notice, state: RiskState) -> None:
    """The finding itself, which may be about a session that is forgotten."""
    if notice.risk:
        lifecycle.settle(Risk.objects.filter(pk=notice.risk.pk), state, notice.user)


def _found_about(session: Session, owner: User) -> QuerySet[Risk]:
    return Risk.objects.filter(session=session, user=owner)


def _close(notices: QuerySet[Notice], said: NoticeAnswer) -> int:
    """Those that have no answer yet; the database sees to it that each gets one."""
    now = timezone.now()
    return notices.filter(answer="").update(answer=said, answered_at=now, seen_at=now)

"""What answering a notice does: once, whoever comes first, and written into the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_admin import audit, lifecycle
from sessions_admin.lifecycle.deciding import settle
from sessions_admin.models import Notice, Risk, Session
from sessions_admin.vocabulary import AuditAction, EndReason, NoticeAnswer, RiskState

if TYPE_CHECKING:
    from accounts.models import User


def answer(
    notice: Notice, said: NoticeAnswer, *, everywhere: bool = False, spared: UUID | None = None
) -> bool:
    """Takes the person's answer; False when it had one.

    “It was me” dismisses what was found suspicious about it. “It wasn't me” ends that session
    and forgets its device; with `everywhere` all of the person's sessions end, but the one that is
    `spared`.
    """
    now = timezone.now()
    with transaction.atomic():
        unanswered = Notice.objects.filter(pk=notice.pk, answer="")
        if not unanswered.update(answer=said, answered_at=now, seen_at=notice.seen_at or now):
            return False
        if said == NoticeAnswer.ME:
            settle(_found(notice), RiskState.DISMISSED, notice.user)
        else:
            _disown(notice, everywhere=everywhere, spared=spared)
        audit.record(
            AuditAction.NOTICE_ANSWERED, actor_id=notice.user_id, user_id=notice.user_id,
            tenant_id=notice.tenant_id, session_id=notice.session_id, notice=str(notice.pk),
            kind=notice.kind, answer=said,
        )  # fmt: skip
    return True


def _disown(notice: Notice, *, everywhere: bool, spared: UUID | None) -> None:
    owner: User = notice.user
    note = _("an answer to a notice")
    if notice.session and notice.session_id != spared:
        lifecycle.disown(notice.session, owner, note)
    settle(_found(notice), RiskState.ACTED_ON, owner)
    if everywhere:
        others = Session.objects.of(owner).exclude(pk=spared)
        lifecycle.end_sessions(others, reason=EndReason.REVOKED_BY_USER, actor=owner, note=note)


def _found(notice: Notice) -> QuerySet[Risk]:
    """What was found suspicious about it."""
    about = Q(pk=notice.risk_id)
    if notice.session_id:
        about |= Q(session_id=notice.session_id)
    return Risk.objects.filter(about, user_id=notice.user_id)

"""What answering a notice does: once, whoever comes first, and written into the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_admin import audit, lifecycle
from sessions_admin.models import Notice, Session
from sessions_admin.vocabulary import AuditAction, EndReason, NoticeAnswer

if TYPE_CHECKING:
    from accounts.models import User


def answer(
    notice: Notice, said: NoticeAnswer, *, everywhere: bool = False, spared: UUID | None = None
) -> bool:
    """Takes the person's answer; False when it had one.

    “It was me” settles the finding. “It wasn't me” ends that session (with `everywhere` all of the
    person's, but the one that is `spared`) and forgets its device.
    """
    now = timezone.now()
    with transaction.atomic():
        unanswered = Notice.objects.filter(pk=notice.pk, answer="")
        if not unanswered.update(answer=said, answered_at=now, seen_at=notice.seen_at or now):
            return False
        if said == NoticeAnswer.NOT_ME:
            _disown(notice, everywhere=everywhere, spared=spared)
        audit.record(
            AuditAction.NOTICE_ANSWERED, actor_id=notice.user_id, user_id=notice.user_id,
            tenant_id=notice.tenant_id, session_id=notice.session_id, notice=str(notice.pk),
            kind=notice.kind, answer=said,
        )  # fmt: skip
    return True


def _disown(notice: Notice, *, everywhere: bool, spared: UUID | None) -> None:
    owner: User = notice.user
    sessions = Session.objects.of(owner)
    if not everywhere:
        sessions = sessions.filter(pk=notice.session_id)
    lifecycle.end_sessions(
        sessions.exclude(pk=spared), reason=EndReason.REVOKED_BY_USER, actor=owner,
        note=_("an answer to a notice"),
    )  # fmt: skip

"""Telling people: what is written down in the moment of an event, to be shown and mailed later."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sessions_admin.models import Notice
from sessions_admin.vocabulary import NoticeKind


def notify(
    kind: NoticeKind,
    *,
    user_id: Any,
    event: str,
    tenant_id: UUID | None = None,
    session_id: UUID | None = None,
    risk_id: UUID | None = None,
    **data: Any,
) -> None:
    """Writes one notice, in the caller's transaction; a second one of the same event is nothing.

    `event` names what happened (“new_sign_in:<session>”); `data` is for the words of its mail.
    Nothing is sent here: the mail goes out by a task, after the commit.
    """
    notice = Notice(
        kind=kind, user_id=user_id, event=event, tenant_id=tenant_id, session_id=session_id,
        risk_id=risk_id, data=data,
    )  # fmt: skip
    Notice.objects.bulk_create([notice], ignore_conflicts=True)

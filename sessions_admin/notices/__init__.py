"""Telling people: what is written down in the moment of an event, to be shown and mailed later."""

from __future__ import annotations

from collections.abc import Iterable
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


# Rows a statement, below every driver's limit of parameters.
BATCH = 1000


def notify_all(
    kind: NoticeKind,
    *,
    user_ids: Iterable[Any],
    event: str,
    tenant_id: UUID | None = None,
    **data: Any,
) -> None:
    """Writes a notice to each of these people about one event, in the caller's transaction."""
    notices = [
        Notice(kind=kind, user_id=user_id, event=f"{event}:{user_id}", tenant_id=tenant_id,
               data=data)
        for user_id in user_ids
    ]  # fmt: skip
    Notice.objects.bulk_create(notices, batch_size=BATCH, ignore_conflicts=True)


def retract(event: str) -> None:
    """What notify_all wrote about this event will not happen: unsent mails of it never go out."""
    Notice.objects.filter(event__startswith=f"{event}:").delete()

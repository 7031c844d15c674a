"""Writing notices: one row for each person and event, in the transaction of what it tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from sessions_admin.models import Notice
from sessions_admin.notices.delivery import deliver_soon
from sessions_admin.notices.rows import Row, insert
from sessions_admin.request.client import describe
from sessions_admin.vocabulary import EndReason, NoticeKind

if TYPE_CHECKING:
    from sessions_admin.lifecycle import EndedSession
    from sessions_admin.request.client import Client

# What a mail says of a client.
SEEN = ("ip", "browser", "system", "city", "country")

# Endings that are news: somebody else ended the session, or a rule that protects the account did.
# No news is what the person did (log-out, tenant switch, and the newer sign-in that reached the
# limit), what time did, and what has a notice of its own (a changed credential, a risk finding).
# A suspended tenant is for the tenant to announce: its people did nothing and can do nothing.
NEWS = frozenset(
    {
        EndReason.REVOKED_BY_ADMIN, EndReason.REVOKED_BY_OPERATOR, EndReason.USER_DISABLED,
        EndReason.MEMBERSHIP_REMOVED, EndReason.TOKEN_REUSE, EndReason.API_REQUEST,
    }
)  # fmt: skip


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
    _write(kind, [Row(user_id, event, tenant_id, session_id, risk_id, data)])


def notify_all(
    kind: NoticeKind,
    *,
    user_ids: Iterable[Any],
    event: str,
    tenant_id: UUID | None = None,
    **data: Any,
) -> None:
    """Writes one notice for each of these people, however many, in a few statements."""
    _write(kind, [Row(one, f"{event}:{one}", tenant_id, data=data) for one in user_ids])


def retract(event: str) -> None:
    """What notify_all wrote about this event will not happen: unsent mails of it never go out."""
    Notice.objects.filter(event__startswith=f"{event}:").delete()


def seen(client: Client) -> dict[str, Any]:
    """For `data`: from where and with what, as it was then."""
    described = describe(client)
    return {name: described[name] for name in SEEN if described[name]}


def tell_endings(ended: Iterable[EndedSession], *, actor_id: Any) -> None:
    """Tells people that sessions of theirs were ended, if that is news: once, however many.

    Sessions that one event ended share its moment; so do those whose rows are closed later, in
    batches or by a request that meets the end of everything.
    """
    by_event: dict[tuple[Any, EndReason, Any], list[EndedSession]] = defaultdict(list)
    for one in ended:
        if one.reason in NEWS and one.user_id not in (None, actor_id):
            by_event[one.user_id, one.reason, one.at].append(one)
    _write(NoticeKind.SESSION_ENDED, [_ending(sessions) for sessions in by_event.values()])


def _ending(sessions: list[EndedSession]) -> Row:
    last = max(sessions, key=lambda one: one.id)  # ids sort by the start
    return Row(
        last.user_id,
        f"{NoticeKind.SESSION_ENDED}:{last.user_id}:{last.reason}:{last.at.timestamp():.6f}",
        last.tenant_id,
        last.id,
        data={"reason": last.reason, "count": len(sessions)},
    )


def _write(kind: NoticeKind, rows: list[Row]) -> None:
    if rows:
        insert(kind, rows)
        transaction.on_commit(deliver_soon, robust=True)

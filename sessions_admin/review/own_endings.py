"""Ending one's own sessions from another one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sessions_admin.lifecycle import EndedSession, end_overdue, end_sessions
from sessions_admin.models import Session
from sessions_admin.templatetags.sessions import name_and_place
from sessions_admin.vocabulary import EndReason

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.live import SessionQuerySet


def end_own(
    sessions: SessionQuerySet, *, user: User, here: UUID, via: str = ""
) -> list[EndedSession]:
    """Ends those of these that are the user's, never the one that asks (`here`).

    What time has ended already is tidied first: it gets its true reason and is not counted.
    """
    asking = Session.objects.select_related("tenant").get(pk=here)
    mine = sessions.of(user).exclude(pk=here)
    for _overdue in end_overdue(among=mine):
        pass
    return end_sessions(
        mine, reason=EndReason.REVOKED_BY_USER, actor=user, note=name_and_place(asking), via=via
    )

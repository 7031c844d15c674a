"""Support in the demo: an administrator looked at the portal as a member who had asked for help."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sessions_admin.demo.diary import Diary, Ending
from sessions_admin.demo.rules import at_work
from sessions_admin.models import Session
from sessions_admin.vocabulary import AuditAction, EndReason, Kind

if TYPE_CHECKING:
    from sessions_admin.demo.people import Person
    from sessions_admin.demo.scenes import Company

REASONS = ("Cannot see the payroll report, ticket 4711.", "Export is empty for him, ticket 4388.")
MINUTE = timedelta(minutes=1)


def give_support(company: Company) -> None:
    """Once for each reason; read-only, for a quarter of an hour."""
    diary, admin, member = company.diary, company.cast["admin"], company.cast["member"]
    for number, reason in enumerate(REASONS):
        at = at_work(diary.now - timedelta(days=4 + 13 * number))
        over, device = at + 15 * MINUTE, admin.devices[0]
        session = diary.ended_on(
            member, member.tenants[0], device, (at, at + 9 * MINUTE, over),
            Ending(EndReason.SUPPORT_ENDED), clients=[admin.client(device, at, diary.rng)],
            kind=Kind.SUPPORT, persistent=False, amr="", aal=1, expires_at=over,
            asked_by=admin.user, asked_in=_session_around(diary, admin, at),
            made_from=_session_around(diary, member, at), ask_reason=reason, read_only=True,
        )  # fmt: skip
        diary.event(
            AuditAction.SUPPORT_STARTED, at, actor_id=admin.user.pk, user_id=member.user.pk,
            tenant_id=session.tenant_id, session_id=session.pk, reason=reason, read_only=True,
        )  # fmt: skip


def _session_around(diary: Diary, person: Person, at: datetime) -> Session:
    """A session of theirs that was open then."""
    times = (at - 20 * MINUTE, at + 70 * MINUTE, at + 70 * MINUTE)
    ending = Ending(EndReason.LOGGED_OUT, person.user)
    return diary.ended_on(person, person.tenants[0], person.devices[0], times, ending)

"""Looking at who comes: at a sign-in, and when a live session comes from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sessions_admin.lifecycle.devices import Recognition, recognise, remember
from sessions_admin.lifecycle.suspicion import (
    Suspicion,
    end_the_suspected,
    harmless,
    note_suspicion,
    suspect,
)
from sessions_admin.models import Session
from sessions_admin.request.client import Client
from sessions_admin.risk.facts import Event, History, Occasion, Seen
from sessions_admin.suspicious.seen import (
    ACCESS,
    history_of,
    others_of,
    rules_of,
    seen_in,
    seen_now,
)
from sessions_admin.vocabulary import Kind

if TYPE_CHECKING:
    from sessions_admin.lifecycle.birth import Birth
    from sessions_admin.request.lookup import FoundSession
    from tenants.models import Tenant


@dataclass
class Arrival:
    """A sign-in that was looked at, before its row is written; empty when looking failed."""

    suspicion: Suspicion | None = None
    columns: dict[str, Any] = field(default_factory=dict)  # what it adds to the session's row

    @property
    def is_doomed(self) -> bool:
        """Whether it will end as soon as it is written."""
        return self.suspicion is not None and self.suspicion.ends_itself

    @property
    def is_over(self) -> bool:
        return self.suspicion is not None and self.suspicion.session_id in self.suspicion.ended

    def conclude(self) -> None:
        """The row is written: the findings are kept, and what the rules end ends."""
        if self.suspicion is None or self.suspicion.is_nothing:
            return
        with harmless("Acting on a suspicious sign-in"):
            end_the_suspected(self.suspicion)
            note_suspicion(self.suspicion)


def look_at(birth: Birth, session: Session, tenant: Tenant | None, *, is_again: bool) -> Arrival:
    """What this sign-in is, by what is known of the person; the user's row is locked.

    Older sessions that the rules end, end here: the limit counts what is left.
    """
    with harmless("Looking at a sign-in"):
        now = timezone.now()
        seen = seen_now(session.pk, birth.client, now)
        before = _as_last_seen(session) if is_again else None
        access = access_of(seen)
        recognition = recognise(birth.user, birth.browser_hash, access)
        suspicion = _suspect_sign_in(
            birth, tenant, Event(Occasion.SIGN_IN, seen, before), recognition
        )
        columns: dict[str, Any] = {"novelty": suspicion.novelty}
        if suspicion.asks:
            columns["suspected_at"] = now
        if suspicion.is_trusted and (birth.browser_hash or seen.browser):
            columns["known_device_id"] = remember(
                birth.user, birth.browser_hash, recognition, access
            )
        end_the_suspected(suspicion, among=suspicion.doomed - {session.pk})
        return Arrival(suspicion, columns)
    return Arrival()


def look_at_move(found: FoundSession, client: Client, now: datetime) -> None:
    """The live session comes with another address or agent; its user's row is locked. What the
    rules end or ask is told by `found`."""
    if found.kind == Kind.SUPPORT:
        return  # somebody else's address, as they said
    with harmless("Looking at a session that moved"):
        tenant = found.access.tenant
        tenant_id = tenant.id if tenant else None
        before = seen_now(found.id, Client(found.ip, found.user_agent), found.last_seen_at)
        event = Event(Occasion.MOVE, seen_now(found.id, client, now), before)
        history = History(others=others_of(found.user, found.id, tenant_id), signed_in_before=True)
        suspicion = suspect(found.user, tenant_id, event, history, rules_of(tenant_id))
        _act_on_move(suspicion, found, now)


def access_of(seen: Seen) -> dict[str, Any]:
    """The columns of AccessFields."""
    return {name: getattr(seen, name) for name in ACCESS}


def _suspect_sign_in(
    birth: Birth, tenant: Tenant | None, event: Event, recognition: Recognition
) -> Suspicion:
    tenant_id = tenant.pk if tenant else None
    others = others_of(birth.user, event.now.session, tenant_id)
    history = history_of(birth.user, others, recognition, event.now.at)
    return suspect(birth.user, tenant_id, event, history, rules_of(tenant_id))


def _as_last_seen(session: Session) -> Seen:
    return seen_in(vars(session), session.pk, session.last_seen_at)


def _act_on_move(suspicion: Suspicion, found: FoundSession, now: datetime) -> None:
    if not suspicion.actions:
        return
    end_the_suspected(suspicion)
    if suspicion.asks and found.suspected_at is None:
        Session.objects.open().filter(pk=found.id).update(suspected_at=now)
        found.suspected_at = now
    note_suspicion(suspicion)
    if found.id in suspicion.ended:
        found.ended_at = now

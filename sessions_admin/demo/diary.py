"""Three months of sign-ins: every session of the demo, how it began and how it ended."""

import random
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import User
from sessions_admin import audit
from sessions_admin.assurance import aal_of
from sessions_admin.demo.devices import Device
from sessions_admin.demo.people import Person
from sessions_admin.demo.rules import policy_at
from sessions_admin.identifiers import uuid7
from sessions_admin.models import AuditEvent, LoginAttempt, Session, Sighting
from sessions_admin.policy import Policy
from sessions_admin.request.client import Client, describe
from sessions_admin.vocabulary import AuditAction, EndReason, Kind, LoginOutcome
from tenants.models import Tenant

DAYS = 90
# Every so many sessions was seen elsewhere too: a laptop that is taken home, a phone in a train.
MOVING = 0.14
REMEMBERED = 0.4
NEVER = timedelta(days=4000)  # without such a rule: in the future, where nothing has happened


@dataclass(frozen=True, slots=True)
class Ending:
    """Why, by whom, and what they said."""

    reason: EndReason
    actor: User | None = None
    note: str = ""


@dataclass(slots=True)
class Diary:
    """The rows as they are thought up; `demo.company` writes them."""

    now: datetime
    rng: random.Random
    sessions: list[Session] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    attempts: list[LoginAttempt] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)
    columns: dict[Client, dict[str, Any]] = field(default_factory=dict)
    devices: dict[UUID, Device] = field(default_factory=dict)  # by session

    def live(
        self,
        person: Person,
        tenant: Tenant | None,
        device: Device,
        *,
        age: timedelta,
        idle: timedelta,
        **columns: Any,
    ) -> Session:
        """A session that is open now, by the present rules."""
        return self._session(person, tenant, device, self.now - age, self.now - idle, **columns)

    def ended_alone(self, person: Person, tenant: Tenant | None, ending: Ending) -> bool:
        """A session that ended for a reason of its own; False when chance put it where it cannot
        be: on a weekend, in the future, under rules that were not there."""
        device = self.rng.choice(person.devices)
        began = person.working_moment(self.rng.uniform(0, DAYS), self.now, self.rng)
        if began.weekday() >= 5 and self.rng.random() < 0.8:
            return False
        last_seen = began + self._activity(device)
        policy = self._policy(tenant, last_seen)
        if policy.absolute_timeout:
            last_seen = min(last_seen, began + policy.absolute_timeout - policy.idle_timeout)
        ended = _end_of(began, last_seen, ending.reason, policy, self.rng)
        if ended >= (person.until or self.now) or self._policy(tenant, ended) != policy:
            return False
        if ending.reason == EndReason.ABSOLUTE_TIMEOUT:
            last_seen = ended - policy.idle_timeout * self.rng.uniform(0.01, 0.9)
        self.ended_on(person, tenant, device, (began, last_seen, ended), ending)
        return True

    def ended_together(
        self, person: Person, tenant: Tenant | None, count: int, at: datetime, ending: Ending
    ) -> None:
        """So many sessions that were open at this moment, ended by one act."""
        policy = self._policy(tenant, at)
        for device in self.rng.sample(person.devices, min(count, len(person.devices))):
            last_seen = at - policy.idle_timeout * self.rng.uniform(0.005, 0.8)
            longest = min(policy.absolute_timeout or timedelta(days=20), timedelta(days=20))
            began = last_seen - longest * self.rng.triangular(0.005, 0.85, 0.05)
            self.ended_on(person, tenant, device, (began, last_seen, at), ending)

    def ended_on(
        self,
        person: Person,
        tenant: Tenant | None,
        device: Device,
        times: tuple[datetime, datetime, datetime],
        ending: Ending,
        **columns: Any,
    ) -> Session:
        """A session of these times: of its sign-in, its last activity and its end."""
        began, last_seen, ended = times
        session = self._session(
            person, tenant, device, began, last_seen, ended_at=ended, end_reason=ending.reason,
            ended_by=ending.actor, end_note=ending.note, **columns,
        )  # fmt: skip
        if ending.reason == EndReason.TENANT_SWITCHED:
            session.key_hash = None  # the record of a stay; the key went on with the session
        self.event(
            AuditAction.SESSION_ENDED, ended, actor_id=ending.actor and ending.actor.pk,
            user_id=person.user.pk, tenant_id=session.tenant_id, session_id=session.pk,
            reason=ending.reason, initiator=ending.reason.initiator, note=ending.note,
        )  # fmt: skip
        return session

    def attempt(
        self,
        at: datetime,
        client: Client,
        outcome: LoginOutcome,
        *,
        user: User | None = None,
        email: str = "",
        **facts: Any,
    ) -> None:
        """A line in the login history, and what the audit log has for it."""
        self.attempts.append(
            LoginAttempt(
                id=uuid7(at), at=at, outcome=outcome, user=user,
                email=email or (user.email if user else ""), **facts, **self._described(client),
            )
        )  # fmt: skip
        user_id = user.pk if user else None
        if outcome == LoginOutcome.FAILED:
            self.event(AuditAction.LOGIN_FAILED, at, user_id=user_id)
        if outcome == LoginOutcome.DENIED:
            self.event(AuditAction.LOGIN_DENIED, at, actor_id=user_id, user_id=user_id)

    def event(self, action: AuditAction, at: datetime, **facts: Any) -> None:
        self.events.append(audit.event(action, at=at, **facts))

    def _session(
        self,
        person: Person,
        tenant: Tenant | None,
        device: Device,
        began: datetime,
        last_seen: datetime,
        clients: list[Client] | None = None,
        **columns: Any,
    ) -> Session:
        clients = clients or self._clients(person, device, began, last_seen)
        tenant_id = tenant.pk if tenant else None
        usual: dict[str, Any] = {
            "kind": device.kind, "persistent": self.rng.random() < REMEMBERED, "amr": person.amr,
            "aal": aal_of(person.amr),
        }  # fmt: skip
        session = Session(
            id=uuid7(began), key_hash=secrets.token_bytes(32), user=person.user, tenant=tenant,
            started_at=began, authenticated_at=began, last_seen_at=last_seen,
            **usual | columns, **self._described(clients[-1]),
        )  # fmt: skip
        self.sessions.append(session)
        self.devices[session.pk] = device
        self._sight(session, clients)
        if session.kind != Kind.SUPPORT:  # nobody signs in to one
            self.attempt(
                began, clients[0], LoginOutcome.SUCCEEDED, user=person.user, session=session,
                tenant_id=tenant_id, amr=person.amr,
            )  # fmt: skip
        self.event(
            AuditAction.SESSION_STARTED, began, actor_id=person.user.pk, user_id=person.user.pk,
            tenant_id=tenant_id, session_id=session.pk, amr=person.amr,
        )  # fmt: skip
        return session

    def _clients(
        self, person: Person, device: Device, began: datetime, last_seen: datetime
    ) -> list[Client]:
        """Where the session was seen, in its order: mostly in one place."""
        count = 1 if self.rng.random() > MOVING else self.rng.choice((2, 2, 3))
        stay = (last_seen - began) / count
        seen = (person.client(device, began + stay * n, self.rng) for n in range(count))
        return list(dict.fromkeys(seen))

    def _sight(self, session: Session, clients: list[Client]) -> None:
        """Kept from the first change on, as lifecycle does."""
        if len(clients) == 1:
            return
        stay = (session.last_seen_at - session.started_at) / len(clients)
        for number, client in enumerate(clients):
            arrived = session.started_at + stay * number
            self.sightings.append(
                Sighting(
                    session=session, first_seen_at=arrived, last_seen_at=arrived + stay,
                    **self._described(client),
                )
            )  # fmt: skip

    def _activity(self, device: Device) -> timedelta:
        """From the sign-in to the last click: minutes, a working day, or days on end."""
        span = self.rng.random()
        if span < 0.25:
            return timedelta(minutes=self.rng.uniform(1, 45))
        if span < 0.75 and not device.mobile:
            return timedelta(hours=self.rng.uniform(0.75, 9.5))
        return timedelta(days=self.rng.triangular(0.3, 16, 1.5))

    def _described(self, client: Client) -> dict[str, Any]:
        """Looked up once: parsing an agent and finding a place take their time."""
        if client not in self.columns:
            self.columns[client] = describe(client)
        return self.columns[client]

    def _policy(self, tenant: Tenant | None, at: datetime) -> Policy:
        return policy_at(tenant.slug if tenant else None, at, self.now)


def _end_of(
    began: datetime, last_seen: datetime, reason: EndReason, policy: Policy, rng: random.Random
) -> datetime:
    """The moment of an ending that fits its reason."""
    if reason == EndReason.LOGGED_OUT:
        return last_seen
    if reason == EndReason.ABSOLUTE_TIMEOUT:
        return began + (policy.absolute_timeout or NEVER)
    share = 1.0 if reason == EndReason.IDLE_TIMEOUT else rng.uniform(0.01, 0.9)
    return last_seen + policy.idle_timeout * share

"""What goes in and out: the JSON of sessions, people, attempts and events."""

import ipaddress
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

from sessions_admin.models import NOTE_LENGTH, LoginAttempt, Session
from sessions_admin.session_query import is_network
from sessions_admin.vocabulary import DeviceType, EndReason, Initiator, Kind, LoginOutcome

LARGEST_PAGE = 200
USUAL_PAGE = 50
LONGEST_WORD = 60  # as the columns of names
CURSOR_LENGTH = 1000  # a longer one is none of ours
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before any session
LATEST = datetime(2200, 1, 1, tzinfo=UTC)  # still a date in every time zone and database


def printable(text: str) -> str:
    """No control characters, no halves of surrogates: no screen and no database takes them."""
    if not text.isprintable():
        raise ValueError("Only printable characters.")
    return text


def in_our_time(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"From {EARLIEST.year} to {LATEST.year}.")
    return at


def an_address_range(text: str) -> str:
    if not is_network(text):
        raise ValueError("A network such as 192.0.2.0/24 or 2001:db8::/32, or AS64496.")
    return text


Cursor = Annotated[str, StringConstraints(max_length=CURSOR_LENGTH), AfterValidator(printable)]
Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_WORD),
    AfterValidator(printable),
]
Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE)]
Moment = Annotated[AwareDatetime, AfterValidator(in_our_time)]


class Strict(Schema):
    """What comes in: a name that nobody knows is an error, not a criterion that is left out."""

    model_config = ConfigDict(extra="forbid")


class Paging(Strict):
    after: Annotated[
        Cursor, Field(description="The `after` of the page before; none for the first page.")
    ] = ""
    limit: Annotated[Limit, Field(description="How many at most.")] = USUAL_PAGE


class Note(Strict):
    """What the person reads about it."""

    note: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=NOTE_LENGTH),
        AfterValidator(printable),
        Field(description="Shown to the people whose sessions end, and kept in the audit log."),
    ] = ""


class Place(Schema):
    city: str
    country: str
    country_code: str


class Network(Schema):
    asn: int | None
    name: str


class Device(Schema):
    browser: str
    system: str
    type: DeviceType


class Ending(Schema):
    """How a session ended. `initiator` is CAEP's `initiating_entity`."""

    at: datetime
    reason: EndReason
    initiator: Initiator
    note: str


class Support(Schema):
    """Somebody acts as the person, and why."""

    opened_by: UUID | None
    reason: str
    read_only: bool


class SessionOut(Schema):
    id: UUID
    user_id: UUID
    tenant_id: UUID | None
    kind: Kind
    name: str
    current: Annotated[bool, Field(description="It is the one that asks.")]
    started_at: datetime
    authenticated_at: datetime
    last_seen_at: datetime
    expires_at: Annotated[
        datetime | None, Field(description="When it ends if it is not used again; live ones only.")
    ]
    ended: Ending | None
    persistent: bool
    amr: Annotated[list[str], Field(description="How the person signed in, RFC 8176.")]
    aal: Annotated[int, Field(description="Assurance level, NIST SP 800-63B.")]
    ip: str | None
    place: Place
    network: Network
    device: Device
    user_agent: str
    support: Support | None


class SessionPage(Schema):
    items: list[SessionOut]
    after: Annotated[str, Field(description="Cursor of the next page; empty: this is the last.")]


class Attempt(Schema):
    id: UUID
    at: datetime
    outcome: LoginOutcome
    amr: list[str]
    ip: str | None
    place: Place
    network: Network
    device: Device
    session_id: UUID | None


class AttemptPage(Schema):
    items: list[Attempt]
    after: str


class Ended(Schema):
    """`ids` are those that this call ended, not those that were over already."""

    ended: int
    ids: list[UUID]


def session_out(session: Session, here: UUID | None) -> dict[str, Any]:
    return {
        "id": session.pk,
        "user_id": session.user_id,
        "tenant_id": session.tenant_id,
        "kind": session.kind,
        "name": session.name,
        "current": session.pk == here,
        "started_at": session.started_at,
        "authenticated_at": session.authenticated_at,
        "last_seen_at": session.last_seen_at,
        "expires_at": getattr(session, "deadline", None) if session.ended_at is None else None,
        "ended": _ending(session),
        "persistent": session.persistent,
        "aal": session.aal,
        "user_agent": session.user_agent,
        "support": _support(session),
        **_access(session),
    }


def attempt_out(attempt: LoginAttempt) -> dict[str, Any]:
    return {
        "id": attempt.pk,
        "at": attempt.at,
        "outcome": attempt.outcome,
        "session_id": attempt.session_id,
        **_access(attempt),
    }


def ended_out(ended: list[Any]) -> dict[str, Any]:
    return {"ended": len(ended), "ids": [one.id for one in ended]}


def _access(row: Any) -> dict[str, Any]:
    return {
        "amr": row.amr.split(),
        "ip": str(ipaddress.ip_address(row.ip)) if row.ip else None,
        "place": {
            "city": row.city, "country": row.country, "country_code": row.country_code,
        },
        "network": {"asn": row.asn, "name": row.network},
        "device": {"browser": row.browser, "system": row.system, "type": row.device_type},
    }  # fmt: skip


def _ending(session: Session) -> dict[str, Any] | None:
    if session.ended_at is None:
        return None
    reason = EndReason(session.end_reason)
    return {
        "at": session.ended_at, "reason": reason, "initiator": reason.initiator,
        "note": session.end_note,
    }  # fmt: skip


def _support(session: Session) -> dict[str, Any] | None:
    if session.kind != Kind.SUPPORT:
        return None
    return {
        "opened_by": session.asked_by_id, "reason": session.ask_reason,
        "read_only": session.read_only,
    }  # fmt: skip

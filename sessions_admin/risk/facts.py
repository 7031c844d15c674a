"""What the detectors look at, and what they find."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sessions_admin.vocabulary import Detector, Novelty


@dataclass(frozen=True, slots=True)
class Seen:
    """A session seen with one address, device and place; blank or None where nothing is known."""

    session: UUID
    at: datetime  # the last moment it was seen so
    ip: str | None = None
    user_agent: str = ""
    browser: str = ""
    system: str = ""
    device_type: str = ""
    city: str = ""
    country: str = ""
    country_code: str = ""
    latitude: float | None = None
    longitude: float | None = None
    accuracy_km: int | None = None
    asn: int | None = None
    network: str = ""


class Occasion(StrEnum):
    """When somebody is looked at, and never in between."""

    SIGN_IN = "sign_in"
    MOVE = "move"  # a live session comes with another address or user agent


@dataclass(frozen=True, slots=True)
class Event:
    """What happens now: a sign-in, or a session that is used from elsewhere."""

    occasion: Occasion
    now: Seen
    before: Seen | None = None  # the same session until now


@dataclass(frozen=True, slots=True)
class History:
    """What is known of the person before the event."""

    others: tuple[Seen, ...] = ()  # each other live session, as last seen
    signed_in_before: bool = False
    last_active_at: datetime | None = None
    countries: frozenset[str] = frozenset()  # of earlier sign-ins
    networks: frozenset[int] = frozenset()  # AS numbers of earlier sign-ins
    has_devices: bool = False  # at least one browser of the person is known
    device_known: bool = False  # and this is one of them
    failures: tuple["Failure", ...] = ()  # of late


@dataclass(frozen=True, slots=True)
class Failure:
    """Somebody typed the person's address and a wrong password."""

    at: datetime
    ip: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A detector fired. `evidence` is JSON; `thing` names what is the same thing again."""

    detector: Detector
    thing: str
    evidence: Mapping[str, Any]
    other: UUID | None = None  # the other session of a pair


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that an event says."""

    findings: tuple[Finding, ...] = ()
    novelty: frozenset[Novelty] = frozenset()


def place_label(seen: Seen) -> str:
    """“Bangkok”, or the country; empty when neither is known."""
    return seen.city or seen.country


def as_evidence(seen: Seen) -> dict[str, Any]:
    """What is kept of it with a finding."""
    facts = {
        "session": str(seen.session), "at": seen.at.isoformat(), "ip": seen.ip,
        "city": seen.city, "country": seen.country, "country_code": seen.country_code,
        "latitude": seen.latitude, "longitude": seen.longitude, "accuracy_km": seen.accuracy_km,
        "asn": seen.asn, "network": seen.network, "browser": seen.browser, "system": seen.system,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value not in (None, "")}

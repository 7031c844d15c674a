"""What is worth noticing about a live session: the badges, filters and hints go by these. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sessions_admin.vocabulary import Detector

# last_seen_at moves once a minute at the most, so one missed minute is still "now".
ACTIVE_WITHIN = timedelta(minutes=2)
# Long enough for somebody who was away for a day to notice a sign-in.
NEW_WITHIN = timedelta(hours=48)
# A device that was not used for a month is easily one that was sold, lost or forgotten.
INACTIVE_AFTER = timedelta(days=30)
# A new laptop, a trip: worth a word, and no suspicion.
NEWS = frozenset({Detector.NEW_DEVICE, Detector.NEW_COUNTRY})
TWO_FACTORS = 2  # NIST SP 800-63B AAL2


class Trait(StrEnum):
    """Also the values of the filter ?show= on the page."""

    SUSPICIOUS = "suspicious"
    ACTIVE = "active"
    NEW = "new"
    INACTIVE = "inactive"
    ABROAD = "abroad"
    ONE_FACTOR = "one_factor"


class Seen(Protocol):
    """What is asked of a session."""

    started_at: datetime
    last_seen_at: datetime
    ip: str | None
    city: str
    country_code: str
    label: str
    aal: int


def traits_of(session: Seen, now: datetime, here: Seen | None = None) -> list[Trait]:
    """In the order of the badges; `here` is the session that looks, for what differs from it."""
    found = {
        Trait.SUSPICIOUS: is_suspicious(session),
        Trait.ACTIVE: now - session.last_seen_at < ACTIVE_WITHIN,
        Trait.NEW: session is not here and now - session.started_at < NEW_WITHIN,
        Trait.INACTIVE: now - session.last_seen_at >= INACTIVE_AFTER,
        Trait.ABROAD: here is not None and is_abroad(session, here),
        # Only beside one that has two: otherwise it would be said of everything, and mean nothing.
        Trait.ONE_FACTOR: here is not None and session.aal < TWO_FACTORS <= here.aal,
    }
    return [trait for trait, holds in found.items() if holds]


def is_suspicious(session: Seen) -> bool:
    """Something was found that nobody has judged yet, or the person must prove themselves."""
    finding = getattr(session, "finding", None) or {}
    found = finding.get("detector") not in NEWS | {None}
    return found or getattr(session, "suspected_at", None) is not None


def is_abroad(session: Seen, here: Seen) -> bool:
    """Another country, as far as both are known."""
    countries = {session.country_code, here.country_code}
    return len(countries) == 2 and "" not in countries


def is_elsewhere(session: Seen, here: Seen) -> bool:
    """Another city or country; where no place is known, another address."""
    if session.country_code and here.country_code:
        return (session.country_code, session.city) != (here.country_code, here.city)
    return session.ip != here.ip


def wants_review(session: Seen, now: datetime, here: Seen | None) -> bool:
    """A suspicious session; or a new sign-in from elsewhere that the person has given no name."""
    if here is None or session is here:
        return False
    if is_suspicious(session):
        return True
    if session.label:
        return False
    return Trait.NEW in traits_of(session, now) and is_elsewhere(session, here)

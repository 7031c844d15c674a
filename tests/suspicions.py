"""Findings as rows: somebody was in Bangkok and in London, and what the rules did about it."""

from datetime import timedelta
from secrets import token_bytes
from typing import Any

from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.models import KnownDevice, Risk, Session
from sessions_admin.request.client import Client, describe
from sessions_admin.vocabulary import Detector, Response
from tests.holdings import CHROME_WINDOWS, hold

BANGKOK: dict[str, Any] = {
    "city": "Bangkok", "country": "Thailand", "country_code": "TH", "latitude": 13.75,
    "longitude": 100.5, "accuracy_km": 20, "asn": 64501, "network": "Siam Broadband",
}  # fmt: skip
LONDON: dict[str, Any] = {
    "city": "London", "country": "United Kingdom", "country_code": "GB", "latitude": 51.5,
    "longitude": -0.12, "accuracy_km": 50, "asn": 64500, "network": "Thames Net",
}  # fmt: skip
IN_BANGKOK, IN_LONDON = "203.0.113.80", "198.51.100.44"


def two_sessions(user, tenant) -> tuple[Session, Session]:
    """The older one in London, the newer in Bangkok four minutes later."""
    older = hold(user, tenant, ip=IN_LONDON, place=LONDON, age=timedelta(minutes=30))
    newer = hold(
        user, tenant, ip=IN_BANGKOK, place=BANGKOK, age=timedelta(minutes=26), agent=CHROME_WINDOWS
    )
    return older, newer


def seen(session) -> dict[str, Any]:
    """The session as evidence has it."""
    names = (
        "ip", "city", "country", "country_code", "latitude", "longitude", "accuracy_km", "asn",
        "network", "browser", "system",
    )  # fmt: skip
    facts = {name: getattr(session, name) for name in names}
    return {"session": str(session.pk), "at": session.started_at.isoformat(), **facts}


def suspect(
    user, tenant, detector=Detector.IMPOSSIBLE_TRAVEL, *, session=None, other=None,
    response=Response.RECORD, age=timedelta(minutes=26), evidence=None, **columns,
) -> Risk:  # fmt: skip
    """A finding of that detector, `age` ago."""
    at = timezone.now() - age
    risk = Risk(
        id=uuid7(at), at=at, detector=detector, tenant=tenant, user=user, session=session,
        other_session=other, response=response, evidence=evidence or {}, **columns,
    )  # fmt: skip
    risk.save(force_insert=True)
    return risk


def travel(user, tenant, **columns) -> Risk:
    """Impossible travel from London to Bangkok, with both sessions still open."""
    older, newer = two_sessions(user, tenant)
    evidence = {
        "from": seen(older), "to": seen(newer), "km": 9530, "seconds": 240, "kmh": 142_950,
        "occasion": "sign_in", "within_session": False,
    }  # fmt: skip
    return suspect(user, tenant, session=newer, other=older, evidence=evidence, **columns)


def device_of(user, agent=CHROME_WINDOWS, **columns) -> KnownDevice:
    """A browser in Bangkok in which this person has signed in."""
    return KnownDevice.objects.create(
        user=user, browser_hash=token_bytes(32),
        **{**describe(Client(IN_BANGKOK, agent)), **BANGKOK, **columns},
    )  # fmt: skip

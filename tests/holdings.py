"""Sessions that somebody holds elsewhere, written as rows: devices, places, ages at will."""

from datetime import timedelta

from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.models import Session, Sighting
from sessions_admin.request.client import Client, describe
from sessions_admin.request.credential import mark_of
from sessions_admin.vocabulary import Kind

FIREFOX_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
CHROME_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
SAFARI_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)
SAFARI_IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)
LYON = {"city": "Lyon", "country": "France", "country_code": "FR"}
BERLIN = {"city": "Berlin", "country": "Germany", "country_code": "DE"}
NOWHERE = {"city": "", "country": "", "country_code": ""}


def hold(
    user, tenant=None, *, agent=FIREFOX_LINUX, ip="192.0.2.1", age=timedelta(hours=1),
    idle=timedelta(minutes=5), place=NOWHERE, **columns,
) -> Session:  # fmt: skip
    """An open session of this user that began `age` ago and was last used `idle` ago."""
    now = timezone.now()
    # What no key opens says with whose credential it was made.
    prover = columns.get("asked_by") or user
    if columns.get("kind") in {Kind.APP, Kind.SUPPORT}:
        columns = {"data": mark_of(prover), **columns}
    session = Session(
        id=uuid7(now - age), user=user, tenant=tenant,
        **{"amr": "pwd", "aal": 1, "started_at": now - age, "authenticated_at": now - age,
           "last_seen_at": now - idle, **describe(Client(ip, agent)), **place, **columns},
    )  # fmt: skip
    session.save(force_insert=True)
    return session


def see_elsewhere(session, *, ip, place=NOWHERE, ago=timedelta(minutes=30)) -> Sighting:
    """The session was seen with this address, too."""
    now = timezone.now()
    return Sighting.objects.create(
        session=session, first_seen_at=now - ago, last_seen_at=now - ago,
        **{**describe(Client(ip, session.user_agent)), **place},
    )  # fmt: skip

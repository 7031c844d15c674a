"""What rows of sessions on a screen need from the database, in a fixed number of statements."""

from collections.abc import Iterable

from django.db.models import Prefetch, prefetch_related_objects

from sessions_admin.live import SessionQuerySet
from sessions_admin.models import Session, Sighting
from tenants.lookups import is_member

# A phone collects hundreds of addresses; the latest tell whether something is odd.
SIGHTINGS_SHOWN = 10


def card_rows(sessions: SessionQuerySet) -> SessionQuerySet:
    """Live sessions for session_card.html: without what no screen shows, with their tenants."""
    return sessions.select_related("tenant", "asked_by").defer("data", "key_hash")


def load_sightings(sessions: Iterable[Session]) -> None:
    """The latest sightings of all these sessions as `latest_sightings`, in one statement."""
    latest = Sighting.objects.order_by("-last_seen_at", "-pk")[:SIGHTINGS_SHOWN]
    prefetch_related_objects(list(sessions), Prefetch("sightings", latest, "latest_sightings"))


def ended_rows(sessions: SessionQuerySet) -> SessionQuerySet:
    """Ended sessions, last ended first, with who ended them and whether that one may be named."""
    rows: SessionQuerySet = (
        sessions.ended()
        .select_related("tenant", "user", "ended_by", "asked_by")
        .defer("data", "key_hash")
        .annotate(ender_is_colleague=is_member(user="ended_by"))
        .order_by("-ended_at", "-pk")
    )
    return rows

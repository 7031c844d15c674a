"""Sightings for the pure rules, from words: a city, minutes ago, a network."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sessions_admin.risk.facts import Event, Occasion, Seen

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD, NEW = UUID(int=1), UUID(int=2)
PLACES = {
    "Bangkok": ("Thailand", "TH", 13.7563, 100.5018),
    "London": ("United Kingdom", "GB", 51.5074, -0.1278),
    "Paris": ("France", "FR", 48.8566, 2.3522),
    "Lyon": ("France", "FR", 45.764, 4.8357),
    "Marseille": ("France", "FR", 43.2965, 5.3698),
    "New York": ("United States", "US", 40.7128, -74.006),
    "Los Angeles": ("United States", "US", 34.0522, -118.2437),
    "Suva": ("Fiji", "FJ", -18.1416, 178.4419),
    "Apia": ("Samoa", "WS", -13.8333, -171.7667),
}
# Of no tenant's network and no private one.
IPS = {name: f"203.0.113.{number}" for number, name in enumerate(PLACES, 1)}


def at(city="", minutes=0.0, /, *, session=NEW, **facts) -> Seen:
    """Seen in this city so many minutes ago; with facts that differ."""
    country, code, latitude, longitude = PLACES.get(city, ("", "", None, None))
    known = {
        "ip": IPS.get(city, "203.0.113.250"), "city": city, "country": country,
        "country_code": code, "latitude": latitude, "longitude": longitude,
        "user_agent": "Mozilla/5.0", "browser": "Firefox 145", "system": "Linux",
    }  # fmt: skip
    return Seen(session, NOW - timedelta(minutes=minutes), **known | facts)


def signs_in(city="", /, **facts) -> Event:
    return Event(Occasion.SIGN_IN, at(city, **facts))


def moves(before: Seen, now: Seen) -> Event:
    return Event(Occasion.MOVE, now, before)

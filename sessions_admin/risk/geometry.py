"""How far and how fast: distances that are certain, between places that are approximate."""

from dataclasses import dataclass
from datetime import timedelta
from math import asin, cos, radians, sin, sqrt

from sessions_admin.risk.facts import Seen
from sessions_admin.risk.rules import Rules

EARTH_RADIUS_KM = 6371.0088  # the mean of IUGG's ellipsoid
# A place without a city is the middle of its country.
RADIUS_OF_A_COUNTRY_KM = 1500
# Below it the way of a carrier's or company's traffic explains the distance, not the person's.
SHORTEST_TRIP_KM = 500


@dataclass(frozen=True, slots=True)
class Trip:
    """From the earlier sighting to the later one."""

    start: Seen
    end: Seen
    km: float  # certain: from circle to circle, not from middle to middle
    time: timedelta

    @property
    def kmh(self) -> float | None:
        """None: at the same moment, which no speed explains."""
        hours = self.time.total_seconds() / 3600
        return self.km / hours if hours else None

    def is_faster_than(self, kmh: float) -> bool:
        # Multiplied: a moment apart is no division by almost nothing.
        return self.km > kmh * self.time.total_seconds() / 3600


def trip(one: Seen, other: Seen, rules: Rules) -> Trip | None:
    """The way between two sightings, either way round; None when they do not say that there is
    one: a place is unknown or means nothing, or both are within one network of one country."""
    places = position(one), position(other)
    if places[0] is None or places[1] is None:
        return None
    if not (rules.knows_place(one) and rules.knows_place(other)) or is_roaming(one, other):
        return None
    apart = distance_km(places[0], places[1])
    km = max(0.0, apart - radius_km(one) - radius_km(other))
    if km < SHORTEST_TRIP_KM:
        return None
    start, end = sorted((one, other), key=lambda seen: (seen.at, str(seen.session)))
    return Trip(start, end, km, end.at - start.at)


def position(seen: Seen) -> tuple[float, float] | None:
    if seen.latitude is None or seen.longitude is None:
        return None
    return seen.latitude, seen.longitude


def radius_km(seen: Seen) -> float:
    """How far from its place the person may be, as the database says."""
    if seen.accuracy_km is not None:
        return float(seen.accuracy_km)
    return 0.0 if seen.city else float(RADIUS_OF_A_COUNTRY_KM)


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along the surface (haversine), from 0 to half way round the earth."""
    (latitude, longitude), (to_latitude, to_longitude) = one, other
    north = sin(radians(to_latitude - latitude) / 2) ** 2
    east = sin(radians(to_longitude - longitude) / 2) ** 2
    part = north + cos(radians(latitude)) * cos(radians(to_latitude)) * east
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, part)))


def is_roaming(one: Seen, other: Seen) -> bool:
    """The same site, or one operator within one country: its exits are hundreds of km apart."""
    from_one_operator = one.asn is not None and one.asn == other.asn
    same_country = bool(one.country_code) and one.country_code == other.country_code
    return from_one_operator and same_country

"""Where the demo's people are: cities, and networks that belong to nobody.

Offices have addresses that RFC 5737 sets aside for documentation, homes and phones such of RFC 2544
(benchmarks) and RFC 3849: no real person's address is ever shown as an attacker's.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from sessions_admin.geo import NetworkRow, PlaceRow


@dataclass(frozen=True, slots=True)
class City:
    """A place with a network for its office, one for its homes and phones, and one of IPv6."""

    name: str
    country: str
    country_code: str
    latitude: float
    longitude: float
    time_zone: str
    office: IPv4Network
    homes: IPv4Network
    homes_ipv6: IPv6Network

    def degrees_to(self, other: "City") -> float:
        """How far on the map: good enough to say what is near."""
        return math.hypot(self.latitude - other.latitude, self.longitude - other.longitude)

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return (self.office, self.homes, self.homes_ipv6)


PLACES = (
    ("Berlin", "Germany", "DE", 52.52, 13.41, "Europe/Berlin"),
    ("Hamburg", "Germany", "DE", 53.55, 9.99, "Europe/Berlin"),
    ("Munich", "Germany", "DE", 48.14, 11.58, "Europe/Berlin"),
    ("London", "United Kingdom", "GB", 51.51, -0.13, "Europe/London"),
    ("Dublin", "Ireland", "IE", 53.35, -6.26, "Europe/Dublin"),
    ("Paris", "France", "FR", 48.86, 2.35, "Europe/Paris"),
    ("Lyon", "France", "FR", 45.76, 4.84, "Europe/Paris"),
    ("Madrid", "Spain", "ES", 40.42, -3.70, "Europe/Madrid"),
    ("Lisbon", "Portugal", "PT", 38.72, -9.14, "Europe/Lisbon"),
    ("Milan", "Italy", "IT", 45.46, 9.19, "Europe/Rome"),
    ("Amsterdam", "Netherlands", "NL", 52.37, 4.90, "Europe/Amsterdam"),
    ("Zurich", "Switzerland", "CH", 47.38, 8.54, "Europe/Zurich"),
    ("Warsaw", "Poland", "PL", 52.23, 21.01, "Europe/Warsaw"),
    ("Stockholm", "Sweden", "SE", 59.33, 18.06, "Europe/Stockholm"),
    ("Istanbul", "Türkiye", "TR", 41.01, 28.98, "Europe/Istanbul"),
    ("Lagos", "Nigeria", "NG", 6.45, 3.39, "Africa/Lagos"),
    ("Nairobi", "Kenya", "KE", -1.29, 36.82, "Africa/Nairobi"),
    ("Bengaluru", "India", "IN", 12.97, 77.59, "Asia/Kolkata"),
    ("Singapore", "Singapore", "SG", 1.35, 103.82, "Asia/Singapore"),
    ("Tokyo", "Japan", "JP", 35.68, 139.69, "Asia/Tokyo"),
    ("Osaka", "Japan", "JP", 34.69, 135.50, "Asia/Tokyo"),
    ("Sydney", "Australia", "AU", -33.87, 151.21, "Australia/Sydney"),
    ("New York", "United States", "US", 40.71, -74.01, "America/New_York"),
    ("San Francisco", "United States", "US", 37.77, -122.42, "America/Los_Angeles"),
    ("Toronto", "Canada", "CA", 43.65, -79.38, "America/Toronto"),
    ("São Paulo", "Brazil", "BR", -23.55, -46.63, "America/Sao_Paulo"),
    ("Bangkok", "Thailand", "TH", 13.76, 100.50, "Asia/Bangkok"),
)
DOCUMENTATION = ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24")
BENCHMARKS = IPv4Network("198.18.0.0/15")
IPV6 = IPv6Network("2001:db8::/32")
# The browser that looks at the demo is on the same machine; it shall have a place too.
LOOPBACK = ("127.0.0.0/8", "::1/128")


def _cities() -> Iterator[City]:
    offices = (part for network in DOCUMENTATION for part in IPv4Network(network).subnets(4))
    homes = BENCHMARKS.subnets(new_prefix=20)
    homes_ipv6 = IPV6.subnets(new_prefix=40)
    for place, office, home, ipv6 in zip(PLACES, offices, homes, homes_ipv6, strict=False):
        yield City(*place, office, home, ipv6)


CITIES = {city.name: city for city in _cities()}
HEADQUARTERS = CITIES["Berlin"]
# Where machines for hire stand: what guesses passwords comes from such.
_SPARE = list(BENCHMARKS.subnets(new_prefix=20))[len(PLACES) :]
DATA_CENTRES = dict(
    zip(("Amsterdam", "Singapore", "San Francisco", "São Paulo"), _SPARE, strict=False)
)
# How far from the city's middle an address may really be, as databases tell: an office is where it
# is; a line at home is in the town or the next.
OFFICE_KM, HOME_KM, DATA_CENTRE_KM = 5, 20, 10
# RFC 5398 sets these numbers aside for documentation, as RFC 5737 does addresses.
ACME_ASN, GLOBEX_ASN, HOSTING_ASN = 64496, 64497, 64500
TELECOMS_FROM = 65536
GLOBEX_OFFICES = frozenset({"Tokyo", "Osaka", "Singapore", "Sydney", "San Francisco"})


def place_rows() -> Iterator[PlaceRow]:
    """A City database of the demo's networks."""
    for city in CITIES.values():
        for network in city.networks:
            yield _row(city, network, OFFICE_KM if network is city.office else HOME_KM)
    for name, network in DATA_CENTRES.items():
        yield _row(CITIES[name], network, DATA_CENTRE_KM)
    for local in LOOPBACK:
        yield _row(HEADQUARTERS, local, OFFICE_KM)


def network_rows() -> Iterator[NetworkRow]:
    """An ASN database of the same networks; the visitor's own machine is in none."""
    countries = list(dict.fromkeys(city.country for city in CITIES.values()))
    for city in CITIES.values():
        is_globex = city.name in GLOBEX_OFFICES
        company = (GLOBEX_ASN, "Globex") if is_globex else (ACME_ASN, "Acme")
        yield NetworkRow(str(city.office), *company)
        telecom = TELECOMS_FROM + countries.index(city.country), f"Example Telecom {city.country}"
        for network in (city.homes, city.homes_ipv6):
            yield NetworkRow(str(network), *telecom)
    for network in DATA_CENTRES.values():
        yield NetworkRow(str(network), HOSTING_ASN, "Example Hosting")


def _row(city: City, network: object, accuracy_km: int) -> PlaceRow:
    return PlaceRow(
        str(network), city.name, city.country, city.country_code, city.latitude, city.longitude,
        accuracy_km,
    )  # fmt: skip


def hired_address(centre: str, rng: random.Random) -> str:
    """Of a machine for hire."""
    network = DATA_CENTRES[centre]
    return str(network[rng.randrange(1, network.num_addresses - 1)])


def office_address(city: City) -> str:
    """What the outside sees of everybody in the office."""
    return str(city.office[6])


def home_address(city: City, rng: random.Random) -> str:
    """Of a home or a phone; about every second one has IPv6."""
    if rng.random() < 0.45:
        return str(city.homes_ipv6[rng.getrandbits(88)])
    return str(city.homes[rng.randrange(1, city.homes.num_addresses - 1)])

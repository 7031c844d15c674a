"""The forty people beside the cast, and how each of them signs in."""

import random
import secrets
import zoneinfo
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from allauth.mfa.models import Authenticator

from accounts.models import User
from accounts.sealing import seal
from sessions_admin.demo import devices
from sessions_admin.demo.cast import ROLES
from sessions_admin.demo.devices import Device, some_devices
from sessions_admin.demo.places import CITIES, City, home_address, office_address
from sessions_admin.request.client import Client
from tenants.models import Group, Membership, Tenant

# Name and home; the first thirty are acme's. A group other than Members is named.
ACME = (
    ("Björn Lindqvist", "Stockholm", "Administrators"),
    ("Chloé Lefèvre", "Paris", "Administrators"), ("Helena Novák", "Berlin", "Auditors"),
    ("Jonas Becker", "Berlin", "Help desk"), ("Priya Raghavan", "Bengaluru", "Help desk"),
    ("Aisha Bello", "Lagos", ""),
    ("Andrzej Kowalczyk", "Warsaw", ""), ("Arjun Mehta", "Bengaluru", ""),
    ("Beatriz Carvalho", "Lisbon", ""), ("Camille Rousseau", "Lyon", ""),
    ("Daniel O’Connor", "Dublin", ""), ("Elif Yıldız", "Istanbul", ""),
    ("Emma Schneider", "Hamburg", ""), ("Fiona Campbell", "London", ""),
    ("Giulia Ferrari", "Milan", ""), ("Grace Wanjiru", "Nairobi", ""),
    ("Hannah Vogel", "Munich", ""), ("Ingrid Solberg", "Berlin", ""),
    ("Javier Ortega", "Madrid", ""), ("Katarzyna Wiśniewska", "Warsaw", ""),
    ("Lars van Dijk", "Amsterdam", ""), ("Leila Haddad", "Paris", ""),
    ("Lukas Zimmermann", "Zurich", ""), ("Maya Goldberg", "New York", ""),
    ("Mateus Oliveira", "São Paulo", ""), ("Nadia Rahman", "London", ""),
    ("Oliver Hughes", "London", ""), ("Tomáš Dvořák", "Berlin", ""),
    ("Victoria Chen", "Toronto", ""), ("Zoë Papadopoulou", "Berlin", ""),
)  # fmt: skip
GLOBEX = (
    ("Haruto Sato", "Tokyo", "Administrators"), ("Mei Tanaka", "Osaka", "Auditors"),
    ("Akira Watanabe", "Tokyo", ""), ("Charlotte Nguyen", "Sydney", ""),
    ("Ethan Brooks", "San Francisco", ""), ("Jia Hui Lim", "Singapore", ""),
    ("Jack Thompson", "Sydney", ""), ("Sofia Martinez", "San Francisco", ""),
    ("Wei Zhang", "Singapore", ""), ("Yuki Kobayashi", "Osaka", ""),
)  # fmt: skip
CROWD = {"acme": ACME, "globex": GLOBEX}

DISABLED_IN_ACME, DISABLED_IN_GLOBEX = "camille.rousseau@acme.test", "jack.thompson@globex.test"
SUSPENDED_IN_ACME = "andrzej.kowalczyk@acme.test"
SHUT_OUT = (DISABLED_IN_ACME, DISABLED_IN_GLOBEX, SUSPENDED_IN_ACME)

# The cast's homes and devices: what a visitor of the demo looks at first.
CAST = {
    "operator": ("Zurich", (devices.FIREFOX_LINUX, devices.SAFARI_IPHONE, devices.CHROME_LINUX)),
    "owner": ("Berlin", (devices.SAFARI_MAC, devices.SAFARI_IPHONE, devices.IPAD)),
    "admin": ("Berlin", (devices.CHROME_MAC, devices.FIREFOX_WINDOWS, devices.CHROME_ANDROID)),
    "auditor": ("Hamburg", (devices.EDGE_WINDOWS, devices.SAFARI_IPHONE)),
    "member": (
        "Berlin",
        (devices.FIREFOX_WINDOWS, devices.SAFARI_IPHONE, devices.CHROME_MAC, devices.ANDROID_APP),
    ),
    "outsider": ("Tokyo", (devices.CHROME_MAC, devices.SAFARI_IPHONE)),
    "contractor": ("London", (devices.CHROME_LINUX, devices.CHROME_ANDROID, devices.FIREFOX_LINUX)),
}
TWO_STEP = 0.6  # the share of the forty with an authenticator app
TRAVELLERS, OVERNIGHT = 14, 18.0  # people, and degrees on the map that a night train leaves behind
DEVICES_EACH = (9, 12)  # so many that the busiest have a device for each live session
OFFICES = frozenset(
    {"Berlin", "London", "Paris", "Warsaw", "Bengaluru", "Tokyo", "Singapore", "San Francisco"}
)


@dataclass(frozen=True, slots=True)
class Trip:
    """Some days in another city."""

    city: City
    since: datetime
    until: datetime


@dataclass(slots=True)
class Person:
    """A person of the demo and their habits."""

    user: User
    tenants: list[Tenant | None]
    city: City
    devices: tuple[Device, ...]
    activity: float = 1.0  # how often they sign in, compared with others
    until: datetime | None = None  # shut out since
    two_step: bool = False  # signs in with a code as well
    trip: Trip | None = None

    @property
    def amr(self) -> str:
        return "pwd otp" if self.two_step else "pwd"

    def client(self, device: Device, at: datetime, rng: random.Random) -> Client:
        """From the office, from home, or from where a trip led."""
        return Client(self._address(device, at, rng), device.user_agent(at))

    def _address(self, device: Device, at: datetime, rng: random.Random) -> str:
        if self.trip and self.trip.since <= at < self.trip.until:
            return home_address(self.trip.city, rng)
        if not device.mobile and self.city.name in OFFICES and rng.random() < 0.55:
            return office_address(self.city)
        if device.mobile:
            return home_address(self.city, rng)
        # One's own line keeps its address: drawn from the person, not from the moment.
        return home_address(self.city, random.Random(self.user.email))  # noqa: S311

    def working_moment(self, days_ago: float, now: datetime, rng: random.Random) -> datetime:
        """About so many days ago, at an hour at which this person is awake."""
        zone = zoneinfo.ZoneInfo(self.city.time_zone)
        hour = min(max(rng.gauss(11.5, 3.2), 5.0), 23.0)
        day = (now - timedelta(days=days_ago)).astimezone(zone)
        moment = day.replace(hour=int(hour), minute=rng.randrange(60), second=rng.randrange(60))
        return moment.astimezone(UTC)  # where an hour later is an hour later


def address_of(name: str, slug: str) -> str:
    """bjorn.lindqvist@acme.test"""
    return f"{_plain(name)}@{slug}.test"


_LETTERS = str.maketrans("åäöáéèëãıłńńśžźżčěřšç", "aaoaeeeailnnszzzcersc")


def _plain(name: str) -> str:
    return name.lower().translate(_LETTERS).replace("’", "").replace(" ", ".")


def demo_addresses() -> set[str]:
    """Everybody that the demo creates."""
    crowd = {address_of(name, slug) for slug, people in CROWD.items() for name, *_ in people}
    return crowd | {role.email for role in ROLES.values()}


def make_crowd(tenants: dict[str, Tenant], password: str, rng: random.Random) -> list[Person]:
    """The forty, with their memberships; `password` is hashed already."""
    people = [
        _person(name, home, tenants[slug], password, rng)
        for slug, crowd in CROWD.items() for name, home, _ in crowd
    ]  # fmt: skip
    User.objects.bulk_create(person.user for person in people)
    Authenticator.objects.bulk_create(
        Authenticator(
            user=person.user, type=Authenticator.Type.TOTP, data={"secret": seal(lost_secret())}
        )
        for person in people if person.two_step
    )  # fmt: skip
    _join(people, [group or "Members" for crowd in CROWD.values() for *_, group in crowd])
    return people


def plan_trips(people: list[Person], now: datetime, rng: random.Random) -> None:
    """Some of them were away for some days, not farther than one travels overnight."""
    for number, person in enumerate(rng.sample(people, TRAVELLERS)):
        others = [city for city in CITIES.values() if city.country != person.city.country]
        near = [city for city in others if person.city.degrees_to(city) < OVERNIGHT]
        if not near:
            continue
        leaves = (now - timedelta(days=9 + 5 * number)).replace(hour=0, minute=0)
        stays = timedelta(days=rng.randint(3, 6))
        person.trip = Trip(rng.choice(near), leaves, leaves + stays)


def lost_secret() -> str:
    """A TOTP secret that nobody has noted: these people cannot be played."""
    return b32encode(secrets.token_bytes(20)).decode()


def as_people(cast: dict[str, User], tenants: dict[str, Tenant]) -> dict[str, Person]:
    """The cast with homes and devices, by the roles' names."""
    people = {}
    for name, (home, own) in CAST.items():
        belongs: list[Tenant | None] = [tenants[slug] for slug, _ in ROLES[name].groups]
        people[name] = Person(cast[name], belongs or [None], CITIES[home], own)
    return people


def _person(name: str, home: str, tenant: Tenant, password: str, rng: random.Random) -> Person:
    city = CITIES[home]
    user = User(
        email=address_of(name, tenant.slug), display_name=name, time_zone=city.time_zone,
        password=password,
    )  # fmt: skip
    own = some_devices(rng.randint(*DEVICES_EACH), rng)
    two_step = random.Random(user.email).random() < TWO_STEP  # noqa: S311
    return Person(
        user, [tenant], city, own, activity=rng.uniform(0.4, 1.8), two_step=two_step
    )  # fmt: skip


def _join(people: Iterable[Person], groups: list[str]) -> None:
    memberships = Membership.objects.bulk_create(
        Membership(user=person.user, tenant=person.tenants[0]) for person in people
    )
    ids = {(group.tenant_id, group.name): group.pk for group in Group.objects.all()}
    in_groups = Membership.groups.through
    in_groups.objects.bulk_create(
        in_groups(membership_id=membership.pk, group_id=ids[membership.tenant_id, group])
        for membership, group in zip(memberships, groups, strict=True)
    )

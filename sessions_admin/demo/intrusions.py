"""Sign-ins in the demo that do not look like the person's own: what the risk rules are for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sessions_admin.demo import devices
from sessions_admin.demo.diary import Diary, Ending
from sessions_admin.demo.places import CITIES, hired_address, home_address
from sessions_admin.request.client import Client
from sessions_admin.vocabulary import EndReason, Kind, LoginOutcome

if TYPE_CHECKING:
    from sessions_admin.demo.devices import Device
    from sessions_admin.demo.people import Person
    from sessions_admin.demo.scenes import Company

# The demo's best-known case: in London, and four minutes later in Bangkok. Both are open still.
TRAVELLER = "oliver.hughes@acme.test"
GUESSED = "nadia.rahman@acme.test"
BEHIND_VPN = "lars.van.dijk@acme.test"
COPIED = "emma.schneider@acme.test"
# Whom globex's rules ended: who, days ago, and from where somebody else came.
ENDED_BY_RULES = (
    ("charlotte.nguyen@globex.test", 2.2, "Lagos"),
    ("ethan.brooks@globex.test", 17.4, "Istanbul"),
    ("yuki.kobayashi@globex.test", 25.1, "São Paulo"),
)
INTRUDED = {TRAVELLER, GUESSED, BEHIND_VPN, COPIED, *(who for who, *_ in ENDED_BY_RULES)}
COMMON = tuple(
    sorted(
        (one for one in devices.DEVICES if one.kind == Kind.BROWSER), key=lambda one: -one.weight
    )
)
GUESSES = 14
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who came, with what and from where."""

    person: Person
    device: Device
    address: str

    def client(self, at: datetime) -> Client:
        return Client(self.address, self.device.user_agent(at))


def intrude_now(company: Company) -> None:
    """What is open at this moment, and waits for somebody to judge it."""
    diary = company.diary
    traveller = company.named(TRAVELLER)
    _sign_in(diary, _at_home(diary, traveller), age=3 * HOUR + 4 * MINUTE, idle=12 * MINUTE)
    bangkok = home_address(CITIES["Bangkok"], diary.rng)
    stranger = Stranger(traveller, _foreign(traveller), bangkok)
    _sign_in(diary, stranger, age=3 * HOUR, idle=95 * MINUTE)

    lisbon = home_address(CITIES["Lisbon"], diary.rng)
    member = company.cast["member"]
    stranger = Stranger(member, _foreign(member), lisbon)
    _sign_in(diary, stranger, age=22 * HOUR, idle=6.6 * HOUR)


def intrude(company: Company) -> None:
    """What was noticed, and is over."""
    _guess_a_password(company)
    _come_through_a_vpn(company)
    _copy_a_cookie(company)
    for address, days_ago, city in ENDED_BY_RULES:
        _be_ended_by_rules(company, address, days_ago, city)


def _guess_a_password(company: Company) -> None:
    """Many failures, then one success; an administrator saw it."""
    diary, person = company.diary, company.named(GUESSED)
    at = diary.now - timedelta(days=1.3)
    stranger = Stranger(person, _foreign(person), hired_address("Amsterdam", diary.rng))
    for guess in range(GUESSES):
        before = at - 5 * MINUTE + guess * timedelta(seconds=19)
        diary.attempt(before, stranger.client(before), LoginOutcome.FAILED, user=person.user)
    note = "Her password was guessed. She has chosen a new one."
    ending = Ending(EndReason.REVOKED_BY_ADMIN, company.cast["admin"].user, note)
    _stay(diary, stranger, at, 18 * MINUTE, ending, over=22 * MINUTE)


def _come_through_a_vpn(company: Company) -> None:
    """It looks like a journey, and is the company's own way out."""
    diary, person = company.diary, company.named(BEHIND_VPN)
    at = diary.now - timedelta(days=6.2)
    ending = Ending(EndReason.LOGGED_OUT, person.user)
    own = _at_home(diary, person)
    _stay(diary, own, at, 5 * HOUR, ending)
    abroad = Stranger(person, own.device, hired_address("Singapore", diary.rng))
    _stay(diary, abroad, at + 10 * MINUTE, HOUR, ending)


def _copy_a_cookie(company: Company) -> None:
    """A session goes on in another browser; the person ends it."""
    diary, person = company.diary, company.named(COPIED)
    at = diary.now - timedelta(days=2.6)
    own = Stranger(person, devices.CHROME_WINDOWS, home_address(person.city, diary.rng))
    thief = Stranger(person, devices.FIREFOX_LINUX, hired_address("Amsterdam", diary.rng))
    ending = Ending(EndReason.REVOKED_BY_USER, person.user)
    times = (at, at + 3 * HOUR, at + 3.4 * HOUR)
    clients = [own.client(at), thief.client(at)]
    diary.ended_on(person, person.tenants[0], own.device, times, ending, clients=clients)


def _be_ended_by_rules(company: Company, address: str, days_ago: float, city: str) -> None:
    diary, person = company.diary, company.named(address)
    at = diary.now - timedelta(days=days_ago)
    _stay(diary, _at_home(diary, person), at, 4 * HOUR, Ending(EndReason.LOGGED_OUT, person.user))
    stranger = Stranger(person, _foreign(person), home_address(CITIES[city], diary.rng))
    soon, ending = at + 7 * MINUTE, Ending(EndReason.RISK_DETECTED)
    _stay(diary, stranger, soon, timedelta(0), ending)


def _at_home(diary: Diary, person: Person) -> Stranger:
    return Stranger(person, person.devices[0], home_address(person.city, diary.rng))


def _foreign(person: Person) -> Device:
    """A browser that the person has never had."""
    return next(device for device in COMMON if device not in person.devices)


def _sign_in(diary: Diary, who: Stranger, *, age: timedelta, idle: timedelta) -> None:
    clients = [who.client(diary.now - age)]
    tenant = who.person.tenants[0]
    diary.live(who.person, tenant, who.device, age=age, idle=idle, clients=clients)


def _stay(
    diary: Diary, who: Stranger, at: datetime, active: timedelta, ending: Ending,
    *, over: timedelta | None = None,
) -> None:  # fmt: skip
    times = (at, at + active, at + (over or active))
    tenant, clients = who.person.tenants[0], [who.client(at)]
    diary.ended_on(who.person, tenant, who.device, times, ending, clients=clients)

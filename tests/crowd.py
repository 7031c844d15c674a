"""Many people with many sessions: for lists, pages and numbers of statements."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from sessions_admin.identifiers import uuid7
from sessions_admin.models import LoginAttempt, Session
from sessions_admin.request.client import Client, describe
from sessions_admin.vocabulary import EndReason, LoginOutcome
from tenants.models import Group, Membership, Tenant

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36",
)
PLACES = (
    ("Lyon", "France", "FR"), ("Berlin", "Germany", "DE"), ("São Paulo", "Brazil", "BR"),
    ("Nairobi", "Kenya", "KE"), ("", "", ""), ("Llanfairpwllgwyngyll", "United Kingdom", "GB"),
)  # fmt: skip
NAMES = (
    "Aisha Bello", "Andrzej Kowalczyk", "Beatriz Carvalho", "Camille Rousseau", "Daniel O’Connor",
    "Elif Yıldız", "Fiona Campbell", "Giulia Ferrari", "Jonas Becker", "Katarzyna Wiśniewska",
    "Lars van Dijk", "Mateus Oliveira", "Priya Raghavan", "Tomáš Dvořák", "Zoë Papadopoulou",
)  # fmt: skip


def crowd(
    tenant: Tenant, count: int, *, live: int = 2, ended: int = 1, attempts: int = 0
) -> list[User]:
    """`count` members of the tenant, each with that many sessions and attempts to sign in."""
    people = [
        User(
            email=f"person-{number:03}@{tenant.slug}.test",
            display_name=f"{NAMES[number % len(NAMES)]} {number:03}",
            password="!",  # nobody signs in as one of a crowd
        )
        for number in range(count)
    ]
    User.objects.bulk_create(people)
    memberships = [Membership(tenant=tenant, user=person) for person in people]
    Membership.objects.bulk_create(memberships)
    members = tenant.groups.get(name="Members")
    Membership.groups.through.objects.bulk_create(
        Membership.groups.through(membership=one, group=members) for one in memberships
    )
    Session.objects.bulk_create(
        session_of(
            person, tenant, number=number + index, minutes=number + 7 * index, ended=index >= live
        )
        for number, person in enumerate(people)
        for index in range(live + ended)
    )
    LoginAttempt.objects.bulk_create(
        attempt_of(person, tenant, minutes=index) for person in people for index in range(attempts)
    )
    return people


def session_of(
    person: User,
    tenant: Tenant | None,
    *,
    number: int = 0,
    minutes: int = 5,
    ended: bool = False,
    **columns,
) -> Session:
    """A session, not saved: used `minutes` ago; ended ones ended then."""
    seen = timezone.now() - timedelta(minutes=minutes)
    values = {
        "started_at": seen - timedelta(hours=1), "authenticated_at": seen - timedelta(hours=1),
        "last_seen_at": seen, "amr": "pwd", "aal": 1,
        **described(number),
    }  # fmt: skip
    if ended:
        values |= {"ended_at": seen, "end_reason": EndReason.LOGGED_OUT}
    return Session(id=uuid7(), user=person, tenant=tenant, **values | columns)


def attempt_of(
    person: User,
    tenant: Tenant | None,
    *,
    minutes: int = 0,
    outcome=LoginOutcome.SUCCEEDED,
    **columns,
) -> LoginAttempt:
    """A line of the login history, not saved."""
    at = timezone.now() - timedelta(minutes=minutes)
    values = {"email": person.email, "amr": "pwd", **described(minutes), **columns}
    return LoginAttempt(id=uuid7(at), at=at, user=person, tenant=tenant, outcome=outcome, **values)


def described(number: int) -> dict:
    """A device and a place, other ones for the next number."""
    city, country, code = PLACES[number % len(PLACES)]
    client = Client(f"198.51.100.{number % 250 + 1}", AGENTS[number % len(AGENTS)])
    return describe(client) | {"city": city, "country": country, "country_code": code}


def give(person: User, tenant: Tenant, *permissions: str) -> None:
    """The person may do just that in the tenant."""
    group = Group.objects.create(tenant=tenant, name="Few", permissions=permissions)
    Membership.objects.get(user=person, tenant=tenant).groups.set([group])

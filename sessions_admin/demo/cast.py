"""The named people: of the demo and of every test."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from accounts.models import User
from tenants.belonging import create_tenant, join
from tenants.models import Tenant

PASSWORD = "correct-horse-battery"  # noqa: S105  printed by `make run`: it protects nothing


@dataclass(frozen=True, slots=True)
class Role:
    """A person of the cast: who, and in which groups of which tenants."""

    email: str
    display_name: str
    groups: tuple[tuple[str, str], ...] = ()
    is_operator: bool = False
    time_zone: str = "Europe/Berlin"


TENANTS = {"acme": "Acme", "globex": "Globex"}
ROLES = {
    "operator": Role("operator@latchkey.test", "Olga Petrova", is_operator=True),
    "owner": Role("owner@acme.test", "Amelia Stone", (("acme", "Owners"),)),
    "admin": Role("admin@acme.test", "Ann Lee", (("acme", "Administrators"),)),
    "auditor": Role("auditor@acme.test", "Carol Weber", (("acme", "Auditors"),)),
    "member": Role("member@acme.test", "Dave Moreau", (("acme", "Members"),)),
    "outsider": Role(
        "owner@globex.test", "Eve Nakamura", (("globex", "Owners"),), time_zone="Asia/Tokyo"
    ),
    "contractor": Role(
        "contractor@example.test", "Sam Okafor", (("acme", "Members"), ("globex", "Members"))
    ),
}


def make_tenants() -> dict[str, Tenant]:
    """acme and globex, each with its default groups."""
    return {slug: create_tenant(name, slug) for slug, name in TENANTS.items()}


def make_people(tenants: dict[str, Tenant]) -> dict[str, User]:
    """The cast by their roles' names; all with the same password, hashed once."""
    hashed = make_password(PASSWORD)
    people = {}
    for name, role in ROLES.items():
        user = User(
            email=role.email, display_name=role.display_name, is_operator=role.is_operator,
            time_zone=role.time_zone, password=hashed,
        )  # fmt: skip
        user.save(force_insert=True)
        for slug, group in role.groups:
            join(user, tenants[slug], group)
        people[name] = user
    return people

"""A tenant as large as they come, with its past: what the pages are measured with.

Written by one statement a table, as Python would take minutes for it; so it needs PostgreSQL.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from accounts.models import User
from sessions_admin.fields import AccessFields
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import KnownDevice
from sessions_admin.request.client import Client, describe
from tenants.belonging import create_tenant, join
from tenants.models import Tenant
from tests.crowd import AGENTS, NAMES, PLACES

STATEMENTS = Path(__file__).with_name("town.sql")
CLIENTS = 240  # different addresses, browsers and places that people come with
AT_HOME = 0.95  # of the people hold sessions; the others are never here
IDLE, FORCED = timedelta(hours=8), timedelta(days=30)
SPREAD = 20  # degrees: so far are places of one name apart


@dataclass(frozen=True, slots=True)
class Size:
    """How large the tenant is. Ended sessions are of the last 90 days."""

    people: int = 50_000
    live: int = 100_000
    of_one: int = 5_000  # live sessions of one person
    ended: int = 500_000
    attempts: int = 200_000
    events: int = 500_000
    risks: int = 2_000


@dataclass(frozen=True, slots=True)
class Town:
    tenant: Tenant
    administrator: User
    holder: User  # who holds so many sessions
    somebody: User
    operator: User


def build(size: Size) -> Town:
    """The tenant, in a database that nobody needs after."""
    tenant = create_tenant("Town", "town")
    policy = ensure_policy(tenant)
    policy.idle_timeout_enabled = policy.absolute_timeout_enabled = True
    policy.idle_timeout, policy.absolute_timeout = IDLE, FORCED
    policy.save()
    operator = User.objects.create_user("operator@town.test", is_operator=True)
    administrator = User.objects.create_user("administrator@town.test", display_name="Ann Lee")
    join(administrator, tenant, "Owners")
    _fill(tenant, size)
    holder, somebody = (User.objects.get(email=f"person-{n}@town.test") for n in (1, 2))
    return Town(tenant, administrator, holder, somebody, operator)


def _fill(tenant: Tenant, size: Size) -> None:
    names = [field.attname for field in AccessFields._meta.fields]
    values = asdict(size) | {
        "tenant": tenant.pk, "group": tenant.groups.get(name="Members").pk, "names": list(NAMES),
        "clients": CLIENTS, "here": int(size.people * AT_HOME),
    }  # fmt: skip
    sql = STATEMENTS.read_text().format(
        access=", ".join(names), seen=", ".join(f"session.{name}" for name in names)
    )
    with connection.cursor() as cursor:
        # Nothing refers to what is not there; to have that checked takes as long as to write it.
        cursor.execute("SET session_replication_role = replica")
        _write_clients(cursor, names)
        for statement in sql.split(";\n\n"):
            cursor.execute(statement, values)
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")  # as autovacuum does in time


def _write_clients(cursor: Any, names: list[str]) -> None:
    table = connection.ops.quote_name(KnownDevice._meta.db_table)
    columns = ", ".join(names)
    cursor.execute(f"CREATE TEMP TABLE clients AS SELECT 0 AS n, {columns} FROM {table}")  # noqa: S608
    marks = ", ".join(["%s"] * (1 + len(names)))
    for number in range(CLIENTS):
        client = _client(number)
        row = [number, *(client[name] for name in names)]
        cursor.execute(f"INSERT INTO clients VALUES ({marks})", row)  # noqa: S608  marks only


def _client(number: int) -> dict[str, Any]:
    city, country, code = PLACES[number % len(PLACES)]
    agent = AGENTS[number % len(AGENTS)]
    known = describe(Client(f"198.51.{number // 200}.{number % 200}", agent))
    if not city:
        return known
    around = {"latitude": (number * 7) % 120 - 50.0, "longitude": (number * 37) % 340 - 170.0}
    return known | around | {"city": f"{city} {number}", "country": country, "country_code": code}

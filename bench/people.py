"""Whom the measurements are about: people of one tenant with rules, and as many sessions."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils import timezone

from accounts.models import User
from bench.django_sessions import DjangoSession, SessionStore
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import Session
from sessions_admin.request.sealing import KEY_BYTES
from tenants.belonging import create_tenant, join
from tenants.models import Tenant

BATCH = 2000


@dataclass(frozen=True)
class People:
    tenant: Tenant
    asker: User  # who asks for pages
    newcomer: User  # who signs in again and again
    holders: dict[int, User]  # who holds so many sessions


def make_people(sizes: tuple[int, ...]) -> People:
    """The people, and the sessions of the holders: the same in Django's table and in ours."""
    tenant = create_tenant("Bench", "bench")
    policy = ensure_policy(tenant)
    policy.idle_timeout_enabled = policy.absolute_timeout_enabled = True
    policy.save()
    people = People(
        tenant, _person("asker", tenant), _person("newcomer", tenant),
        {size: _person(f"holder-{size}", tenant) for size in sizes},
    )  # fmt: skip
    for size, user in people.holders.items():
        _fill_djangos(user, size)
        _fill_ours(user, tenant, size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does in time
    return people


def stay_fresh() -> None:
    """The steady state: everybody was seen just now, so no request writes."""
    Session.objects.update(last_seen_at=timezone.now())


def _person(name: str, tenant: Tenant) -> User:
    user = User.objects.create_user(f"{name}@bench.test", display_name=name)
    join(user, tenant, "Owners")
    return user


def _fill_djangos(user: User, size: int) -> None:
    data = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    encoded, expires = SessionStore().encode(data), timezone.now() + timedelta(days=14)
    DjangoSession.objects.bulk_create(
        (
            DjangoSession(session_key=secrets.token_hex(16), session_data=encoded,
                          expire_date=expires)
            for _ in range(size)
        ),
        batch_size=BATCH,
    )  # fmt: skip


def _fill_ours(user: User, tenant: Tenant, size: int) -> None:
    Session.objects.bulk_create(
        (
            Session(user=user, tenant=tenant, key_hash=secrets.token_bytes(KEY_BYTES), aal=1,
                    ip="203.0.113.7", browser="Firefox 145", system="Linux", data=b"x" * 220)
            for _ in range(size)
        ),
        batch_size=BATCH,
    )  # fmt: skip

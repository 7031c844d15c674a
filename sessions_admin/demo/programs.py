"""What programs have in the demo: API keys, tokens of an app, an application behind the proxy."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sessions_admin.identifiers import uuid7
from sessions_admin.models import ApiKey, Application, RefreshToken
from sessions_admin.vocabulary import AuditAction, Kind
from tenants.fields import join_words
from tenants.models import Group
from tenants.permissions import Permission

if TYPE_CHECKING:
    from sessions_admin.demo.scenes import Company

READS = frozenset({Permission.USERS_VIEW, Permission.SESSIONS_VIEW})
HINT_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Key:
    """A key and its days: made so many ago, expires in so many, used and revoked so many ago."""

    name: str
    permissions: frozenset[Permission]
    made: float
    expires: float
    used: float | None = None
    revoked: float | None = None


KEYS = (
    Key("Payroll nightly", READS, made=52, expires=314, used=0.02),
    Key("Off-boarding script", READS | {Permission.SESSIONS_END}, made=83, expires=6, used=1.4),
    Key("Old intranet", READS, made=88, expires=277, used=41, revoked=40),
)


def make_keys(company: Company) -> list[ApiKey]:
    """Acme's keys. Nobody has what they were made of, so nobody can use one."""
    diary, tenant, owner = company.diary, company.tenants["acme"], company.cast["owner"].user
    keys = []
    for key in KEYS:
        at = diary.now - timedelta(days=key.made)
        row = ApiKey(
            id=uuid7(at), tenant=tenant, name=key.name, permissions=key.permissions,
            key_hash=secrets.token_bytes(32), hint=secrets.token_hex(HINT_DIGITS // 2),
            created_at=at, created_by=owner, expires_at=diary.now + timedelta(days=key.expires),
        )  # fmt: skip
        facts = {
            "actor_id": owner.pk, "tenant_id": tenant.pk, "key": str(row.pk), "name": key.name,
            "hint": row.hint, "permissions": join_words(key.permissions),
        }  # fmt: skip
        diary.event(AuditAction.API_KEY_CREATED, at, **facts)
        if key.used is not None:
            row.last_used_at = diary.now - timedelta(days=key.used)
        if key.revoked is not None:
            row.revoked_at, row.revoked_by = diary.now - timedelta(days=key.revoked), owner
            diary.event(AuditAction.API_KEY_REVOKED, row.revoked_at, **facts)
        keys.append(row)
    return keys


def make_tokens(company: Company) -> list[RefreshToken]:
    """The current refresh token of each app that is signed in; its value was never made."""
    return [
        RefreshToken(
            id=uuid7(session.last_seen_at), session=session, issued_at=session.last_seen_at,
            token_hash=secrets.token_bytes(32),
        )
        for session in company.diary.sessions
        if session.kind == Kind.APP and session.ended_at is None
    ]  # fmt: skip


def make_applications(company: Company) -> None:
    """Behind a proxy on this machine, if somebody starts one (docs/integrate.md)."""
    acme = company.tenants["acme"]
    wiki = Application.objects.create(
        name="Wiki", host="wiki.localhost:8080", public_paths="/health\n/assets/"
    )
    wiki.tenants.add(acme)
    payroll = Application.objects.create(name="Payroll", host="pay.localhost:8080", minimum_aal=2)
    payroll.tenants.add(acme)
    payroll.groups.add(Group.objects.get(tenant=acme, name="Administrators"))

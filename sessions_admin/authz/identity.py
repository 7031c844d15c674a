"""What an application is told about who asks: headers, and the same as a signed token."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sessions_admin.authz.visitor import Guest
from sessions_admin.tokens import signing

TYPE = "latchkey-identity+jwt"
TOKEN_SECONDS = 60
# A signature costs more than all the rest, so an application gets the same token for so long.
REUSED_SECONDS = 30
# Some 6 MB in a process at the most.
TOKENS_REMEMBERED = 4096
# Every answer has them all: a proxy that overwrites each leaves nothing that a client sent.
HEADERS = (
    "Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Remote-Tenant",
    "Remote-Session", "Remote-Actor", "Remote-Identity",
)  # fmt: skip
Headers = tuple[tuple[str, str], ...]
NOBODY: Headers = tuple((name, "") for name in HEADERS)
# What stands for itself in a header; everything else is percent-encoded as UTF-8, also the comma
# that separates groups.
PLAIN = " !#$&'()*+-./:;=?@[]^_`{|}~"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as an application knows them."""

    user: Any  # never changes and is never given to somebody else, as an address may be
    name: str
    email: str
    groups: tuple[str, ...]
    tenant: str
    tenant_id: UUID | None
    session: UUID
    actor: str
    aal: int


def headers_for(guest: Guest, origin: str) -> Headers:
    """All identity headers for this guest at the application of this origin."""
    return _headers(_identity(guest), origin, int(time.time()) // REUSED_SECONDS)


def _identity(guest: Guest) -> Identity:
    found = guest.found
    tenant = found.access.tenant
    return Identity(
        user=found.user_id,
        name=found.user.name,
        email=found.user.email,
        groups=guest.group_names,
        tenant=tenant.slug if tenant else "",
        tenant_id=tenant.id if tenant else None,
        session=found.id,
        actor=guest.actor,
        aal=found.aal,
    )


@lru_cache(maxsize=TOKENS_REMEMBERED)
def _headers(identity: Identity, origin: str, _period: int) -> Headers:
    values = (
        str(identity.user), identity.name, identity.email, identity.groups, identity.tenant,
        str(identity.session), identity.actor,
    )  # fmt: skip
    token = signing.sign(_claims(identity, origin), typ=TYPE)
    encoded = [_encoded(value) for value in values]
    return tuple(zip(HEADERS, (*encoded, token), strict=True))


def _claims(identity: Identity, origin: str) -> dict[str, Any]:
    """RFC 7519 and OpenID Connect names; `act` as in RFC 8693 §4.1."""
    claims: dict[str, Any] = {
        "aud": origin, "exp": int(time.time()) + TOKEN_SECONDS, "sub": str(identity.user),
        "sid": str(identity.session), "name": identity.name, "email": identity.email,
        "groups": list(identity.groups), "tenant": identity.tenant,
        "tenant_id": str(identity.tenant_id or ""), "acr": f"aal{identity.aal}",
    }  # fmt: skip
    return claims | ({"act": {"email": identity.actor}} if identity.actor else {})


def _encoded(value: str | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return ",".join(_encoded(one) for one in value)
    return quote(value, safe=PLAIN).strip()

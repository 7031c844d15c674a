"""What a token is worth at this moment, for who may know (RFC 7662); live from the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sessions_admin.lifecycle.refreshing import session_of_refresh_token
from sessions_admin.request.lookup import FoundSession
from sessions_admin.tokens import api_keys, refresh_tokens
from sessions_admin.tokens.access_tokens import (
    CLIENT_IDS,
    claimed_session,
    claims_of,
    is_usable,
    session_of,
)
from sessions_admin.tokens.signing import issuer
from sessions_admin.vocabulary import Kind
from tenants.access import Access
from tenants.permissions import Permission

INACTIVE: dict[str, Any] = {"active": False}
# Claims of the token that are passed on, RFC 7662 §2.2.
PASSED_ON = (
    "iss", "aud", "exp", "iat", "jti", "sub", "client_id", "scope", "sid", "tenant",
    "auth_time", "amr", "acr", "act",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a tenant's program, or a session that shows its own access token."""

    access: Access
    session_id: UUID | None = None

    def may_know(self, found: FoundSession) -> bool:
        """A program's own tenant; of people, who may see sessions there, and each of their own."""
        if self.session_id == found.id:
            return True
        if self.access.tenant is None or self.access.tenant != found.access.tenant:
            return False
        return self.session_id is None or self.access.may(Permission.SESSIONS_VIEW)


def asker_of(credential: str) -> Asker | None:
    """Who holds this API key or access token; None: nobody."""
    if credential.startswith(api_keys.PREFIX):
        program = api_keys.caller_of(credential)
        return Asker(program.access) if program else None
    found = session_of(credential)
    return Asker(found.access, found.id) if found else None


def introspect(token: str, asker: Asker) -> dict[str, Any]:
    """What the token is worth; INACTIVE, and nothing else, for all that the asker may not know."""
    if refresh_tokens.is_one(token):
        return _of_refresh_token(session_of_refresh_token(token), asker)
    claims = claims_of(token)
    found = claimed_session(claims)
    if claims is None or found is None or not asker.may_know(found) or not is_usable(found):
        return INACTIVE
    known = {name: claims[name] for name in PASSED_ON if name in claims}
    return {"active": True, "token_type": "Bearer", "username": found.user.email} | known


def _of_refresh_token(found: FoundSession | None, asker: Asker) -> dict[str, Any]:
    if found is None or not asker.may_know(found) or not is_usable(found):
        return INACTIVE
    tenant = found.access.tenant
    return {
        "active": True,
        "iss": issuer(),
        "client_id": CLIENT_IDS[Kind(found.kind)],
        "sub": str(found.user_id),
        "username": found.user.email,
        "sid": str(found.id),
        "tenant": str(tenant.id) if tenant else None,
        **({"exp": int(found.expires_at.timestamp())} if found.expires_at else {}),
    }

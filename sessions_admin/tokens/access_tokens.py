"""Access tokens: short JWTs that name a session (RFC 9068). The session's row decides.

A token proves that it was given out for a session; whether that session is alive is asked of the
database each time, so that ending it ends its tokens at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from sessions_admin.models import PLATFORM_POLICY_ID, SessionPolicy
from sessions_admin.policy import absolute_deadline, verdict
from sessions_admin.request.credential import bears_mark
from sessions_admin.request.lookup import FoundSession, find_session_by_id
from sessions_admin.tokens.signing import issuer, sign, verify
from sessions_admin.tokens.signing_keys import PUBLISHED_AFTER
from sessions_admin.vocabulary import Kind

TYP = "at+jwt"
# There is no registration of clients: every app is the same public one, and so is support.
CLIENT_IDS = {Kind.APP: "app", Kind.SUPPORT: "support"}
DEFAULT_LIFETIME = SessionPolicy._meta.get_field("access_token_lifetime").default


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a client gets."""

    value: str
    expires_at: datetime

    @property
    def expires_in(self) -> int:
        """Seconds from now, RFC 6749 §5.1."""
        return max(0, round((self.expires_at - timezone.now()).total_seconds()))


def audience() -> str:
    """Where access tokens are good: the portal's own API. Applications get tokens of their own."""
    return issuer()


def session_of(token: str) -> FoundSession | None:
    """The live session that the token stands for; None when either is no good.

    One SELECT (three for a support session). A session whose person must first prove themselves
    again (`suspected_at`) gets nothing by a token.
    """
    found = claimed_session(claims_of(token))
    return found if found and is_usable(found) else None


def claims_of(token: str) -> dict[str, Any] | None:
    """What a token of ours says that is in its time, whatever became of the session."""
    return verify(token, typ=TYP, audience=audience())


def claimed_session(claims: dict[str, Any] | None) -> FoundSession | None:
    """The session that the claims name, live or not, if it is of the same person and tenant."""
    session_id = _uuid(claims and claims.get("sid"))
    found = find_session_by_id(session_id) if session_id else None
    if claims is None or found is None or found.kind not in CLIENT_IDS:
        return None
    same = claims.get("sub") == str(found.user_id) and claims.get("tenant") == _tenant_id(found)
    return found if same else None


def is_usable(found: FoundSession) -> bool:
    """Whether a program may act by this session now."""
    return (
        found.ended_at is None
        and found.suspected_at is None
        and verdict(found.facts, found.policy, timezone.now()) is None
        and is_of_present_credential(found)
    )


def is_of_present_credential(found: FoundSession) -> bool:
    """Whether who proved themselves for it could still do so."""
    return found.actor is not None and bears_mark(found.actor, found.data)


def issue(found: FoundSession) -> AccessToken:
    """An access token of a live session, for as long as its tenant says and the session may live.

    At most half the idle timeout: a client that refreshes when its token runs out shows in time
    that it is there.
    """
    now = timezone.now()
    lifetime = min(_lifetime(found), PUBLISHED_AFTER, found.policy.idle_timeout / 2)
    if found.kind == Kind.SUPPORT:  # it has nothing to refresh with: as long as it lives itself
        lifetime = PUBLISHED_AFTER
    last = absolute_deadline(found.facts, found.policy)
    expires_at = min(now + lifetime, last.at) if last else now + lifetime
    return AccessToken(sign(_claims(found, expires_at), typ=TYP), expires_at)


def scope_of(found: FoundSession) -> str:
    """What the token may do of what its person may: look, or change things as well."""
    return "read" if found.read_only else "read write"


def _claims(found: FoundSession, expires_at: datetime) -> dict[str, Any]:
    """RFC 9068 §2.2; all but `iat`, `exp` and `jti` stay the same over refreshes."""
    claims: dict[str, Any] = {
        "aud": audience(),
        "exp": int(expires_at.timestamp()),
        "iat": int(time.time()),
        "sub": str(found.user_id),
        "client_id": CLIENT_IDS[Kind(found.kind)],
        "sid": str(found.id),
        "tenant": _tenant_id(found),
        "auth_time": int(found.authenticated_at.timestamp()),
        "amr": found.amr.split(),
        "acr": f"aal{found.aal}",
        "scope": scope_of(found),
    }
    if found.kind == Kind.SUPPORT:  # who really acts, RFC 8693 §4.1
        claims["act"] = {"sub": str(found.asked_by_id)}
    return claims


def _lifetime(found: FoundSession) -> timedelta:
    tenant = found.access.tenant
    policies = SessionPolicy.objects.filter(pk=tenant.id if tenant else PLATFORM_POLICY_ID)
    lifetime: timedelta = policies.values_list("access_token_lifetime", flat=True).first() or (
        DEFAULT_LIFETIME
    )
    return lifetime


def _tenant_id(found: FoundSession) -> str | None:
    tenant = found.access.tenant
    return str(tenant.id) if tenant else None


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None

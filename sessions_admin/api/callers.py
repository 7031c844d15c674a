"""Who calls: a program with a key, a person with an access token, or a page with its session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from accounts.step_up import READING, proved_at
from sessions_admin.api.problems import (
    CSRF_FAILED,
    NOT_AUTHENTICATED,
    PERSON_REQUIRED,
    READ_ONLY,
    STEP_UP_REQUIRED,
    ProblemError,
)
from sessions_admin.bulk_ending import Asker
from sessions_admin.tokens import api_keys
from sessions_admin.tokens.access_tokens import session_of
from sessions_admin.vocabulary import Kind
from tenants.access import Access, CurrentTenant

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.request.lookup import FoundSession

BY_TOKEN, BY_PAGE = "access token", "portal"  # as the audit log names them
# RFC 6750 §3
CHALLENGE = 'Bearer realm="Latchkey"'
INVALID_TOKEN = f'{CHALLENGE}, error="invalid_token"'


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what they may do. `session` is a person's; a key has none."""

    name: str  # as previews and rate limits know it
    access: Access
    via: str  # the program that asks, for the audit log
    session: FoundSession | None = None
    proved_at: datetime | None = None

    @property
    def user(self) -> User | None:
        return self.session.user if self.session else None

    @property
    def actor(self) -> User | None:
        """Whom the audit log names: in a support session not the person, but who acts."""
        return self.session.actor if self.session else None

    @property
    def scope(self) -> str:
        """Within which an Idempotency-Key is one: a page's session may move to another tenant."""
        tenant = self.access.tenant
        return f"{self.name}@{tenant.id.hex}" if tenant else self.name

    @property
    def here(self) -> UUID | None:
        """The session that calls, which bulk endings spare."""
        return self.session.id if self.session else None

    @property
    def is_page(self) -> bool:
        return self.via == BY_PAGE

    @property
    def quota(self) -> str:
        """Whose calls are counted together: all of a person's sessions."""
        return f"user:{self.session.user_id}" if self.session else self.name

    def person(self) -> tuple[User, UUID]:
        """The person and the session that they call with."""
        if self.session is None:
            raise ProblemError(PERSON_REQUIRED)
        return self.session.user, self.session.id

    def hold_to_proof(self, within: timedelta) -> None:
        """A person must have proved who they are lately; a key is its own proof."""
        if self.session is None:
            return
        if self.proved_at and timezone.now() - self.proved_at <= within:
            return
        raise _proof_wanted(int(within.total_seconds()))

    def asker(self, tenant: CurrentTenant) -> Asker:
        return Asker(self.name, tenant, self.here, self.actor, self.via)


class ApiRequest(HttpRequest):
    """A request that `entrance` let in."""

    caller: Caller


def caller_of(request: HttpRequest) -> Caller:
    """Who calls; a problem if nobody does. Authorization wins: a cookie beside it is not read."""
    header = request.headers.get("Authorization")
    if header is None:
        caller = _page(request)
    else:
        scheme, _, credential = header.partition(" ")
        if scheme.lower() != "bearer":
            raise ProblemError(NOT_AUTHENTICATED, headers={"WWW-Authenticate": CHALLENGE})
        caller = _bearer(credential.strip())
    _hold_to_session(caller, request)
    return caller


def _bearer(credential: str) -> Caller:
    if credential.startswith(api_keys.PREFIX):
        if key := api_keys.caller_of(credential):
            return Caller(f"key:{key.key_id}", key.access, f"API key “{key.name}”")
    elif session := session_of(credential):
        # Whoever opened a support session did not prove to be the person.
        proof = None if session.kind == Kind.SUPPORT else session.authenticated_at
        return Caller(f"session:{session.id}", session.access, BY_TOKEN, session, proof)
    raise ProblemError(NOT_AUTHENTICATED, headers={"WWW-Authenticate": INVALID_TOKEN})


def _page(request: HttpRequest) -> Caller:
    """By the cookie, as every page; what changes something brings the CSRF token."""
    store: Any = request.session
    if not request.user.is_authenticated:
        if store.found and store.found.suspected_at:
            raise _proof_wanted(0)
        raise ProblemError(NOT_AUTHENTICATED, headers={"WWW-Authenticate": CHALLENGE})
    if _forged(request):
        raise ProblemError(CSRF_FAILED)
    found: FoundSession = store.found
    proof = None if found.kind == Kind.SUPPORT else proved_at(request)
    return Caller(f"session:{found.id}", found.access, BY_PAGE, found, proof)


def _forged(request: HttpRequest) -> bool:
    def protected(*_: object) -> None:
        """Stands for the view, which is exempt: only callers with a cookie need the token."""

    return CsrfViewMiddleware(lambda _: None).process_view(request, protected, (), {}) is not None  # type: ignore[arg-type]


def _hold_to_session(caller: Caller, request: HttpRequest) -> None:
    """What a person's session itself forbids, whatever they may."""
    if caller.session and caller.session.read_only and request.method not in READING:
        raise ProblemError(READ_ONLY)


def _proof_wanted(seconds: int) -> ProblemError:
    """RFC 9470: the credential is good, and the proof behind it is too old."""
    challenge = f'{CHALLENGE}, error="insufficient_user_authentication", max_age={seconds}'
    return ProblemError(
        STEP_UP_REQUIRED,
        headers={"WWW-Authenticate": challenge},
        max_age=seconds,
        reauthenticate="/accounts/reauthenticate/",
    )

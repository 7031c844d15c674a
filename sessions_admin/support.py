"""Opening the portal as another person in a browser, and coming back to oneself.

The browser gets a support session; the session of the one who acts waits meanwhile, under a new
key in a cookie of its own, so that coming back needs no sign-in however the support session ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest, HttpResponse

from accounts.step_up import READING
from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle import end_sessions
from sessions_admin.lifecycle.supporting import Wish, start_support
from sessions_admin.models import Session
from sessions_admin.request.client import client_of
from sessions_admin.request.sealing import hash_of, new_key, seal
from sessions_admin.vocabulary import EndReason, Kind

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.live import SessionQuerySet
    from sessions_admin.request.lookup import FoundSession

# What a support session may always do, and the addresses that are never its business.
ALWAYS = frozenset({"stop-support", "account_logout", "stay", "signed-out"})
CLOSED = ("/accounts/", "/profile/", "/admin/", "/tenants/", "/notices/", "/settings/api-keys/")

WAITING_COOKIE = f"{settings.SESSION_COOKIE_NAME}-waiting"


@dataclass(frozen=True, slots=True)
class Support:
    """The support session that a request comes with, for the banner."""

    session_id: UUID
    asker: User
    reason: str
    ends_at: datetime | None
    read_only: bool


def support_of(request: HttpRequest) -> Support | None:
    """The support session that this request acts in, if it does; one statement then."""
    found = getattr(request.session, "found", None)
    if found is None or found.kind != Kind.SUPPORT:
        return None
    session = Session.objects.select_related("asked_by").get(pk=found.id)
    assert session.asked_by is not None  # noqa: S101  it is not live otherwise
    return Support(
        session.pk, session.asked_by, session.ask_reason, session.expires_at, session.read_only
    )


def own_sessions(found: FoundSession) -> SessionQuerySet:
    """The person's sessions, as this session of theirs may know of them. To somebody who acts as
    the person, those in this tenant: what they hold open elsewhere is no business of this one."""
    sessions = Session.objects.of(found.user)
    tenant = found.access.tenant
    return sessions.within(tenant) if found.kind == Kind.SUPPORT and tenant else sessions


class Beyond(StrEnum):
    """Why a support session may not go somewhere."""

    PROOF = "proof"  # it asks who is there
    ACCOUNT = "account"  # it is the person's own
    READ_ONLY = "read_only"


def beyond_support(
    request: HttpRequest, view: Callable[..., Any], *, read_only: bool
) -> Beyond | None:
    """Why a support session may not have this view, if it may not."""
    is_reading = request.method in READING
    match = request.resolver_match
    if match and match.url_name in ALWAYS:
        return None
    if request.path_info.startswith(CLOSED):
        return Beyond.ACCOUNT
    if hasattr(view, "step_up") and (not is_reading or getattr(view, "step_up_reading", False)):
        return Beyond.PROOF
    return Beyond.READ_ONLY if read_only and not is_reading else None


def open_as(
    request: HttpRequest, person: User, origin_id: UUID, *, reason: str, read_only: bool
) -> str:
    """The request goes on in a support session as the person. Returns the key under which the
    asker's own session waits. SupportRefusedError: nothing changed."""
    own: Any = request.session
    key = new_key()
    data = {
        SESSION_KEY: str(person.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: person.get_session_auth_hash(),
    }
    sealed = seal(data, key, own.serializer)
    wish = Wish(reason, read_only, client_of(request), hash_of(key), sealed)
    start_support(origin_id, own.found.id, wish)
    own.cycle_key()
    request.session = _entered(key)
    return str(own.session_key)


def come_back(request: HttpRequest) -> bool:
    """Ends the support session, if it is not over, and goes on in the session that waits; False
    when there is none any more."""
    support: Any = request.session
    user = request.user
    if user.is_authenticated:
        if support.found.kind != Kind.SUPPORT:
            return False
        end_sessions(
            Session.objects.filter(pk=support.found.id),
            reason=EndReason.LOGGED_OUT,
            actor=support.found.actor,
        )
        asked_in_id = support.found.asked_in_id
    else:
        ended = Session.objects.filter(pk=support.ended_id, kind=Kind.SUPPORT)
        asked_in_id = ended.values_list("asked_in_id", flat=True).first()
    own = SessionStore(request.COOKIES.get(WAITING_COOKIE) or None)
    own.get(SESSION_KEY)  # reads it
    if own.found is None or own.found.id != asked_in_id:
        return False
    own.cycle_key()
    request.session = own
    return True


def is_waited_for(request: HttpRequest) -> bool:
    """Whether a session of one's own waits in this browser."""
    return WAITING_COOKIE in request.COOKIES


def send_waiting_cookie(response: HttpResponse, key: str) -> None:
    """Keeps the key of the session that waits; like the session's own cookie."""
    response.set_cookie(
        WAITING_COOKIE, key, path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE or False, httponly=True,
        samesite=settings.SESSION_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )  # fmt: skip


def forget_waiting_cookie(response: HttpResponse) -> None:
    response.delete_cookie(
        WAITING_COOKIE, path=settings.SESSION_COOKIE_PATH,
        samesite=settings.SESSION_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )  # fmt: skip


def _entered(key: str) -> SessionStore:
    """The session with this key, to be sent as the cookie."""
    store = SessionStore(key)
    store.get(SESSION_KEY)  # reads it
    store.modified = store.rotated = True
    return store

"""Who the session says you are: what the one SELECT found, checked against the credential."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from sessions_admin.request.credential import held_credential, is_current
from sessions_admin.request.presence import note_move
from tenants.access import Access

NO_ACCESS = Access()
# Where a suspected session proves who is there, or leaves.
WAYS_OUT = (
    "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
    "account_logout",
)  # fmt: skip


def user_of(request: HttpRequest) -> Any:
    """The session's user, or AnonymousUser. Django's get_user() without its SELECT.

    Whichever door asks: a session that comes from elsewhere is looked at before anything is done
    in its name, so a stolen cookie gets not even one answer.
    """
    user = _credited(request)
    if not user.is_authenticated:
        return user
    session: Any = request.session
    note_move(request)
    if session.found.ended_at is not None:
        session.ended_id = session.found.id
        return AnonymousUser()
    return AnonymousUser() if must_prove(request) else user


def must_prove(request: HttpRequest) -> bool:
    """Whether the session is suspected, and this is none of the pages that lift that. Until then
    it is nobody's, whichever door it comes to."""
    found = request.session.found  # type: ignore[attr-defined]
    if found is None or found.suspected_at is None:
        return False
    return request.path_info not in _ways_out()


def _credited(request: HttpRequest) -> Any:
    """Whose session it is, if it was made with the present credential. One whose credential
    changed is ended here: the second lock behind credential_changed."""
    session: Any = request.session
    if SESSION_KEY not in session or session.found is None:
        return AnonymousUser()
    user = session.found.user
    if user is None or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return AnonymousUser()
    stored = session.get(HASH_SESSION_KEY) or ""
    if is_current(user, stored):
        return user
    if any(constant_time_compare(stored, old) for old in user.get_session_auth_fallback_hash()):
        session.cycle_key()  # the server's secret was changed, not the person's
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        return user
    session.end_as_credential_changed()
    return AnonymousUser()


@cache
def _ways_out() -> frozenset[str]:
    return frozenset(reverse(name) for name in WAYS_OUT)


def vouches(data: dict[str, Any], user: Any) -> bool:
    """Whether a session's data says that this person signed in with the present credential.

    Former keys count too, as they do in `user_of`; the session is moved to the new key there.
    """
    if SESSION_KEY not in data or data.get(BACKEND_SESSION_KEY) not in (
        settings.AUTHENTICATION_BACKENDS
    ):
        return False
    return held_credential(user, data.get(HASH_SESSION_KEY) or "")


def access_of(request: HttpRequest) -> Access:
    """Where the session is and what it may do there."""
    session: Any = request.session
    if not request.user.is_authenticated or session.found is None:
        return NO_ACCESS
    access: Access = session.found.access
    return access

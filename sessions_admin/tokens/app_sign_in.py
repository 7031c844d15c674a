"""Signing in with an app: allauth's headless flows, with sessions and tokens of our own.

An app session has no key, so no cookie can ever use it: it is held by its refresh token and named
by its access tokens. Until it exists, a visitor's session carries the sign-in from step to step.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from uuid import UUID

from allauth.account.stages import LoginStage
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.headless.adapter import DefaultHeadlessAdapter
from allauth.headless.internal.restkit.response import APIResponse
from allauth.headless.tokens.strategies.base import AbstractTokenStrategy
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle.birth import Birth, home_of, start_session
from sessions_admin.lifecycle.ending import end_sessions
from sessions_admin.lifecycle.refreshing import first_token, refresh
from sessions_admin.models import PLATFORM_POLICY_ID, Session, SessionPolicy
from sessions_admin.policy import SignInEndedError
from sessions_admin.request.client import client_of
from sessions_admin.request.credential import mark_of
from sessions_admin.request.lookup import find_session_by_id
from sessions_admin.tokens import strangers
from sessions_admin.tokens.access_tokens import AccessToken, issue
from sessions_admin.vocabulary import EndReason, Kind
from tenants.belonging import memberships_of
from tenants.models import Tenant

# Where a visitor's session keeps the tenant that the app asked for.
WANTED = "latchkey_tenant"
SLUG_LENGTH = 50
DEFAULT_LIFETIME = SessionPolicy._meta.get_field("refresh_token_lifetime").default


class AppAdapter(DefaultHeadlessAdapter):
    """What an app is told of the person."""

    def serialize_user(self, user: User) -> dict[str, Any]:
        return {"id": str(user.pk), "email": user.email, "display": user.name}


class TokenStrategy(AbstractTokenStrategy):
    """Our sessions and tokens for allauth. `X-Session-Token` is for the steps of a sign-in only."""

    def create_session_token(self, request: HttpRequest) -> str:
        store: Any = request.session
        if isinstance(store, SignedIn):
            return ""  # there is nothing to carry on
        store.client = client_of(request)
        store.save()
        return str(store.session_key)

    def lookup_session(self, session_token: str) -> SessionBase | None:
        """A visitor's session; the cookie of somebody who is signed in is no token."""
        store = SessionStore(session_token)
        store.get(WANTED)  # reads it
        if store.found is None or store.found.user_id is not None:
            return None
        return store

    def create_access_token_payload(self, request: HttpRequest) -> dict[str, Any] | None:
        store: Any = request.session
        found = find_session_by_id(store.session_id) if isinstance(store, SignedIn) else None
        return as_payload(issue(found), store.refresh_token) if found else None

    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        refreshed = refresh(refresh_token, client_of(context.request))
        if refreshed is None:
            strangers.note_failure(context.request.META)
            return None
        return issue(refreshed.found).value, refreshed.refresh_token


class SignedIn(SessionStore):
    """What is left of the request's session once the app's is born: words for this one answer."""

    def __init__(self, data: dict[str, Any], session_id: UUID, refresh_token: str) -> None:
        super().__init__()
        self._session_cache: dict[str, Any] = data
        self.session_id, self.refresh_token = session_id, refresh_token

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  Django's contract
        """Nothing of it is kept."""


def as_payload(access_token: AccessToken, refresh_token: str) -> dict[str, Any]:
    """RFC 6749 §5.1."""
    return {
        "access_token": access_token.value,
        "token_type": "Bearer",
        "expires_in": access_token.expires_in,
        "refresh_token": refresh_token,
    }


class TenantStage(LoginStage):
    """An app names the tenant of somebody who belongs to several; there is no page to ask on."""

    key = "tenant"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if is_app(self.request):
            home_for_app(self.request, self.login.user)
        return None, True


def is_app(request: HttpRequest) -> bool:
    """Whether this is a sign-in through allauth's headless flows."""
    return hasattr(getattr(request, "allauth", None), "headless")


def note_wanted_tenant(request: HttpRequest) -> None:
    """Keeps the `tenant` of the first step for the last."""
    wanted = _asked(request)
    if wanted:
        request.session[WANTED] = wanted


def home_for_app(request: HttpRequest, user: User) -> Tenant | None:
    """The tenant that the app asked for, or the only one. Answers the request when there is no
    telling, or no such tenant of theirs."""
    wanted = _asked(request) or request.session.get(WANTED, "")
    if not wanted:
        home = home_of(user)
        if home is None and len(memberships_of(user)) > 1:
            refuse(request, "tenant_required", _("Say which tenant: they belong to several."),
                   HTTPStatus.BAD_REQUEST, tenants=_choices(user))  # fmt: skip
        return home
    for membership in memberships_of(user):
        if membership.tenant.slug == wanted:
            return membership.tenant
    refuse(request, "tenant_unknown", _("They do not belong to this tenant."),
           HTTPStatus.BAD_REQUEST, tenants=_choices(user))  # fmt: skip
    return None


def begin_app_session(request: HttpRequest, user: User, *, amr: str, aal: int) -> None:
    """The app's session is born, with its refresh token.

    LimitReachedError: the tenant's limit lets nobody else in. SignInEndedError: the risk rules
    ended it at once, or want a further proof, which an app has no page to ask for.
    """
    store: Any = request.session
    home = home_for_app(request, user)
    now = timezone.now()
    birth = Birth(
        user=user, new_key_hash=None, data=mark_of(user), client=client_of(request),
        amr=amr, aal=aal, persistent=True, expires_at=now + _lifetime(home), kind=Kind.APP,
        home=home,
    )  # fmt: skip
    session_id = start_session(birth, key_hash=None)
    assert session_id is not None  # noqa: S101  it took nobody's place
    suspected = Session.objects.filter(pk=session_id, suspected_at__isnull=False)
    if end_sessions(suspected, reason=EndReason.RISK_DETECTED, actor=None):
        raise SignInEndedError
    refresh_token = first_token(session_id)
    carried = dict(store.items())
    store.delete()  # the visitor's session, which carried the sign-in
    request.session = SignedIn(carried, session_id, refresh_token)


def refuse_at_limit(request: HttpRequest) -> None:
    """The tenant's limit lets nobody else in, or asks the person, which an app cannot."""
    text = _("They have as many sessions as they may. One of them must be ended first.")
    refuse(request, "session_limit_reached", text, HTTPStatus.CONFLICT)


def refuse_as_suspicious(request: HttpRequest) -> None:
    """The tenant's risk rules ended the sign-in."""
    text = _("This sign-in does not look like them. They can sign in with a browser.")
    refuse(request, "sign_in_suspicious", text, HTTPStatus.FORBIDDEN)


def refuse_as_lapsed(request: HttpRequest) -> None:
    """The password was changed while the sign-in was under way."""
    text = _("The password was changed meanwhile. Sign in again.")
    refuse(request, "sign_in_lapsed", text, HTTPStatus.CONFLICT)


def refuse(request: HttpRequest, code: str, message: str, status: HTTPStatus, **data: Any) -> None:
    """Answers the request of an app, in the form of allauth's other errors."""
    error = {"code": code, "message": message} | (
        {"param": "tenant"} if code.startswith("tenant_") else {}
    )
    request.session.flush()  # the app begins again; nothing is left to carry on
    response = APIResponse(request, errors=[error], data=data or None, status=status)
    raise ImmediateHttpResponse(response)


def _asked(request: HttpRequest) -> str:
    """The `tenant` of the JSON that the app sent with this step."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return ""
    wanted = body.get("tenant") if isinstance(body, dict) else None
    return wanted[:SLUG_LENGTH] if isinstance(wanted, str) else ""


def _choices(user: User) -> list[dict[str, str]]:
    """For somebody who has proved who they are."""
    return [
        {"slug": membership.tenant.slug, "name": membership.tenant.name}
        for membership in memberships_of(user)
    ]


def _lifetime(home: Tenant | None) -> Any:
    policies = SessionPolicy.objects.filter(pk=home.id if home else PLATFORM_POLICY_ID)
    return policies.values_list("refresh_token_lifetime", flat=True).first() or DEFAULT_LIFETIME

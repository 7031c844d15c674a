"""The request's way: cookie → session → user → may they be here → their time zone and language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.sessions import middleware as sessions
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from sessions_admin.engine import SessionStore
from sessions_admin.request.authentication import access_of, must_prove, user_of
from sessions_admin.request.client import client_of, from_trusted_proxy
from sessions_admin.request.device_cookie import send_device_cookie
from sessions_admin.request.language import speak_to_person
from sessions_admin.request.leaving import leave_for, prove_first, return_path, signed_out
from sessions_admin.request.presence import is_passive, note_presence
from sessions_admin.support import beyond_support
from sessions_admin.vocabulary import Kind

FORWARDED_HEADERS = (
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT", "HTTP_FORWARDED",
)  # fmt: skip
# Open to all, and yet mostly seen by people who are signed in.
THEIRS = {"account_logout"}
GetResponse = Callable[[HttpRequest], HttpResponse]


class TrustedProxyMiddleware:
    """Forgets what a peer that is no proxy of ours says about the browser."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not from_trusted_proxy(request):
            for header in FORWARDED_HEADERS:
                request.META.pop(header, None)
        return self.get_response(request)


class SessionMiddleware(sessions.SessionMiddleware):
    """Django's, and: presence, no 400 for a session that ended meanwhile, no lost rotation."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A view tried to write to a session that was ended elsewhere."""
        return signed_out(request) if isinstance(exception, UpdateError) else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = getattr(request, "session", None)
        if not isinstance(session, SessionStore):  # somebody else's engine, or none
            return super().process_response(request, response)
        was_signed_in = session.found is not None and session.found.user_id is not None
        if session.modified:
            session.client = client_of(request)
        try:
            response = super().process_response(request, response)
        except SessionInterrupted:
            if not was_signed_in:
                raise
            return signed_out(request)
        if session.is_farewell or (session.rotated and response.status_code >= 500):
            # Django sends no cookie with an error; the old key is dead already.
            send_cookie(response, session)
        if session.browser:
            send_device_cookie(response, session.browser)
        if not session.session_key and (session.ended_id or is_passive(request)):
            # The dead cookie is what tells /signed-out/ which session this was. And a poll asks
            # all the time: its late answer must not remove the cookie of a rotation it crossed.
            response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        note_presence(request)
        return response


class AuthenticationMiddleware(auth.AuthenticationMiddleware):
    """Django's, but the user comes with the session, and `request.access` beside it."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        lazily: Any = request
        lazily.user = SimpleLazyObject(lambda: user_of(request))
        lazily.access = SimpleLazyObject(lambda: access_of(request))


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Django's: every view asks for a sign-in unless it says otherwise. Tells an ended session
    from none, and answers htmx so that it leaves the page."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        session: Any = request.session
        if session.ended_id:
            return signed_out(request)
        if must_prove(request):
            return prove_first(request)
        login = resolve_url(self.get_login_url(view_func))
        return leave_for(request, f"{login}?{urlencode({'next': return_path(request)})}")


class SupportMiddleware:
    """Holds a support session to what it is for: looking, and changing things if it may; never
    what asks who is there, nor the person's own account. Allows nothing that it does not know."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *_: object
    ) -> HttpResponse | None:
        if not getattr(view_func, "login_required", True) or not request.user.is_authenticated:
            return None
        found = request.session.found  # type: ignore[attr-defined]
        if found.kind != Kind.SUPPORT:
            return None
        refused = beyond_support(request, view_func, read_only=found.read_only)
        if refused is None:
            return None
        context = {"refused": refused, "read_only": found.read_only}
        return render(request, "sessions_admin/support_refused.html", context, status=403)


class PersonMiddleware:
    """Signed-in pages: never cached, in the person's time zone and language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *_: object
    ) -> HttpResponse | None:
        # A view that is open to all costs no statement unless it asks who is there.
        match = request.resolver_match
        if getattr(view_func, "login_required", True) or (match and match.url_name in THEIRS):
            speak_to_person(request)
        return None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        if request.session.accessed:
            add_never_cache_headers(response)
        return response


def send_cookie(response: HttpResponse, session: Any) -> None:
    """Sets the session's cookie as Django does."""
    response.set_cookie(
        settings.SESSION_COOKIE_NAME,
        session.session_key,
        max_age=None if session.get_expire_at_browser_close() else session.get_expiry_age(),
        domain=settings.SESSION_COOKIE_DOMAIN,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE or False,
        httponly=settings.SESSION_COOKIE_HTTPONLY or False,
        samesite=settings.SESSION_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )

"""What Latchkey answers on an application's own host, under /.latchkey/: the way to the portal's
sign-in, the way back with a pass, and signing out.

Cookies of the portal do not come here and these do not go there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings

from sessions_admin.authz.answers import DOORSTEP, Reply, redirect, said, with_query
from sessions_admin.authz.applications import rules_of
from sessions_admin.authz.decision import Rules
from sessions_admin.authz.passes import exchange
from sessions_admin.authz.target import Target, name_of, origin_of, read_return, read_target
from sessions_admin.authz.visitor import guest_of, key_in
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Session
from sessions_admin.request.sealing import new_key
from sessions_admin.vocabulary import EndReason

Environ = dict[str, Any]
# Long enough to find the phone with the second factor.
STATE_SECONDS = 600
# Passes that one browser gets within a few seconds: more of them is a loop, not a person.
MOST_ENTRIES, ENTRIES_SECONDS = 3, 10


def answer(environ: Environ) -> Reply:
    """One of ours on the host of an active application; anything else is not found."""
    rules = rules_of(_host(environ))
    name: str = environ.get("PATH_INFO", "").removeprefix(DOORSTEP)
    method = environ.get("REQUEST_METHOD", "")
    if rules is None or name not in PAGES:
        return said(HTTPStatus.NOT_FOUND, {"error": "not_found"})
    methods, page = PAGES[name]
    if method not in methods:
        allow = ("Allow", ", ".join(methods))
        return said(HTTPStatus.METHOD_NOT_ALLOWED, {"error": "method_not_allowed"}, allow)
    return page(environ, rules)


def portal_shares_host(host: str) -> bool:
    """Whether the portal's own cookie reaches this host: both on one, by different ports."""
    return name_of(host) == name_of(settings.PUBLIC_URL.partition("://")[2])


def _sign_in(environ: Environ, rules: Rules) -> Reply:
    """To the portal. The browser keeps a secret, so that only it can come back."""
    back = _back(environ, rules)
    if _entries(environ) >= MOST_ENTRIES:
        return _at_the_portal(back, trouble="loop")
    known = key_in(environ.get("HTTP_COOKIE", ""), _state_cookie())
    state = known or new_key()
    url = with_query(
        f"{settings.PUBLIC_URL}/authz/start", [("rd", back.url), ("state", _digest(state))]
    )
    return redirect(url, _cookie(_state_cookie(), state, seconds=STATE_SECONDS))


def _callback(environ: Environ, rules: Rules) -> Reply:
    """Back from the portal: the code becomes the cookie of this host."""
    query = _query(environ)
    back, digest = _back(environ, rules), query.get("state", "")
    state = key_in(environ.get("HTTP_COOKIE", ""), _state_cookie())
    if state is None or not hmac.compare_digest(_digest(state).encode(), digest.encode()):
        return _at_the_portal(back, trouble="browser")
    key = exchange(query.get("code", ""), digest, rules.id)
    if key is None:
        return _at_the_portal(back, trouble="late")
    entries = str(_entries(environ) + 1)
    return redirect(
        back.url,
        _cookie(settings.APPLICATION_COOKIE_NAME, key),
        _cookie(_entries_cookie(), entries, seconds=ENTRIES_SECONDS),
    )


def _sign_out(environ: Environ, rules: Rules) -> Reply:
    """Ends the session, here and everywhere. Only a form of the application itself may do it at
    once; a link leads to the portal's page that asks."""
    if environ.get("REQUEST_METHOD") != "POST":
        return redirect(f"{settings.PUBLIC_URL}/accounts/logout/")
    if environ.get("HTTP_ORIGIN") != origin_of(rules.host):
        return said(HTTPStatus.FORBIDDEN, {"error": "other_origin"})
    guest = guest_of(environ.get("HTTP_COOKIE", ""), rules)
    if guest is not None:
        sessions = Session.objects.filter(pk=guest.found.id)
        end_sessions(sessions, reason=EndReason.LOGGED_OUT, actor=guest.found.actor)
    return redirect(
        f"{settings.PUBLIC_URL}/signed-out/",
        _cookie(settings.APPLICATION_COOKIE_NAME, "", seconds=0),
        status=HTTPStatus.SEE_OTHER,
    )


Page = Callable[[Environ, Rules], Reply]
PAGES: dict[str, tuple[tuple[str, ...], Page]] = {
    "sign-in": (("GET", "HEAD"), _sign_in),
    "callback": (("GET",), _callback),
    "sign-out": (("GET", "POST"), _sign_out),
}


def _host(environ: Environ) -> str:
    """The host that the browser named, as applications are registered."""
    host = str(environ.get("HTTP_HOST", "")).lower()
    target = read_target(f"{origin_of(host)}/")
    return target.host if target else ""


def _back(environ: Environ, rules: Rules) -> Target:
    """Where the person wanted to go in this application; its start page when that is odd."""
    origin = origin_of(rules.host)
    path = _query(environ).get("rd", "")
    wanted = read_return(origin + path) if path.startswith("/") else None
    scheme = origin.partition("://")[0]
    return wanted if wanted and wanted.origin == origin else Target(scheme, rules.host, "/")


def _query(environ: Environ) -> dict[str, str]:
    """The parameters that came exactly once."""
    try:
        found = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=10, errors="strict")
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _at_the_portal(back: Target, *, trouble: str) -> Reply:
    """The page that says what went wrong, where nothing happens by itself."""
    query = [("rd", back.url), ("trouble", trouble)]
    return redirect(with_query(f"{settings.PUBLIC_URL}/authz/start", query))


def _entries(environ: Environ) -> int:
    cookies = SimpleCookie()
    cookies.load(str(environ.get("HTTP_COOKIE", ""))[:4096])
    morsel = cookies.get(_entries_cookie())
    text = morsel.value if morsel else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _state_cookie() -> str:
    return f"{settings.APPLICATION_COOKIE_NAME}-state"


def _entries_cookie() -> str:
    return f"{settings.APPLICATION_COOKIE_NAME}-entries"


def _cookie(name: str, value: str, *, seconds: int | None = None) -> tuple[str, str]:
    """For this host alone; without seconds until the browser closes, and the session decides."""
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    parts += ["Secure"] if settings.SESSION_COOKIE_SECURE else []
    parts += [f"Max-Age={seconds}"] if seconds is not None else []
    return "Set-Cookie", "; ".join(parts)

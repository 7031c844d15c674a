"""What a proxy is answered, and through it the browser. Pure but for the words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from sessions_admin.authz.decision import READING, Answer, Decision
from sessions_admin.authz.dialects import Dialect, Question
from sessions_admin.authz.identity import NOBODY, Headers
from sessions_admin.authz.target import Target, read_return

Environ = dict[str, Any]
# Where an application's host has its own few addresses of ours.
DOORSTEP = "/.latchkey/"
SIGN_IN_PATH = f"{DOORSTEP}sign-in"
NO_STORE = ("Cache-Control", "no-store")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def allowed(identity: Headers) -> Reply:
    return Reply(HTTPStatus.OK, (NO_STORE, *identity))


def refused(decision: Decision, dialect: Dialect) -> Reply:
    """Nobody gets in by this one; signing in would not help."""
    # nginx takes 400 for a fault of its own.
    bad = decision.answer is Answer.BAD_REQUEST and dialect.redirects
    status = HTTPStatus.BAD_REQUEST if bad else HTTPStatus.FORBIDDEN
    return said(status, {"error": str(decision.why)}, *NOBODY)


def asked_to_sign_in(
    decision: Decision, dialect: Dialect, asked: Question, environ: Environ
) -> Reply:
    """To the sign-in and back: as a redirect for a page, in words for a script.

    A POST is not sent again after it: the person comes back to the page that it was on.
    """
    if environ.get("HTTP_HX_REQUEST"):
        url = sign_in_url(_page(asked.target, environ.get("HTTP_HX_CURRENT_URL", "")))
        return _unauthorized(decision, url, ("HX-Redirect", url))
    reads = asked.method in READING
    url = sign_in_url(
        asked.target if reads else _page(asked.target, environ.get("HTTP_REFERER", ""))
    )
    if not _is_navigation(environ):
        return _unauthorized(decision, url)
    location = ("Location", url)
    if not dialect.redirects:
        return _unauthorized(decision, url, location)
    status = HTTPStatus.FOUND if reads else HTTPStatus.SEE_OTHER
    return Reply(status, (NO_STORE, location, *NOBODY))


def sign_in_url(target: Target) -> str:
    """On the application's own host, which starts the way to the portal and back."""
    return f"{target.origin}{SIGN_IN_PATH}?rd={quote(target.path, safe='/')}"


def redirect(url: str, *headers: tuple[str, str], status: HTTPStatus = HTTPStatus.FOUND) -> Reply:
    return Reply(
        status, (NO_STORE, ("Location", url), ("Referrer-Policy", "no-referrer"), *headers)
    )


def said(status: HTTPStatus, words: dict[str, str], *headers: tuple[str, str]) -> Reply:
    """An answer in JSON."""
    body = json.dumps(words).encode()
    kind = ("Content-Type", "application/json")
    return Reply(status, (NO_STORE, kind, *headers), body)


def with_query(url: str, values: Iterable[tuple[str, str]]) -> str:
    return f"{url}?{urlencode(list(values))}"


def _unauthorized(decision: Decision, url: str, *headers: tuple[str, str]) -> Reply:
    # RFC 9110 §15.5.2 wants a challenge; no browser asks for a password because of this one.
    challenge = ("WWW-Authenticate", "Latchkey")
    words = {"error": str(decision.why), "sign_in": url}
    return said(HTTPStatus.UNAUTHORIZED, words, challenge, *headers, *NOBODY)


def _page(target: Target, address: str) -> Target:
    """The page of the same application that a script or a form was on; else its start page."""
    page = read_return(address.partition("#")[0])
    return (
        page if page and page.origin == target.origin else Target(target.scheme, target.host, "/")
    )


def _is_navigation(environ: Environ) -> bool:
    """Whether a person waits for a page; not a script, a picture or a web socket."""
    if mode := environ.get("HTTP_SEC_FETCH_MODE"):
        return bool(mode == "navigate")
    if environ.get("HTTP_X_REQUESTED_WITH"):
        return False
    return "text/html" in environ.get("HTTP_ACCEPT", "")

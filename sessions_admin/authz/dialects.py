"""How each proxy asks and which answer it understands.

nginx (auth_request) takes 2xx, 401 and 403; the others hand any other answer to the browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sessions_admin.authz.target import LONGEST_ADDRESS, Target, read_target

Environ = dict[str, Any]
METHOD = re.compile(r"[A-Z]{1,20}")
# What the path of a decoded PATH_INFO may hold as it is; the rest becomes escapes again.
PATH_CHARACTERS = "/:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Question:
    """What a proxy says that a browser asked for."""

    method: str
    target: Target


@dataclass(frozen=True, slots=True)
class Dialect:
    """One proxy's way: where it tells of the request, and whether it can pass on a redirect."""

    read: Callable[[Environ, str], tuple[str, str]]  # the method, and the whole address
    redirects: bool


def read_question(dialect: Dialect, environ: Environ, rest: str) -> Question | None:
    """What was asked for; None when that cannot be told with certainty."""
    method, address = dialect.read(environ, rest)
    if not METHOD.fullmatch(method) or len(address) > LONGEST_ADDRESS:
        return None
    target = read_target(address)
    return None if target is None else Question(method, target)


def _nginx(environ: Environ, _rest: str) -> tuple[str, str]:
    return environ.get("HTTP_X_ORIGINAL_METHOD", ""), environ.get("HTTP_X_ORIGINAL_URL", "")


def _forwarded(environ: Environ, _rest: str) -> tuple[str, str]:
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "")
    host = environ.get("HTTP_X_FORWARDED_HOST", "")
    uri = environ.get("HTTP_X_FORWARDED_URI", "")
    # Nothing that belongs to one part may come in with another.
    if "/" in scheme or "/" in host or not uri.startswith("/"):
        return "", ""
    return environ.get("HTTP_X_FORWARDED_METHOD", ""), f"{scheme}://{host}{uri}"


def _envoy(environ: Environ, rest: str) -> tuple[str, str]:
    scheme, host = environ.get("HTTP_X_FORWARDED_PROTO", ""), environ.get("HTTP_HOST", "")
    if "/" in scheme or "/" in host:
        return "", ""
    # WSGI has decoded the path once; what was encoded is looked at as strictly as what was not.
    path = quote(rest.encode("latin-1", "replace"), safe=PATH_CHARACTERS) or "/"
    query = environ.get("QUERY_STRING", "")
    return environ.get(
        "REQUEST_METHOD", ""
    ), f"{scheme}://{host}{path}{'?' + query if query else ''}"


DIALECTS = {
    "nginx": Dialect(_nginx, redirects=False),
    "traefik": Dialect(_forwarded, redirects=True),
    "caddy": Dialect(_forwarded, redirects=True),
    "envoy": Dialect(_envoy, redirects=True),
}

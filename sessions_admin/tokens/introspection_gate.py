"""The WSGI layer in front of Django that answers introspection: resource servers ask at every
request of theirs, so the answer is made before Django's middleware.

Only what is in order is answered here. Everything else, every error and a database that does not
answer are the view's (views.oauth.introspect), which asks the same questions.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.db import DatabaseError, connections

from sessions_admin.request.client import is_proxy
from sessions_admin.tokens import strangers
from sessions_admin.tokens.introspection import asker_of, introspect

Environ = dict[str, Any]
PATH = "/oauth/introspect"
FORM = "application/x-www-form-urlencoded"
# Twice the longest token, encoded; a form that is longer is looked at by Django's own limits.
LONGEST_BODY = 8192
LENGTH = re.compile(r"[0-9]{1,9}")
FIELDS_AT_MOST = 4  # `token`, `token_type_hint`, and what somebody's library adds

logger = logging.getLogger(__name__)


class IntrospectionGate:
    """Answers what tokens are worth, and leaves everything else to the application."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = _answer(environ) if environ.get("PATH_INFO") == PATH else None
        if body is None:
            return self.application(environ, start_response)
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Pragma", "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        return [body]


def _answer(environ: Environ) -> bytes | None:
    """The answer's JSON; None: Django says what is wrong."""
    if environ.get("REQUEST_METHOD") != "POST" or not _is_safe_to_answer(environ):
        return None
    if strangers.seconds_held(environ):
        return None
    scheme, _, credential = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    token = _token_in(environ)
    if token is None or scheme.lower() != "bearer":
        return None
    try:
        asker = asker_of(credential.strip())
        return json.dumps(introspect(token, asker)).encode() if asker else None
    except DatabaseError:
        logger.exception("Introspection failed.")
        return None
    finally:
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:  # as Django does at the end of its requests
                connection.close_if_unusable_or_obsolete()


def _token_in(environ: Environ) -> str | None:
    """The one token of the form; what was read is put back for whoever reads it after us."""
    length = environ.get("CONTENT_LENGTH") or ""
    is_form = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM
    if not is_form or not LENGTH.fullmatch(length) or int(length) > LONGEST_BODY:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    try:
        fields = parse_qs(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_AT_MOST, errors="strict"
        )
    except ValueError:
        return None
    tokens = fields.get("token", [])
    return tokens[0] if len(tokens) == 1 else None


def _is_safe_to_answer(environ: Environ) -> bool:
    """Not over plain http where Django would not either."""
    if not settings.SECURE_SSL_REDIRECT or environ.get("wsgi.url_scheme") == "https":
        return True
    told = environ.get("HTTP_X_FORWARDED_PROTO") == "https"
    return told and is_proxy(environ.get("REMOTE_ADDR") or "")

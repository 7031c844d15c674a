"""The WSGI layer in front of Django that answers proxies: the decision is made before Django's
middleware, because it is asked at every request to every application.

Only a proxy of ours that knows the secret may ask. Whatever goes wrong in here is a 503.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import connections

from sessions_admin.authz import answers, doorstep
from sessions_admin.authz.answers import Reply
from sessions_admin.authz.applications import rules_of
from sessions_admin.authz.decision import (
    Answer,
    Asked,
    Decision,
    Why,
    before_asking_who,
    decide,
)
from sessions_admin.authz.dialects import DIALECTS, Dialect, read_question
from sessions_admin.authz.identity import NOBODY, headers_for
from sessions_admin.authz.visitor import guest_of
from sessions_admin.request.client import client_in, is_proxy
from sessions_admin.request.presence import PASSIVE_HEADER, note_use

Environ = dict[str, Any]
PREFIX = "/authz/"
SECRET_HEADER = "HTTP_X_LATCHKEY_SECRET"  # noqa: S105  the name of it
PASSIVE = "HTTP_" + PASSIVE_HEADER.upper().replace("-", "_")

logger = logging.getLogger(__name__)


class Gate:
    """Answers what proxies ask, and leaves everything else to the application."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        respond = _responder(environ)
        if respond is None:
            return self.application(environ, start_response)
        reply = _safely(respond, environ)
        headers = [*reply.headers, ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status.value} {reply.status.phrase}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [reply.body]


def _responder(environ: Environ) -> Callable[[Environ], Reply] | None:
    """What answers this path; None: Django does, also when nobody may ask at all."""
    path: str = environ.get("PATH_INFO", "")
    if not path.startswith((PREFIX, answers.DOORSTEP)) or not settings.FORWARD_AUTH_SECRET:
        return None
    if path.startswith(answers.DOORSTEP):
        return doorstep.answer
    name, _, rest = path.removeprefix(PREFIX).partition("/")
    dialect = DIALECTS.get(name)
    if dialect is None:
        return None
    return lambda environ: _judge(dialect, environ, f"/{rest}")


def _safely(respond: Callable[[Environ], Reply], environ: Environ) -> Reply:
    """The answer; 400 for somebody who may not ask, and 503 when anything breaks: never a 2xx."""
    try:
        if not _may_ask(environ):
            logger.warning("%s may not ask the forward-auth endpoint.", environ.get("REMOTE_ADDR"))
            return answers.said(HTTPStatus.BAD_REQUEST, {"error": "untrusted_proxy"}, *NOBODY)
        return respond(environ)
    except Exception:
        logger.exception("Forward-auth failed.")
        return answers.said(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "unavailable"}, *NOBODY)
    finally:
        _let_go()


def _let_go() -> None:
    """What Django does at the end of its requests: a connection that broke or is old is closed."""
    for connection in connections.all(initialized_only=True):
        close_at = connection.close_at
        old = close_at is not None and time.monotonic() >= close_at
        if (connection.errors_occurred or old) and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def _may_ask(environ: Environ) -> bool:
    """Both the address and the secret, so that neither a leak nor a neighbour is enough."""
    secret: str = environ.get(SECRET_HEADER, "")
    return is_proxy(environ.get("REMOTE_ADDR") or "") and hmac.compare_digest(
        secret.encode("utf-8", "replace"), settings.FORWARD_AUTH_SECRET.encode()
    )


def _judge(dialect: Dialect, environ: Environ, rest: str) -> Reply:
    question = read_question(dialect, environ, rest)
    if question is None:
        return answers.refused(Decision(Answer.BAD_REQUEST, Why.UNREADABLE), dialect)
    client = client_in(environ)
    rules = rules_of(question.target.host)
    asked = Asked(question.method, question.target, ip_known=client.ip is not None)
    early = before_asking_who(rules, asked)
    if rules is None or early is not None:
        return _without_person(early, dialect)
    guest = guest_of(environ.get("HTTP_COOKIE", ""), rules)
    decision = decide(rules, question.method, guest.visitor if guest else None)
    if guest is not None and decision.answer is Answer.ALLOW:
        # Activity as in the portal; and one that comes from elsewhere is looked at before it is
        # answered, so that what the risk rules end or ask for holds for this very request.
        note_use(guest.found, client, lambda: _is_passive(environ))
        decision = decide(rules, question.method, guest.visitor)
    if decision.answer is Answer.SIGN_IN:
        return answers.asked_to_sign_in(decision, dialect, question, environ)
    if guest is None or decision.answer is not Answer.ALLOW:
        return answers.refused(decision, dialect)
    return answers.allowed(headers_for(guest, question.target.origin))


def _without_person(decision: Decision | None, dialect: Dialect) -> Reply:
    if decision is not None and decision.answer is Answer.ALLOW:
        return answers.allowed(NOBODY)
    return answers.refused(decision or Decision(Answer.FORBIDDEN, Why.UNKNOWN_APPLICATION), dialect)


def _is_passive(environ: Environ) -> bool:
    return PASSIVE in environ or "prefetch" in environ.get("HTTP_SEC_PURPOSE", "")

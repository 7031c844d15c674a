"""The endpoints of OAuth 2 that apps and resource servers need: go on, sign out, ask."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from sessions_admin.lifecycle.refreshing import refresh
from sessions_admin.lifecycle.signing_out import sign_out
from sessions_admin.request.client import client_of
from sessions_admin.tokens import strangers
from sessions_admin.tokens.access_tokens import CLIENT_IDS, issue, scope_of
from sessions_admin.tokens.app_sign_in import as_payload
from sessions_admin.tokens.introspection import asker_of
from sessions_admin.tokens.introspection import introspect as worth_of
from sessions_admin.vocabulary import Kind

# RFC 6750 §3
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Latchkey"'}
INVALID_TOKEN = {"WWW-Authenticate": 'Bearer realm="Latchkey", error="invalid_token"'}
RETRY_AFTER_SECONDS = 5

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponse]


def endpoint(view: View) -> View:
    """For programs: a form comes, JSON goes, nothing is kept, no cookie is looked at.

    A database that does not answer is 503: what the client asked for may not be done. 429 for an
    address that showed too many credentials that are none.
    """

    @csrf_exempt
    @login_not_required
    @require_POST
    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            response = _held_back(request) or view(request)
        except DatabaseError:
            logger.exception("The database did not answer.")
            response = error("temporarily_unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Pragma"] = "no-cache"  # RFC 6749 §5.1
        return response

    return answered


@endpoint
def token(request: HttpRequest) -> HttpResponse:
    """A new access token for a refresh token, which is spent: RFC 6749 §6."""
    if problem := _problem_of(request, "grant_type", "refresh_token"):
        return problem
    if request.POST["grant_type"] != "refresh_token":
        return error("unsupported_grant_type")
    if request.POST.get("client_id", CLIENT_IDS[Kind.APP]) != CLIENT_IDS[Kind.APP]:
        return error("invalid_client", HTTPStatus.UNAUTHORIZED)
    refreshed = refresh(request.POST["refresh_token"], client_of(request))
    if refreshed is None:
        strangers.note_failure(request.META)
        return error("invalid_grant")
    scope = {"scope": scope_of(refreshed.found)}
    return JsonResponse(as_payload(issue(refreshed.found), refreshed.refresh_token) | scope)


@endpoint
def revoke(request: HttpRequest) -> HttpResponse:
    """Signs out: whoever shows a token of a session ends it, RFC 7009. 200 whatever it was."""
    if problem := _problem_of(request, "token"):
        return problem
    if not sign_out(request.POST["token"]):
        strangers.note_failure(request.META)
    return HttpResponse()


@endpoint
def introspect(request: HttpRequest) -> HttpResponse:
    """What a token is worth now, RFC 7662. Asked with an API key or an access token."""
    credential = _bearer(request)
    asker = asker_of(credential)
    if asker is None:
        return _unknown_asker(request, credential)
    if problem := _problem_of(request, "token"):
        return problem
    return JsonResponse(worth_of(request.POST["token"], asker))


def error(code: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, **kwargs: Any) -> HttpResponse:
    """RFC 6749 §5.2."""
    return JsonResponse({"error": code}, status=status, **kwargs)


def _held_back(request: HttpRequest) -> HttpResponse | None:
    wait = strangers.seconds_held(request.META)
    if not wait:
        return None
    told = {"Retry-After": str(wait)}
    return error("temporarily_unavailable", HTTPStatus.TOO_MANY_REQUESTS, headers=told)


def _unknown_asker(request: HttpRequest, credential: str) -> HttpResponse:
    """RFC 6750 §3.1: who shows nothing is not told what is wrong with it."""
    if credential:
        strangers.note_failure(request.META)
    challenge = INVALID_TOKEN if credential else CHALLENGE
    return error("invalid_token", HTTPStatus.UNAUTHORIZED, headers=challenge)


def _problem_of(request: HttpRequest, *names: str) -> HttpResponse | None:
    """Each of these must come once, in a form (RFC 6749 §3.2)."""
    if request.content_type != "application/x-www-form-urlencoded":
        return error("invalid_request")
    if any(len(request.POST.getlist(name)) != 1 for name in names):
        return error("invalid_request")
    return None


def _bearer(request: HttpRequest) -> str:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""

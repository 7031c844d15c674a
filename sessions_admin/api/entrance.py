"""The way of every call: https, JSON, a caller, a quota, once; and a problem for every error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from sessions_admin.api import problems
from sessions_admin.api.callers import Caller, caller_of
from sessions_admin.api.idempotency import once
from sessions_admin.api.problems import ProblemError, answer, invalid
from sessions_admin.api.quota import take
from sessions_admin.tokens import strangers

# Five hundred ids are 20 kB.
LONGEST_BODY = 64 * 1024
JSON = "application/json"

logger = logging.getLogger("django.request")
View = Callable[..., HttpResponse]


def entrance(view: View) -> View:
    """The view, with everything around it that all calls share."""

    @wraps(view)
    def called(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = _let_in(request, lambda: view(request, *args, **kwargs))
        except ProblemError as problem:
            response = answer(problem)
        except Exception:
            signals.got_request_exception.send(sender=None, request=request)
            logger.exception("API: %s %s", request.method, request.path)
            response = answer(ProblemError(problems.SERVER_ERROR))
        return _sealed(request, response)

    called.csrf_exempt = True  # type: ignore[attr-defined]  # callers looks at it, for cookies
    called.login_required = False  # type: ignore[attr-defined]  # an answer, not a redirect
    called.is_api = True  # type: ignore[attr-defined]
    return called


@entrance
def nothing(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """Addresses that there are not."""
    raise ProblemError(problems.NOT_FOUND)


def _let_in(request: Any, view: Callable[[], HttpResponse]) -> HttpResponse:
    _hold_to_https(request)
    _hold_to_json(request)
    request.caller = caller = _heard(request)
    request.quota = take(caller.quota)
    _hold_to_one_of_each(request)
    if request.method == "HEAD":  # RFC 9110 §9.3.2; the server drops the body
        request.method = "GET"
    response = once(request, caller.scope, view)
    if isinstance(response, HttpResponseNotAllowed):
        raise ProblemError(
            problems.METHOD_NOT_ALLOWED, headers={"Allow": response.headers["Allow"]}
        )
    return response


def _heard(request: HttpRequest) -> Caller:
    """Who calls; an address that shows too many wrong credentials is not heard for a while. The
    portal's own pages, behind the same address, are."""
    if "Authorization" not in request.headers:
        return caller_of(request)
    if wait := strangers.seconds_held(request.META):
        raise ProblemError(problems.RATE_LIMITED, headers={"Retry-After": str(wait)})
    try:
        return caller_of(request)
    except ProblemError as problem:
        if problem.kind is problems.NOT_AUTHENTICATED:
            strangers.note_failure(request.META)
        raise


def _hold_to_https(request: HttpRequest) -> None:
    """ASVS 5.0 4.1.2: no redirect, which would hide that a key went over the wire in the clear."""
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        raise ProblemError(problems.HTTPS_REQUIRED)


def _hold_to_json(request: HttpRequest) -> None:
    if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
        raise ProblemError(problems.LENGTH_REQUIRED)  # WSGI would see no body at all
    try:
        length = int(request.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY or len(request.body) > LONGEST_BODY:
            raise ProblemError(problems.TOO_LARGE)
    except (RequestDataTooBig, UnreadablePostError, ValueError) as error:
        raise ProblemError(problems.TOO_LARGE) from error
    if request.body and request.content_type != JSON:
        raise ProblemError(problems.UNSUPPORTED_MEDIA_TYPE)


def _hold_to_one_of_each(request: HttpRequest) -> None:
    """ASVS 5.0 15.3.7: of a parameter that comes twice, two readers may see different ones."""
    for name, values in request.GET.lists():
        if len(values) > 1:
            raise invalid(parameter=name, detail="Give it once.")


def _sealed(request: Any, response: HttpResponse) -> HttpResponse:
    add_never_cache_headers(response)
    patch_vary_headers(response, ["Authorization", "Cookie"])
    quota = getattr(request, "quota", None)
    for name, value in (quota.headers() if quota else {}).items():
        response.headers.setdefault(name, value)
    return response

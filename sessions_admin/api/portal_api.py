"""The API object: what all operations share, and the errors that the framework raises."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from sessions_admin.api import events, own_sessions, people, sessions, settings
from sessions_admin.api.gate import hold_to_known_parameters
from sessions_admin.api.problems import INVALID, MALFORMED, ProblemError, answer

DESCRIPTION = """\
What the portal's pages do, for programs: the same permissions, the same verbs, the same words.

Call with `Authorization: Bearer` and an API key of the tenant (`lk_…`) or a person's access token,
or from a page of the portal with its session and CSRF token. Times are RFC 3339 in UTC."""


class StrictParser(Parser):
    """JSON without repeated names (two readers may see different ones) and without NaN."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(
            request.body, object_pairs_hook=_without_repetition, parse_constant=_refuse
        )


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name is repeated.")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON.")


api = NinjaAPI(
    title="Latchkey",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=StrictParser(),
)
api.add_decorator(hold_to_known_parameters, mode="view")
api.add_router("/me", own_sessions.router)
api.add_router("/users", people.router)
api.add_router("/sessions", sessions.router)
api.add_router("/settings", settings.router)
api.add_router("/events", events.router)


@api.exception_handler(ProblemError)
def problem(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(error)


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    """The only one that ninja raises here: a body that is no JSON."""
    return answer(ProblemError(MALFORMED))


@api.exception_handler(ValidationError)
def not_possible(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(ProblemError(INVALID, errors=[_place(one) for one in error.errors]))


@api.exception_handler(Exception)
def unexpected(request: HttpRequest, error: Any) -> HttpResponse:
    raise error  # the entrance answers and logs it


def _place(error: dict[str, Any]) -> dict[str, str]:
    """A JSON pointer (RFC 6901) into the body, or the parameter."""
    source, *path = error["loc"]
    if source == "body":
        # The first is the name of the view's argument, which the body itself has not.
        steps = [str(step).replace("~", "~0").replace("/", "~1") for step in path[1:]]
        place = {"pointer": "".join(f"/{step}" for step in steps)}
    else:
        place = {"parameter": str(path[-1]) if path else ""}
    return place | {"detail": str(error["msg"]).removeprefix("Value error, ")}

"""The OpenAPI 3.1 description: what the framework knows, and what all operations share."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse

from sessions_admin.api import problems
from sessions_admin.api.entrance import JSON, entrance
from sessions_admin.api.portal_api import api
from sessions_admin.api.problems import MEDIA_TYPE, Kind

PREFIX = "/api/v1/"
SECURITY = {
    "apiKey": {
        "type": "http", "scheme": "bearer", "bearerFormat": "lk_…",
        "description": "An API key of the tenant, made in the portal.",
    },
    "accessToken": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "A person's access token (RFC 9068).",
    },
    "session": {
        "type": "apiKey", "in": "cookie", "name": "__Host-latchkey",
        "description": "A page of the portal. What changes something also sends X-CSRFToken.",
    },
}  # fmt: skip
ALWAYS = (
    problems.NOT_AUTHENTICATED, problems.FORBIDDEN, problems.NOT_FOUND, problems.INVALID,
    problems.RATE_LIMITED, problems.SERVER_ERROR,
)  # fmt: skip
CHANGING = (
    problems.MALFORMED, problems.IN_FLIGHT, problems.LENGTH_REQUIRED, problems.TOO_LARGE,
    problems.UNSUPPORTED_MEDIA_TYPE,
)  # fmt: skip
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Kinds may have members of their own: `permission`, `max_age`.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "Where this kind is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do."},
        "code": {"type": "string", "enum": [kind.code for kind in problems.KINDS]},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemPlace"}},
    },
}
PLACE = {
    "type": "object",
    "description": "One thing that is not possible, and where.",
    "required": ["detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer into the body, RFC 6901."},
        "parameter": {"type": "string", "description": "Of the query, or a header."},
        "detail": {"type": "string"},
    },
}
IDEMPOTENCY_KEY = {
    "in": "header", "name": "Idempotency-Key", "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"},
    "description": "Your name for this call. Repeated within a day, it has its effect once and "
    "gets the same answer.",
}  # fmt: skip
IF_MATCH = {
    "in": "header", "name": "If-Match", "required": False, "schema": {"type": "string"},
    "description": "The ETag that was read: changes nothing if somebody else did meanwhile.",
}  # fmt: skip


@cache
def schema() -> dict[str, Any]:
    """The whole description; docs/openapi.json is this."""
    described: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=PREFIX)))
    needs = _needs()
    for methods in described["paths"].values():
        for method, operation in methods.items():
            _complete(operation, method, needs.get(operation["operationId"]))
    components = described["components"]
    components["schemas"] |= {"Problem": PROBLEM, "ProblemPlace": PLACE}
    components["securitySchemes"] = SECURITY
    described["servers"] = [{"url": "/", "description": "This portal"}]
    return described


def as_text() -> str:
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


@entrance
def openapi(request: HttpRequest) -> HttpResponse:
    """The description for programs that read it."""
    if request.method != "GET":
        raise problems.ProblemError(problems.METHOD_NOT_ALLOWED, headers={"Allow": "GET"})
    return HttpResponse(as_text(), content_type=f"{JSON}; charset=utf-8")


def _needs() -> dict[str, Any]:
    """What `gate.needs` holds each operation to."""
    return {
        operation.operation_id: operation.view_func.needs
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
        if operation.operation_id and hasattr(operation.view_func, "needs")
    }


def _complete(operation: dict[str, Any], method: str, needs: Any) -> None:
    """Adds callers, requirements, shared headers and every problem that there can be."""
    section, permissions, proof = needs or (None, (), None)
    schemes = ["accessToken", "session"]
    if permissions or section is None:
        schemes.insert(0, "apiKey")
    operation["security"] = [{name: []} for name in schemes]
    if section:
        operation["x-section"] = str(section)
    operation["x-permissions"] = [str(permission) for permission in permissions]
    if isinstance(proof, timedelta):
        operation["x-proof-seconds"] = int(proof.total_seconds())
    kinds = list(ALWAYS)
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        kinds += CHANGING
        parameters.append(IDEMPOTENCY_KEY)
    if method == "patch":
        kinds += [*CHANGING, problems.PRECONDITION_FAILED]
        kinds.remove(problems.IN_FLIGHT)
        parameters.append(IF_MATCH)
    operation["responses"] |= {str(kind.status): _response(kind) for kind in kinds}


def _response(kind: Kind) -> dict[str, Any]:
    of_status = [one.title for one in problems.KINDS if one.status == kind.status]
    return {
        "description": " · ".join(of_status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }

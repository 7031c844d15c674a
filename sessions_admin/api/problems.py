"""Every error of the API, as problem details (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

MEDIA_TYPE = "application/problem+json"
# Where the documentation explains each kind; a reference relative to any address of the API.
EXPLAINED_AT = "/api/docs/#problem-"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its name, status and title, and what a caller can do."""

    code: str
    status: int
    title: str
    advice: str


MALFORMED = Kind("malformed", 400, "The body is not JSON",
    "Send one JSON object in UTF-8, without repeated names.")  # fmt: skip
NOT_AUTHENTICATED = Kind("not_authenticated", 401, "Nobody is signed in",
    "Send a key or an access token that is still valid.")  # fmt: skip
HTTPS_REQUIRED = Kind("https_required", 403, "Only over https",
    "Call https. What was sent was readable on the way: rotate the key.")  # fmt: skip
CSRF_FAILED = Kind("csrf_failed", 403, "The CSRF token is missing or wrong",
    "A page that calls with its session's cookie sends the token as X-CSRFToken.")  # fmt: skip
FORBIDDEN = Kind("forbidden", 403, "The permission is missing",
    "`permission` names it. Ask an owner for it, or use a key that has it.")  # fmt: skip
PERSON_REQUIRED = Kind("person_required", 403, "Only a person has sessions",
    "A key has none of its own. Call with an access token or the session's cookie.")  # fmt: skip
NO_TENANT = Kind("no_tenant", 403, "The session is in no tenant",
    "Choose a tenant in the portal first.")  # fmt: skip
READ_ONLY = Kind("read_only", 403, "This session may only read",
    "A support session changes nothing unless it was opened for that.")  # fmt: skip
STEP_UP_REQUIRED = Kind("step_up_required", 403, "A fresh proof of who asks is needed",
    "Let the person sign in again; the proof may be `max_age` seconds old.")  # fmt: skip
NOT_FOUND = Kind("not_found", 404, "There is nothing here",
    "It does not exist, or not for this caller.")  # fmt: skip
METHOD_NOT_ALLOWED = Kind("method_not_allowed", 405, "Not by this method",
    "`Allow` lists those that are possible.")  # fmt: skip
IN_FLIGHT = Kind("in_flight", 409, "The first call is still at work",
    "Repeat it with the same Idempotency-Key a little later.")  # fmt: skip
PREVIEW_GONE = Kind("preview_gone", 409, "There is no such preview",
    "Used, too old, or of another query or caller. Ask with `dry_run` again.")  # fmt: skip
LENGTH_REQUIRED = Kind("length_required", 411, "The body's length is missing",
    "Send Content-Length instead of chunks.")  # fmt: skip
PRECONDITION_FAILED = Kind("precondition_failed", 412, "It was changed meanwhile",
    "Read it again, and send the new ETag as If-Match.")  # fmt: skip
TOO_LARGE = Kind("too_large", 413, "The body is too large",
    "Send less at once; no call needs more than 64 kB.")  # fmt: skip
UNSUPPORTED_MEDIA_TYPE = Kind("unsupported_media_type", 415, "Only JSON",
    "Send Content-Type: application/json.")  # fmt: skip
INVALID = Kind("invalid", 422, "Something in it is not possible",
    "`errors` says what, and where: a JSON pointer into the body, or a parameter.")  # fmt: skip
KEY_REUSED = Kind("idempotency_key_reused", 422, "The Idempotency-Key was used for another call",
    "Take a new one for each call that is not a repetition.")  # fmt: skip
RATE_LIMITED = Kind("rate_limited", 429, "Too many calls",
    "Wait as many seconds as Retry-After says.")  # fmt: skip
SERVER_ERROR = Kind("server_error", 500, "Something went wrong here",
    "Nothing was changed. Try again later; the operator's log says more.")  # fmt: skip

KINDS = (
    MALFORMED, NOT_AUTHENTICATED, HTTPS_REQUIRED, CSRF_FAILED, FORBIDDEN, PERSON_REQUIRED,
    NO_TENANT, READ_ONLY, STEP_UP_REQUIRED, NOT_FOUND, METHOD_NOT_ALLOWED, IN_FLIGHT, PREVIEW_GONE,
    LENGTH_REQUIRED, PRECONDITION_FAILED, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID, KEY_REUSED,
    RATE_LIMITED, SERVER_ERROR,
)  # fmt: skip


class ProblemError(Exception):
    """The call is answered by this problem."""

    def __init__(
        self, kind: Kind, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(kind.code)
        self.kind, self.headers, self.members = kind, headers or {}, members


def answer(problem: ProblemError) -> HttpResponse:
    """Says nothing about the object that was asked for: unknown and foreign are alike."""
    kind = problem.kind
    body = {
        "type": f"{EXPLAINED_AT}{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.advice,
        "code": kind.code,
        **problem.members,
    }
    return HttpResponse(
        json.dumps(body), status=kind.status, content_type=MEDIA_TYPE, headers=problem.headers
    )


def invalid(*, pointer: str = "", parameter: str = "", detail: str) -> ProblemError:
    """One thing that is not possible: in the body, or among the parameters."""
    place = {"parameter": parameter} if parameter else {"pointer": pointer}
    return ProblemError(INVALID, errors=[{**place, "detail": detail}])

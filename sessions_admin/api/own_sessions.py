"""/me: who calls, and their own sessions."""

from typing import Any
from uuid import UUID

from django.db.models import F
from ninja import Query, Router, Schema

from accounts.step_up import OWN_SESSIONS
from sessions_admin import support
from sessions_admin.api.callers import ApiRequest, Caller
from sessions_admin.api.gate import needs
from sessions_admin.api.pages import out, page_of
from sessions_admin.api.problems import NOT_FOUND, PERSON_REQUIRED, ProblemError
from sessions_admin.api.shapes import Ended, Paging, SessionPage, ended_out, session_out
from sessions_admin.keyset import Order
from sessions_admin.lifecycle import end_sessions
from sessions_admin.live import SessionQuerySet
from sessions_admin.models import Session
from sessions_admin.review.own_endings import end_own
from sessions_admin.vocabulary import EndReason
from tenants.permissions import Section

router = Router(tags=["Own sessions"])
NEWEST_FIRST = Order("api-own-sessions", F("started_at"), descending=True)


class CallerOut(Schema):
    """`user_id` and `session_id` are a person's; a key has neither."""

    name: str
    user_id: UUID | None
    session_id: UUID | None
    tenant_id: UUID | None
    tenant: str | None
    permissions: list[str]
    sections: list[str]


@router.get("", response=CallerOut, summary="Who calls", operation_id="who_calls")
def who_calls(request: ApiRequest) -> Any:
    """The caller, its tenant, and what it may do there."""
    caller = request.caller
    tenant = caller.access.tenant
    return {
        "name": caller.user.name if caller.user else caller.via,
        "user_id": caller.user and caller.user.pk,
        "session_id": caller.here,
        "tenant_id": tenant and tenant.id,
        "tenant": tenant and tenant.slug,
        "permissions": sorted(caller.access.permissions),
        "sections": sorted(caller.access.sections),
    }


@router.get(
    "/sessions", response=SessionPage, summary="List your sessions", operation_id="own_sessions"
)
@needs(Section.SESSIONS)
def own_sessions(request: ApiRequest, paging: Query[Paging]) -> Any:
    """Your live sessions in all your tenants, the newest first; for who acts as you, those of
    their own tenant."""
    live = _own(request.caller).live().defer("data", "key_hash")
    page = page_of(live, NEWEST_FIRST, paging)
    return out(page, [session_out(one, request.caller.here) for one in page.rows])


@router.post(
    "/sessions/{uuid:session_id}/end", response=Ended, summary="End one of your sessions",
    operation_id="end_own_session",
)  # fmt: skip
@needs(Section.SESSIONS)
def end_own_session(request: ApiRequest, session_id: UUID) -> Any:
    """Another one needs a proof from the last 12 hours; the one that calls does not."""
    caller = request.caller
    user, here = caller.person()
    mine = _own(caller).filter(pk=session_id)
    if not mine.exists():
        raise ProblemError(NOT_FOUND)
    if session_id == here:
        return ended_out(
            end_sessions(mine, reason=EndReason.LOGGED_OUT, actor=caller.actor, via=caller.via)
        )
    caller.hold_to_proof(OWN_SESSIONS)
    return ended_out(end_own(mine, user=user, here=here, via=caller.via))


@router.post(
    "/sessions/end-others", response=Ended, summary="End your other sessions",
    operation_id="end_own_others",
)  # fmt: skip
@needs(Section.SESSIONS, proof=OWN_SESSIONS)
def end_own_others(request: ApiRequest) -> Any:
    """All in all your tenants, but the one that calls."""
    user, here = request.caller.person()
    ended = end_own(Session.objects.all(), user=user, here=here, via=request.caller.via)
    return ended_out(ended)


@router.post(
    "/sessions/end-all", response=Ended, summary="End all your sessions",
    operation_id="end_own_all",
)  # fmt: skip
@needs(Section.SESSIONS, proof=OWN_SESSIONS)
def end_own_all(request: ApiRequest) -> Any:
    """All in all your tenants, the one that calls last."""
    caller = request.caller
    user, here = caller.person()
    ended = end_own(Session.objects.all(), user=user, here=here, via=caller.via)
    this_one = Session.objects.filter(pk=here)
    ended += end_sessions(this_one, reason=EndReason.LOGGED_OUT, actor=user, via=caller.via)
    return ended_out(ended)


def _own(caller: Caller) -> SessionQuerySet:
    """The person's, as far as the session that calls may know of them."""
    if caller.session is None:
        raise ProblemError(PERSON_REQUIRED)
    return support.own_sessions(caller.session)

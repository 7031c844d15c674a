"""/sessions: the live sessions of the tenant; ending one, many, those of a query, or all."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import AfterValidator, Field, StringConstraints

from accounts.step_up import ADMINISTRATIVE
from sessions_admin.api.callers import ApiRequest
from sessions_admin.api.gate import needs, tenant_of
from sessions_admin.api.pages import out, page_of
from sessions_admin.api.problems import NOT_FOUND, PREVIEW_GONE, ProblemError, invalid
from sessions_admin.api.shapes import (
    Ended,
    Limit,
    Moment,
    Note,
    Paging,
    SessionOut,
    SessionPage,
    Strict,
    Word,
    an_address_range,
    ended_out,
    session_out,
)
from sessions_admin.bulk_ending import (
    ENDED_AT_MOST,
    PreviewGoneError,
    end_of,
    end_previewed,
    preview_ending,
)
from sessions_admin.keyset import Order
from sessions_admin.models import Session
from sessions_admin.session_query import SessionQuery, matching
from sessions_admin.vocabulary import DeviceType, Kind
from tenants.permissions import Permission, Section

router = Router(tags=["Sessions"])
NEWEST_FIRST = Order("api-sessions", F("started_at"), descending=True)
IDS_AT_MOST = 500  # a page of ids that somebody picked; more are a query
LONGEST_IDLE = 366 * 86_400  # seconds; no session lives unused for a year
SEES = (Permission.USERS_VIEW, Permission.SESSIONS_VIEW)
ENDS = (Permission.SESSIONS_END,)
# By query, the answer tells who is signed in, and how.
ENDS_BY_QUERY = (Permission.SESSIONS_VIEW, Permission.SESSIONS_END)


class Criteria(Strict):
    """All that are given must hold."""

    user: Annotated[UUID | None, Field(description="Whose.")] = None
    group: Annotated[Word | None, Field(description="Of members of the group of this name.")] = None
    country: Annotated[
        str | None, Field(pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2: `FR`.")
    ] = None
    network: Annotated[
        Annotated[str, StringConstraints(max_length=49), AfterValidator(an_address_range)] | None,
        Field(description="`192.0.2.0/24`, `2001:db8::/32`, one address, or `AS64496`."),
    ] = None
    device: Annotated[
        Word | None, Field(description="A part of the browser's or the system's name.")
    ] = None
    device_type: DeviceType | None = None
    idle_longer_than: Annotated[
        int | None, Field(ge=1, le=LONGEST_IDLE, description="Seconds without activity.")
    ] = None
    started_before: Annotated[Moment | None, Field(description="RFC 3339, with a zone.")] = None
    method: Annotated[
        str | None,
        Field(pattern="^[a-z]{2,10}$", description="Signed in by it: `pwd`, `otp`, `hwk`."),
    ] = None
    kind: Kind | None = None

    def query(self) -> SessionQuery:
        idle = self.idle_longer_than
        return SessionQuery(
            user=self.user, group=self.group, country=self.country, network=self.network,
            device=self.device, device_type=self.device_type,
            idle_longer_than=timedelta(seconds=idle) if idle else None,
            started_before=self.started_before, method=self.method, kind=self.kind,
        )  # fmt: skip


class CriteriaAndPage(Criteria, Paging):
    pass


class Chosen(Note):
    ids: Annotated[list[UUID], Field(min_length=1, max_length=IDS_AT_MOST)]


class EndedOfThese(Ended):
    """`not_ended` are those that were over already, are unknown, or another tenant's."""

    not_ended: list[UUID]


class ByQuery(Note):
    """First with `dry_run`, then with the `snapshot` of the answer."""

    query: Criteria
    dry_run: bool = False
    snapshot: Annotated[str | None, Field(max_length=200)] = None
    sample: Annotated[Limit, Field(description="How many to show of what would end.")] = 20


class QueryOutcome(Schema):
    """With `dry_run`: `count`, `more`, `sample` and `snapshot`. Without: what became of those that
    were counted."""

    dry_run: bool
    count: Annotated[int, Field(description=f"Previewed, {ENDED_AT_MOST:,} at most.")]
    more: Annotated[bool, Field(description="There are others: ask again after these ended.")]
    sample: list[SessionOut]
    snapshot: str | None
    ended: int
    ended_meanwhile: Annotated[int, Field(description="Were over before this call.")]
    changed_meanwhile: Annotated[int, Field(description="Live, but no longer match: were kept.")]


@router.get("", response=SessionPage, summary="Find live sessions", operation_id="sessions")
@needs(Section.USERS, *SEES)
def sessions(request: ApiRequest, wanted: Query[CriteriaAndPage]) -> Any:
    """The live sessions of the tenant that meet all criteria, the newest first."""
    tenant = tenant_of(request.caller)
    found = matching(Session.objects.all(), wanted.query(), tenant, timezone.now())
    page = page_of(found.defer("data", "key_hash"), NEWEST_FIRST, wanted)
    return out(page, [session_out(one, request.caller.here) for one in page.rows])


@router.get(
    "/{uuid:session_id}", response=SessionOut, summary="See a session", operation_id="session"
)
@needs(Section.USERS, *SEES)
def session(request: ApiRequest, session_id: UUID) -> Any:
    """A session of the tenant, live or ended."""
    rows = Session.objects.within(tenant_of(request.caller)).filter(user__isnull=False)
    found = rows.with_deadlines().defer("data", "key_hash").filter(pk=session_id).first()
    if found is None:
        raise ProblemError(NOT_FOUND)
    return session_out(found, request.caller.here)


@router.post(
    "/{uuid:session_id}/end", response=Ended, summary="End a session", operation_id="end_session"
)
@needs(Section.USERS, *ENDS, proof=ADMINISTRATIVE)
def end_session(request: ApiRequest, session_id: UUID, body: Note | None = None) -> Any:
    """Logs its person out there. `ended` is 0 when it was over already."""
    caller = request.caller
    tenant = tenant_of(caller)
    this_one = Session.objects.within(tenant).filter(pk=session_id, user__isnull=False)
    if not this_one.exists():
        raise ProblemError(NOT_FOUND)
    return ended_out(end_of(this_one, caller.asker(tenant), note=body.note if body else ""))


@router.post("/end", response=EndedOfThese, summary="End many", operation_id="end_sessions")
@needs(Section.USERS, *ENDS, proof=ADMINISTRATIVE)
def end_chosen(request: ApiRequest, body: Chosen) -> Any:
    """Ends those of these ids that are live in the tenant, never the one that calls."""
    caller = request.caller
    these = Session.objects.filter(pk__in=body.ids, user__isnull=False)
    ended = end_of(these, caller.asker(tenant_of(caller)), note=body.note)
    done = {one.id for one in ended}
    left = [session_id for session_id in dict.fromkeys(body.ids) if session_id not in done]
    return ended_out(ended) | {"not_ended": left}


@router.post(
    "/end-all", response=Ended, summary="Log everybody out", operation_id="end_all_sessions"
)
@needs(Section.USERS, *ENDS, proof=ADMINISTRATIVE)
def end_all(request: ApiRequest, body: Note | None = None) -> Any:
    """Ends all sessions of the tenant but the one that calls."""
    caller = request.caller
    everyone = Session.objects.filter(user__isnull=False)
    asker = caller.asker(tenant_of(caller))
    return ended_out(end_of(everyone, asker, note=body.note if body else ""))


@router.post(
    "/end-by-query", response=QueryOutcome, summary="End by query",
    operation_id="end_sessions_by_query",
)  # fmt: skip
@needs(Section.USERS, *ENDS_BY_QUERY, proof=ADMINISTRATIVE)
def end_by_query(request: ApiRequest, body: ByQuery) -> Any:
    """With `dry_run`, counts what would end and gives a `snapshot`, good for ten minutes and once.
    With that snapshot and the same query, ends what was counted and still matches: never more,
    and never the session that calls."""
    query = body.query.query()
    if query.is_empty:
        raise invalid(pointer="/query", detail="At least one criterion. All: /sessions/end-all.")
    if body.dry_run:
        return _previewed(request, query, body.sample)
    if not body.snapshot:
        raise invalid(pointer="/snapshot", detail="Ask with `dry_run` first: it gives one.")
    return _ended(request, query, body)


def _previewed(request: ApiRequest, query: SessionQuery, sample: int) -> dict[str, Any]:
    caller = request.caller
    preview = preview_ending(query, caller.asker(tenant_of(caller)), sample=sample)
    return {
        "dry_run": True, "count": preview.count, "more": preview.more,
        "sample": [session_out(one, caller.here) for one in preview.sample],
        "snapshot": preview.token, "ended": 0, "ended_meanwhile": 0, "changed_meanwhile": 0,
    }  # fmt: skip


def _ended(request: ApiRequest, query: SessionQuery, body: ByQuery) -> dict[str, Any]:
    caller = request.caller
    asker = caller.asker(tenant_of(caller))
    try:
        outcome = end_previewed(body.snapshot or "", query, asker, note=body.note)
    except PreviewGoneError as error:
        raise ProblemError(PREVIEW_GONE) from error
    return {
        "dry_run": False, "count": outcome.previewed, "more": False, "sample": [],
        "snapshot": None, "ended": len(outcome.ended),
        "ended_meanwhile": outcome.ended_meanwhile,
        "changed_meanwhile": outcome.changed_meanwhile,
    }  # fmt: skip

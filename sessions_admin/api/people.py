"""/users: the people of the tenant, their sessions and their login history."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import AfterValidator, Field, StringConstraints

from accounts.step_up import ADMINISTRATIVE
from sessions_admin.api.callers import ApiRequest
from sessions_admin.api.gate import hold_to, needs, tenant_of
from sessions_admin.api.pages import out, page_of
from sessions_admin.api.problems import NOT_FOUND, ProblemError
from sessions_admin.api.shapes import (
    AttemptPage,
    Ended,
    Note,
    Paging,
    SessionPage,
    Word,
    attempt_out,
    ended_out,
    printable,
    session_out,
)
from sessions_admin.bulk_ending import end_of
from sessions_admin.keyset import Order
from sessions_admin.models import Session
from sessions_admin.people.filters import ON
from sessions_admin.people.login_history import LATEST_FIRST, attempts_at
from sessions_admin.people.people_list import (
    BY_ACTIVITY,
    QUERY_LENGTH,
    Person,
    State,
    Wanted,
    described,
    people,
    people_of,
)
from tenants.models import Membership
from tenants.permissions import Permission, Section

router = Router(tags=["Users"])
NEWEST_FIRST = Order("api-sessions", F("started_at"), descending=True)
LAST_ENDED_FIRST = Order("api-ended", F("ended_at"), descending=True)


class PersonState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DISABLED = "disabled"


class PersonOut(Schema):
    """Who may not see sessions gets null for what tells of them."""

    id: UUID
    name: str
    email: str
    state: PersonState
    groups: list[str]
    two_factor: bool
    joined_at: datetime
    live_sessions: int | None
    last_active_at: datetime | None


class PersonPage(Schema):
    items: list[PersonOut]
    after: str


Sort = Literal["name", "-name", "email", "-email", "active", "-active"]


class PeopleWanted(Paging):
    q: Annotated[
        str,
        StringConstraints(max_length=QUERY_LENGTH),
        AfterValidator(printable),
        Field(description="Words in the name or address, or the beginning of an IP address."),
    ] = ""
    state: Annotated[State | None, Field(description="Which people.")] = None
    group: Annotated[Word | None, Field(description="Members of the group of this name.")] = None
    country: Annotated[
        str | None,
        Field(pattern="^[A-Za-z]{2}$", description="With a live session from there: `FR`."),
    ] = None
    suspicious: Annotated[
        bool, Field(description="With an open finding, or a session that must be proven.")
    ] = False
    at_limit: Annotated[
        bool, Field(description="With as many live sessions as the tenant allows, or more.")
    ] = False
    sort: Annotated[Sort, Field(description="Descending with “-”.")] = "name"

    @property
    def tells_of_sessions(self) -> bool:
        of_sessions = self.state == State.SIGNED_IN, self.country, self.suspicious, self.at_limit
        return any(of_sessions) or self.sort.endswith(BY_ACTIVITY)

    def as_query(self) -> dict[str, str]:
        """As the URL of the page has it."""
        flags = {"suspicious": self.suspicious, "at_limit": self.at_limit}
        return {
            "q": self.q, "state": self.state or "", "group": self.group or "",
            "country": self.country or "", "sort": self.sort,
            **{name: ON for name, is_set in flags.items() if is_set},
        }  # fmt: skip


class SessionsWanted(Paging):
    state: Annotated[Literal["live", "ended"], Field(description="Ended ones are the history.")] = (
        "live"
    )


@router.get("", response=PersonPage, summary="List people", operation_id="users")
@needs(Section.USERS, Permission.USERS_VIEW)
def users(request: ApiRequest, wanted: Query[PeopleWanted]) -> Any:
    """The people of the tenant. What tells about sessions also needs `sessions.view`."""
    caller = request.caller
    tenant, now = tenant_of(caller), timezone.now()
    sees_sessions = caller.access.may(Permission.SESSIONS_VIEW)
    if wanted.tells_of_sessions:
        hold_to(caller, Permission.SESSIONS_VIEW)
    chosen = Wanted.of(wanted.as_query(), sees_sessions=sees_sessions)
    page = page_of(people(tenant, chosen, now), chosen.order, wanted)
    found = people_of(tenant, page.rows, now, listed=1 if sees_sessions else 0)
    return out(page, [_person(one, sees_sessions=sees_sessions) for one in found])


@router.get("/{uuid:user_id}", response=PersonOut, summary="See a person", operation_id="user")
@needs(Section.USERS, Permission.USERS_VIEW)
def user(request: ApiRequest, user_id: UUID) -> Any:
    """One person of the tenant."""
    caller = request.caller
    tenant = tenant_of(caller)
    members = described(Membership.objects.filter(tenant_id=tenant.id, user_id=user_id), tenant)
    if not (found := list(members)):
        raise ProblemError(NOT_FOUND)
    sees_sessions = caller.access.may(Permission.SESSIONS_VIEW)
    [person] = people_of(tenant, found, timezone.now(), listed=1 if sees_sessions else 0)
    return _person(person, sees_sessions=sees_sessions)


@router.get(
    "/{uuid:user_id}/sessions", response=SessionPage, summary="List a person's sessions",
    operation_id="user_sessions",
)  # fmt: skip
@needs(Section.USERS, Permission.USERS_VIEW, Permission.SESSIONS_VIEW)
def user_sessions(request: ApiRequest, user_id: UUID, wanted: Query[SessionsWanted]) -> Any:
    """Their sessions in this tenant: live ones by their start, ended ones by their end."""
    tenant = tenant_of(request.caller)
    person = _member(request, user_id).user
    if wanted.state == "live":
        sessions, order = Session.objects.live_within(tenant), NEWEST_FIRST
    else:
        sessions, order = Session.objects.ended(), LAST_ENDED_FIRST
    rows = sessions.within(tenant).of(person).defer("data", "key_hash")
    page = page_of(rows, order, wanted)
    return out(page, [session_out(one, request.caller.here) for one in page.rows])


@router.get(
    "/{uuid:user_id}/logins", response=AttemptPage, summary="List a person's sign-ins",
    operation_id="user_logins",
)  # fmt: skip
@needs(Section.USERS, Permission.USERS_VIEW, Permission.SESSIONS_VIEW)
def user_logins(request: ApiRequest, user_id: UUID, paging: Query[Paging]) -> Any:
    """Their sign-ins to this tenant and the attempts that failed, the latest first."""
    attempts = attempts_at(tenant_of(request.caller), _member(request, user_id).user)
    page = page_of(attempts, LATEST_FIRST, paging)
    return out(page, [attempt_out(one) for one in page.rows])


@router.post(
    "/{uuid:user_id}/end-sessions", response=Ended, summary="Log a person out everywhere",
    operation_id="end_user_sessions",
)  # fmt: skip
@needs(Section.USERS, Permission.SESSIONS_END, proof=ADMINISTRATIVE)
def end_user_sessions(request: ApiRequest, user_id: UUID, body: Note | None = None) -> Any:
    """Ends their sessions in this tenant, never the one that calls."""
    person = _member(request, user_id).user
    asker = request.caller.asker(tenant_of(request.caller))
    ended = end_of(Session.objects.of(person), asker, note=body.note if body else "")
    return ended_out(ended)


def _member(request: ApiRequest, user_id: UUID) -> Membership:
    """Unknown people and those of other tenants are alike."""
    members = Membership.objects.filter(tenant_id=tenant_of(request.caller).id, user_id=user_id)
    if (member := members.select_related("user").first()) is None:
        raise ProblemError(NOT_FOUND)
    return member


def _person(person: Person, *, sees_sessions: bool) -> dict[str, Any]:
    membership = person.membership
    state = PersonState.SUSPENDED if person.is_suspended else PersonState.ACTIVE
    return {
        "id": person.user.pk,
        "name": person.user.name,
        "email": person.user.email,
        "state": PersonState.DISABLED if person.is_disabled else state,
        "groups": sorted(group.name for group in membership.groups.all()),
        "two_factor": person.has_two_factor,
        "joined_at": membership.joined_at,
        "live_sessions": person.live_count if sees_sessions else None,
        "last_active_at": person.last_active_at if sees_sessions else None,
    }

"""/events: the audit log of the tenant, to be followed."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field

from sessions_admin.api.callers import ApiRequest
from sessions_admin.api.gate import needs, tenant_of
from sessions_admin.api.pages import unknown_cursor
from sessions_admin.api.shapes import Paging
from sessions_admin.event_feed import actor_of, stretch_of
from sessions_admin.keyset import UnknownCursorError
from sessions_admin.vocabulary import AuditAction
from tenants.permissions import Permission, Section

router = Router(tags=["Events"])


class Actor(Schema):
    """Who did it. Operators of the platform keep their names."""

    kind: Literal["person", "operator", "system"]
    id: UUID | None
    name: str | None


class Event(Schema):
    """`user_id` is whom it is about. `via` in `data` names the program that asked."""

    id: UUID
    at: datetime
    action: AuditAction
    actor: Actor
    user_id: UUID | None
    session_id: UUID | None
    data: dict[str, Any]


class EventPage(Schema):
    items: list[Event]
    after: Annotated[str, Field(description="Always there: ask with it for what comes next.")]
    more: Annotated[bool, Field(description="There is more to read at once.")]


class EventsWanted(Paging):
    action: Annotated[AuditAction | None, Field(description="Only this kind.")] = None


@router.get("", response=EventPage, summary="Follow the audit log", operation_id="events")
@needs(Section.AUDIT, Permission.AUDIT_VIEW)
def events(request: ApiRequest, wanted: Query[EventsWanted]) -> Any:
    """What happened in the tenant since the cursor, in the order in which it was written down:
    from the beginning without one, from now on with `after=latest`. Nothing is ever written
    before a cursor that was given out, so nothing is missed and nothing comes twice. An event can
    be older (`at`) than the one before it: an idle timeout is written when it is noticed."""
    try:
        stretch = stretch_of(
            tenant_of(request.caller), wanted.after, action=wanted.action or "", limit=wanted.limit
        )
    except UnknownCursorError as error:
        raise unknown_cursor() from error
    items = [
        {
            "id": one.pk, "at": one.at, "action": one.action, "actor": actor_of(one),
            "user_id": one.user_id, "session_id": one.session_id, "data": one.data,
        }
        for one in stretch.events
    ]  # fmt: skip
    return {"items": items, "after": stretch.after, "more": stretch.more}

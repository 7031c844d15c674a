"""Lists to take away: CSV files for a spreadsheet or for the record of an access review."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.step_up import ADMINISTRATIVE, OWN_SESSIONS, step_up
from sessions_admin import audit
from sessions_admin.models import Session
from sessions_admin.people.people_list import Person, Wanted, page_of_people, people_of
from sessions_admin.review import endings
from sessions_admin.review.display import card_rows, ended_rows
from sessions_admin.views.my_sessions import own_section
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http.response import HttpResponseBase

    from tenants.access import CurrentTenant, PortalRequest, TenantRequest

ENDED_FOR = timedelta(days=90)  # a quarter: how often access is reviewed
SESSIONS_AT_MOST = 5_000  # of each state, the newest: held in memory
PEOPLE_AT_MOST = 50_000  # streamed, some 20 s of a worker
PEOPLE_AT_ONCE = 500  # three statements each; a few hundred kB
FILTER_LENGTH = 500  # of the URL, as it is kept in the audit log
# A cell that begins so is a formula to a spreadsheet: it could send the other cells away. Where the
# comma is for decimals a cell begins at each semicolon; full-width signs are signs as well.
BEGINS_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")

CSV = "text/csv; charset=utf-8"

Row = list[Any]


@require_safe
@own_section
@step_up(OWN_SESSIONS, reading=True)
def my_sessions(request: PortalRequest) -> HttpResponse:
    """One's own sessions in all tenants: the live ones, then those that ended in 90 days."""
    now = timezone.now()
    live = card_rows(Session.objects.live(now).of(request.user)).order_by("-started_at", "-pk")
    ended = ended_rows(Session.objects.of(request.user).filter(ended_at__gt=now - ENDED_FOR))
    rows = [_session_row(one, request.user) for one in live[:SESSIONS_AT_MOST]]
    rows += [_session_row(one, request.user) for one in ended[:SESSIONS_AT_MOST]]
    headings = [
        _("id"), _("state"), _("tenant"), _("name"), _("device"), _("IP address"), _("place"),
        _("started"), _("signed in"), _("last active"), _("ended"), _("reason"), _("ended by"),
    ]  # fmt: skip
    _record(request, "my-sessions")
    lines = "".join(_lines([headings, *rows]))
    return _attached(HttpResponse(lines, content_type=CSV), "my-sessions", now)


@require_safe
@requires(Section.USERS, Permission.USERS_VIEW)
@requires(Section.USERS, Permission.SESSIONS_VIEW)
@step_up(ADMINISTRATIVE, reading=True)
def users(request: TenantRequest) -> HttpResponse:
    """The people whom the same search and filter list on the page, in its order."""
    now = timezone.now()
    wanted = Wanted.of(request.GET, sees_sessions=True)
    headings = [
        _("id"), _("name"), _("e-mail"), _("groups"), _("state"), _("live sessions"),
        _("last active"), _("two-step sign-in"),
    ]  # fmt: skip
    cut = _("Only the first %d people are in this file.") % PEOPLE_AT_MOST
    _record(request, "users")
    lines = _lines(_people_rows(request.tenant, wanted, now, headings, cut))
    response = StreamingHttpResponse(lines, content_type=CSV)
    # Views are typed to answer HttpResponse; the decorators never touch its content.
    return cast("HttpResponse", _attached(response, f"users-{request.tenant.slug}", now))


def _record(request: PortalRequest | TenantRequest, what: str) -> None:
    """Which list left the portal, and with what filter."""
    tenant, store = request.access.tenant, cast("Any", request.session)
    audit.record(
        AuditAction.EXPORT_CREATED, actor_id=request.user.pk, user_id=request.user.pk,
        tenant_id=tenant and tenant.id, session_id=store.found.id, list=what,
        filter=request.GET.urlencode()[:FILTER_LENGTH],
    )  # fmt: skip


def _session_row(session: Any, viewer: Any) -> Row:
    is_live = session.ended_at is None
    return [
        session.pk,
        "live" if is_live else "ended",
        session.tenant or "",
        session.label,
        session.device,
        session.ip or "",
        session.place,
        _moment(session.started_at),
        _moment(session.authenticated_at),
        _moment(session.last_seen_at),
        _moment(session.ended_at),
        session.end_reason,
        "" if is_live else _ender(session, viewer),
    ]


def _ender(session: Any, viewer: Any) -> str:
    """Who, where somebody did it and the viewer may know them; what kind of cause otherwise."""
    if session.ended_by_id is not None:
        return endings.actor_words(session, viewer)
    return EndReason(session.end_reason).initiator


def _people_rows(
    tenant: CurrentTenant, wanted: Wanted, now: datetime, headings: Row, cut: str
) -> Iterator[Row]:
    """Read as they are sent, a few hundred at a time by the list's own cursors."""
    yield headings
    written, query = 0, dict[str, str]()
    while written < PEOPLE_AT_MOST:
        people, query = _some_people(tenant, wanted, query, now)
        yield from map(_person_row, people)
        written += len(people)
        if not query:
            return
    yield [cut]


def _some_people(
    tenant: CurrentTenant, wanted: Wanted, query: Mapping[str, str], now: datetime
) -> tuple[list[Person], dict[str, str]]:
    """The people after a cursor, and the query that leads on from them; an empty one ends it."""
    page = page_of_people(tenant, wanted, query, now, size=PEOPLE_AT_ONCE)
    if query and not page.before:
        return [], {}  # those who were to follow are gone meanwhile: it is the first page again
    people = people_of(tenant, page.rows, now)
    return people, {"after": page.after} if page.after else {}


def _person_row(person: Person) -> Row:
    return [
        person.user.pk,
        person.user.name,
        person.user.email,
        ", ".join(group.name for group in person.membership.groups.all()),
        _state(person),
        person.live_count,
        _moment(person.last_active_at),
        "yes" if person.has_two_factor else "no",
    ]


def _state(person: Person) -> str:
    if person.is_disabled:
        return "disabled"
    return "suspended" if person.is_suspended else "active"


def _moment(at: datetime | None) -> str:
    """ISO 8601 in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([_harmless(str(cell)) for cell in row])
        yield line.getvalue()


def _harmless(cell: str) -> str:
    """Text stays text in a spreadsheet."""
    return BEGINS_FORMULA.sub(r"\1'", cell)


def _attached[Response: HttpResponseBase](response: Response, name: str, now: datetime) -> Response:
    filename = f"latchkey-{name}-{now.astimezone(UTC):%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response

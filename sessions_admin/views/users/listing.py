"""The list of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sessions_admin.people.filters import choices
from sessions_admin.people.members import refusal_to_end
from sessions_admin.people.people_list import (
    COUNTED,
    Wanted,
    count_people,
    page_of_people,
    people_of,
)
from sessions_admin.views.users.asking import this_session
from sessions_admin.views.users.ending_many import unfinished_of
from sessions_admin.views.users.options import options
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest


@require_safe
@requires(Section.USERS, Permission.USERS_VIEW)
def users(request: TenantRequest) -> HttpResponse:
    """The members of the tenant: find one, see who is signed in, act on one or many."""
    now = timezone.now()
    wanted = Wanted.of(request.GET, sees_sessions=request.access.may(Permission.SESSIONS_VIEW))
    page = page_of_people(request.tenant, wanted, request.GET, now)
    people = people_of(request.tenant, page.rows, now, listed=int(wanted.sees_sessions))
    context = {
        "rows": [(person, options(request, person)) for person in people],
        "page": page,
        "wanted": wanted,
        "choices": choices(request.tenant, wanted.filters, sees_sessions=wanted.sees_sessions),
        "count": count_people(request.tenant, wanted, now),
        "counted": COUNTED,
        "limit": this_session(request).policy.max_live_sessions,
        "ending": unfinished_of(request),
        "refusal_to_end": refusal_to_end(request.access),
    }
    return render(request, "sessions_admin/users.html", context)

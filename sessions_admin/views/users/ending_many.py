"""Logging out so many that it goes on after the answer, and how far that is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from sessions_admin.lifecycle import begin_mass_ending, end_sessions
from sessions_admin.lifecycle.mass_ending import AT_ONCE
from sessions_admin.models import MassEnding
from sessions_admin.views.users.asking import back, note_of, tell, this_session
from sessions_admin.vocabulary import EndReason
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet
    from tenants.access import TenantRequest

STEP = 10  # per cent: how often a screen reader is told


def log_out(
    request: TenantRequest, sessions: SessionQuerySet, who: str, *, started_by: datetime
) -> HttpResponse:
    """Ends these live sessions of the tenant, and says so; very many after the answer, which leads
    to the progress then. The caller has authorised the request and spares its session."""
    note = note_of(request)
    if sessions[: AT_ONCE + 1].count() > AT_ONCE:
        people = sessions.order_by("user").values_list("user", flat=True).distinct()
        ending = begin_mass_ending(
            request.tenant, people.iterator(), started_by=started_by,
            spared=this_session(request).id, actor=request.user, note=note,
        )  # fmt: skip
        return redirect("mass-ending", ending.pk)
    ended = end_sessions(sessions, reason=EndReason.REVOKED_BY_ADMIN, actor=request.user, note=note)
    tell(request, who, len(ended))
    return back(request, "/users/")


def unfinished_of(request: TenantRequest) -> MassEnding | None:
    """One that goes on in the tenant, for the list."""
    if not request.access.may(Permission.SESSIONS_END):
        return None
    return _endings(request).filter(finished_at=None).first()


@require_safe
@requires(Section.USERS, Permission.SESSIONS_END)
def mass_ending(request: TenantRequest, ending_id: UUID) -> HttpResponse:
    """How far it is; with htmx the part that changes, asked for once a second."""
    ending = get_object_or_404(_endings(request), pk=ending_id)
    step = str(ending.percent // STEP * STEP)
    context = {
        "ending": ending,
        "step": step,
        "is_news": request.htmx and step != request.GET.get("said"),
    }
    template = "sessions_admin/mass_ending.html" + ("#progress" if request.htmx else "")
    return render(request, template, context)


def _endings(request: TenantRequest) -> QuerySet[MassEnding]:
    return MassEnding.objects.filter(tenant_id=request.tenant.id).defer("user_ids")

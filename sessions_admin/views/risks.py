"""What the tenant's rules found suspicious: the list, one finding, and judging it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from sessions_admin.drawing import world
from sessions_admin.models import NOTE_LENGTH
from sessions_admin.suspicious.findings import (
    COUNTED,
    Sought,
    count_open,
    finding_of,
    page_of_findings,
)
from sessions_admin.suspicious.story import story_of
from sessions_admin.suspicious.words import DETECTORS, STATES
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from sessions_admin.models import Risk
    from tenants.access import TenantRequest

sees = requires(Section.RISKS, Permission.SESSIONS_VIEW)


@require_safe
@sees
def risks(request: TenantRequest) -> HttpResponse:
    """The findings in the tenant: those that wait first, others by state, detector and person."""
    sought = Sought.of(request.GET)
    context = {
        "page": page_of_findings(request.tenant, sought, request.GET),
        "sought": sought,
        "open_count": count_open(request.tenant),
        "counted": COUNTED,
        "states": STATES,
        "detectors": DETECTORS,
        "note_length": NOTE_LENGTH,
        **_may(request),
    }
    return render(request, "sessions_admin/risks.html", context)


@require_safe
@sees
def risk(request: TenantRequest, risk_id: UUID) -> HttpResponse:
    """One finding: what was seen, where, when, what was done, and what can be done now."""
    return finding_page(request, get_object_or_404(finding_of(request.tenant, risk_id)))


def finding_page(
    request: TenantRequest, finding: Risk, *, note_error: str = "", status: int = 200
) -> HttpResponse:
    """The page of one finding; with what was wrong with the reason that somebody gave."""
    context = {
        "risk": finding,
        "story": story_of(finding),
        "land": world.land(),
        "note_error": note_error,
        "note_length": NOTE_LENGTH,
        **_may(request),
    }
    return render(request, "sessions_admin/risk.html", context, status=status)


def _may(request: TenantRequest) -> dict[str, Any]:
    access = request.access
    return {
        "may_end": access.may(Permission.SESSIONS_END),
        "may_see_people": Section.USERS in access.sections and access.may(Permission.USERS_VIEW),
        "may_see_rules": access.may(Permission.SESSION_SETTINGS_VIEW),
        "may_edit_rules": access.may(Permission.SESSION_SETTINGS_EDIT),
    }

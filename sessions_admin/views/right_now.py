"""What goes on in the tenant at this moment: a panel of the list of people, and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sessions_admin.drawing import charts, world
from sessions_admin.people.right_now import TOP
from sessions_admin.people.right_now import right_now as count_right_now
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest


@require_safe
@requires(Section.USERS, Permission.SESSIONS_VIEW)
def right_now(request: TenantRequest) -> HttpResponse:
    """Sessions over the last day, devices, countries and places, as drawings and as tables."""
    counted = count_right_now(request.tenant, timezone.now())
    zone = timezone.get_current_timezone()
    first, last = counted.history[0].at, counted.history[-1].at
    template = "sessions_admin/right_now.html"
    return render(request, f"{template}#panel" if request.htmx else template, {
        "now": counted,
        "curve": charts.curve([moment.live for moment in counted.history]),
        "marks": charts.clock_marks(first, last, zone),
        "zone": zone,
        "devices": charts.bars(counted.devices, TOP),
        "countries": charts.bars(counted.countries, TOP),
        "dots": charts.dots(counted.places),
        "land": world.land(),
        "world": world,
    })  # fmt: skip

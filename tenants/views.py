"""Choosing the tenant that the session is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tenants.belonging import TenantRefusedError, memberships_of, move_to
from tenants.models import Membership

if TYPE_CHECKING:
    from tenants.access import PortalRequest


@require_http_methods(["GET", "POST"])
def choose(request: PortalRequest) -> HttpResponse:
    """The tenants of the person; POST goes on in one of them."""
    memberships = memberships_of(request.user)
    if request.method == "POST":
        return _enter(request, _chosen(memberships, request.POST.get("tenant", "")))
    return render(
        request,
        "tenants/choose.html",
        {"memberships": memberships, "next": request.GET.get("next", "")},
    )


def _chosen(memberships: list[Membership], tenant_id: str) -> Membership:
    """The membership in the tenant asked for; 404 for another's, as for none."""
    for membership in memberships:
        if str(membership.tenant_id) == tenant_id:
            return membership
    raise Http404


def _enter(request: PortalRequest, membership: Membership) -> HttpResponse:
    try:
        move_to(request, membership.tenant)
    except TenantRefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect("choose-tenant")
    messages.success(request, _("You are in %(tenant)s now.") % {"tenant": membership.tenant})
    return redirect(_next(request))


def _next(request: PortalRequest) -> str:
    url = request.POST.get("next", "")
    # What is no path would be looked up as the name of a view.
    is_ours = url.startswith("/") and url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    )
    return url if is_ours else "/sessions/"

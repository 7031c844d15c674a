"""Disabling and enabling a person."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.people.members import disable_member, enable_member, refusal_to_disable
from sessions_admin.views.users.asking import back, member_or_404, note_of
from tenants.access import requires
from tenants.models import Membership
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest


@require_POST
@requires(Section.USERS, Permission.USERS_DISABLE)
@step_up(ADMINISTRATIVE)
def disable(request: TenantRequest, user_id: UUID) -> HttpResponse:
    """Shuts the person out of the tenant, or altogether if they belong nowhere else."""
    membership = _changeable(request, user_id)
    name = {"name": membership.user.name}
    if disable_member(membership, actor=request.user, note=note_of(request)):
        messages.success(request, _("%(name)s is disabled and logged out.") % name)
    else:
        messages.info(request, _("%(name)s was disabled already.") % name)
    return back(request, f"/users/{user_id}/")


@require_POST
@requires(Section.USERS, Permission.USERS_DISABLE)
@step_up(ADMINISTRATIVE)
def enable(request: TenantRequest, user_id: UUID) -> HttpResponse:
    """Lets the person in again; their ended sessions stay ended."""
    membership = _changeable(request, user_id)
    name = {"name": membership.user.name}
    enabled = enable_member(membership, actor=request.user)
    membership.user.refresh_from_db(fields=["is_active"])
    if not membership.user.is_active:
        messages.warning(
            request,
            _("%(name)s is disabled by the platform. Only an operator can undo that.") % name,
        )
    elif enabled:
        messages.success(request, _("%(name)s can sign in again.") % name)
    else:
        messages.info(request, _("%(name)s was not disabled.") % name)
    return back(request, f"/users/{user_id}/")


def _changeable(request: TenantRequest, user_id: UUID) -> Membership:
    """The member, if this administrator may disable and enable them."""
    membership = member_or_404(request, user_id)
    if refusal_to_disable(request.access, request.user, membership):
        raise PermissionDenied
    return membership

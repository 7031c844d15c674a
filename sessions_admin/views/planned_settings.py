"""Session settings that apply after a warning: planned, applied early, cancelled."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.lifecycle import (
    PolicyChange,
    apply_due_plans,
    apply_plan,
    cancel_plan,
    plan_change,
)
from sessions_admin.lifecycle.policy_change import Settings
from sessions_admin.models import PlannedChange
from sessions_admin.request.presence import note_presence
from sessions_admin.views.users.asking import this_session
from tenants.access import TenantRequest, requires
from tenants.permissions import Permission, Section


def apply_if_due(request: TenantRequest) -> None:
    """No sweep came by yet: who looks at the settings sees what holds."""
    if this_session(request).settings_due_at is None:
        return
    for _change in apply_due_plans(PlannedChange.objects.filter(pk=request.tenant.id)):
        pass


def plan(request: TenantRequest, settings: Settings) -> HttpResponse:
    """Warns the people; the page that is to save the settings calls it instead."""
    if planned_change := plan_change(request.tenant, settings, request.user):
        at = date_format(timezone.localtime(planned_change.due_at), "H:i")
        messages.success(request, _("People are warned. The settings apply at %s.") % at)
    else:
        messages.info(request, _("These are the settings that apply already."))
    return redirect("session-settings")


@require_POST
@requires(Section.SESSION_SETTINGS, Permission.SESSION_SETTINGS_EDIT)
@step_up(ADMINISTRATIVE)
def planned(request: TenantRequest) -> HttpResponse:
    """With `act=apply` what is planned applies now, otherwise never."""
    if request.POST.get("act") == "apply":
        note_presence(request)  # as for a save: the person's own session is not idle
        change = apply_plan(request.tenant, request.user)
        done = told(_("Applied."), change) if change else ""
    else:
        cancelled = cancel_plan(request.tenant, request.user)
        done = _("Cancelled: the settings stay as they are.") if cancelled else ""
    if done:
        messages.success(request, done)
    else:
        messages.info(request, _("Nothing is planned any more."))
    return redirect("session-settings")


def told(done: str, change: PolicyChange) -> str:
    """“Saved. 4 sessions ended.”"""
    ended = len(change.ended)
    words = ngettext("%d session ended.", "%d sessions ended.", ended) % ended
    return f"{done} {words}" if ended else done

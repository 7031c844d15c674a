"""Risk rules: see them, save them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.lifecycle import change_risk_rules
from sessions_admin.models import RiskRules
from sessions_admin.presence import note_presence
from sessions_admin.risk_rules_form import RulesForm
from sessions_admin.risk_rules_history import history
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest

sees = requires(Section.RISKS, Permission.SESSION_SETTINGS_VIEW)
edits = requires(Section.RISKS, Permission.SESSION_SETTINGS_EDIT)


@require_http_methods(["GET", "HEAD", "POST"])
@sees
def risk_rules(request: TenantRequest) -> HttpResponse:
    """The rules of the tenant and how they came to be. POST saves them."""
    if request.method == "POST":
        return _save(request)
    return _page(request, _form(request))


@edits
@step_up(ADMINISTRATIVE)
def _save(request: TenantRequest) -> HttpResponse:
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    note_presence(request)  # saving is activity: the person's own session is not idle
    change = change_risk_rules(request.tenant, form.rules(), request.user)
    messages.success(request, _("Saved.") if change.is_change else _("Nothing was changed."))
    return redirect("risk-rules")


def _form(request: TenantRequest, data: Mapping[str, Any] | None = None) -> RulesForm:
    """The stored rules, or what was sent. A tenant without its own has the platform's."""
    rows = RiskRules.objects.filter(Q(tenant_id=request.tenant.id) | Q(tenant=None))
    found = {row.tenant_id: row for row in rows}
    stored = found.get(request.tenant.id) or found.get(None) or RiskRules()
    return RulesForm(data, stored=stored)


def _page(request: TenantRequest, form: RulesForm, *, status: int = 200) -> HttpResponse:
    changes, pages = history(request.tenant, request.GET)
    context = {
        "form": form,
        "may_edit": request.access.may(Permission.SESSION_SETTINGS_EDIT),
        "changes": changes,
        "newer": _address("before", pages.before),
        "older": _address("after", pages.after),
    }
    return render(request, "sessions_admin/risk_rules.html", context, status=status)


def _address(name: str, cursor: str) -> str:
    """Of another page of changes: from whatever address this page was made at."""
    return reverse("risk-rules", query={name: cursor}) if cursor else ""

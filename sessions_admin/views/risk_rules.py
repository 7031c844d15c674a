"""Risk rules: see them, try them on the last weeks, save them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.lifecycle import change_risk_rules
from sessions_admin.models import RiskRules
from sessions_admin.request.presence import note_presence, passive
from sessions_admin.suspicious.back_test_words import Trial, trial_of
from sessions_admin.suspicious.rules_form import RulesForm
from sessions_admin.suspicious.rules_history import history
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


@passive
@require_POST
@edits
def preview(request: TenantRequest) -> HttpResponse:
    """What the rules of the form would have found in the last weeks. Changes nothing."""
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    return _page(request, form, trial=_try(request, form))


@edits
@step_up(ADMINISTRATIVE)
def _save(request: TenantRequest) -> HttpResponse:
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if request.POST.get("confirmed") == "0" and form.is_sharper():
        trial = _try(request, form)
        if trial.warnings:
            return _page(request, form, trial=trial)
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


def _try(request: TenantRequest, form: RulesForm) -> Trial:
    names_people = request.access.may(Permission.SESSIONS_VIEW)
    return trial_of(request.tenant, form.as_rules(), names_people=names_people)


def _page(
    request: TenantRequest, form: RulesForm, *, trial: Trial | None = None, status: int = 200
) -> HttpResponse:
    template = "sessions_admin/risk_rules.html"
    if request.htmx and request.path == reverse("preview-risk-rules"):
        part = {"form": form, "trial": trial}
        return render(request, "sessions_admin/risk_rules_trial.html", part, status=status)
    changes, pages = history(request.tenant, request.GET)
    context = {
        "form": form,
        "may_edit": request.access.may(Permission.SESSION_SETTINGS_EDIT),
        "trial": trial,
        "changes": changes,
        "newer": _address("before", pages.before),
        "older": _address("after", pages.after),
    }
    return render(request, template, context, status=status)


def _address(name: str, cursor: str) -> str:
    """Of another page of changes: from whatever address this page was made at."""
    return reverse("risk-rules", query={name: cursor}) if cursor else ""

"""Session settings: see them, try a change, save it, take one back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.lifecycle import PolicyChange, change_policy
from sessions_admin.lifecycle.policy_change import from_data, settings_of
from sessions_admin.models import AuditEvent, PolicyBounds, Session, SessionPolicy
from sessions_admin.request.presence import note_presence, passive
from sessions_admin.session_settings.form import SettingsForm, fields_of
from sessions_admin.session_settings.history import changes_of, history
from sessions_admin.session_settings.idle_histogram import Histogram, idle_histogram
from sessions_admin.session_settings.impact import Impact, impact_of
from sessions_admin.session_settings.planned import coming
from sessions_admin.session_settings.presets import buttons_of, with_preset
from sessions_admin.session_settings.replay import replay
from sessions_admin.session_settings.words import (
    FATES,
    impact_in_words,
    replay_in_words,
    settings_in_words,
    warnings_of,
)
from sessions_admin.views.planned_settings import apply_if_due, plan, told
from sessions_admin.views.users.asking import this_session
from tenants.access import TenantRequest, requires
from tenants.permissions import Permission, Section

sees = requires(Section.SESSION_SETTINGS, Permission.SESSION_SETTINGS_VIEW)
edits = requires(Section.SESSION_SETTINGS, Permission.SESSION_SETTINGS_EDIT)


@dataclass(frozen=True, slots=True)
class Example:
    """A session that would end, and why."""

    session: Session
    reason: str | Promise


@dataclass(frozen=True, slots=True)
class Preview:
    """What the settings would do, in numbers and in words."""

    impact: Impact
    sentence: str
    warnings: list[str]
    histogram: Histogram
    examples: list[Example]


@require_http_methods(["GET", "HEAD", "POST"])
@sees
def session_settings(request: TenantRequest) -> HttpResponse:
    """The settings of the tenant, what they do and how they came to be. POST saves them."""
    apply_if_due(request)
    if request.method == "POST":
        return _save(request)
    return _page(request, _form(request))


@passive
@require_POST
@edits
def preview(request: TenantRequest) -> HttpResponse:
    """What a form (or, with `restore`, an earlier state) would do. Changes nothing."""
    form = _form(request, _asked(request))
    status = 200 if form.is_valid() else 422
    if not request.htmx:
        return _page(request, form, status=status, previewed=True)
    fragment = "#restoring" if "restore" in request.POST else ""
    return render(
        request, f"sessions_admin/session_settings_impact.html{fragment}",
        {"form": form, "preview": _preview(request, form)}, status=status,
    )  # fmt: skip


@passive
@require_POST
@edits
def look_back(request: TenantRequest) -> HttpResponse:
    """What a form would have done in the last 30 days; asked for beside the preview, as it takes
    longer. Changes nothing."""
    form = _form(request, request.POST)
    context = {"replay": _replay(request, form)}
    return render(request, "sessions_admin/session_settings_replay.html", context)


@require_POST
@edits
@step_up(ADMINISTRATIVE)
def restore(request: TenantRequest, event_id: UUID) -> HttpResponse:
    """Takes a change back: sets what was before it."""
    form = _form(request, _before(request, event_id))
    if form.is_valid():
        messages.success(request, told(_("Restored."), _change(request, form)))
    else:
        problem = next(iter(form.errors.values()))[0]
        messages.error(request, _("These settings are not possible any more: %s") % problem)
    return redirect("session-settings")


@edits
@step_up(ADMINISTRATIVE)
def _save(request: TenantRequest) -> HttpResponse:
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if request.POST.get("when") == "later":
        return plan(request, form.settings())
    if _wants_to_be_asked(request, form):
        return _page(request, form, previewed=True)
    messages.success(request, told(_("Saved."), _change(request, form)))
    return redirect("session-settings")


def _form(request: TenantRequest, data: Mapping[str, Any] | None = None) -> SettingsForm:
    """The stored settings, or what was sent: a form's fields, or the name of a preset on top."""
    tenant_id = request.tenant.id
    stored = SessionPolicy.objects.filter(pk=tenant_id).first()
    bounds = PolicyBounds.objects.first() or PolicyBounds()
    return SettingsForm(
        with_preset(data, bounds) if data is not None else None,
        stored=stored or SessionPolicy(id=tenant_id, tenant_id=tenant_id),
        bounds=bounds,
    )


def _asked(request: TenantRequest) -> Mapping[str, Any]:
    event_id = request.POST.get("restore")
    return _before(request, event_id) if event_id else request.POST


def _before(request: TenantRequest, event_id: UUID | str) -> dict[str, Any]:
    """The fields as they were before this change of the tenant's settings."""
    try:
        event = changes_of(request.tenant).get(pk=event_id)
        return fields_of(SessionPolicy(**from_data(event.data["old"])))
    except (AuditEvent.DoesNotExist, ValidationError, KeyError) as error:
        raise Http404("No such change of these settings.") from error


def _change(request: TenantRequest, form: SettingsForm) -> PolicyChange:
    note_presence(request)  # saving is activity: the person's own session is not idle
    return change_policy(request.tenant, form.settings(), request.user)


def _wants_to_be_asked(request: TenantRequest, form: SettingsForm) -> bool:
    """Our own page says how many endings the person has seen announced; with more it asks again.
    What sends no such number means what it says."""
    announced = request.POST.get("confirmed", "")
    return announced.isdecimal() and _impact(request, form).total > int(announced[:9])


def _preview(request: TenantRequest, form: SettingsForm) -> Preview | None:
    """None while the form has errors."""
    if form.is_bound and not form.is_valid():
        return None
    stored = settings_of(form.stored)
    settings = form.settings() if form.is_bound else stored
    impact = _impact(request, form)
    policy = SessionPolicy(**settings).rules()
    return Preview(
        impact,
        impact_in_words(impact, policy, tried=form.is_bound),
        warnings_of(impact, stored, settings) if form.is_bound else [],
        idle_histogram(impact.idle_ages, policy.idle_timeout),
        _examples(request, impact),
    )


def _replay(request: TenantRequest, form: SettingsForm) -> str:
    """In words; empty while the form has errors."""
    if not form.is_valid():
        return ""
    return replay_in_words(replay(SessionPolicy(**form.settings()).rules(), request.tenant))


def _examples(request: TenantRequest, impact: Impact) -> list[Example]:
    """To change the settings is not yet to see people's sessions."""
    if not request.access.may(Permission.SESSIONS_VIEW):
        return []
    return [Example(one, FATES[one.fate]) for one in impact.examples]  # type: ignore[attr-defined]


def _impact(request: TenantRequest, form: SettingsForm) -> Impact:
    settings = form.settings() if form.is_bound else settings_of(form.stored)
    here = this_session(request).id
    return impact_of(SessionPolicy(**settings).rules(), request.tenant, using=here)


def _page(
    request: TenantRequest, form: SettingsForm, *, status: int = 200, previewed: bool = False
) -> HttpResponse:
    changes, pages = history(request.tenant, request.GET)
    context = {
        "form": form,
        "may_edit": request.access.may(Permission.SESSION_SETTINGS_EDIT),
        "settings": settings_in_words(settings_of(form.stored)),
        "presets": buttons_of(form),
        "preview": _preview(request, form),
        "previewed": previewed,
        "replay": _replay(request, form) if previewed else "",
        "plan": coming(this_session(request), form.stored),
        "changes": changes,
        "newer": _address("before", pages.before),
        "older": _address("after", pages.after),
    }
    return render(request, "sessions_admin/session_settings.html", context, status=status)


def _address(name: str, cursor: str) -> str:
    """Of another page of changes: from whatever address this page was made at."""
    return reverse("session-settings", query={name: cursor}) if cursor else ""

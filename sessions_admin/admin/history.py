"""The login history and the audit log: to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from sessions_admin.admin.listing import (
    RecordAdmin,
    TenantFilter,
    WordFilter,
    at_a_glance,
    people_named,
    seen_from,
)
from sessions_admin.models import AuditEvent, LoginAttempt
from sessions_admin.vocabulary import AuditAction, LoginOutcome


class OutcomeFilter(WordFilter):
    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(outcome), outcome) for outcome in LoginOutcome]


class ActionFilter(WordFilter):
    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(action), action) for action in AuditAction]


@admin.register(LoginAttempt)
class LoginAttemptAdmin(RecordAdmin):
    list_display = ("time", "email", "user", "outcome", "ip", "place", "device", "tenant")
    list_filter = (OutcomeFilter, TenantFilter)
    list_select_related = ("user", "tenant")
    search_fields = ("email",)  # shows the box; get_search_results does the search
    search_help_text = _(
        "An address as it was typed, the beginning of a person's e-mail address, an IP address or "
        "its beginning with the dot (203.0.113.)."
    )
    fields = (
        "at", "outcome", "email", "user", "tenant", "amr", "session_link", "ip", "place",
        "device", "user_agent",
    )  # fmt: skip
    readonly_fields = ("session_link", "place", "device")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        if not term:
            return queryset, False
        if (seen := seen_from(term)) is not None:
            return queryset.filter(seen), False
        typed = Q(email__in={term, term.lower()})
        return queryset.filter(typed | Q(user__in=people_named(term))), False

    @admin.display(description=_("time"))
    def time(self, attempt: LoginAttempt) -> str:
        return at_a_glance(attempt.at)

    @admin.display(description=_("session"))
    def session_link(self, attempt: LoginAttempt) -> str:
        return link_to_session(attempt.session_id)


@admin.register(AuditEvent)
class AuditEventAdmin(RecordAdmin):
    list_display = ("time", "action", "tenant", "actor", "user", "details")
    list_filter = (ActionFilter, TenantFilter)
    list_select_related = ("tenant", "actor", "user")
    search_fields = ("user__email",)  # shows the box; get_search_results does the search
    search_help_text = _("The e-mail address of the person concerned, or its beginning.")
    fields = ("at", "action", "tenant", "actor", "user", "session_link", "details")
    readonly_fields = ("session_link", "details")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return queryset.filter(user__in=people_named(term)) if term else queryset, False

    @admin.display(description=_("time"))
    def time(self, event: AuditEvent) -> str:
        return at_a_glance(event.at)

    @admin.display(description=_("details"))
    def details(self, event: AuditEvent) -> str:
        return "; ".join(_facts(event.data))

    @admin.display(description=_("session"))
    def session_link(self, event: AuditEvent) -> str:
        return link_to_session(event.session_id)


def _facts(data: dict[str, Any]) -> Iterator[str]:
    """“reason: logged_out”; of a change only what is different."""
    old, new = data.get("old"), data.get("new")
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in sorted(new.items()):
            if value != old.get(name):
                yield f"{name}: {old.get(name)} → {value}"
        data = data.get("effect", {})
    for name, value in sorted(data.items()):
        yield f"{name}: {value}"


def link_to_session(session_id: Any) -> str:
    """May lead nowhere: sessions are forgotten before the audit log is."""
    if session_id is None:
        return "–"
    url = reverse("admin:sessions_admin_session_change", args=[session_id])
    return format_html('<a href="{}">{}</a>', url, session_id)

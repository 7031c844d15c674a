"""The browsers that people are known by, in Django admin: to read. Only the person forgets one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sessions_admin.admin.listing import RecordAdmin, at_a_glance, people_named
from sessions_admin.models import KnownDevice


@admin.register(KnownDevice)
class KnownDeviceAdmin(RecordAdmin):
    list_display = ("person", "device", "where", "first", "last")
    list_select_related = ("user",)
    search_fields = ("user__email",)  # shows the box; get_search_results does the search
    search_help_text = _("The e-mail address of the person, or its beginning.")
    fieldsets = (
        (None, {"fields": (("person", "device"), ("first", "last"))}),
        (_("At the last sign-in"), {"fields": (("ip", "where"), "network", "user_agent")}),
    )
    readonly_fields = ("person", "device", "where", "first", "last")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("browser_hash")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return queryset.filter(user__in=people_named(term)) if term else queryset, False

    @admin.display(description=_("person"))
    def person(self, device: KnownDevice) -> str:
        return str(device.user.email)

    @admin.display(description=_("place"))
    def where(self, device: KnownDevice) -> str:
        return device.place or "–"

    @admin.display(description=_("first sign-in"))
    def first(self, device: KnownDevice) -> str:
        return at_a_glance(device.first_seen_at)

    @admin.display(description=_("last sign-in"))
    def last(self, device: KnownDevice) -> str:
        return at_a_glance(device.last_seen_at)

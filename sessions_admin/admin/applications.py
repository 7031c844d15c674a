"""Applications behind the proxy, in Django admin: on which host, and whom each lets in."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import OperatorAdmin
from sessions_admin.models import Application

NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
OWN_PORTS = {"https": 443, "http": 80}
MOST_PUBLIC_PATHS = 50  # each request is compared with all of them


class ApplicationForm(forms.ModelForm[Application]):
    class Meta:
        model = Application
        fields = (
            "name", "host", "is_active", "tenants", "groups", "minimum_aal", "public_paths",
        )  # fmt: skip
        help_texts = {
            "name": _("What people read when they are asked to sign in."),
            "host": _(
                "As in the address bar: wiki.example.com, with the port if there is one. It must "
                "be another host name than the portal's, and reachable through the proxy only."
            ),
            "minimum_aal": _(
                "Two factors: a passkey, or a password and a code. Who signed in with less is "
                "turned away and told so."
            ),
            "public_paths": _(
                "One a line, open to everybody without a sign-in: “/health” is that page alone, "
                "“/assets/” everything below it, “/” the start page alone."
            ),
        }
        widgets = {"public_paths": forms.Textarea({"rows": 4, "spellcheck": "false"})}

    def clean_host(self) -> str:
        host = plain_host(self.cleaned_data["host"])
        if name_of(host) in {name_of(own) for own in own_hosts()}:
            text = gettext("That is the portal's own host name: it would get the portal's cookies.")
            raise ValidationError(text)
        return host

    def clean_public_paths(self) -> str:
        lines = [line.strip() for line in self.cleaned_data["public_paths"].splitlines()]
        paths = list(dict.fromkeys(line for line in lines if line))
        if len(paths) > MOST_PUBLIC_PATHS:
            raise ValidationError(gettext("At most %d paths.") % MOST_PUBLIC_PATHS)
        for path in paths:
            check_path(path)
        return "\n".join(paths)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        tenants = {tenant.pk for tenant in cleaned.get("tenants") or ()}
        strange = [group for group in cleaned.get("groups") or () if group.tenant_id not in tenants]
        if strange:
            names = ", ".join(str(group) for group in strange)
            self.add_error("groups", gettext("Not of a tenant chosen above: %s.") % names)
        return cleaned


def plain_host(text: str) -> str:
    """As a browser's Origin has it; also from a whole address that was pasted."""
    scheme, colon, rest = text.strip().lower().partition("://")
    scheme, rest = (scheme, rest) if colon else ("https", scheme)
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        raise ValidationError(gettext("Enter a host name such as wiki.example.com.")) from None
    name = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    whole = parts.netloc == rest.removesuffix("/")
    if scheme not in OWN_PORTS or not whole or not NAME.fullmatch(name):
        raise ValidationError(gettext("Enter a host name such as wiki.example.com."))
    return name if port in {None, OWN_PORTS[scheme]} else f"{name}:{port}"


def name_of(host: str) -> str:
    """Without the port: cookies know none."""
    return urlsplit(f"//{host}").hostname or ""


def own_hosts() -> list[str]:
    """What the portal is reached by, as far as it is written down."""
    public = urlsplit(settings.PUBLIC_URL).netloc
    allowed = [] if settings.PLAIN_HTTP else settings.ALLOWED_HOSTS
    return [public, *(host for host in allowed if not host.startswith((".", "*")))]


def check_path(path: str) -> None:
    """Only what every program reads in the same way can be open to all."""
    odd = "//" in path or any(character in path for character in "?#%\\;, \t")
    dotted = any(segment in {".", ".."} for segment in path.split("/"))
    if not path.startswith("/") or not path.isascii() or odd or dotted:
        text = gettext("“%s” is no plain path: it begins with a slash and has no ?, #, %% or dots.")
        raise ValidationError(text % path)


@admin.register(Application)
class ApplicationAdmin(OperatorAdmin):
    form = ApplicationForm
    list_display = ("name", "host", "whose", "proof", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "host")
    search_help_text = _("Part of the name or of the host.")
    autocomplete_fields = ("tenants", "groups")
    fieldsets = (
        (None, {
            "fields": ("name", "host", "is_active"),
            "description": _("The proxy in front of it asks Latchkey about every request. What a "
                             "change decides holds within seconds, also for who is inside."),
        }),
        (_("Who gets in"), {"fields": ("tenants", "groups", "minimum_aal")}),
        (_("Open to all"), {"fields": ("public_paths",)}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        applications: QuerySet[Application] = super().get_queryset(request)
        return applications.prefetch_related("tenants", "groups__tenant")

    @admin.display(description=_("lets in"))
    def whose(self, application: Application) -> str:
        groups = [str(group) for group in application.groups.all()]
        tenants = [tenant.name for tenant in application.tenants.all()]
        return ", ".join(groups or tenants) or gettext("Nobody")

    @admin.display(description=_("minimum assurance"))
    def proof(self, application: Application) -> str:
        return str(application.get_minimum_aal_display())

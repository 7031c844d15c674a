"""Suspicious sessions, in Django admin: what was found, and the rules of tenants and platform."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.acts import operator_of
from sessions_admin.admin.history import link_to_session
from sessions_admin.admin.listing import (
    RecordAdmin,
    TenantFilter,
    WordFilter,
    as_uuid,
    at_a_glance,
    people_named,
)
from sessions_admin.admin.rules import AsModelForm, RulesAdmin
from sessions_admin.lifecycle.deciding import change_risk_rules, ensure_rules
from sessions_admin.models import Risk, RiskRules
from sessions_admin.suspicious import evidence
from sessions_admin.suspicious.rules_form import RulesForm
from sessions_admin.suspicious.words import DETECTORS, STATES, done
from sessions_admin.vocabulary import Detector, Response, RiskState
from tenants.models import Tenant


class RiskStateFilter(WordFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(state), words) for state, words in STATES.items()]


class DetectorFilter(WordFilter):
    title = _("what was found")
    parameter_name = "detector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(detector), told.name) for detector, told in DETECTORS.items()]


@admin.register(Risk)
class RiskAdmin(RecordAdmin):
    """To read. People of the tenant judge them, in the portal; sessions are ended where they are
    listed."""

    list_display = ("time", "person", "found_and_seen", "followed", "judged", "tenant")
    list_filter = (RiskStateFilter, DetectorFilter, TenantFilter)
    list_select_related = ("user", "tenant", "decided_by")
    search_fields = ("user__email",)  # shows the box; get_search_results does the search
    search_help_text = _("The e-mail address of the person, or its beginning.")
    fieldsets = (
        (None, {"fields": (("time", "found"), ("person", "tenant"), "seen")}),
        (_("Sessions"), {"fields": ("newer", "older")}),
        (_("What was done"), {"fields": ("followed", "judged", "said")}),
    )
    readonly_fields = (
        "time", "found", "person", "seen", "newer", "older", "followed", "judged", "said",
    )  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return queryset.filter(user__in=people_named(term)) if term else queryset, False

    @admin.display(description=_("time"))
    def time(self, risk: Risk) -> str:
        return at_a_glance(risk.at)

    @admin.display(description=_("person"))
    def person(self, risk: Risk) -> str:
        return str(risk.user.email)

    @admin.display(description=_("what was found"))
    def found(self, risk: Risk) -> str:
        return str(DETECTORS[Detector(risk.detector)].name)

    @admin.display(description=_("what was seen"))
    def seen(self, risk: Risk) -> str:
        return evidence.words(risk)

    @admin.display(description=_("what was found"))
    def found_and_seen(self, risk: Risk) -> SafeString:
        return format_html("<strong>{}</strong><br>{}", self.found(risk), self.seen(risk))

    @admin.display(description=_("what followed"))
    def followed(self, risk: Risk) -> str:
        return done(risk)

    @admin.display(description=_("state"))
    def judged(self, risk: Risk) -> str:
        state = str(STATES[RiskState(risk.state)])
        who = risk.decided_by.email if risk.decided_by else ""
        return " · ".join(part for part in (state, who) if part)

    @admin.display(description=_("note"))
    def said(self, risk: Risk) -> str:
        return risk.note or "–"

    @admin.display(description=_("session"))
    def newer(self, risk: Risk) -> str:
        return link_to_session(risk.session_id)

    @admin.display(description=_("older session"))
    def older(self, risk: Risk) -> str:
        return link_to_session(risk.other_session_id)


class RiskRulesForm(AsModelForm, RulesForm):
    class Meta:
        model = RiskRules
        labels: dict[str, str] = {}
        help_texts: dict[str, str] = {}

    _meta = Meta

    def __init__(
        self, data: Any = None, files: Any = None, *, instance: RiskRules, **_rest: Any
    ) -> None:
        super().__init__(data, stored=instance)
        self.instance = instance
        # The portal's page writes the units beside the fields, and has a style for both.
        self.fields["top_speed_kmh"].label = _("Top speed in km/h")
        self.fields["cool_down"].label = _("Cool-down in hours")
        self.fields["report_only"].widget = forms.CheckboxInput()


@admin.register(RiskRules)
class RiskRulesAdmin(RulesAdmin):
    """What each tenant does about suspicious sessions, and the platform: for sessions without a
    tenant and what new tenants start with. A change goes the way that it goes in the portal."""

    list_display = ("__str__", "trial", "sharpest", "trusted")
    form_class = RiskRulesForm
    fieldsets = (
        (None, {"fields": ("report_only",)}),
        (_("What each finding leads to"), {"fields": tuple(str(one) for one in Detector)}),
        (_("What counts"), {"fields": (
            "top_speed_kmh", "cool_down", "trusted_networks", "shared_addresses",
        )}),
    )  # fmt: skip

    def ensure_platform(self) -> RiskRules:
        return ensure_rules(None)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> RiskRules | None:
        """A tenant without a row has rules, too: the platform's."""
        pk: Any = as_uuid(object_id)
        if rules := RiskRules.objects.select_related("tenant").filter(pk=pk).first():
            return rules
        tenant = Tenant.objects.filter(pk=pk).first()
        return ensure_rules(tenant) if tenant else None

    def save_model(self, request: HttpRequest, obj: RiskRules, form: Any, change: Any) -> None:
        change_risk_rules(obj.tenant, form.rules(), operator_of(request))

    @admin.display(description=_("report only"), boolean=True)
    def trial(self, rules: RiskRules) -> bool:
        return rules.report_only

    @admin.display(description=_("detectors"))
    def sharpest(self, rules: RiskRules) -> str:
        responses = [getattr(rules, detector) for detector in Detector]
        on = sum(response != Response.OFF for response in responses)
        acting = sum(response not in {Response.OFF, Response.RECORD} for response in responses)
        return gettext("%(on)d on, %(acting)d with a consequence") % {"on": on, "acting": acting}

    @admin.display(description=_("trusted networks"))
    def trusted(self, rules: RiskRules) -> str:
        lines = sum(bool(line.strip()) for line in rules.trusted_networks.splitlines())
        return ngettext("%d line", "%d lines", lines) % lines if lines else "–"

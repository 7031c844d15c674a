"""The session settings of each tenant and of the platform, and the bounds of all."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.acts import Act, operator_of
from accounts.admin import OperatorAdmin
from sessions_admin.admin.durations import DurationField
from sessions_admin.admin.listing import as_uuid
from sessions_admin.admin.rules import AsModelForm, RulesAdmin
from sessions_admin.lifecycle import end_everything
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.lifecycle.policy_change import change_policy
from sessions_admin.models import PolicyBounds, SessionPolicy
from sessions_admin.session_settings.form import SettingsForm
from sessions_admin.session_settings.words import AT_LIMIT_LABELS, in_words
from sessions_admin.vocabulary import AtLimit, EndReason
from tenants.models import Tenant


def end_all(
    modeladmin: Any, request: HttpRequest, policies: QuerySet[SessionPolicy], note: str
) -> str:
    actor = operator_of(request)
    reason = EndReason.REVOKED_BY_OPERATOR
    done = sum(
        end_everything(policy.tenant, reason=reason, actor=actor, note=note) for policy in policies
    )
    return ngettext("%d session was ended.", "%d sessions were ended.", done) % done


class SessionPolicyForm(AsModelForm, SettingsForm):
    class Meta:
        model = SessionPolicy
        labels: dict[str, str] = {}
        help_texts: dict[str, str] = {}

    _meta = Meta

    def __init__(
        self, data: Any = None, files: Any = None, *, instance: SessionPolicy, **_rest: Any
    ) -> None:
        bounds = PolicyBounds.objects.first() or PolicyBounds()
        super().__init__(data, stored=instance, bounds=bounds)
        self.instance = instance
        # The portal's page writes the units beside the fields.
        self.fields["access_token_lifetime"].label = _("Access token lifetime in minutes")
        self.fields["refresh_token_lifetime"].label = _("Refresh token lifetime in hours")
        self.fields["support_session_lifetime"].label = _("Support session lifetime in minutes")


@admin.register(SessionPolicy)
class SessionPolicyAdmin(RulesAdmin):
    """The rules of each tenant, and the platform's: for sessions without a tenant, and what new
    tenants start with. A change goes the way that it goes in the portal."""

    list_display = ("__str__", "idle", "force_re_login", "limit")
    form_class = SessionPolicyForm
    fieldsets = (
        (None, {"fields": (
            "idle_timeout_enabled", ("idle_timeout_value", "idle_timeout_unit"),
            "absolute_timeout_enabled", ("absolute_timeout_value", "absolute_timeout_unit"),
        )}),
        (_("Concurrent sessions"), {"fields": (
            "max_live_sessions_enabled", "max_live_sessions", "at_limit",
        )}),
        (_("Tokens"), {"fields": ("access_token_lifetime", "refresh_token_lifetime")}),
        (_("Support sessions"), {"fields": ("support_sessions", "support_session_lifetime")}),
    )  # fmt: skip
    acts: tuple[Act, ...] = (
        Act(
            "end-everything", _("End every session"),
            _("Everybody who is signed in there is logged out at once, however many they are. "
              "With the platform chosen: everybody everywhere, you too. They can sign in again."),
            end_all,
        ),
    )  # fmt: skip

    def ensure_platform(self) -> SessionPolicy:
        return ensure_policy(None)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> SessionPolicy | None:
        """A tenant without a row has settings, too: all switches are off."""
        pk: Any = as_uuid(object_id)
        if policy := SessionPolicy.objects.select_related("tenant").filter(pk=pk).first():
            return policy
        tenant = Tenant.objects.filter(pk=pk).first()
        return SessionPolicy(id=tenant.pk, tenant=tenant) if tenant else None

    def save_model(self, request: HttpRequest, obj: SessionPolicy, form: Any, change: Any) -> None:
        ended = len(change_policy(obj.tenant, form.settings(), operator_of(request)).ended)
        if ended:
            text = ngettext("%d session ended.", "%d sessions ended.", ended) % ended
            self.message_user(request, text, messages.WARNING)

    @admin.display(description=_("idle timeout"))
    def idle(self, policy: SessionPolicy) -> str:
        return in_words(policy.rules().idle_timeout)

    @admin.display(description=_("force re-login"))
    def force_re_login(self, policy: SessionPolicy) -> str:
        timeout = policy.rules().absolute_timeout
        return in_words(timeout) if timeout else gettext("Off")

    @admin.display(description=_("maximum concurrent sessions"))
    def limit(self, policy: SessionPolicy) -> str:
        rules = policy.rules()
        if rules.max_live_sessions is None:
            return gettext("Off")
        return f"{rules.max_live_sessions} · {AT_LIMIT_LABELS[AtLimit(rules.at_limit)]}"


RANGES = {
    "idle_timeout": _("idle session timeout"),
    "absolute_timeout": _("force re-login"),
    "access_token_lifetime": _("access token lifetime"),
    "refresh_token_lifetime": _("refresh token lifetime"),
}
DURATIONS = tuple(f"{name}_{end}" for name in RANGES for end in ("min", "max"))


class PolicyBoundsForm(forms.ModelForm[PolicyBounds]):
    """From and to of each setting."""

    class Meta:
        model = PolicyBounds
        fields = (*DURATIONS, "max_live_sessions_max")
        field_classes = dict.fromkeys(DURATIONS, DurationField)
        labels = {
            f"{name}_{end}": format_lazy(text, name=label)
            for name, label in RANGES.items()
            for end, text in (("min", _("Shortest {name}")), ("max", _("Longest {name}")))
        } | {"max_live_sessions_max": _("Most concurrent sessions that a tenant may allow")}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in RANGES:
            least, most = cleaned.get(f"{name}_min"), cleaned.get(f"{name}_max")
            if least and most and least > most:
                self.add_error(f"{name}_max", _("It is below the shortest one."))
        return cleaned


@admin.register(PolicyBounds)
class PolicyBoundsAdmin(OperatorAdmin):
    """One row: how far the settings of any tenant may go."""

    form = PolicyBoundsForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        pairs = [(f"{name}_min", f"{name}_max") for name in RANGES]
        text = _("Settings that a tenant has already stay as they are until they are next changed.")
        return [(None, {"fields": [*sum(pairs, ()), "max_live_sessions_max"], "description": text})]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        bounds = PolicyBounds.objects.first() or PolicyBounds.objects.create()
        return redirect("admin:sessions_admin_policybounds_change", bounds.pk)

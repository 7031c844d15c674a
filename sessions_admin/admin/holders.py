"""Who holds sessions: people and tenants in Django admin, with the acts on their sessions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.acts import Act, operator_of
from accounts.admin import PersonAdmin
from accounts.models import User
from sessions_admin import audit
from sessions_admin.lifecycle import end_everything, end_sessions
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import Session
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.admin import TenantAdmin
from tenants.models import Membership, Tenant

REASON = EndReason.REVOKED_BY_OPERATOR


def log_out(modeladmin: Any, request: HttpRequest, people: QuerySet[User], note: str) -> str:
    sessions = Session.objects.live().filter(user__in=people.values("pk"))
    actor = operator_of(request)
    done = len(end_sessions(sessions, reason=REASON, actor=actor, note=note))
    return ngettext("%d session was ended.", "%d sessions were ended.", done) % done


def end_all(modeladmin: Any, request: HttpRequest, tenants: QuerySet[Tenant], note: str) -> str:
    actor = operator_of(request)
    done = sum(end_everything(tenant, reason=REASON, actor=actor, note=note) for tenant in tenants)
    return ngettext("%d session was ended.", "%d sessions were ended.", done) % done


class HolderAdmin(PersonAdmin):
    """People, and their sessions at hand."""

    acts: tuple[Act, ...] = (
        Act(
            "log-out", _("Log out everywhere"),
            _("Every session that they have is ended. They can sign in again at once."), log_out,
        ),
        *PersonAdmin.acts,
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        more = (_("More"), {"fields": ["memberships", "lists"]})
        return [*fieldsets, more] if obj else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "memberships", "lists"]

    def enable(self, request: HttpRequest, person: User) -> bool:
        enabled = super().enable(request, person)
        if enabled:
            audit.record(AuditAction.USER_ENABLED, actor_id=request.user.pk, user_id=person.pk)
        return enabled

    @admin.display(description=_("tenants"))
    def memberships(self, person: User) -> str:
        members = Membership.objects.filter(user=person).select_related("tenant")
        links = (
            (reverse("admin:tenants_membership_change", args=[member.pk]), member.tenant.name)
            for member in members.order_by("tenant__name")
        )
        return format_html_join(" · ", '<a href="{}">{}</a>', links) or gettext("None")

    @admin.display(description=_("their"))
    def lists(self, person: User) -> str:
        return _links(
            (gettext("sessions"), "session", {"q": person.email}),
            (gettext("login history"), "loginattempt", {"q": person.email}),
            (gettext("audit events"), "auditevent", {"q": person.email}),
        )


class HoldingTenantAdmin(TenantAdmin):
    """Tenants, and the sessions in them at hand."""

    acts: tuple[Act, ...] = (
        Act(
            "end-everything", _("End every session"),
            _("Everybody who is signed in to it is logged out at once, however many they are. "
              "They can sign in again."),
            end_all,
        ),
        *TenantAdmin.acts,
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return [*fieldsets, (_("More"), {"fields": ["lists"]})] if obj else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "lists"]

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            ensure_policy(obj)  # it starts with the platform's settings

    @admin.display(description=_("its"))
    def lists(self, tenant: Tenant) -> str:
        return _links(
            (gettext("live sessions"), "session", {"tenant": tenant.pk, "state": "live"}),
            (gettext("all sessions"), "session", {"tenant": tenant.pk}),
            (gettext("audit events"), "auditevent", {"tenant": tenant.pk}),
        )


def _links(*lists: tuple[str, str, dict[str, Any]]) -> str:
    return format_html_join(
        " · ",
        '<a href="{}?{}">{}</a>',
        (
            (reverse(f"admin:sessions_admin_{model}_changelist"), urlencode(query), label)
            for label, model, query in lists
        ),
    )


for model, model_admin in ((User, HolderAdmin), (Tenant, HoldingTenantAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, model_admin)

"""Tenants, who belongs to them, and what their groups may do, in Django admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.acts import Act, operator_of
from accounts.admin import OperatorAdmin
from tenants.belonging import (
    create_default_groups,
    remove_membership,
    suspend_membership,
    suspend_tenant,
)
from tenants.models import Group, Membership, Tenant


def suspend_tenants(
    modeladmin: TenantAdmin, request: HttpRequest, tenants: QuerySet[Tenant], note: str
) -> str:
    actor = operator_of(request)
    done = sum(suspend_tenant(tenant, actor=actor, note=note) for tenant in tenants)
    return ngettext("%d tenant was suspended.", "%d tenants were suspended.", done) % done


def suspend_memberships(
    modeladmin: MembershipAdmin, request: HttpRequest, members: QuerySet[Membership], note: str
) -> str:
    actor = operator_of(request)
    done = sum(suspend_membership(member, actor=actor, note=note) for member in members)
    return ngettext("%d membership was suspended.", "%d memberships were suspended.", done) % done


@admin.register(Tenant)
class TenantAdmin(OperatorAdmin):
    """Tenants. There is no way to delete one: it would take its history along."""

    list_display = ("name", "slug", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "slug")
    search_help_text = _("Part of the name or of the short name.")
    readonly_fields = ("created_at",)
    acts: tuple[Act, ...] = (
        Act(
            "suspend", _("Suspend"),
            _("Everybody in it is logged out at once. Nobody gets in until it is active again."),
            suspend_tenants,
        ),
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        return [
            (None, {
                "fields": ["name", "slug", "is_active"] + ["created_at"] * (obj is not None),
                "description": _("Tenants are suspended and never deleted: their history must "
                                 "stay answerable."),
            }),
            (_("Portal"), {"fields": ["sections"]}),
        ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        return ("slug", "created_at") if obj else ("created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: Any) -> None:
        if not change:
            obj.save(force_insert=True)
            create_default_groups(obj)
            return
        suspends = "is_active" in form.changed_data and not obj.is_active
        obj.save(update_fields=set(form.changed_data) - ({"is_active"} if suspends else set()))
        if suspends:
            suspend_tenant(obj, actor=operator_of(request))


@admin.register(Group)
class GroupAdmin(OperatorAdmin):
    list_display = ("name", "tenant", "permission_count", "member_count")
    list_select_related = ("tenant",)
    search_fields = ("name", "tenant__name", "tenant__slug")
    autocomplete_fields = ("tenant",)
    ordering = ("tenant__name", "name")
    fields = ("tenant", "name", "permissions")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        active = Count("memberships", filter=Q(memberships__is_active=True))
        groups: QuerySet[Group] = super().get_queryset(request).annotate(members=active)
        return groups

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        return ("tenant",) if obj else ()

    @admin.display(description=_("permissions"))
    def permission_count(self, group: Group) -> int:
        return len(group.permissions)

    @admin.display(description=_("members"))
    def member_count(self, group: Any) -> int:
        return int(group.members)


class MembershipForm(forms.ModelForm[Membership]):
    """The groups are those of the tenant: a box for each, once the tenant is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, RelatedFieldWidgetWrapper):
                field.widget.can_add_related = field.widget.can_change_related = False
                field.widget.can_view_related = False
        if "groups" in self.fields:
            self.fields["groups"].queryset = Group.objects.filter(tenant=self.instance.tenant_id)  # type: ignore[attr-defined]
            self.fields["groups"].label_from_instance = lambda group: group.name  # type: ignore[attr-defined]


@admin.register(Membership)
class MembershipAdmin(OperatorAdmin):
    form = MembershipForm
    list_display = ("user", "email", "tenant", "group_names", "is_active", "joined_at")
    list_filter = ("is_active",)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "user__display_name", "tenant__name", "tenant__slug")
    search_help_text = _("Part of an e-mail address, of a person's or of a tenant's name.")
    autocomplete_fields = ("user", "tenant")
    ordering = ("-pk",)
    readonly_fields = ("joined_at",)
    acts: tuple[Act, ...] = (
        Act(
            "suspend", _("Suspend"),
            _("They are logged out of the tenant at once and cannot enter it until the membership "
              "is active again."),
            suspend_memberships,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        if obj is None:
            return ("user", "tenant")
        return ("user", "tenant", "groups", "is_active", "joined_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        return ("user", "tenant", "joined_at") if obj else ("joined_at",)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, **{**kwargs, "widget": forms.CheckboxSelectMultiple}
        )

    def response_add(self, request: HttpRequest, obj: Membership, *args: Any) -> Any:
        """On to the groups, which the tenant has only now decided."""
        post = request.POST.copy()
        post["_continue"] = "1"
        request.POST = post  # type: ignore[assignment]
        return super().response_add(request, obj, *args)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: Any) -> None:
        if change and "is_active" in form.changed_data and not obj.is_active:
            suspend_membership(obj, actor=operator_of(request))
        else:
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        remove_membership(obj, actor=operator_of(request))

    @admin.display(description=_("e-mail address"))
    def email(self, membership: Membership) -> str:
        return membership.user.email

    @admin.display(description=_("groups"))
    def group_names(self, membership: Membership) -> str:
        return ", ".join(group.name for group in membership.groups.all())

"""What rules have in common in Django admin: each tenant has one row, and the platform."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Model
from django.http import HttpRequest, HttpResponse

from accounts.admin import OperatorAdmin


class AsModelForm:
    """The portal's form, so that the same is valid, in the shape that Django admin works with."""

    instance: Any

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  Django's
        """Nothing yet: the admin's save_model changes the rules as the portal does."""
        return self.instance

    def save_m2m(self) -> None:
        """There is nothing of the kind."""


class RulesAdmin(OperatorAdmin):
    """Rows that come with their tenant: changed, and neither added nor deleted by hand."""

    list_select_related = ("tenant",)
    search_fields = ("tenant__name", "tenant__slug")
    ordering = (F("tenant__name").asc(nulls_first=True),)
    sortable_by = ()
    form_class: type[Any]

    def ensure_platform(self) -> Model:
        """The platform's row, made if it is not there yet."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self.ensure_platform()
        return super().changelist_view(request, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, *_a: Any, **_k: Any) -> Any:
        return self.form_class

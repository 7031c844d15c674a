"""Lists of very many rows: never counted, never sorted, newest first, a page at a time by key."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import connection
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sessions_admin.keyset import Order, page_of
from sessions_admin.request.client import address
from tenants.models import Tenant

NEWEST_FIRST = Order("admin", "pk", descending=True)
CURSORS = ("before", "after")
ROWS_A_PAGE = 50
# A shorter beginning of an address fits too many people; a search is for one.
MOST_PEOPLE = 50
TENANTS_OFFERED = 50


class UncountedChangeList(ChangeList):
    """A page of rows and the links to the pages around it; COUNT(*) is never asked."""

    before = after = newest = ""

    def get_filters_params(self, params: Any = None) -> Any:
        lookups = super().get_filters_params(params)
        return {name: value for name, value in lookups.items() if name not in CURSORS}

    def get_results(self, request: HttpRequest) -> None:
        page = page_of(self.queryset, NEWEST_FIRST, request.GET, size=self.list_per_page)
        self.before = self._link("before", page.before)
        self.after = self._link("after", page.after)
        self.newest = self.get_query_string(remove=list(CURSORS))
        self.result_list: Any = page.rows
        # What is on the page is all that the templates may speak of.
        self.result_count = self.full_result_count = len(page.rows)
        self.show_full_result_count = self.multi_page = self.can_show_all = False
        self.show_admin_actions = bool(page.rows)
        self.paginator = None

    def _link(self, name: str, cursor: str) -> str:
        return self.get_query_string({name: cursor}, remove=list(CURSORS)) if cursor else ""


class RecordAdmin(admin.ModelAdmin[Any]):
    """Rows that were written by what happened: read only, in whatever number."""

    list_filter: ClassVar[tuple[type[admin.SimpleListFilter], ...]] = ()
    show_full_result_count = False
    list_per_page = ROWS_A_PAGE
    show_facets = admin.ShowFacets.NEVER  # they count, too
    sortable_by = ()
    view_on_site = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """The filters shown, and no other question: not to `key_hash`, not to a column without an
        index."""
        return lookup in {one.parameter_name for one in self.list_filter}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return UncountedChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WordFilter(admin.SimpleListFilter):
    """By the words of the column that the parameter is named after; what is none of those that are
    offered is as if it were not there."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        word = self.value()
        if word not in {offered for offered, _label in self.lookup_choices}:
            return queryset
        return queryset.filter(**{str(self.parameter_name): word})


class TenantFilter(admin.SimpleListFilter):
    """The tenants by name; with very many, a tenant's own page links to its rows."""

    title = _("tenant")
    parameter_name = "tenant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = Q(pk=as_uuid(self.value()))
        tenants = Tenant.objects.order_by("name").values_list("pk", "name")
        offered = list(tenants[:TENANTS_OFFERED])
        if self.value() and self.value() not in {str(pk) for pk, _name in offered}:
            offered += tenants.filter(chosen)
        return [(str(pk), name) for pk, name in offered]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        return queryset.filter(tenant_id=as_uuid(self.value()))


def at_a_glance(moment: datetime | None) -> str:
    """Short enough for a column; the date stays in one line."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    day = date_format(local, gettext("j M Y")).replace(" ", "\xa0")
    return f"{day}, {date_format(local, 'H:i')}"


def people_named(text: str) -> list[UUID]:
    """The people whose e-mail address is this or begins with it, by the index on addresses."""
    found = User.objects.filter(email__startswith=text.lower()).order_by("email")
    return list(found.values_list("pk", flat=True)[:MOST_PEOPLE])


def seen_from(text: str) -> Q | None:
    """The condition on `ip` for an address, or for the beginning of one that ends at a dot or a
    colon (203.0.113.); None when the text is neither."""
    if ip := address(text):
        return Q(ip=str(ip))
    network = beginning(text)
    if network is None:
        return None
    if connection.vendor == "postgresql":
        return Q(ip__gte=str(network[0]), ip__lte=str(network[-1]))
    # Texts: everything from the prefix on up to the character after its last one.
    return Q(ip__gte=text, ip__lt=text[:-1] + chr(ord(text[-1]) + 1))


def beginning(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network of “203.0.113.” or “2001:db8:”."""
    parts = text[:-1].split(text[-1:]) if text[-1:] in {".", ":"} else []
    try:
        if text[-1:] == "." and 1 <= len(parts) <= 3:
            zeros = ".".join(parts + ["0"] * (4 - len(parts)))
            return ipaddress.IPv4Network(f"{zeros}/{8 * len(parts)}")
        if text[-1:] == ":" and 1 <= len(parts) <= 7:
            return ipaddress.IPv6Network(f"{':'.join(parts)}::/{16 * len(parts)}")
    except ValueError:
        return None
    return None


def as_uuid(text: str | None) -> UUID | None:
    """None for what is none: nothing has it."""
    try:
        return UUID(text or "")
    except ValueError:
        return None

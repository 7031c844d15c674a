"""What the person who asks may do here, and the decorators that hold views to it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from tenants.permissions import Permission, Section


@dataclass(frozen=True, slots=True)
class CurrentTenant:
    """The tenant of the session, as read by the one SELECT."""

    id: UUID
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Access:
    """Where the session is and what it may do there; nothing for an anonymous visitor."""

    tenant: CurrentTenant | None = None
    permissions: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset(Section)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


class PortalRequest(HttpRequest):
    """A request by a signed-in person (LoginRequiredMiddleware holds it)."""

    user: User
    access: Access
    htmx: HtmxDetails


class TenantRequest(PortalRequest):
    """A request to a page of a tenant: `requires` has checked that there is one."""

    tenant: CurrentTenant


View = Callable[Concatenate[Any, ...], HttpResponse]


def requires(section: Section, permission: Permission | None = None) -> Callable[[View], View]:
    """The view is a tenant's.

    Section off → 404, no permission → 403, no tenant chosen yet → choose one.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def checked(request: TenantRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            access = request.access
            if access.tenant is None:
                return choose_tenant(request)
            if section not in access.sections:
                raise Http404("This section is switched off.")
            if permission is not None and permission not in access.permissions:
                raise PermissionDenied
            request.tenant = access.tenant
            return view(request, *args, **kwargs)

        checked.section, checked.permission = section, permission  # type: ignore[attr-defined]
        return checked

    return decorator


def choose_tenant(request: HttpRequest) -> HttpResponse:
    """To the page where one chooses a tenant, and back."""
    from_here = request.get_full_path() if request.method == "GET" else "/"
    return redirect(f"/tenants/?{urlencode({'next': from_here})}")

"""The sections of the portal that this person may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions_admin.support import support_of
from tenants.permissions import Permission, Section


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the navigation, and what opening it takes."""

    url: str
    label: str | Promise
    icon: str
    section: Section
    permission: Permission | None = None


PAGES = (
    Page("/sessions/", _("My sessions"), "key", Section.SESSIONS),
    Page("/users/", _("Users"), "users", Section.USERS, Permission.USERS_VIEW),
    Page("/risks/", _("Risks"), "shield", Section.RISKS, Permission.SESSIONS_VIEW),
    Page(
        "/settings/sessions/", _("Session settings"), "sliders", Section.SESSION_SETTINGS,
        Permission.SESSION_SETTINGS_VIEW,
    ),
    Page(
        "/settings/risks/", _("Risk rules"), "filter", Section.RISKS,
        Permission.SESSION_SETTINGS_VIEW,
    ),
    Page(
        "/settings/api-keys/", _("API keys"), "terminal", Section.API_KEYS,
        Permission.API_KEYS_EDIT,
    ),
)  # fmt: skip


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `navigation`, the pages to link to, empty for a visitor; and `acting`, the
    support session that one is in."""
    if not hasattr(request, "access") or not request.user.is_authenticated:
        return {"navigation": []}
    access = request.access
    return {
        "acting": support_of(request),  # for the banner of who acts as somebody else
        "navigation": [
            {
                "url": page.url,
                "label": page.label,
                "icon": page.icon,
                "is_current": request.path.startswith(page.url),
            }
            for page in PAGES
            if page.section in access.sections
            and (page.permission is None or page.permission in access.permissions)
        ],
    }

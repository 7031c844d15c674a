"""Sessions, their history and their rules in the operator's Django admin."""

from sessions_admin.admin import (
    applications,
    devices,
    history,
    holders,
    notices,
    programs,
    risks,
    sessions,
    settings,
)

__all__ = [
    "applications",
    "devices",
    "history",
    "holders",
    "notices",
    "programs",
    "risks",
    "sessions",
    "settings",
]

"""Sessions, their history and their rules in the operator's Django admin."""

from sessions_admin.admin import history, holders, sessions, settings

__all__ = ["history", "holders", "sessions", "settings"]

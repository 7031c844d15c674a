"""What one may do in a tenant: the permission table, and the parts of the portal."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    """What a group may allow. One's own sessions need none."""

    USERS_VIEW = "users.view"
    USERS_DISABLE = "users.disable"
    SESSIONS_VIEW = "sessions.view"
    SESSIONS_END = "sessions.end"
    SESSION_SETTINGS_VIEW = "session_settings.view"
    SESSION_SETTINGS_EDIT = "session_settings.edit"
    AUDIT_VIEW = "audit.view"
    AUDIT_EXPORT = "audit.export"
    INSIGHTS_VIEW = "insights.view"
    TOKENS_COPY = "tokens.copy"
    GROUPS_EDIT = "groups.edit"
    API_KEYS_EDIT = "api_keys.edit"


PERMISSION_LABELS = {
    Permission.USERS_VIEW: _("See the people of the tenant"),
    Permission.USERS_DISABLE: _("Disable and enable people"),
    Permission.SESSIONS_VIEW: _("See people's sessions and login history"),
    Permission.SESSIONS_END: _("Log people out"),
    Permission.SESSION_SETTINGS_VIEW: _("See the session settings"),
    Permission.SESSION_SETTINGS_EDIT: _("Change the session settings"),
    Permission.AUDIT_VIEW: _("See the audit log"),
    Permission.AUDIT_EXPORT: _("Export the audit log"),
    Permission.INSIGHTS_VIEW: _("See insights"),
    Permission.TOKENS_COPY: _("Copy a token"),
    Permission.GROUPS_EDIT: _("Edit groups"),
    Permission.API_KEYS_EDIT: _("Create and revoke API keys"),
}


class Section(StrEnum):
    """A part of the portal that an operator switches on for a tenant."""

    SESSIONS = "sessions"
    USERS = "users"
    SESSION_SETTINGS = "session_settings"
    AUDIT = "audit"
    INSIGHTS = "insights"
    RISKS = "risks"
    API_KEYS = "api_keys"


SECTION_LABELS = {
    Section.SESSIONS: _("My sessions"),
    Section.USERS: _("Users"),
    Section.SESSION_SETTINGS: _("Session settings"),
    Section.AUDIT: _("Audit"),
    Section.INSIGHTS: _("Insights"),
    Section.RISKS: _("Risks"),
    Section.API_KEYS: _("API keys"),
}

ALL_PERMISSIONS = frozenset(Permission)
_VIEWING = frozenset(
    {
        Permission.USERS_VIEW,
        Permission.SESSIONS_VIEW,
        Permission.SESSION_SETTINGS_VIEW,
        Permission.AUDIT_VIEW,
        Permission.INSIGHTS_VIEW,
    }
)

# The groups that each tenant starts with; owners edit them.
DEFAULT_GROUPS: dict[str, frozenset[Permission]] = {
    "Owners": ALL_PERMISSIONS,
    "Administrators": ALL_PERMISSIONS - {Permission.GROUPS_EDIT},
    "Auditors": _VIEWING | {Permission.AUDIT_EXPORT},
    "Members": frozenset(),
}

"""The pages of the portal and of its API, and how many statements each may take.

`bench.pages` takes their time; `tests/test_statements.py` holds the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

LIMIT = 150  # milliseconds of a server's time
# What has to look at each of 50,000 live sessions, or at the name or last visit of as many people.
EVERYTHING = 750
# What somebody asks for by a button, beside the page: it goes through a past of 30 days.
TRIAL = 2_000
FILE = 500  # a whole file with thousands of sessions
ADMINISTRATOR, HOLDER, OPERATOR, PROGRAM = "administrator", "holder", "operator", "program"
SETTINGS = {
    "idle_timeout_enabled": "on", "idle_timeout_value": "1", "idle_timeout_unit": "hours",
    "absolute_timeout_enabled": "on", "absolute_timeout_value": "7",
    "absolute_timeout_unit": "days", "max_live_sessions_enabled": "on", "max_live_sessions": "5",
    "at_limit": "end_oldest", "access_token_lifetime": "5", "refresh_token_lifetime": "72",
}  # fmt: skip
RULES = {
    "impossible_travel": "notify", "far_apart": "notify", "new_device": "record",
    "new_country": "notify", "agent_changed": "step_up", "network_jump": "record",
    "guessed_password": "notify", "dormant_return": "notify", "top_speed_kmh": "900",
    "cool_down": "24",
}  # fmt: skip
EVERYBODY = {"matching": "state=signed_in"}


@dataclass(frozen=True, slots=True)
class Page:
    """Who asks for it, its address (with names in braces for ids), the most statements it takes."""

    who: str
    path: str
    statements: int
    posted: dict[str, str] | None = None
    limit: int = LIMIT
    by_htmx: bool = False


PAGES = (
    # Somebody with very many sessions.
    Page(HOLDER, "/sessions/", 6),
    Page(HOLDER, "/sessions/?show=active", 6),
    Page(HOLDER, "/sessions/export.csv", 4, limit=FILE),
    Page(HOLDER, "/notices/", 2),
    Page(HOLDER, "/profile/", 2),
    Page(HOLDER, "/live/?topic=sessions", 2),
    Page(ADMINISTRATOR, "/users/", 8),
    Page(ADMINISTRATOR, "/users/?sort=-name", 8),
    Page(ADMINISTRATOR, "/users/?sort=email", 8),
    Page(ADMINISTRATOR, "/users/?sort=-active", 10, limit=EVERYTHING),
    Page(ADMINISTRATOR, "/users/?sort=active", 8, limit=EVERYTHING),
    Page(ADMINISTRATOR, "/users/?q=aisha", 8),
    Page(ADMINISTRATOR, "/users/?q=person-4", 8, limit=EVERYTHING),
    Page(ADMINISTRATOR, "/users/?q=198.51.0.7", 8, limit=EVERYTHING),
    Page(ADMINISTRATOR, "/users/?q=198.51.", 8, limit=EVERYTHING),
    Page(ADMINISTRATOR, "/users/?state=signed_in", 8),
    Page(ADMINISTRATOR, "/users/?state=signed_in&sort=-active", 10, limit=EVERYTHING),
    Page(ADMINISTRATOR, "/users/?state=disabled", 8),
    Page(ADMINISTRATOR, "/users/?state=suspended", 8),
    Page(ADMINISTRATOR, "/users/?state=one_factor", 8),
    Page(ADMINISTRATOR, "/users/right-now/", 3),
    Page(ADMINISTRATOR, "/users/export.csv", 5),
    Page(ADMINISTRATOR, "/users/{holder}/", 6),
    Page(ADMINISTRATOR, "/users/{holder}/?tab=history", 5),
    Page(ADMINISTRATOR, "/users/{holder}/?ask=end-sessions", 4),
    Page(ADMINISTRATOR, "/users/{holder}/?part=live", 5),
    Page(ADMINISTRATOR, "/users/{somebody}/", 6),
    Page(ADMINISTRATOR, "/users/{somebody}/sessions/{session}/", 8),
    Page(ADMINISTRATOR, "/users/end-sessions/", 6, EVERYBODY, EVERYTHING),
    Page(ADMINISTRATOR, "/risks/", 3),
    Page(ADMINISTRATOR, "/risks/?q=aisha", 3),
    Page(ADMINISTRATOR, "/risks/?state=all&detector=new_country", 3),
    Page(ADMINISTRATOR, "/risks/{risk}/", 2),
    Page(ADMINISTRATOR, "/settings/risks/", 3),
    Page(ADMINISTRATOR, "/settings/risks/preview/", 7, RULES, TRIAL, by_htmx=True),
    Page(ADMINISTRATOR, "/settings/sessions/", 6),
    Page(ADMINISTRATOR, "/settings/sessions/preview/", 8, SETTINGS, EVERYTHING, by_htmx=True),
    Page(ADMINISTRATOR, "/settings/sessions/replay/", 6, SETTINGS, TRIAL, by_htmx=True),
    Page(ADMINISTRATOR, "/settings/api-keys/", 2),
    Page(ADMINISTRATOR, "/live/?topic=users&topic=risks", 2),
    Page(OPERATOR, "/admin/", 3),
    Page(OPERATOR, "/admin/sessions_admin/session/", 3),
    Page(OPERATOR, "/admin/sessions_admin/session/?state=live", 3),
    Page(OPERATOR, "/admin/sessions_admin/session/?state=ended&tenant={tenant}", 3),
    Page(OPERATOR, "/admin/sessions_admin/session/?q=person-1", 4),
    Page(OPERATOR, "/admin/sessions_admin/session/?q=198.51.0.", 3),
    Page(OPERATOR, "/admin/sessions_admin/loginattempt/", 3),
    Page(OPERATOR, "/admin/sessions_admin/auditevent/", 3),
    Page(OPERATOR, "/admin/sessions_admin/auditevent/?tenant={tenant}", 3),
    Page(OPERATOR, "/admin/sessions_admin/risk/", 3),
    Page(OPERATOR, "/admin/sessions_admin/notice/", 3),
    Page(OPERATOR, "/admin/sessions_admin/knowndevice/", 2),
    Page(OPERATOR, "/admin/accounts/user/", 3),
    Page(OPERATOR, "/admin/accounts/user/?q=person-4", 3),
    Page(OPERATOR, "/admin/tenants/tenant/", 3),
    Page(OPERATOR, "/admin/tenants/membership/", 4),
    Page(PROGRAM, "/api/v1/sessions", 3),
    Page(PROGRAM, "/api/v1/sessions?country=FR", 3),
    Page(PROGRAM, "/api/v1/sessions?network=198.51.0.0/24", 3),
    Page(PROGRAM, "/api/v1/sessions?idle_longer_than=3600", 3),
    Page(PROGRAM, "/api/v1/users", 5),
    Page(PROGRAM, "/api/v1/users?q=aisha", 5),
    Page(PROGRAM, "/api/v1/users/{holder}", 5),
    Page(PROGRAM, "/api/v1/users/{holder}/sessions", 4),
    Page(PROGRAM, "/api/v1/events", 4),  # one to make sure where all is newer than is settled
    Page(PROGRAM, "/api/v1/settings/sessions", 3),
)

"""What `make screens` takes pictures of: whose screens, in which state, in which looks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Look = tuple[int, str]
EVERY: tuple[Look, ...] = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
LIGHT: tuple[Look, ...] = ((1280, "light"), (390, "light"))
MIXED: tuple[Look, ...] = ((1280, "light"), (390, "dark"))
WIDE: tuple[Look, ...] = ((1280, "light"),)
MEMBER, ADMIN, AUDITOR = "member@acme.test", "admin@acme.test", "auditor@acme.test"
CONTRACTOR, OPERATOR = "contractor@example.test", "operator@latchkey.test"


def nothing(_page: Any) -> None:
    """The screen as it opens."""


@dataclass(frozen=True)
class Screen:
    """One state of one screen: whose, where, what is done first, and in which looks."""

    name: str
    title: str
    path: str
    person: str | None
    looks: tuple[Look, ...] = LIGHT
    act: Callable[[Any], None] = nothing
    is_dialog: bool = False  # what covers the page is as tall as the window


def click(label: str, role: str = "button") -> Callable[[Any], None]:
    return lambda page: page.get_by_role(role, name=label).first.click()


def select_three(page: Any) -> None:
    for box in page.locator("[data-select-row]").all()[1:4]:
        box.check()


def unfold_week(page: Any) -> None:
    page.locator("#week > summary").click()
    page.locator("#week").evaluate("week => week.scrollIntoView()")


def open_row_menu(page: Any) -> None:
    page.get_by_role("button", name="Actions for Dave Moreau").click()


def be_idle(page: Any) -> None:
    """What the server tells the page a minute before the session ends; the next tick asks."""
    page.wait_for_load_state("networkidle")
    page.evaluate("""() => {
        window.fetch = () => new Promise(() => {});  // else the server's answer comes
        const now = Date.now(), idle = { warn: now, end: now + 60000, tell: now + 60000 };
        const detail = { now, sent: now, idle, absolute: null };
        document.dispatchEvent(new CustomEvent("latchkey:pulse", { detail }));
    }""")
    page.locator("#idle[open]").wait_for()


def plan_a_change(page: Any) -> None:
    shorten_idle_timeout(page)
    page.locator("#confirm-save").wait_for(state="attached")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Warn people").click()
    page.get_by_text("New settings apply at").wait_for()


def copy_token(page: Any) -> None:
    give_reason(page)
    page.get_by_role("button", name="Copy a token").click()
    page.get_by_role("heading", name="Your token acts as").wait_for()


def see_as_somebody_else(page: Any) -> None:
    give_reason(page)
    page.get_by_role("button", name="Open the portal as this user").click()
    page.get_by_role("region", name="Support session").wait_for()


def give_reason(page: Any) -> None:
    page.get_by_role("link", name="Dave Moreau", exact=True).click()
    page.get_by_role("link", name="Token…").first.click()
    page.locator("#reason").fill("Cannot see the payroll report, ticket 4711.")


def shorten_idle_timeout(page: Any) -> None:
    page.locator("[name=idle_timeout_value]").fill("30")
    page.locator("[name=idle_timeout_unit]").select_option("minutes")
    page.locator("[name=idle_timeout_value]").blur()
    page.get_by_text("would end now").first.wait_for()
    page.get_by_text("Looking at the last 30 days").wait_for(state="hidden")


def unfold_first(page: Any) -> None:
    page.locator("ol.list details summary").first.click()


def first_member(page: Any) -> None:
    """The list of people is in alphabetical order, so this is the same person each time."""
    page.get_by_role("link", name="Dave Moreau").first.click()


def ask_to_log_out_member(page: Any) -> None:
    first_member(page)
    page.get_by_role("link", name="Log out of all sessions").first.click()


def history(page: Any) -> None:
    first_member(page)
    page.get_by_role("link", name="Login history").first.click()


def first_row(page: Any) -> None:
    page.locator("#result_list tbody th a").first.click()


def travel(page: Any) -> None:
    page.locator("a[aria-label*='Impossible travel']").first.click()


def first_token(page: Any) -> None:
    first_member(page)
    page.get_by_role("link", name="Token…").first.click()


SCREENS = (
    Screen("sign-in", "Signing in", "/accounts/login/", None, EVERY),
    Screen("reset", "Forgotten password", "/accounts/password/reset/", None, MIXED),
    Screen("my-sessions", "My sessions", "/sessions/", MEMBER, EVERY),
    Screen(
        "my-sessions-details", "My sessions: all that is known of one", "/sessions/", MEMBER, WIDE,
        unfold_first,
    ),
    Screen(
        "my-sessions-question", "My sessions: before ending others", "/sessions/", MEMBER, MIXED,
        click("other sessions"), is_dialog=True,
    ),
    Screen("my-sessions-week", "My sessions: the last 7 days", "/sessions/", MEMBER, LIGHT,
           unfold_week, is_dialog=True),
    Screen("idle", "Before an idle session ends", "/profile/", MEMBER, MIXED, be_idle,
           is_dialog=True),
    Screen("profile", "Profile", "/profile/", MEMBER, MIXED),
    Screen("two-factor", "Two-step sign-in", "/accounts/2fa/", MEMBER, LIGHT),
    Screen("password", "Changing the password", "/accounts/password/change/", MEMBER, LIGHT),
    Screen("step-up", "Step-up", "/accounts/reauthenticate/", MEMBER, MIXED),
    Screen("tenants", "Choosing a tenant", "/tenants/", CONTRACTOR, MIXED),
    Screen("users", "Users", "/users/", ADMIN, EVERY),
    Screen("users-selected", "Users: some selected", "/users/", ADMIN, WIDE, select_three),
    Screen("users-menu", "Users: what can be done with one", "/users/?q=e", ADMIN, MIXED,
           open_row_menu, is_dialog=True),
    Screen("users-filters", "Users: filters", "/users/", ADMIN, MIXED, click("Filters"),
           is_dialog=True),
    Screen("right-now", "Users: right now", "/users/right-now/", ADMIN, MIXED),
    Screen("user", "A person", "/users/?q=dave", ADMIN, EVERY, first_member),
    Screen("user-history", "A person: login history", "/users/?q=dave", ADMIN, LIGHT, history),
    Screen(
        "user-question", "A person: before logging them out", "/users/?q=dave", ADMIN, MIXED,
        ask_to_log_out_member, is_dialog=True,
    ),
    Screen("session-settings", "Session settings", "/settings/sessions/", ADMIN, EVERY),
    Screen(
        "session-settings-changed", "Session settings: what a change will do",
        "/settings/sessions/", ADMIN, WIDE, shorten_idle_timeout,
    ),
    Screen(
        "session-settings-read", "Session settings: read-only", "/settings/sessions/", AUDITOR,
        WIDE,
    ),
    Screen("risks", "Risks", "/risks/", ADMIN, EVERY),
    Screen("risk", "A finding and its evidence", "/risks/", ADMIN, EVERY, travel),
    Screen("risk-rules", "Risk rules", "/settings/risks/", ADMIN, LIGHT),
    Screen(
        "risk-rules-tried", "Risk rules: tried on the last 30 days", "/settings/risks/", ADMIN,
        MIXED, click("Try"),
    ),
    Screen("api-keys", "API keys", "/settings/api-keys/", ADMIN, MIXED),
    Screen("api-docs", "The API and how to call it", "/api/docs/", ADMIN, WIDE),
    Screen("session-of", "A session of a person, and its token", "/users/?q=dave", ADMIN, MIXED,
           first_token),
    Screen("notices", "Notices", "/notices/", MEMBER, MIXED),
    Screen("not-allowed", "Not allowed", "/users/", MEMBER, MIXED),
    Screen("not-found", "Not found", "/nowhere/", MEMBER, LIGHT),
    Screen("admin", "Django admin", "/admin/", OPERATOR, WIDE),
    Screen(
        "admin-sessions", "Django admin: sessions",
        "/admin/sessions_admin/session/?state=live", OPERATOR, WIDE,
    ),
    Screen(
        "admin-session", "Django admin: a session", "/admin/sessions_admin/session/?state=live",
        OPERATOR, WIDE, first_row,
    ),
    Screen(
        "admin-tenant", "Django admin: a tenant and its sections", "/admin/tenants/tenant/",
        OPERATOR, WIDE, first_row,
    ),
    Screen(
        "admin-settings", "Django admin: session settings of the platform",
        "/admin/sessions_admin/sessionpolicy/", OPERATOR, WIDE, first_row,
    ),
    Screen(
        "admin-audit", "Django admin: audit events", "/admin/sessions_admin/auditevent/", OPERATOR,
        WIDE,
    ),
)  # fmt: skip
# Their states are made, so they come last.
PLANNED = Screen(
    "session-settings-planned", "Session settings: a change that people were warned of",
    "/settings/sessions/", ADMIN, WIDE, plan_a_change, is_dialog=True,
)  # fmt: skip
SIGNED_OUT = Screen("signed-out", "Signed out, and why", "/sessions/", MEMBER, EVERY)
TOKEN = Screen("token", "A copied token", "/users/?q=dave", ADMIN, WIDE, copy_token)
SUPPORT = Screen(
    "support", "The portal, opened as somebody else", "/users/?q=dave", ADMIN, WIDE,
    see_as_somebody_else,
)  # fmt: skip
LIMIT = Screen("limit", "At the limit: choosing which session ends", "", MEMBER, MIXED)

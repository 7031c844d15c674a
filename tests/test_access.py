"""Every URL × every role, in one table. A URL that is not in it fails."""

import uuid
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import get_resolver

from sessions_admin.models import Session
from tests.suspicions import device_of, suspect

ROLES = ("anonymous", "member", "auditor", "admin", "owner", "operator", "outsider")
# The columns below are in this order. {session}: a session of acme's member; {user}: that member;
# {risk}: a finding about them; {device}: one that they use.

PERSONAL = (302, 200, 200, 200, 200, 200, 200)
OWN_ACT = (302, 302, 302, 302, 302, 302, 302)
OPEN = (200, 200, 200, 200, 200, 200, 200)
CLOSED = (404,) * 7
FOREIGN = (302, 404, 404, 404, 404, 404, 404)
POST_ONLY = (302, 405, 405, 405, 405, 405, 405)
# An operator belongs to no tenant: to the page where one chooses.
SEES_USERS = (302, 403, 200, 200, 200, 302, 200)
SEES_MEMBER = (302, 403, 200, 200, 200, 302, 404)
ACTS_ON_SETTINGS = (302, 403, 403, 302, 302, 302, 302)
ACTS_ON_MEMBER = (302, 403, 403, 302, 302, 302, 404)
FOREIGN_BUT_MEMBERS = (302, 302, 404, 404, 404, 404, 404)

PORTAL = {
    "": {"GET": OWN_ACT},
    "sessions/": {"GET": PERSONAL, "POST": POST_ONLY},
    "sessions/end/": {"GET": POST_ONLY, "POST": OWN_ACT},
    "sessions/end-others/": {"GET": POST_ONLY, "POST": OWN_ACT},
    "sessions/end-all/": {"GET": POST_ONLY, "POST": OWN_ACT},
    "sessions/export.csv": {"GET": PERSONAL, "POST": POST_ONLY},
    "sessions/{session}/end/": {
        "GET": POST_ONLY,
        "POST": (302, 302, 403, 302, 302, 404, 404),
    },
    "sessions/{session}/rename/": {
        "GET": POST_ONLY,
        "POST": FOREIGN_BUT_MEMBERS,
    },
    "sessions/{session}/recognise/": {"GET": POST_ONLY, "POST": FOREIGN_BUT_MEMBERS},
    "sessions/{session}/disown/": {"GET": POST_ONLY, "POST": FOREIGN_BUT_MEMBERS},
    "sessions/devices/{device}/forget/": {"GET": POST_ONLY, "POST": FOREIGN_BUT_MEMBERS},
    "signed-out/": {"GET": OPEN},
    "accounts/refused/": {"GET": OPEN},
    "accounts/limit/": {"GET": OWN_ACT},
    "users/": {"GET": SEES_USERS},
    "users/end-sessions/": {"GET": POST_ONLY, "POST": (302, 403, 403, 302, 302, 302, 302)},
    "users/endings/{unknown}/": {"GET": (302, 403, 403, 404, 404, 302, 404), "POST": POST_ONLY},
    "users/export.csv": {"GET": SEES_USERS, "POST": POST_ONLY},
    "users/right-now/": {"GET": SEES_USERS, "POST": POST_ONLY},
    "users/{user}/": {"GET": SEES_MEMBER},
    # An auditor sees sessions and acts as nobody.
    "users/{user}/sessions/{session}/": {"GET": (302, 403, 403, 200, 200, 302, 404)},
    "users/{user}/sessions/{session}/token/": {
        "GET": POST_ONLY,
        "POST": (302, 403, 403, 422, 422, 302, 404),
    },
    "users/{user}/sessions/{session}/open/": {
        "GET": POST_ONLY,
        "POST": (302, 403, 403, 422, 422, 302, 404),
    },
    "support/stop/": {"GET": (405,) * 7, "POST": OWN_ACT},
    "users/{user}/end-sessions/": {"GET": POST_ONLY, "POST": ACTS_ON_MEMBER},
    "users/{user}/disable/": {"GET": POST_ONLY, "POST": ACTS_ON_MEMBER},
    "users/{user}/enable/": {"GET": POST_ONLY, "POST": ACTS_ON_MEMBER},
    "risks/": {"GET": SEES_USERS, "POST": POST_ONLY},
    "risks/dismiss/": {"GET": POST_ONLY, "POST": (302, 403, 403, 302, 302, 302, 302)},
    "risks/{risk}/": {"GET": SEES_MEMBER, "POST": POST_ONLY},
    "risks/{risk}/dismiss/": {"GET": POST_ONLY, "POST": (302, 403, 403, 422, 422, 302, 404)},
    "risks/{risk}/end/": {"GET": POST_ONLY, "POST": ACTS_ON_MEMBER},
    "risks/{risk}/trust/": {"GET": POST_ONLY, "POST": ACTS_ON_MEMBER},
    "settings/risks/": {"GET": SEES_USERS, "POST": ACTS_ON_SETTINGS},
    "settings/risks/preview/": {"GET": POST_ONLY, "POST": (302, 403, 403, 200, 200, 302, 200)},
    "settings/sessions/": {"GET": SEES_USERS, "POST": ACTS_ON_SETTINGS},
    "settings/sessions/preview/": {
        "GET": POST_ONLY,
        "POST": (302, 403, 403, 200, 200, 302, 200),
    },
    "settings/sessions/{unknown}/restore/": {
        "GET": POST_ONLY,
        "POST": (302, 403, 403, 404, 404, 302, 404),
    },
    "api/docs/": {"GET": PERSONAL, "POST": POST_ONLY},
    "settings/api-keys/": {
        "GET": (302, 403, 403, 200, 200, 302, 200),
        "POST": (302, 403, 403, 422, 422, 302, 422),
    },
    "settings/api-keys/{unknown}/rotate/": {
        "GET": POST_ONLY,
        "POST": (302, 403, 403, 404, 404, 302, 404),
    },
    "settings/api-keys/{unknown}/revoke/": {
        "GET": POST_ONLY,
        "POST": (302, 403, 403, 404, 404, 302, 404),
    },
    "settings/sessions/replay/": {
        "GET": POST_ONLY,
        "POST": (302, 403, 403, 200, 200, 302, 200),
    },
    "settings/sessions/planned/": {"GET": POST_ONLY, "POST": ACTS_ON_SETTINGS},
    "notices/": {"GET": PERSONAL, "POST": POST_ONLY},
    "notices/dismiss-all/": {"GET": POST_ONLY, "POST": OWN_ACT},
    "notices/{unknown}/dismiss/": {"GET": POST_ONLY, "POST": FOREIGN},
    "notices/{unknown}/answer/": {"GET": POST_ONLY, "POST": (302,) + (400,) * 6},
    "notices/answer/forged/": {"GET": CLOSED},
    "authz/start": {"GET": OWN_ACT, "POST": POST_ONLY},
    "live/": {"GET": PERSONAL, "POST": POST_ONLY},
    "live/stay/": {"GET": POST_ONLY, "POST": (302, 204, 204, 204, 204, 204, 204)},
    "live/planned/": {"GET": PERSONAL, "POST": POST_ONLY},
    "profile/": {"GET": PERSONAL},
    "tenants/": {"GET": PERSONAL, "POST": (302, 404, 404, 404, 404, 404, 404)},
    ".well-known/oauth-authorization-server": {"GET": OPEN, "POST": (405,) * 7},
    # Programs: no cookie is looked at, so everybody gets the same.
    "oauth/token": {"GET": (405,) * 7, "POST": (400,) * 7},
    "oauth/revoke": {"GET": (405,) * 7, "POST": (400,) * 7},
    "oauth/introspect": {"GET": (405,) * 7, "POST": (401,) * 7},
    "_allauth/app/v1/config": {"GET": OPEN},
    "_allauth/app/v1/auth/login": {"GET": (405,) * 7, "POST": (400,) * 7},
    "_allauth/app/v1/auth/2fa/authenticate": {"POST": (401,) * 7},
    "_allauth/app/v1/auth/webauthn/authenticate": {"GET": (401,) * 7},
    "_allauth/app/v1/auth/webauthn/login": {"GET": OPEN, "POST": (400,) * 7},
    "_allauth/app/v1/tokens/refresh": {"GET": (405,) * 7, "POST": (400,) * 7},
    ".well-known/jwks.json": {"GET": OPEN, "POST": (405,) * 7},
    "healthz": {"GET": OPEN},
    "healthz/": {"GET": OPEN},
    "readyz": {"GET": OPEN},
    "readyz/": {"GET": OPEN},
}

FOR_VISITORS = (200, 302, 302, 302, 302, 302, 302)

ACCOUNTS = {
    "accounts/": {"GET": OWN_ACT},
    "accounts/signup/": {"GET": CLOSED},
    "accounts/email/": {"GET": CLOSED},
    "accounts/confirm-email/": {"GET": CLOSED},
    "accounts/confirm-email/some-key/": {"GET": CLOSED},
    "accounts/login/code/": {"GET": CLOSED},
    "accounts/login/code/confirm/": {"GET": CLOSED},
    "accounts/login/": {"GET": FOR_VISITORS},
    "accounts/logout/": {"GET": PERSONAL, "POST": OWN_ACT},
    "accounts/inactive/": {"GET": OPEN},
    "accounts/reauthenticate/": {"GET": PERSONAL},
    "accounts/password/change/": {"GET": PERSONAL},
    "accounts/password/set/": {"GET": OWN_ACT},
    "accounts/password/reset/": {"GET": OPEN},
    "accounts/password/reset/done/": {"GET": OPEN},
    "accounts/password/reset/key/0-none/": {"GET": OPEN},
    "accounts/password/reset/key/done/": {"GET": OPEN},
    "accounts/2fa/": {"GET": PERSONAL},
    "accounts/2fa/authenticate/": {"GET": OWN_ACT},
    "accounts/2fa/reauthenticate/": {"GET": OWN_ACT},
    "accounts/2fa/totp/activate/": {"GET": PERSONAL},
    "accounts/2fa/totp/deactivate/": {"GET": (302, 404, 404, 404, 404, 404, 404)},
    "accounts/2fa/recovery-codes/": {"GET": (302, 404, 404, 404, 404, 404, 404)},
    "accounts/2fa/recovery-codes/generate/": {"GET": PERSONAL},
    "accounts/2fa/recovery-codes/download/": {"GET": (302, 404, 404, 404, 404, 404, 404)},
    "accounts/2fa/webauthn/": {"GET": PERSONAL},
    "accounts/2fa/webauthn/add/": {"GET": PERSONAL},
    "accounts/2fa/webauthn/reauthenticate/": {"GET": OWN_ACT},
    "accounts/2fa/webauthn/keys/1/remove/": {"GET": (302, 404, 404, 404, 404, 404, 404)},
    "accounts/2fa/webauthn/keys/1/edit/": {"GET": (302, 404, 404, 404, 404, 404, 404)},
    "accounts/2fa/webauthn/login/": {"GET": OWN_ACT},
}
TABLE = PORTAL | ACCOUNTS
# Django admin is one rule: operators enter, nobody else does.
ADMIN = "admin/"
# The operations of the API have a table of their own: tests/api/test_access.py.
API = "api/v1/"


@dataclass(frozen=True)
class Case:
    path: str
    method: str
    expected: tuple[int, ...]


CASES = [
    Case(path, method, expected)
    for path, methods in TABLE.items()
    for method, expected in methods.items()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.method} /{case.path}")
def test_each_role_gets_what_the_table_says(cast, browser_of, case):
    session = browser_of(cast.member).session_row
    names = {"session": session.pk, "user": cast.member.pk, "unknown": uuid.uuid4()}
    if "{risk}" in case.path:
        names["risk"] = suspect(cast.member, cast.acme, session=session).pk
    if "{device}" in case.path:
        names["device"] = device_of(cast.member).pk
    path = "/" + case.path.format(**names)
    browsers = {role: browser_of(getattr(cast, role, None)) for role in ROLES}
    got = {}
    for role, browser in browsers.items():
        with transaction.atomic():  # what one role changes, the next does not find
            got[role] = getattr(browser, case.method.lower())(path).status_code
            transaction.set_rollback(True)
    assert got == dict(zip(ROLES, case.expected, strict=True))


@pytest.mark.parametrize("path", [path for path in PORTAL if "GET" in PORTAL[path]])
def test_no_answer_holds_a_key(cast, browser_of, path):
    browser = browser_of(cast.owner)
    session = browser.session_row
    key = browser.cookies.popitem()[1].value
    browser = browser_of(cast.owner)
    own = next(iter(browser.cookies.values())).value
    hashes = [bytes(row.key_hash).hex() for row in Session.objects.all()]
    risk = suspect(cast.member, cast.acme, session=session)
    address = path.format(
        session=session.pk,
        user=cast.member.pk,
        unknown=uuid.uuid4(),
        risk=risk.pk,
        device=uuid.uuid4(),
    )
    text = browser.get(f"/{address}").getvalue().decode(errors="replace")
    for secret in (key, own, *hashes):
        assert secret not in text


def routes(patterns, prefix=""):
    """The URL names and patterns of the project, leaf by leaf."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route, pattern


def test_every_url_is_in_the_table():
    resolver = get_resolver()
    known = {id(resolver.resolve(f"/{filled(path)}").func) for path in TABLE}
    missing = [
        route
        for route, pattern in routes(resolver.url_patterns)
        if not route.startswith((ADMIN, API))
        and id(pattern.callback) not in known
        and not shadowed(route)
    ]
    assert missing == []


def filled(path: str) -> str:
    names = ("session", "user", "unknown", "risk", "device")
    return path.format(**{name: uuid.uuid4() for name in names})


def shadowed(route: str) -> bool:
    """allauth's pages that an earlier pattern shuts or limits (accounts/urls.py)."""
    return (
        route.removeprefix("accounts/")
        .lstrip("^")
        .startswith(("signup/", "email/", "confirm-email/", "login/code/", "2fa/webauthn/login/"))
    )


def test_only_operators_enter_django_admin(cast, browser_of):
    """Its pages redirect everybody else to the sign-in or refuse them."""
    for role in ROLES:
        status = browser_of(getattr(cast, role, None)).get("/admin/").status_code
        assert (status == 200) == (role == "operator"), role


def admin_pages():
    return sorted(
        "/" + route.replace("<path:object_id>", str(uuid.uuid4()))
        for route, _ in routes(get_resolver().url_patterns)
        if route.startswith(ADMIN) and "^" not in route and "(" not in route
        and "<path:content_type_id>" not in route and not route.endswith("object_id>/")
    )  # fmt: skip


def test_no_page_of_django_admin_is_open_to_others(cast, browser_of):
    outside = {role: browser_of(getattr(cast, role, None)) for role in ROLES if role != "operator"}
    for path in admin_pages():
        for role, browser in outside.items():
            assert browser.get(path).status_code in {302, 403, 404}, (role, path)

"""An application of acme behind the gate, and what a proxy asks about it."""

from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

import pytest
from django.conf import settings as django_settings

from sessions_admin.authz import applications
from sessions_admin.authz.gate import Gate
from sessions_admin.models import Application
from tests.cast import FIREFOX, HOME

SECRET = "the-proxy-and-the-portal-know-it-and-nobody-else"
PROXY = "192.0.2.80"
PORTAL = "https://portal.example"
HOST = "wiki.example"
PAGE = {"HTTP_ACCEPT": "text/html", "HTTP_SEC_FETCH_MODE": "navigate"}


@dataclass
class Reply:
    """What the gate said."""

    status: int
    headers: dict[str, str]
    cookies: SimpleCookie
    body: bytes

    @property
    def location(self) -> str:
        return self.headers["Location"]

    @property
    def query(self) -> dict[str, str]:
        """The parameters of where it redirects to."""
        return {name: one for name, [one] in parse_qs(urlsplit(self.location).query).items()}


def never(environ: Any, start_response: Any) -> Any:
    """Stands behind the gate where nothing may fall through."""
    start_response("404 Not Found", [])
    return [b"django"]


def call(environ: dict[str, Any], application: Callable[..., Any] = never) -> Reply:
    """One request to the gate, as the server makes it."""
    answer: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        assert not answer, "answered twice"
        answer.update(status=int(status.split()[0]), headers=headers)

    body = b"".join(Gate(application)(environ, start_response))
    names = [name for name, _ in answer["headers"] if name != "Set-Cookie"]
    assert len(names) == len(set(names))
    cookies = SimpleCookie()
    for name, value in answer["headers"]:
        if name == "Set-Cookie":
            cookies.load(value)
    return Reply(answer["status"], dict(answer["headers"]), cookies, body)


@pytest.fixture(autouse=True)
def proxied(settings):
    """A portal behind proxies, one of which asks."""
    settings.FORWARD_AUTH_SECRET = SECRET
    settings.TRUSTED_PROXIES = (ip_network("192.0.2.0/24"),)
    settings.PUBLIC_URL = PORTAL
    applications.forget()
    yield
    applications.forget()


@pytest.fixture
def wiki(cast) -> Application:
    application = Application.objects.create(
        name="Wiki", host=HOST, public_paths="/health\n/assets/\n"
    )
    application.tenants.add(cast.acme)
    return application


def environ_of(
    path: str, *, method: str = "GET", query: str = "", **headers: str
) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query,
        "REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": HOME, "HTTP_USER_AGENT": FIREFOX,
        "HTTP_X_LATCHKEY_SECRET": SECRET, **headers,
    }  # fmt: skip


def cookie_of(browser: Any) -> dict[str, str]:
    """The portal's cookie, as it arrives where both are on one host."""
    name = django_settings.SESSION_COOKIE_NAME
    return (
        {"HTTP_COOKIE": f"{name}={browser.cookies[name].value}"} if name in browser.cookies else {}
    )


@pytest.fixture
def ask(wiki):
    """What the gate answers to a question about the wiki."""

    def ask(
        browser: Any = None, url: str = f"https://{HOST}/page", *, method: str = "GET",
        dialect: str = "nginx", **headers: str,
    ) -> Reply:  # fmt: skip
        cookies = cookie_of(browser) if browser is not None else {}
        asked = questions(dialect, url, method)
        return call({**asked, **cookies, **headers})

    return ask


def questions(dialect: str, url: str, method: str) -> dict[str, Any]:
    """How each proxy tells of a request."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if dialect == "nginx":
        told = {"HTTP_X_ORIGINAL_URL": url, "HTTP_X_ORIGINAL_METHOD": method}
        return environ_of("/authz/nginx", **told)
    if dialect == "envoy":
        path, _, query = path.partition("?")
        told = {"HTTP_X_FORWARDED_PROTO": scheme, "HTTP_HOST": host}
        decoded = unquote_to_bytes(path).decode("latin-1")  # WSGI, PEP 3333
        return environ_of(f"/authz/envoy{slash}{decoded}", method=method, query=query, **told)
    told = {
        "HTTP_X_FORWARDED_PROTO": scheme, "HTTP_X_FORWARDED_HOST": host,
        "HTTP_X_FORWARDED_URI": slash + path, "HTTP_X_FORWARDED_METHOD": method,
    }  # fmt: skip
    return environ_of(f"/authz/{dialect}", **told)

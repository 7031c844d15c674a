"""The layers that are compared, each as a WSGI application of its own in this process."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from accounts.models import User

DJANGO = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)
OURS = (
    "sessions_admin.middleware.SessionMiddleware",
    "sessions_admin.middleware.AuthenticationMiddleware",
)
# What a browser sends, and what a server makes of it.
ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "203.0.113.7",
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.7,de;q=0.3",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.errors": BytesIO(),
}


@dataclass(frozen=True)
class Stack:
    """A layer and the page that is asked through it."""

    name: str
    application: Callable[..., Any]
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self) -> Any:
        """One request, from the environ to the closed response."""
        environ = ENVIRON | self.headers
        environ |= {
            "PATH_INFO": self.path, "QUERY_STRING": self.query, "wsgi.input": BytesIO(),
        }  # fmt: skip
        response = self.application(environ, _start_response)
        for _ in response:
            pass
        response.close()
        return response

    def at(self, name: str, path: str) -> "Stack":
        """The same layer and session, another page."""
        return replace(self, name=name, path=path)


def bare_stack(name: str) -> Stack:
    """Django without any session: what every layer's cost is above."""
    # It carries a cookie as the others do, so that the request is the same.
    cookie = {"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={'x' * 43}"}
    return Stack(name, _application((), settings.SESSION_ENGINE), "/bare/", headers=cookie)


def django_stack(name: str, user: User) -> Stack:
    return _signed_in(name, _application(DJANGO, "bench.django_sessions"), user)


def our_stack(name: str, user: User) -> Stack:
    return _signed_in(name, _application(OURS, "sessions_admin.engine"), user)


def sign_in_of(stack: Stack, user: User) -> Stack:
    """Signing in through this layer, again and again, each time in a new browser."""
    return replace(stack, path="/sign-in/", query=f"email={user.email}", headers={})


def _application(middleware: tuple[str, ...], engine: str) -> WSGIHandler:
    with override_settings(MIDDLEWARE=middleware, SESSION_ENGINE=engine):
        return WSGIHandler()


def _signed_in(name: str, application: WSGIHandler, user: User) -> Stack:
    stranger = Stack(name, application, "/page/")
    cookies: SimpleCookie = sign_in_of(stranger, user).ask().cookies
    key = cookies[settings.SESSION_COOKIE_NAME].value
    return replace(stranger, headers={"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={key}"})


def _start_response(*_: object) -> None:
    pass

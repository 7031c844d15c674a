"""The cookie by which a browser is recognised: long-lived, signed, and never a credential.

Whoever has it is asked for everything that a stranger is asked for; it only decides whether a
sign-in counts as one with a new device.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from sessions_admin.request.sealing import hash_of

SALT = "latchkey device"
NAME_BYTES = 16  # random, so nobody meets another browser's name by chance


@dataclass(frozen=True, slots=True)
class Browser:
    """What the cookie names; a new name where there was none of ours."""

    name: str

    @property
    def hash(self) -> bytes:
        """What the database knows of it."""
        return hash_of(self.name)


def browser_of(request: HttpRequest) -> Browser:
    """The browser of this request. Never raises, whatever the cookie says."""
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    try:
        return Browser(signing.Signer(salt=SALT).unsign(cookie))
    except signing.BadSignature:
        return Browser(secrets.token_urlsafe(NAME_BYTES))


def send_device_cookie(response: HttpResponse, browser: Browser) -> None:
    """Sets it, or makes it last as long again."""
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.Signer(salt=SALT).sign(browser.name),
        max_age=settings.DEVICE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )

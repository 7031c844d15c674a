"""Django system checks for settings that would undo what Latchkey promises.

Numbered latchkey.E… when the portal must not start like this, latchkey.W… when production should
not. Imported by config.urls.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from sessions_admin.diagnosis.stores import UNSHARED_CACHES
from sessions_admin.diagnosis.web import only_loopback, trusts_everybody

ENGINE = "sessions_admin.engine"


@register(Tags.security)
def trusted_proxies(**_: Any) -> list[CheckMessage]:
    if not trusts_everybody(settings.TRUSTED_PROXIES):
        return []
    return [
        Error(
            "TRUSTED_PROXIES contains every address.",
            hint="Anyone could claim any address. List only the addresses of your proxies.",
            id="latchkey.E001",
        )
    ]


@register(Tags.security)
def session_engine(**_: Any) -> list[CheckMessage]:
    if settings.SESSION_ENGINE == ENGINE:
        return []
    return [
        Error(
            f"SESSION_ENGINE is {settings.SESSION_ENGINE!r}.",
            hint=f"Sessions of another engine cannot be seen or ended. Use {ENGINE!r}.",
            id="latchkey.E002",
        )
    ]


@register(Tags.security)
def stock_sessions(**_: Any) -> list[CheckMessage]:
    if "django.contrib.sessions" not in settings.INSTALLED_APPS:
        return []
    return [
        Error(
            "django.contrib.sessions is installed.",
            hint="Its table would hold sessions that nobody can end. Remove it.",
            id="latchkey.E003",
        )
    ]


@register(Tags.security)
def cookie_name(**_: Any) -> list[CheckMessage]:
    if settings.SESSION_COOKIE_NAME != "sessionid":
        return []
    return [
        Error(
            "The session cookie is named 'sessionid'.",
            hint="Another Django on a sibling host would overwrite it. Use a name of its own.",
            id="latchkey.E004",
        )
    ]


@register(Tags.security)
def forward_auth(**_: Any) -> list[CheckMessage]:
    if not settings.FORWARD_AUTH_SECRET or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "FORWARD_AUTH_SECRET is set, and TRUSTED_PROXIES is empty.",
            hint="No proxy may ask who may pass. List the addresses of your proxies.",
            id="latchkey.W003",
        )
    ]


@register(Tags.security, deploy=True)
def shared_cache(**_: Any) -> list[CheckMessage]:
    backend: str = settings.CACHES["default"]["BACKEND"]
    if settings.DEBUG or not backend.endswith(UNSHARED_CACHES):
        return []
    return [
        Warning(
            f"The cache is {backend.rpartition('.')[2]}, which processes do not share.",
            hint="Sign-in attempts would not be limited. Unset CACHE_URL or point it at Redis.",
            id="latchkey.W001",
        )
    ]


@register(Tags.security, deploy=True)
def cookie_prefix(**_: Any) -> list[CheckMessage]:
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    if only_loopback() or all(name.startswith("__Host-") for name in names):
        return []
    return [
        Warning(
            "A cookie lacks the __Host- prefix.",
            hint="Other subdomains could set it. Leave the names to config/settings.py.",
            id="latchkey.W002",
        )
    ]

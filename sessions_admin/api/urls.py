"""/api/v1/: the operations, and a problem for every other address."""

from typing import Any

from django.urls import path, re_path

from sessions_admin.api.entrance import entrance, nothing
from sessions_admin.api.portal_api import api
from sessions_admin.api.schema import openapi

app_name = "api"


def _entered() -> list[Any]:
    """The framework's patterns, each address once and behind the entrance; its start page not."""
    patterns: dict[str, Any] = {}
    found: list[Any] = api.urls[0]
    for pattern in found:
        if pattern.name != "api-root":
            patterns.setdefault(str(pattern.pattern), pattern)
    for pattern in patterns.values():
        pattern.callback = entrance(pattern.callback)
    return list(patterns.values())


urlpatterns = [
    *_entered(),
    path("openapi.json", openapi, name="openapi"),
    re_path(r"^[\s\S]*$", nothing),
]

"""An app that signs in, as its developer would write it: JSON and forms over HTTP, no cookies."""

from dataclasses import dataclass, field
from typing import Any

import jwt
from django.test import Client

from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import Session

LOGIN = "/_allauth/app/v1/auth/login"
AGENT = "Acme/2.1 (Android 16; Pixel 9)"


@dataclass
class App:
    """One installation of an app; `access` and `refresh` are what it holds."""

    client: Client = field(default_factory=lambda: Client(headers={"user-agent": AGENT}))
    access: str = ""
    refresh: str = ""

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        return self.client.post(path, body, content_type="application/json", headers=headers)

    def form(self, path: str, **fields: str) -> Any:
        return form(self.client, path, **fields)

    def sign_in(self, user: Any, password: str = PASSWORD, **more: Any) -> Any:
        return self.keep(self.post(LOGIN, {"email": user.email, "password": password, **more}))

    def keep(self, answer: Any) -> Any:
        meta = answer.json().get("meta", {})
        self.access = meta.get("access_token", self.access)
        self.refresh = meta.get("refresh_token", self.refresh)
        return answer

    def go_on(self) -> Any:
        """Refreshes, and keeps what it gets."""
        answer = self.form("/oauth/token", grant_type="refresh_token", refresh_token=self.refresh)
        if answer.status_code == 200:
            self.access = answer.json()["access_token"]
            self.refresh = answer.json()["refresh_token"]
        return answer

    @property
    def session(self) -> Session:
        claims = jwt.decode(self.access, options={"verify_signature": False})
        return Session.objects.get(pk=claims["sid"])


def form(client: Client, path: str, bearer: str = "", **fields: str) -> Any:
    """What OAuth clients send."""
    from urllib.parse import urlencode

    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return client.post(
        path, urlencode(fields), content_type="application/x-www-form-urlencoded", headers=headers
    )

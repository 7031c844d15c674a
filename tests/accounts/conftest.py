"""People at the door."""

import base64
import hmac
import struct
import time

import pytest
from django.test import Client

from sessions_admin.demo.cast import PASSWORD

NEW_PASSWORD = "staple-under-the-moon"
TOTP_PERIOD = 30


@pytest.fixture
def device(member):
    """A device on which the member is signed in."""
    return signed_in_device(member)


@pytest.fixture
def other_device(member):
    """Another one."""
    return signed_in_device(member)


def signed_in_device(person, **client_options):
    client = Client(**client_options)
    response = sign_in(client, person.email)
    assert response.status_code == 302, response.content.decode()
    return client


def sign_in(client, email, password=PASSWORD, **fields):
    return client.post("/accounts/login/", {"login": email, "password": password, **fields})


def is_signed_in(client):
    return client.get("/profile/").status_code == 200


def authenticator_code(secret, at=None):
    """What an authenticator app shows (RFC 6238), worked out apart from what is tested."""
    counter = struct.pack(">Q", int(at or time.time()) // TOTP_PERIOD)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    offset = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def set_up_authenticator_app(client):
    """Goes through the page and returns the secret that the app holds."""
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    response = client.post(
        "/accounts/2fa/totp/activate/",
        {"code": authenticator_code(secret), "end_other_sessions": "on"},
    )
    assert response.status_code == 302, response.content.decode()
    return secret

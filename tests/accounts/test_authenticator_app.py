"""/accounts/2fa/: authenticator app and recovery codes."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.test import Client

from sessions_admin.notices.outbox import send_due
from tests.accounts.conftest import (
    authenticator_code,
    is_signed_in,
    set_up_authenticator_app,
    sign_in,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    """Time stands still: a code must not expire between being shown and being typed."""
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def secret(clock, device):
    secret = set_up_authenticator_app(device)
    clock.shift(timedelta(minutes=1))
    return secret


def type_code(client, code):
    return client.post("/accounts/2fa/authenticate/", {"code": code})


def recovery_codes(client):
    return client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]


def test_it_is_set_up_with_a_code(device, secret):
    types = set(Authenticator.objects.values_list("type", flat=True))
    assert types == {"totp", "recovery_codes"}


def test_it_is_not_set_up_with_a_wrong_code(clock, device):
    secret = device.get("/accounts/2fa/totp/activate/").context["form"].secret
    wrong = f"{(int(authenticator_code(secret)) + 1) % 10**6:06}"
    response = device.post("/accounts/2fa/totp/activate/", {"code": wrong})
    assert response.context["form"].errors["code"]
    assert not Authenticator.objects.exists()


def test_it_asks_for_no_password_just_after_signing_in(clock, device):
    assert device.get("/accounts/2fa/totp/activate/").status_code == 200


def test_it_asks_for_the_password_later(clock, device):
    clock.shift(timedelta(minutes=11))
    response = device.get("/accounts/2fa/totp/activate/")
    assert response.url.startswith("/accounts/reauthenticate/")


def test_it_ends_the_other_sessions(
    clock, device, other_device, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        set_up_authenticator_app(device)
    assert is_signed_in(device)
    assert not is_signed_in(other_device)


def test_it_keeps_the_other_sessions_on_request(
    clock, device, other_device, django_capture_on_commit_callbacks
):
    secret = device.get("/accounts/2fa/totp/activate/").context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        device.post("/accounts/2fa/totp/activate/", {"code": authenticator_code(secret)})
    assert is_signed_in(other_device)


def test_it_is_asked_for_at_the_next_sign_in(secret, client, member):
    response = sign_in(client, member.email)
    assert response.url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)
    response = type_code(client, authenticator_code(secret))
    assert response.url == "/sessions/"
    assert is_signed_in(client)


def test_it_remembers_the_choice_made_beside_the_password(secret, client, member):
    sign_in(client, member.email, remember="on")
    type_code(client, authenticator_code(secret))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["max-age"] == settings.SESSION_COOKIE_AGE


def test_it_goes_where_the_person_wanted_to_go(secret, client, member):
    sign_in(client, member.email, next="/profile/")
    assert type_code(client, authenticator_code(secret)).url == "/profile/"


def test_it_refuses_a_wrong_code(secret, client, member):
    sign_in(client, member.email)
    code = authenticator_code(secret)
    assert type_code(client, f"{(int(code) + 1) % 10**6:06}").context["form"].errors["code"]
    assert not is_signed_in(client)


def test_it_takes_a_code_once(secret, client, member):
    code = authenticator_code(secret)
    sign_in(client, member.email)
    type_code(client, code)
    again = Client()
    sign_in(again, member.email)
    assert type_code(again, code).context["form"].errors["code"]
    assert not is_signed_in(again)


def test_it_refuses_after_too_many_wrong_codes(secret, client, member):
    sign_in(client, member.email)
    code = authenticator_code(secret)
    for number in range(1, 11):
        type_code(client, f"{(int(code) + number) % 10**6:06}")
    assert type_code(client, code).context["form"].errors["code"]
    assert not is_signed_in(client)


def test_a_recovery_code_lets_in_once(secret, device, client, member):
    code = recovery_codes(device)[0]
    sign_in(client, member.email)
    type_code(client, code)
    assert is_signed_in(client)
    again = Client()
    sign_in(again, member.email)
    assert type_code(again, code).context["form"].errors["code"]
    assert code not in recovery_codes(device)


def test_new_recovery_codes_replace_the_old_ones(
    secret, device, member, django_capture_on_commit_callbacks
):
    old = recovery_codes(device)
    page = "/accounts/2fa/recovery-codes/generate/"
    assert device.get(page).context["form"]["end_other_sessions"].value() is True
    with django_capture_on_commit_callbacks(execute=True):
        device.post(page, {"end_other_sessions": "on"})
    assert not set(old) & set(recovery_codes(device))
    send_due()
    assert mail.outbox[-1].subject == "[Latchkey] New recovery codes were made"


def test_it_is_turned_off_and_its_recovery_codes_with_it(secret, device, client, member):
    page = "/accounts/2fa/totp/deactivate/"
    assert device.get(page).context["form"]["end_other_sessions"].value()
    response = device.post(page, {"end_other_sessions": "on"})
    assert response.url == "/accounts/2fa/"
    assert not Authenticator.objects.exists()
    sign_in(client, member.email)
    assert is_signed_in(client)


@pytest.mark.parametrize(("ticked", "survives"), [({"end_other_sessions": 1}, False), ({}, True)])
def test_turning_it_off_ends_the_other_sessions_unless_told_not_to(
    secret, device, client, member, ticked, survives
):
    sign_in(client, member.email)
    type_code(client, authenticator_code(secret))
    device.post("/accounts/2fa/totp/deactivate/", ticked)
    assert is_signed_in(device)
    assert is_signed_in(client) is survives


def test_nothing_usable_lies_in_the_database(secret, device):
    codes = recovery_codes(device)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not [code for code in codes if code in stored]
    seed = Authenticator.objects.get(type="recovery_codes").data["seed"]
    # A hex text of 80 characters is what allauth would store without the seal.
    assert seed.startswith("gAAAA")


def test_a_key_that_was_rotated_still_opens(secret, client, member, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-" + "0123456789" * 4
    sign_in(client, member.email)
    type_code(client, authenticator_code(secret))
    assert is_signed_in(client)

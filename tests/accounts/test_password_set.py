"""/accounts/password/set/, for people who have none."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.accounts.conftest import NEW_PASSWORD, is_signed_in

PAGE = "/accounts/password/set/"
FIELDS = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


@pytest.fixture
def device(member):
    member.set_unusable_password()
    member.save()
    client = Client()
    client.force_login(member)
    return client


def test_it_sets_the_password_and_keeps_this_session(device, member):
    response = device.post(PAGE, FIELDS | {"end_other_sessions": "on"})
    assert response.status_code == 302
    assert is_signed_in(device)
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)


def test_it_wants_a_proof_that_is_fresh(device, member):
    """Otherwise a session left open would be enough to keep the account for good."""
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        device.post(PAGE, FIELDS)
    member.refresh_from_db()
    assert not member.has_usable_password()


def test_it_is_for_people_without_a_password(member):
    client = Client()
    client.force_login(member)
    assert client.get(PAGE).url == "/accounts/password/change/"

"""/accounts/password/change/"""

import pytest
from django.core import mail

from accounts.models import User
from accounts.people import disable_user
from accounts.signals import credential_changed
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.notices.outbox import send_due
from tests.accounts.conftest import NEW_PASSWORD, is_signed_in, sign_in

PAGE = "/accounts/password/change/"


def change_password(client, old=PASSWORD, new=NEW_PASSWORD, **fields):
    return client.post(PAGE, {"oldpassword": old, "password1": new, "password2": new, **fields})


@pytest.fixture
def heard():
    """What credential_changed told."""
    calls = []

    def hear(**call):
        calls.append(call)

    credential_changed.connect(hear)
    yield calls
    credential_changed.disconnect(hear)


def test_it_changes_the_password_and_keeps_this_session(client, device, member):
    response = change_password(device, end_other_sessions="on")
    assert response.url == "/profile/"
    assert is_signed_in(device)
    sign_in(client, member.email, NEW_PASSWORD)
    assert is_signed_in(client)


def test_it_offers_to_end_the_other_sessions_and_means_yes(device):
    form = device.get(PAGE).context["form"]
    assert form["end_other_sessions"].value() is True


def test_it_ends_the_other_sessions(device, other_device, member, heard):
    change_password(device, end_other_sessions="on")
    assert not is_signed_in(other_device)
    assert [(call["user"], call["keep_others"]) for call in heard] == [(member, False)]


def test_it_keeps_the_other_sessions_on_request(device, other_device, heard):
    change_password(device)
    assert is_signed_in(other_device)
    assert is_signed_in(device)
    assert [call["keep_others"] for call in heard] == [True]


def test_it_wants_the_old_password(device, member):
    response = change_password(device, old="something else")
    assert "This is not your current password." in response.content.decode()
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_it_wants_a_password_that_is_hard_to_guess(device, member):
    assert change_password(device, new="password1234").context["form"].errors["password1"]
    assert change_password(device, new="short").context["form"].errors["password1"]


def test_it_tells_the_person_by_mail(device, member):
    change_password(device)
    assert mail.outbox == []  # nothing is sent within the request
    send_due()
    (message,) = mail.outbox
    assert message.to == [member.email]
    assert message.subject == "[Latchkey] Your password was changed"
    assert message.body.startswith("Hello Dave Moreau,")
    assert "127.0.0.1" in message.body
    assert NEW_PASSWORD not in message.body


def test_it_writes_in_the_language_and_time_zone_of_the_person(device, member):
    User.objects.filter(pk=member.pk).update(time_zone="Asia/Tokyo")
    change_password(device)
    send_due()
    assert " JST\n" in mail.outbox[0].body


def test_it_does_not_enable_a_person_who_is_disabled_meanwhile(member):
    as_read_before = User.objects.get(pk=member.pk)
    disable_user(member, actor=None)
    from allauth.account.adapter import get_adapter

    get_adapter().set_password(as_read_before, NEW_PASSWORD)
    member.refresh_from_db()
    assert not member.is_active
    assert member.check_password(NEW_PASSWORD)


def test_it_needs_a_sign_in(client, db):
    assert client.get(PAGE).status_code == 302

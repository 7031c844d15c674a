"""/accounts/password/reset/ and the link in the mail."""

import re
from datetime import timedelta

import time_machine
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.notices.outbox import send_due
from tests.accounts.conftest import NEW_PASSWORD, is_signed_in, sign_in

PAGE = "/accounts/password/reset/"


def ask(client, email):
    return client.post(PAGE, {"email": email})


def link_in(message):
    return re.search(rf"{settings.PUBLIC_URL}(/\S+)", message.body).group(1)


def choose(client, link, password=NEW_PASSWORD):
    page = client.get(link, follow=True)
    address = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(address, {"password1": password, "password2": password})


def test_it_resets_the_password_by_mail(client, member):
    ask(client, member.email)
    (message,) = mail.outbox
    assert message.to == [member.email]
    assert message.subject == "[Latchkey] Reset your password"
    assert choose(client, link_in(message)).status_code == 302
    sign_in(client, member.email, NEW_PASSWORD)
    assert is_signed_in(client)


def test_it_says_the_same_whether_or_not_the_address_is_known(client, member):
    known = ask(client, member.email)
    unknown = ask(client, "nobody@acme.test")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_it_tells_a_stranger_by_mail_that_nobody_has_the_address(client, db):
    ask(client, "nobody@acme.test")
    (message,) = mail.outbox
    assert message.subject == "[Latchkey] Reset your password"
    assert "Nobody can sign in with this address" in message.body
    assert "signup" not in message.body


def test_it_sends_a_disabled_person_no_link(client, member):
    disable_user(member, actor=None)
    ask(client, member.email)
    assert "http" not in mail.outbox[0].body


def test_it_ends_every_session(client, device, other_device, member):
    ask(client, member.email)
    choose(client, link_in(mail.outbox[0]))
    assert not is_signed_in(device)
    assert not is_signed_in(other_device)


def test_it_ends_the_session_in_which_it_is_done_too(device, member):
    ask(device, member.email)
    assert choose(device, link_in(mail.outbox[0])).status_code == 302
    assert not is_signed_in(device)


def test_it_does_not_sign_in(client, member):
    ask(client, member.email)
    choose(client, link_in(mail.outbox[0]))
    assert not is_signed_in(client)


def test_it_tells_the_person_that_it_happened(client, member):
    ask(client, member.email)
    choose(client, link_in(mail.outbox[0]))
    send_due()
    assert mail.outbox[-1].subject == "[Latchkey] Your password was reset"


def test_nobody_chooses_where_its_link_leads(client, member, settings):
    """Whoever asks for the mail chooses what Host says."""
    settings.ALLOWED_HOSTS = ["*"]
    client.post(PAGE, {"email": member.email}, headers={"host": "evil.example"})
    (message,) = mail.outbox
    assert "evil" not in message.body
    assert link_in(message)


def test_its_link_works_once(client, member):
    ask(client, member.email)
    link = link_in(mail.outbox[0])
    choose(client, link)
    choose(client, link, "another-long-password")
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)


def test_its_link_works_for_an_hour(client, member):
    ask(client, member.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        choose(client, link_in(mail.outbox[0]))
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_its_link_dies_with_the_address(client, member):
    """An operator who takes a lost mailbox away from an account takes its links away too."""
    ask(client, member.email)
    member.email = "ann@elsewhere.test"
    member.save()
    choose(client, link_in(mail.outbox[0]))
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_it_leaves_no_second_address_behind(client, member):
    """allauth would keep the old one and let it sign in for ever."""
    ask(client, member.email)
    choose(client, link_in(mail.outbox[0]))
    assert not EmailAddress.objects.exists()


def test_it_keeps_no_usable_link_in_the_queue(client, member, monkeypatch):
    queued = []
    monkeypatch.setattr("accounts.mail.deliver", FakeTask(queued))
    ask(client, member.email)
    ((to, _subject, body),) = queued
    assert to == member.email
    assert "http" not in body


class FakeTask:
    """A frozen task cannot be patched; this one only notes what it is asked."""

    def __init__(self, queued):
        self.queued = queued

    def enqueue(self, *arguments):
        self.queued.append(arguments)

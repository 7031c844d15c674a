"""/accounts/login/"""

import pytest
from django.conf import settings
from django.test import Client

from accounts.people import disable_user
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import Session
from tests.accounts.conftest import NEW_PASSWORD, is_signed_in, sign_in


def cookie_of(client):
    return client.cookies[settings.SESSION_COOKIE_NAME]


def test_it_shows_a_form_made_for_password_managers(client, db):
    page = client.get("/accounts/login/").content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "autofocus" in page
    assert "placeholder" not in page


def test_it_signs_in_and_goes_to_the_sessions(client, member):
    response = sign_in(client, member.email)
    assert response.status_code == 302
    assert response.url == "/sessions/"
    assert is_signed_in(client)


def test_it_takes_the_address_in_any_case(client, member):
    sign_in(client, member.email.upper())
    assert is_signed_in(client)


def test_it_says_the_same_about_a_wrong_password_and_an_unknown_address(client, member):
    wrong = sign_in(client, member.email, NEW_PASSWORD)
    unknown = sign_in(client, "nobody@acme.test", NEW_PASSWORD)
    assert wrong.status_code == unknown.status_code
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert "The e-mail address or the password is wrong." in wrong.content.decode()
    assert not is_signed_in(client)


def test_it_says_the_same_about_a_disabled_person_with_a_wrong_password(client, member):
    enabled = sign_in(client, member.email, NEW_PASSWORD)
    disable_user(member, actor=None)
    disabled = sign_in(client, member.email, NEW_PASSWORD)
    assert disabled.status_code == enabled.status_code
    assert disabled.context["form"].errors == enabled.context["form"].errors


def test_it_tells_a_disabled_person_so_after_the_right_password(client, member):
    disable_user(member, actor=None)
    response = sign_in(client, member.email)
    assert response.url == "/accounts/inactive/"
    assert client.get(response.url).status_code == 200
    assert not is_signed_in(client)


@pytest.mark.parametrize("hashing", ["unknown", "wrong", "disabled"])
def test_it_works_as_hard_for_every_failure(client, member, monkeypatch, hashing):
    """The time of an answer must not tell either: argon2 takes nearly all of it."""
    from django.contrib.auth import hashers

    hashes = []
    encode = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher, "encode",
        lambda *arguments: hashes.append(1) or encode(*arguments),
    )  # fmt: skip
    sign_in(client, member.email, NEW_PASSWORD)
    expected, hashes[:] = len(hashes), []
    if hashing == "disabled":
        disable_user(member, actor=None)
    sign_in(client, "nobody@acme.test" if hashing == "unknown" else member.email, NEW_PASSWORD)
    assert len(hashes) == expected


def test_it_forgets_the_session_with_the_browser_by_default(client, member):
    sign_in(client, member.email)
    assert cookie_of(client)["max-age"] == ""
    assert not Session.objects.get(user=member).persistent


def test_it_remembers_the_session_on_request(client, member):
    sign_in(client, member.email, remember="on")
    assert cookie_of(client)["max-age"] == settings.SESSION_COOKIE_AGE
    assert Session.objects.get(user=member).persistent
    assert "_session_expiry" not in client.session


def test_it_refuses_after_too_many_failures_even_the_right_password(client, member):
    for _ in range(10):
        sign_in(client, member.email, NEW_PASSWORD)
    response = sign_in(client, member.email)
    assert "Too many failed attempts." in response.content.decode()
    assert not is_signed_in(client)


def test_it_counts_failures_of_addresses_that_nobody_has_alike(client, db):
    for _ in range(10):
        sign_in(client, "nobody@acme.test")
    assert "Too many failed attempts." in sign_in(client, "nobody@acme.test").content.decode()


def test_it_counts_the_addresses_of_one_customer_together(client, member):
    """Of IPv6 everybody has 2^64 of them."""

    def attempt(email, password, ip):
        data = {"login": email, "password": password}
        answer = client.post("/accounts/login/", data, REMOTE_ADDR=ip)
        return "Too many failed attempts." in answer.content.decode()

    for number in range(20):
        assert not attempt(f"nobody{number}@acme.test", NEW_PASSWORD, f"2001:db8:1:2::{number:x}")
    assert attempt(member.email, PASSWORD, "2001:db8:1:2:ffff::1")
    assert not attempt(member.email, PASSWORD, "2001:db8:1:3::1")
    assert is_signed_in(client)


def test_it_lets_others_in_while_one_address_is_under_attack(client, admin, member):
    for _ in range(10):
        sign_in(client, admin.email, NEW_PASSWORD)
    sign_in(client, member.email)
    assert is_signed_in(client)


def test_it_goes_where_the_person_wanted_to_go(client, member):
    assert sign_in(client, member.email, next="/profile/?a=b").url == "/profile/?a=b"


@pytest.mark.parametrize(
    "target",
    ["https://evil.test/", "//evil.test/", "\\\\evil.test", "javascript:alert(1)", "/\\evil.test"],
)
def test_it_redirects_nowhere_else(client, member, target):
    assert sign_in(client, member.email, next=target).url == "/sessions/"


def test_it_wants_the_csrf_token(member):
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, member.email).status_code == 403


def test_it_gives_the_session_a_new_key(client, member):
    client.session["visited"] = True  # the client makes a visitor's session of it
    before = cookie_of(client).value
    sign_in(client, member.email)
    assert cookie_of(client).value != before
    assert not is_signed_in(Client(headers={"cookie": f"{settings.SESSION_COOKIE_NAME}={before}"}))


@pytest.mark.parametrize(
    "path",
    ["signup/", "email/", "confirm-email/", "confirm-email/a-key/", "login/code/confirm/"],
)
def test_it_has_no_pages_beside_it_that_the_portal_does_not_offer(client, device, path):
    assert client.get(f"/accounts/{path}").status_code == 404
    assert device.get(f"/accounts/{path}").status_code == 404
    assert device.post(f"/accounts/{path}").status_code == 404


def test_it_has_an_index_that_is_the_profile(device):
    assert device.get("/accounts/").url == "/profile/"

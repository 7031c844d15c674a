"""The page of a tenant's API keys."""

import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from sessions_admin.models import ApiKey
from sessions_admin.tokens.api_keys import caller_of
from tenants.models import Group

HERE = "/settings/api-keys/"
FORM = {"name": "Nightly", "permissions": ["users.view", "sessions.view"], "lifetime": "90"}
KEY = re.compile(r"lk_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}")


def text_of(response) -> str:
    return response.getvalue().decode()


def shown(response) -> str:
    found = set(KEY.findall(text_of(response)))
    assert len(found) == 1
    return found.pop()


@pytest.fixture
def made(cast, browser_of):
    """A key that the owner made on the page, and its text."""
    text = shown(browser_of(cast.owner).post(HERE, FORM))
    return ApiKey.objects.get(), text


def test_it_makes_a_key_and_shows_it_once(cast, browser_of, made):
    key, text = made
    caller = caller_of(text)
    assert caller is not None
    assert caller.access.permissions == {"users.view", "sessions.view"}
    page = browser_of(cast.owner).get(HERE)
    assert text not in text_of(page)
    assert f"lk_{key.hint}_…" in text_of(page)
    assert page.headers["Cache-Control"] == (
        "max-age=0, no-cache, no-store, must-revalidate, private"
    )


def test_sending_the_form_again_makes_no_second_key(cast, browser_of, made):
    again = browser_of(cast.owner).post(HERE, FORM)
    assert again.status_code == 422
    assert "A key of this name is in use" in text_of(again)
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "\u202e\n"}, "Enter a name."),
        ({"name": "x" * 61}, "at most 60 characters"),
        ({"permissions": []}, "This field is required"),
        ({"permissions": ["groups.edit"]}, "not one of the available choices"),
        ({"lifetime": "4000"}, "not one of the available choices"),
    ],
)
def test_it_refuses_what_makes_no_sense(cast, browser_of, change, words):
    response = browser_of(cast.owner).post(HERE, FORM | change)
    assert response.status_code == 422
    assert words in text_of(response)
    assert not ApiKey.objects.exists()


def test_nobody_gives_a_key_more_than_they_have(cast, browser_of):
    Group.objects.filter(tenant=cast.acme, name="Administrators").update(
        permissions=frozenset({"api_keys.edit", "users.view"})
    )
    page = browser_of(cast.admin).get(HERE)
    assert 'value="users.view"' in text_of(page)
    assert 'value="sessions.end"' not in text_of(page)
    response = browser_of(cast.admin).post(HERE, FORM)
    assert response.status_code == 422


def test_it_rotates_with_the_overlap_that_was_chosen(cast, browser_of, made):
    key, old = made
    new = shown(browser_of(cast.owner).post(f"{HERE}{key.pk}/rotate/", {"overlap": "1"}))
    assert caller_of(old)
    assert caller_of(new)
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        assert caller_of(old) is None
        assert caller_of(new)


def test_without_a_choice_the_old_key_has_a_day(cast, browser_of, made):
    key, _ = made
    browser_of(cast.owner).post(f"{HERE}{key.pk}/rotate/")
    key.refresh_from_db()
    assert abs(key.expires_at - timezone.now() - timedelta(hours=24)) < timedelta(minutes=1)


def test_a_second_rotation_is_refused(cast, browser_of, made):
    key, _ = made
    browser = browser_of(cast.owner)
    browser.post(f"{HERE}{key.pk}/rotate/")
    again = browser.post(f"{HERE}{key.pk}/rotate/", follow=True)
    assert "was rotated already" in text_of(again)
    assert ApiKey.objects.count() == 2


def test_it_revokes_at_once(cast, browser_of, made):
    key, text = made
    response = browser_of(cast.admin).post(f"{HERE}{key.pk}/revoke/", follow=True)
    assert "Revoked: Nightly." in text_of(response)
    assert "No longer in use" in text_of(response)
    assert caller_of(text) is None
    again = browser_of(cast.admin).post(f"{HERE}{key.pk}/revoke/", follow=True)
    assert "was no longer in use" in text_of(again)


@pytest.mark.parametrize("verb", ["rotate", "revoke"])
def test_the_key_of_another_tenant_is_as_unknown(cast, browser_of, made, verb):
    key, text = made
    browser = browser_of(cast.outsider)
    foreign = browser.post(f"{HERE}{key.pk}/{verb}/")
    unknown = browser.post(f"{HERE}{uuid.uuid4()}/{verb}/")
    assert foreign.status_code == unknown.status_code == 404
    assert caller_of(text)
    assert f"lk_{key.hint}" not in text_of(browser.get(HERE))


@pytest.mark.parametrize("path", [HERE, f"{HERE}{{key}}/rotate/", f"{HERE}{{key}}/revoke/"])
def test_changes_want_a_fresh_proof(cast, browser_of, made, path):
    key, _ = made
    browser = browser_of(cast.owner)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        response = browser.post(path.format(key=key.pk), FORM | {"name": "Other"})
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/reauthenticate/")
    key.refresh_from_db()
    assert key.revoked_at is None
    assert ApiKey.objects.count() == 1


def test_the_list_costs_two_statements(cast, browser_of, made, django_assert_max_num_queries):
    browser = browser_of(cast.owner)
    with django_assert_max_num_queries(2):
        browser.get(HERE)


def test_a_section_that_is_off_is_not_there(cast, browser_of):
    cast.acme.sections -= {"api_keys"}
    cast.acme.save()
    browser = browser_of(cast.owner)
    assert browser.get(HERE).status_code == 404
    assert browser.post(HERE, FORM).status_code == 404

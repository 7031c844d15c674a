"""Pages that are open to all, and errors: in the language and hours of who sees them."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User

GERMAN = {"accept-language": "de"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def german(cast, browser_of):
    """A browser that asks for English, of a person who reads German."""
    User.objects.filter(pk=cast.member.pk).update(language="de", time_zone="Asia/Tokyo")
    return browser_of(cast.member)


@pytest.mark.parametrize("path", ["/nowhere/", "/users/", "/accounts/logout/"])
def test_a_person_reads_their_own_language(german, path):
    page = german.get(path, headers={"accept-language": "en"})
    assert '<html lang="de"' in page.text


def test_the_sign_out_page_tells_their_time(german):
    assert "Asia/Tokyo" in german.get("/accounts/logout/").text


@pytest.mark.parametrize("path", ["/nowhere/", "/accounts/login/", "/signed-out/"])
def test_a_visitor_reads_the_browsers(client, path):
    assert '<html lang="de"' in client.get(path, headers=GERMAN).text
    assert '<html lang="en"' in client.get(path).text


def test_a_failure_speaks_without_a_database(django_assert_num_queries):
    for language in ("en", "de"):
        with translation.override(language), django_assert_num_queries(0):
            assert f'<html lang="{language}">' in render_to_string("500.html")


def test_the_next_request_is_its_own(german, client):
    german.get("/nowhere/")
    assert '<html lang="en"' in client.get("/nowhere/").text


def test_the_reset_asks_in_the_same_words_as_the_sign_in(client):
    for path in ("/accounts/login/", "/accounts/password/reset/"):
        assert "E-mail address</label>" in client.get(path).text

"""POST /users/end-sessions/ for everybody whom the list's search and filter find."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason
from tests.crowd import crowd
from tests.holdings import hold

URL = "/users/end-sessions/"
MATCHING = {"matching": "q=person", "ask": "1"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(acme):
    return crowd(acme, 60, live=1, ended=0)


@pytest.fixture
def browser(cast, browser_of):
    return browser_of(cast.admin)


def token(response):
    [found] = re.findall(r'name="matched" value="([^"]+)"', response.text)
    return found


def live_of(people) -> int:
    return Session.objects.live().filter(user__in=people).count()


def test_the_list_offers_it_only_where_there_is_another_page(browser, people):
    assert "Log out all 60 that match…" in browser.get("/users/?q=person").text
    assert "that match" not in browser.get("/users/?q=person-00").text


def test_it_asks_for_the_number_and_ends_them_all(browser, people, cast):
    other = hold(cast.member, cast.acme)
    asked = browser.post(URL, MATCHING)
    assert "Log 60 people out of all sessions?" in asked.text
    assert "Log out 60 sessions" in asked.text
    assert live_of(people) == 60
    answer = {"matched": token(asked), "confirm_count": "60", "note": "An audit"}
    page = browser.post(URL, answer, follow=True)
    assert "60 people: 60 sessions ended." in page.text
    assert live_of(people) == 0
    ended = Session.objects.ended().filter(user__in=people)
    assert {(one.end_reason, one.end_note) for one in ended} == {
        (EndReason.REVOKED_BY_ADMIN, "An audit")
    }
    other.refresh_from_db()
    assert other.ended_at is None
    assert browser.session_row.ended_at is None


def test_a_wrong_number_ends_nothing(browser, people):
    asked = browser.post(URL, MATCHING)
    assert browser.post(URL, {"matched": token(asked), "confirm_count": "59"}).status_code == 422
    assert live_of(people) == 60


def test_what_began_after_the_question_stays(browser, people, cast):
    asked = browser.post(URL, MATCHING)
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        later = hold(people[0], cast.acme, age=timedelta(0), idle=timedelta(0))
        browser.post(URL, {"matched": token(asked), "confirm_count": "60"})
        assert [one.pk for one in Session.objects.live().filter(user__in=people)] == [later.pk]


def test_when_more_people_match_it_asks_again(browser, people, cast):
    asked = browser.post(URL, MATCHING)
    cast.member.display_name = "A new person"
    cast.member.save()
    again = browser.post(URL, {"matched": token(asked), "confirm_count": "60"})
    assert "Log 61 people out of all sessions?" in again.text
    assert live_of(people) == 60


def test_a_question_of_another_tenant_or_of_nobody_is_none(browser, people, cast, browser_of):
    asked = browser.post(URL, MATCHING)
    stranger = browser_of(cast.outsider)
    for answer in (token(asked), "forged"):
        stranger.post(URL, {"matched": answer, "confirm_count": "60"})
    assert live_of(people) == 60


def test_nobody_who_may_not_end_sessions_gets_to_ask(people, cast, browser_of):
    assert browser_of(cast.auditor).post(URL, MATCHING).status_code == 403

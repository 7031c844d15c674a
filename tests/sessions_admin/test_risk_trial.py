"""/settings/risks/preview/: what the rules would have found in the last 30 days."""

from datetime import timedelta

import pytest

from sessions_admin.models import RiskRules
from sessions_admin.suspicious import back_test_words
from sessions_admin.vocabulary import Detector, Response
from tenants.permissions import Permission
from tests.holdings import hold
from tests.suspicions import BANGKOK, IN_BANGKOK, IN_LONDON, LONDON

HERE, TRY = "/settings/risks/", "/settings/risks/preview/"
OFF = {str(detector): "off" for detector in Detector} | {"report_only": ""}
ENDING = OFF | {"impossible_travel": "end_new"}
# The one SELECT of the request, the rules, and the four of the back-test.
STATEMENTS = 6


@pytest.fixture
def admins(browser_of, admin):
    return browser_of(admin)


@pytest.fixture
def travellers(cast):
    """Five people of acme who were in London and, four minutes later, in Bangkok."""
    people = [cast.owner, cast.admin, cast.auditor, cast.member, cast.contractor]
    for number, person in enumerate(people, 1):
        days = timedelta(days=number)
        age = {"age": days, "idle": days}
        hold(person, cast.acme, place=LONDON, ip=IN_LONDON, **age)
        later = {name: value - timedelta(minutes=4) for name, value in age.items()}
        hold(person, cast.acme, place=BANGKOK, ip=IN_BANGKOK, **later)
    return people


def text_of(browser, fields, path=TRY):
    return browser.post(path, fields, headers={"HX-Request": "true"}).text


def is_acting(tenant):
    return RiskRules.objects.get(tenant=tenant).impossible_travel == Response.END_NEW


def test_it_says_how_often_each_would_have_fired_and_for_whom(admins, travellers):
    text = text_of(admins, OFF | {"impossible_travel": "record", "new_country": "record"})
    assert "Would have fired 5 times, for 5 people" in text
    for person in travellers:
        assert person.name in text
    assert "Signed in from London and from Bangkok within 4 minutes" in text
    assert "Would not have fired." in text


def test_it_names_nobody_to_those_who_may_not_see_sessions(admins, admin, acme, travellers):
    group = admin.memberships.get(tenant=acme).groups.get()
    group.permissions -= {Permission.SESSIONS_VIEW}
    group.save()
    text = text_of(admins, OFF | {"impossible_travel": "record"})
    assert "Would have fired 5 times, for 5 people." in text
    assert "Dave Moreau" not in text
    assert "Bangkok" not in text


def test_it_tells_nothing_of_another_tenant(browser_of, outsider, travellers):
    text = text_of(browser_of(outsider), OFF | {"impossible_travel": "record"})
    assert "Nothing would have been found" in text
    assert "Dave Moreau" not in text


def test_it_goes_by_the_rules_that_are_typed(admins, travellers):
    assert "5 times" in text_of(admins, OFF | {"impossible_travel": "record"})
    trusted = OFF | {"impossible_travel": "record", "trusted_networks": "AS64501"}
    assert "Nothing would have been found" in text_of(admins, trusted)
    assert "Every detector is off" in text_of(admins, OFF)


def test_it_warns_of_acting_often_and_not_of_reporting(admins, travellers):
    warning = "would have logged people out 5 times: 5 people."
    assert warning in text_of(admins, ENDING)
    assert warning not in text_of(admins, ENDING | {"report_only": "on"})
    assert "Nobody would have been asked or logged out" in text_of(
        admins, ENDING | {"report_only": "on"}
    )
    asking = text_of(admins, OFF | {"impossible_travel": "step_up"})
    assert "would have asked people for a new proof 5 times" in asking


def test_it_does_not_warn_of_acting_seldom(admins, travellers, monkeypatch):
    monkeypatch.setattr(back_test_words, "OFTEN", 6)
    assert "would have logged people out" not in text_of(admins, ENDING)


def test_it_costs_the_same_however_many_travel(admins, travellers, django_assert_num_queries):
    text_of(admins, OFF | {"impossible_travel": "record"})
    with django_assert_num_queries(STATEMENTS):
        text_of(admins, OFF | {"impossible_travel": "record"})


def test_the_page_asks_before_it_saves_what_would_have_acted_often(admins, acme, travellers):
    response = admins.post(HERE, ENDING | {"confirmed": "0"})
    assert response.status_code == 200
    assert "Nothing is saved yet." in response.text
    assert "Save all the same" in response.text
    assert not is_acting(acme)
    assert admins.post(HERE, ENDING | {"confirmed": "1"}).url == HERE
    assert is_acting(acme)


def test_what_was_saved_already_is_not_asked_about_again(admins, acme, travellers):
    admins.post(HERE, ENDING | {"confirmed": "1"})
    assert admins.post(HERE, ENDING | {"confirmed": "0", "cool_down": "3"}).url == HERE


def test_what_sends_no_confirmation_means_what_it_says(admins, acme, travellers):
    assert admins.post(HERE, ENDING).url == HERE
    assert is_acting(acme)

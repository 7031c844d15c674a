"""/users/: the filters beside search and state; the file, the bulk log-out and the API follow."""

import re
from html import unescape

import pytest
from django.utils import timezone

from sessions_admin.models import Risk, Session
from sessions_admin.vocabulary import Detector, Kind, Response, RiskState
from tenants.models import Group, Membership
from tests.crowd import crowd, give, session_of

EVERYBODY = ["Amelia Stone", "Ann Lee", "Carol Weber", "Dave Moreau", "Sam Okafor"]


@pytest.fixture
def names(browser_of, admin):
    browser = browser_of(admin, ip="127.0.0.1")

    def names(**query):
        page = browser.get("/users/", query)
        assert page.status_code == 200
        return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', page.text, re.S)

    names.browser = browser
    return names


def risk(session, *, detector=Detector.IMPOSSIBLE_TRAVEL, state=RiskState.OPEN, tenant=None):
    return Risk.objects.create(
        session=session, user=session.user, tenant=tenant or session.tenant, detector=detector,
        state=state, response=Response.RECORD,
    )  # fmt: skip


def held(person, tenant, **columns):
    session = session_of(person, tenant, **columns)
    session.save()
    return session


def chips(page):
    """The active filters, and where each leads without it."""
    found = re.findall(r'chip-chosen" href="([^"]*)" aria-label="Remove the filter (.*?)"', page)
    return {unescape(words).strip("“”"): unescape(href) for href, words in found}


# --- who is found ------------------------------------------------------------------------------


def test_it_finds_the_members_of_a_group(names):
    assert names(group="Members") == ["Dave Moreau", "Sam Okafor"]
    assert names(group="Auditors") == ["Carol Weber"]


def test_somebody_in_two_groups_is_listed_once(names, member, acme):
    both = Membership.objects.get(user=member, tenant=acme)
    both.groups.add(Group.objects.get(tenant=acme, name="Auditors"))
    assert names(group="Auditors") == ["Carol Weber", "Dave Moreau"]
    assert names(group="Members") == ["Dave Moreau", "Sam Okafor"]


def test_a_group_of_another_tenant_is_no_group_here(names, globex, contractor):
    secret = Group.objects.create(tenant=globex, name="Secret")
    Membership.objects.get(user=contractor, tenant=globex).groups.add(secret)
    assert names(group="Secret") == []
    assert names(group=str(secret.pk)) == []
    assert "Secret" not in names.browser.get("/users/").text


def test_it_finds_who_is_signed_in_from_a_country(names, member, auditor, contractor, acme, globex):
    held(member, acme, country_code="FR", country="France")
    held(member, acme, country_code="JP", country="Japan")
    held(auditor, acme, country_code="JP", country="Japan", ended=True)
    held(contractor, globex, country_code="JP", country="Japan")
    held(contractor, acme, country_code="JP", country="Japan", minutes=60 * 25)  # idle too long
    assert names(country="FR") == ["Dave Moreau"]
    assert names(country="jp") == ["Dave Moreau"]
    assert names(country="DE") == []


def test_it_finds_open_findings_and_sessions_that_must_be_proven(
    names, member, auditor, contractor, owner, acme
):
    held(auditor, acme, suspected_at=timezone.now())
    risk(held(member, acme))
    risk(held(owner, acme), state=RiskState.DISMISSED)
    risk(held(contractor, acme), detector=Detector.NEW_DEVICE)  # news, and no suspicion
    assert names(suspicious="1") == ["Carol Weber", "Dave Moreau"]


def test_a_finding_is_one_also_when_its_session_is_over(names, member, acme):
    risk(held(member, acme, ended=True))
    assert names(suspicious="1") == ["Dave Moreau"]


def test_what_was_found_in_another_tenant_is_nobodys_business_here(
    names, contractor, globex, member, acme
):
    risk(held(contractor, globex, suspected_at=timezone.now()))
    held(member, acme, suspected_at=timezone.now(), ended=True)
    assert names(suspicious="1") == []


def test_it_finds_who_is_at_the_limit_or_over_it(
    names, member, auditor, contractor, owner, acme, globex, policy_of
):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=2)
    Session.objects.bulk_create(
        [session_of(member, acme) for _ in range(3)]
        + [session_of(auditor, acme) for _ in range(2)]
        + [session_of(contractor, acme), session_of(contractor, globex)]
        + [session_of(owner, acme), session_of(owner, acme, minutes=60 * 25)]
    )
    assert names(at_limit="1") == ["Carol Weber", "Dave Moreau"]


def test_support_sessions_fill_nobodys_limit(names, member, acme, policy_of):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=2)
    held(member, acme)
    held(member, acme, kind=Kind.SUPPORT)
    assert names(at_limit="1") == []


def test_without_a_limit_nobody_is_at_it(names, member, acme, policy_of):
    policy_of(acme, max_live_sessions_enabled=False, max_live_sessions=1)
    held(member, acme)
    assert names(at_limit="1") == []
    assert "At the session limit" in names.browser.get("/users/?at_limit=1").text
    assert "At the session limit" not in names.browser.get("/users/").text


def test_all_filters_hold_together(names, member, contractor, auditor, acme):
    risk(held(member, acme, country_code="FR", country="France"))
    risk(held(contractor, acme, country_code="DE", country="Germany"))
    risk(held(auditor, acme, country_code="FR", country="France"))
    assert names(group="Members", country="FR", suspicious="1") == ["Dave Moreau"]
    assert names(group="Members", country="FR", suspicious="1", q="dave") == ["Dave Moreau"]
    assert names(group="Members", country="FR", suspicious="1", q="carol") == []
    assert names(group="Members", suspicious="1", state="disabled") == []


@pytest.mark.parametrize("name", ["group", "country"])
@pytest.mark.parametrize("value", ["Nowhere", "\x00", "x" * 9000, "%", "'; DROP", "ZZ", "Ω", "1"])
def test_what_there_is_not_finds_nobody_and_keeps_the_rest(names, name, value):
    """Leaving it out would find more people than were meant, and they can be logged out."""
    printable = "".join(letter for letter in value if letter.isprintable())
    found = names(**{name: value, "q": "a"})
    assert found == (EVERYBODY if not printable else [])
    page = names.browser.get("/users/", {name: value, "q": "dave", "sort": "-email"}).text
    assert 'name="q" value="dave"' in page
    if printable:
        assert "Nobody found" in page
        assert chips(page)  # there is a way out


@pytest.mark.parametrize("value", ["", "0", "yes", "true", "\x00"])
def test_a_box_is_ticked_or_not(names, value):
    assert names(suspicious=value) == names(at_limit=value) == EVERYBODY


# --- what one sees of it -----------------------------------------------------------------------


def test_each_filter_can_be_removed_alone(names, member, acme):
    risk(held(member, acme, country_code="FR", country="France"))
    query = "q=da&group=Members&country=FR&suspicious=1&after=x"
    page = names.browser.get(f"/users/?{query}").text
    assert chips(page) == {
        "Group: Members": "?q=da&country=FR&suspicious=1",
        "From: France": "?q=da&group=Members&suspicious=1",
        "Suspicious": "?q=da&group=Members&country=FR",
    }
    assert 'href="?q=da">Remove all filters' in page


def test_a_filter_that_finds_nobody_says_so(names):
    page = names.browser.get("/users/?suspicious=1").text
    assert "Nobody found" in page
    assert "Show everybody" in page


def test_it_offers_only_what_occurs_in_the_tenant(names, member, contractor, acme, globex):
    Group.objects.create(tenant=acme, name="Nobody's")
    held(member, acme, country_code="FR", country="France")
    held(member, acme, country_code="IS", country="Iceland", ended=True)
    held(member, acme, country_code="", country="")
    held(contractor, globex, country_code="KE", country="Kenya")
    page = names.browser.get("/users/").text
    options = re.findall(r"<option[^>]*>(.*?)</option>", page)
    assert options == [
        "Every group", "Administrators", "Auditors", "Members", "Owners",
        "Every country", "France",
    ]  # fmt: skip


def test_what_is_chosen_stays_chosen_although_it_does_not_occur(names):
    page = names.browser.get("/users/?group=Gone&country=NZ").text
    assert re.findall(r"<option[^>]* selected>(.*?)</option>", page) == ["Gone", "NZ"]


def test_names_of_groups_are_text(names, member, acme):
    hostile = "<b>&\"'</b>"
    group = Group.objects.create(tenant=acme, name=hostile)
    Membership.objects.get(user=member, tenant=acme).groups.add(group)
    assert names(group=hostile) == ["Dave Moreau"]
    assert hostile not in names.browser.get("/users/", {"group": hostile}).text


def test_sessions_filter_for_nobody_who_may_not_see_them(browser_of, auditor, member, acme):
    risk(held(member, acme, country_code="FR", country="France"))
    give(auditor, acme, "users.view")
    browser = browser_of(auditor)
    page = browser.get("/users/?country=FR&suspicious=1&at_limit=1").text
    assert page.count('<th scope="row">') == len(EVERYBODY)
    assert chips(page) == {}
    assert "France" not in page
    assert "Suspicious" not in page
    assert browser.get("/users/?group=Members").text.count('<th scope="row">') == 2


# --- what follows the same filters -------------------------------------------------------------


def test_the_file_holds_whom_the_filters_find(names, member, acme):
    risk(held(member, acme, country_code="FR", country="France"))
    query = "group=Members&country=FR&suspicious=1"
    [link] = re.findall(
        r'href="(/users/export.csv[^"]*)"', names.browser.get(f"/users/?{query}").text
    )
    assert unescape(link) == f"/users/export.csv?{query}"
    file = b"".join(names.browser.get(unescape(link)).streaming_content).decode()
    assert re.findall(r"[^,\s]+@[^,\s]+", file) == [member.email]


def test_the_log_out_of_all_that_match_means_whom_the_filters_find(names, member, acme):
    people = crowd(acme, 60, live=1, ended=0)
    auditors = acme.groups.get(name="Auditors")
    for one in Membership.objects.filter(user__in=people[:55], tenant=acme):
        one.groups.set([auditors])
    page = names.browser.get("/users/?group=Auditors").text
    assert "Log out all 56 that match…" in page
    asked = names.browser.post("/users/end-sessions/", {"matching": "group=Auditors", "ask": "1"})
    [token] = re.findall(r'name="matched" value="([^"]+)"', asked.text)
    names.browser.post("/users/end-sessions/", {"matched": token, "confirm_count": "56"})
    live = Session.objects.live().filter(user__in=people)
    assert {one.user_id for one in live} == {one.pk for one in people[55:]}

"""/risks/: what the rules found suspicious in the tenant, and one finding with its evidence."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.models import Risk, Session
from sessions_admin.suspicious import findings
from sessions_admin.vocabulary import Detector, Response, RiskState
from tenants.models import Tenant
from tenants.permissions import Permission, Section
from tests.holdings import hold
from tests.suspicions import BANGKOK, IN_BANGKOK, LONDON, suspect, travel

# The one SELECT of the request, the page of findings, the number of open ones.
STATEMENTS = 3
# The one SELECT of the request, the finding with its person and sessions.
STATEMENTS_OF_ONE = 2


@pytest.fixture
def admins(browser_of, admin):
    return browser_of(admin)


def listed(browser, query=""):
    """The detectors of the findings on the page, in its order."""
    response = browser.get(f"/risks/{query}")
    assert response.status_code == 200
    return [risk.detector for risk in response.context["page"].rows]


def text_of(browser, path):
    response = browser.get(path)
    assert response.status_code == 200
    return response.content.decode()


def same(response):
    """The page without what differs each time: nonce, CSRF token, its own address."""
    differing = rb'nonce="[^"]*"|value="[^"]*"|"csrfToken[^"]*"|[0-9a-f-]{36}'
    return re.sub(differing, b"", response.content)


# --- who may see it --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/risks/", "/risks/{pk}/"])
def test_it_is_not_there_when_the_section_is_off(admins, acme, member, path):
    risk = suspect(member, acme)
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {Section.RISKS})
    assert admins.get(path.format(pk=risk.pk)).status_code == 404


def test_another_tenants_finding_is_like_one_that_does_not_exist(admins, globex, outsider):
    theirs = suspect(outsider, globex)
    unknown = "01900000-0000-7000-8000-000000000000"
    assert listed(admins) == []
    there = admins.get(f"/risks/{theirs.pk}/")
    nowhere = admins.get(f"/risks/{unknown}/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert same(there) == same(nowhere)


def test_it_is_in_the_navigation_of_those_who_may_see_it(browser_of, admin, member):
    assert 'href="/risks/"' in text_of(browser_of(admin), "/sessions/")
    assert 'href="/risks/"' not in text_of(browser_of(member), "/sessions/")


# --- the list --------------------------------------------------------------------------------


def test_it_lists_what_is_open_the_latest_first(admins, member, acme):
    suspect(member, acme, Detector.NEW_DEVICE, age=timedelta(days=2))
    suspect(member, acme, Detector.NEW_COUNTRY, age=timedelta(days=1))
    suspect(member, acme, Detector.FAR_APART, age=timedelta(hours=1), state=RiskState.DISMISSED)
    assert listed(admins) == [Detector.NEW_COUNTRY, Detector.NEW_DEVICE]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=open", [Detector.NEW_DEVICE]),
        ("?state=dismissed", [Detector.NEW_COUNTRY]),
        ("?state=acted_on", [Detector.FAR_APART]),
        ("?state=all", [Detector.NEW_DEVICE, Detector.NEW_COUNTRY, Detector.FAR_APART]),
        ("?state=nonsense", [Detector.NEW_DEVICE]),
        ("?state=all&detector=new_country", [Detector.NEW_COUNTRY]),
        ("?state=all&detector=nonsense", [
            Detector.NEW_DEVICE, Detector.NEW_COUNTRY, Detector.FAR_APART,
        ]),
        ("?state=all&q=moreau", [Detector.NEW_DEVICE, Detector.NEW_COUNTRY]),
        ("?state=all&q=dave+member%40acme", [Detector.NEW_DEVICE, Detector.NEW_COUNTRY]),
        ("?state=all&q=owner%40acme", [Detector.FAR_APART]),
        ("?state=all&q=nobody", []),
    ],
)  # fmt: skip
def test_it_filters_by_state_detector_and_person(admins, acme, member, owner, query, expected):
    suspect(member, acme, Detector.NEW_DEVICE, age=timedelta(hours=1))
    suspect(member, acme, Detector.NEW_COUNTRY, age=timedelta(hours=2), state=RiskState.DISMISSED)
    suspect(owner, acme, Detector.FAR_APART, age=timedelta(hours=3), state=RiskState.ACTED_ON)
    assert listed(admins, query) == expected


def test_it_pages_by_key_and_keeps_the_filter(admins, acme, member, monkeypatch):
    monkeypatch.setattr(findings, "PAGE_SIZE", 2)
    for hours in range(5):
        suspect(member, acme, Detector.NEW_DEVICE, age=timedelta(hours=hours), note=str(hours))
        suspect(member, acme, Detector.FAR_APART, age=timedelta(hours=hours))
    seen, query = [], "?detector=new_device"
    while query:
        page = admins.get(f"/risks/{query}").context["page"]
        seen += [risk.note for risk in page.rows]
        query = f"?detector=new_device&after={page.after}" if page.after else ""
    assert seen == ["0", "1", "2", "3", "4"]


def test_it_counts_the_open_ones_and_not_without_end(admins, acme, member, monkeypatch):
    for _ in range(3):
        suspect(member, acme)
    suspect(member, acme, state=RiskState.DISMISSED)
    assert admins.get("/risks/").context["open_count"] == 3
    monkeypatch.setattr(findings, "COUNTED", 2)
    assert admins.get("/risks/").context["open_count"] == 3


@pytest.mark.parametrize("number", [1, 20])
def test_it_costs_the_same_however_many_there_are(
    admins, acme, member, django_assert_num_queries, number
):
    for _ in range(number):
        travel(member, acme)
    admins.get("/risks/")
    with django_assert_num_queries(STATEMENTS):
        admins.get("/risks/")


def test_it_says_what_was_done_and_what_was_held_back(admins, acme, member):
    suspect(member, acme, response=Response.END_NEW)
    assert "Ended the newer session" in text_of(admins, "/risks/")
    Risk.objects.update(held_back=True)
    text = text_of(admins, "/risks/")
    assert "Would have ended the newer session (report only)" in text
    Risk.objects.update(detector=Detector.NEW_COUNTRY)
    assert "Would have ended the session (report only)" in text_of(admins, "/risks/")


def test_it_says_who_decided_and_why(admins, acme, member, owner, operator):
    decided = {"state": RiskState.DISMISSED, "decided_at": timezone.now()}
    suspect(member, acme, decided_by=owner, note="On holiday & well", **decided)
    suspect(member, acme, decided_by=member, **decided)
    suspect(member, acme, decided_by=operator, **decided)
    text = text_of(admins, "/risks/?state=dismissed")
    assert "Dismissed by Amelia Stone" in text
    assert "On holiday &amp; well" in text
    assert "Dismissed: Dave Moreau said that it was them" in text
    assert "Dismissed by a Latchkey operator" in text
    assert operator.display_name not in text


def test_it_explains_itself_when_nothing_is_there(admins):
    assert "Nothing is waiting for you" in text_of(admins, "/risks/")
    assert "No finding like this" in text_of(admins, "/risks/?q=nobody")
    assert "None yet" in text_of(admins, "/risks/?state=dismissed")


# --- one of them -----------------------------------------------------------------------------


def test_one_shows_both_places_figures_and_sessions(admins, acme, member):
    text = text_of(admins, f"/risks/{travel(member, acme).pk}/")
    for words in (
        "Impossible travel", "Dave Moreau", "London, United Kingdom", "Bangkok, Thailand",
        "9,530 km", "4 min", "142,950 km/h", "within 20 km", "Siam Broadband",
        IN_BANGKOK, "Firefox 145 on Linux", "Chrome 142 on Windows",
    ):  # fmt: skip
        assert words in text, words
    assert text.count('class="journey-place"') == 2


def test_one_costs_a_fixed_number_of_statements(admins, acme, member, django_assert_num_queries):
    risk = travel(member, acme)
    with django_assert_num_queries(STATEMENTS_OF_ONE):
        admins.get(f"/risks/{risk.pk}/")


def test_one_has_no_map_without_two_places(admins, acme, member):
    session = hold(member, acme, place=BANGKOK)
    risk = suspect(member, acme, Detector.NEW_COUNTRY, session=session)
    text = text_of(admins, f"/risks/{risk.pk}/")
    assert "On the map" not in text
    assert "Bangkok" in text


def test_one_outlives_its_sessions(admins, acme, member):
    risk = travel(member, acme)
    Session.objects.filter(user=member).delete()
    assert "Impossible travel" in text_of(admins, f"/risks/{risk.pk}/")


def test_one_tells_nothing_of_a_session_in_another_tenant(
    admins, acme, globex, contractor, browser_of
):
    theirs = hold(contractor, globex, place=LONDON, ip="198.51.100.200")
    ours = hold(contractor, acme, place=BANGKOK)
    risk = suspect(contractor, acme, session=ours, other=theirs)
    text = text_of(admins, f"/risks/{risk.pk}/")
    assert "198.51.100.200" not in text
    assert "Thames Net" not in text


def test_one_links_to_the_person_only_where_that_leads_somewhere(admins, browser_of, acme, member):
    risk = travel(member, acme)
    assert f'href="/users/{member.pk}/"' in text_of(admins, f"/risks/{risk.pk}/")
    member.memberships.all().delete()
    assert f'href="/users/{member.pk}/"' not in text_of(admins, f"/risks/{risk.pk}/")


def test_one_may_be_seen_without_the_permission_to_see_people(admins, acme, member, admin):
    group = admin.memberships.get(tenant=acme).groups.get()
    group.permissions -= {Permission.USERS_VIEW}
    group.save()
    risk = travel(member, acme)
    assert f'href="/users/{member.pk}/"' not in text_of(admins, f"/risks/{risk.pk}/")

"""/users/: who is listed, search, filters, order, pages, and what it costs."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Session
from sessions_admin.people import people_list
from sessions_admin.vocabulary import EndReason
from tenants.belonging import join, suspend_membership
from tenants.models import Membership
from tests.cast import FIREFOX, SAFARI
from tests.crowd import crowd, give, session_of

SCRIPT = "<script>alert(1)</script>"


def listed(response):
    """The names on the page, in their order."""
    names = re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', response.text, re.S)
    return [unescape(name) for name in names]


def row_of(response, name):
    """The cells of a person, as text."""
    row = next(
        row
        for row in re.findall(r"<tr>.*?</tr>", response.text, re.S)
        if f"<bdi>{name}</bdi>" in row
    )
    seen = re.sub(r'<span class="sr-only">.*?</span>', "", row.split('<div class="menu"')[0])
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", seen)).split())


def link(response, rel):
    """The address behind Previous (prev) or Next (next); None when there is none."""
    found = re.search(rf'href="([^"]+)" rel="{rel}"', response.text)
    return found and f"/users/{unescape(found[1])}"


# --- who may see it ----------------------------------------------------------------------------


def test_it_lists_the_members_of_the_tenant_and_nobody_else(browser_of, admin):
    assert listed(browser_of(admin).get("/users/")) == [
        "Amelia Stone", "Ann Lee", "Carol Weber", "Dave Moreau", "Sam Okafor",
    ]  # fmt: skip


def test_it_asks_a_visitor_to_sign_in(browser_of, cast):
    assert browser_of().get("/users/").headers["Location"].startswith("/accounts/login/")


def test_it_is_closed_to_a_member_without_the_permission(browser_of, member):
    assert browser_of(member).get("/users/").status_code == 403


def test_it_does_not_exist_where_the_section_is_off(browser_of, admin, acme):
    acme.sections -= {"users"}
    acme.save()
    assert browser_of(admin).get("/users/").status_code == 404


def test_it_only_reads(browser_of, admin):
    assert browser_of(admin).post("/users/").status_code == 405


def test_it_sends_somebody_without_a_tenant_to_choose_one(browser_of, operator):
    assert browser_of(operator).get("/users/").headers["Location"].startswith("/tenants/")


def test_it_shows_an_auditor_everything_and_offers_nothing(browser_of, auditor, member):
    browser_of(member)
    page = browser_of(auditor).get("/users/")
    assert "Dave Moreau" in listed(page)
    assert 'name="user"' not in page.text
    assert "ask=end-sessions" not in page.text
    assert "ask=disable" not in page.text
    assert "Needs the permission “Log people out”" in page.text


def test_it_keeps_sessions_from_somebody_who_may_only_see_people(browser_of, auditor, acme, member):
    browser_of(member, ip="192.0.2.44")
    give(auditor, acme, "users.view")
    browser = browser_of(auditor)
    page = browser.get("/users/")
    assert "Dave Moreau" in listed(page)
    for hidden in ("Last active", "From", "signed_in"):
        assert hidden not in page.text
    assert len(listed(browser.get("/users/?state=signed_in"))) == 5
    assert listed(browser.get("/users/?q=192.0.2.44")) == []
    assert listed(browser.get("/users/?sort=-active")) == listed(browser.get("/users/?sort=name"))


# --- what a row says ---------------------------------------------------------------------------


def test_it_counts_live_sessions_within_the_tenant_only(
    browser_of, admin, contractor, acme, globex
):
    Session.objects.bulk_create(
        [
            session_of(contractor, acme),
            session_of(contractor, acme, number=1, minutes=6),
            session_of(contractor, acme, ended=True),
            session_of(contractor, acme, minutes=60 * 25),  # idle for longer than 24 h, not tidied
            session_of(contractor, globex, minutes=1),
        ]
    )
    row = row_of(browser_of(admin).get("/users/?q=okafor"), "Sam Okafor")
    assert row.startswith(
        "SO Sam Okafor contractor@example.test Members 2 5 minutes ago Lyon, France"
    )


def test_it_shows_the_limit_where_there_is_one(browser_of, admin, member, acme, policy_of):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=4)
    Session.objects.bulk_create([session_of(member, acme), session_of(member, acme)])
    assert "Members 2 of 4" in row_of(browser_of(admin).get("/users/"), "Dave Moreau")


def test_it_says_when_somebody_was_last_here_although_they_are_gone(
    browser_of, admin, member, acme
):
    session_of(member, acme, minutes=60 * 24 * 3, ended=True).save()
    assert "None 3 days ago" in row_of(browser_of(admin).get("/users/"), "Dave Moreau")


def test_it_says_so_when_somebody_never_was_here(browser_of, admin, member):
    assert "Members None Never" in row_of(browser_of(admin).get("/users/"), "Dave Moreau")


def test_it_says_nothing_of_what_somebody_does_in_another_tenant(
    browser_of, admin, contractor, globex
):
    session_of(contractor, globex, minutes=1).save()
    session_of(contractor, globex, minutes=2, ended=True).save()
    assert "None Never" in row_of(browser_of(admin).get("/users/"), "Sam Okafor")


def test_it_says_who_has_a_second_factor(browser_of, admin, member, auditor):
    Authenticator.objects.create(user=member, type="totp", data={})
    Authenticator.objects.create(user=auditor, type="recovery_codes", data={})
    page = browser_of(admin).get("/users/")
    assert row_of(page, "Dave Moreau").endswith("On")
    assert row_of(page, "Carol Weber").endswith("Off")


def test_it_marks_oneself_the_disabled_and_the_suspended(
    browser_of, admin, member, contractor, acme
):
    type(member).objects.filter(pk=member.pk).update(is_active=False)
    suspend_membership(Membership.objects.get(user=contractor, tenant=acme), actor=None)
    page = browser_of(admin).get("/users/")
    assert "Ann Lee You" in row_of(page, "Ann Lee")
    assert "Dave Moreau Disabled" in row_of(page, "Dave Moreau")
    assert "Sam Okafor Suspended" in row_of(page, "Sam Okafor")


def test_it_shows_the_address_of_somebody_without_a_name(browser_of, admin, member):
    type(member).objects.filter(pk=member.pk).update(display_name="")
    assert "member@acme.test" in listed(browser_of(admin).get("/users/"))


def test_it_escapes_what_others_wrote(browser_of, admin, member, acme):
    type(member).objects.filter(pk=member.pk).update(display_name=SCRIPT)
    session_of(member, acme, user_agent=SCRIPT, browser=SCRIPT, city=SCRIPT).save()
    page = browser_of(admin).get(f"/users/?q={SCRIPT}")
    assert listed(page) == [SCRIPT]
    assert SCRIPT not in page.text


# --- search and filters ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("MOREAU", ["Dave Moreau"]),
        ("dave", ["Dave Moreau"]),
        ("  moreau   dave ", ["Dave Moreau"]),
        ("AUDITOR@", ["Carol Weber"]),
        ("dave carol", []),
        ("%", []),
        ("_", []),
        ("globex", []),
        ("Nakamura", []),
        ("\x00dave\n", ["Dave Moreau"]),
        ("'; DROP TABLE", []),
    ],
)
def test_it_searches_names_and_addresses(browser_of, admin, typed, found):
    assert listed(browser_of(admin).get("/users/", {"q": typed})) == found


def test_it_searches_without_regard_to_case_beyond_ascii(browser_of, admin, member):
    type(member).objects.filter(pk=member.pk).update(display_name="Åsa Ödegård")
    assert listed(browser_of(admin).get("/users/", {"q": "ödegård"})) == ["Åsa Ödegård"]


def test_it_takes_a_search_of_any_length(browser_of, admin):
    assert listed(browser_of(admin).get("/users/", {"q": "dave " * 2000})) == ["Dave Moreau"]
    assert listed(browser_of(admin).get("/users/", {"q": "x" * 5000})) == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("192.0.2.44", ["Dave Moreau"]),
        ("192.0.2.", ["Dave Moreau"]),
        ("192.0.2.4", []),  # a whole address, and another one
        ("192.0.2.45", []),
        ("2001:DB8::7", ["Carol Weber"]),
        ("2001:0db8:0000::0007", ["Carol Weber"]),
        ("2001:db8:", ["Carol Weber"]),
        ("198.51.100.200", []),  # ended
        ("203.0.113.77", []),  # in another tenant
        ("999.1.1.1", []),
    ],
)
def test_it_searches_addresses_of_live_sessions(
    browser_of, admin, member, auditor, contractor, acme, globex, typed, found
):
    Session.objects.bulk_create(
        [
            session_of(member, acme, ip="192.0.2.44"),
            session_of(auditor, acme, ip="2001:db8::7"),
            session_of(auditor, acme, ip="198.51.100.200", ended=True),
            session_of(contractor, globex, ip="203.0.113.77"),
        ]
    )
    assert listed(browser_of(admin).get("/users/", {"q": typed})) == found


def test_it_filters_by_state(browser_of, admin, member, contractor, auditor, acme, globex):
    session_of(auditor, acme).save()
    session_of(contractor, globex).save()  # not here
    type(member).objects.filter(pk=member.pk).update(is_active=False)
    suspend_membership(Membership.objects.get(user=contractor, tenant=acme), actor=None)
    browser = browser_of(admin)
    assert listed(browser.get("/users/?state=signed_in")) == ["Ann Lee", "Carol Weber"]
    assert listed(browser.get("/users/?state=disabled")) == ["Dave Moreau"]
    assert listed(browser.get("/users/?state=suspended")) == ["Sam Okafor"]
    assert len(listed(browser.get("/users/?state=nonsense"))) == 5


def test_it_finds_who_has_no_second_factor(browser_of, admin, member, auditor):
    Authenticator.objects.create(user=member, type="totp", data={})
    Authenticator.objects.create(user=auditor, type="recovery_codes", data={})
    found = listed(browser_of(admin).get("/users/?state=one_factor"))
    assert found == ["Amelia Stone", "Ann Lee", "Carol Weber", "Sam Okafor"]


def test_it_keeps_filter_and_order_when_one_searches(browser_of, admin):
    page = browser_of(admin).get("/users/?state=signed_in&sort=-email&q=ann")
    assert '<input type="hidden" name="state" value="signed_in">' in page.text
    assert '<input type="hidden" name="sort" value="-email">' in page.text
    assert 'href="?state=disabled&amp;sort=-email&amp;q=ann"' in page.text


def test_it_says_so_when_nobody_is_found(browser_of, admin):
    page = browser_of(admin).get("/users/?q=nobody")
    assert "Nobody found" in page.text
    assert "<table" not in page.text


# --- order and pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["name", "email"])
def test_it_orders_up_and_down(browser_of, admin, sort):
    browser = browser_of(admin)
    upwards = listed(browser.get(f"/users/?sort={sort}"))
    assert listed(browser.get(f"/users/?sort=-{sort}")) == upwards[::-1]


def test_it_orders_by_address(browser_of, admin):
    assert listed(browser_of(admin).get("/users/?sort=email")) == [
        "Ann Lee", "Carol Weber", "Sam Okafor", "Dave Moreau", "Amelia Stone",
    ]  # fmt: skip


def test_it_orders_by_activity_within_the_tenant(
    browser_of, admin, member, auditor, contractor, acme, globex
):
    session_of(member, acme, minutes=50).save()
    session_of(auditor, acme, minutes=20, ended=True).save()
    session_of(contractor, globex, minutes=1).save()
    latest = listed(browser_of(admin).get("/users/?sort=-active"))
    assert latest[:3] == ["Ann Lee", "Carol Weber", "Dave Moreau"]
    assert set(latest[3:]) == {"Amelia Stone", "Sam Okafor"}


@pytest.mark.parametrize("query", ["?sort=-active", "?sort=-active&state=signed_in"])
def test_it_finds_the_latest_first_without_looking_at_everybody(
    browser_of, admin, acme, query, monkeypatch, django_assert_num_queries
):
    people = crowd(acme, 90, live=1, ended=1)  # each was here a minute before the one before
    session_of(people[80], acme, minutes=2, ended=True).save()
    session_of(people[81], acme, number=3, minutes=4, ended=True).save()
    session_of(people[81], acme, number=4, minutes=3, ended=True).save()
    browser = browser_of(admin)
    browser.get("/users/")

    monkeypatch.setattr(people_list, "JUST_NOW", timedelta(days=-1))  # nobody was here
    by_all = listed(browser.get(f"/users/{query}"))
    monkeypatch.setattr(people_list, "JUST_NOW", timedelta(minutes=50))
    with django_assert_num_queries(8):
        page = browser.get(f"/users/{query}")

    assert listed(page) == by_all
    rest = listed(browser.get(link(page, "next")))
    assert len(by_all) == people_list.PAGE_SIZE
    assert not set(rest) & set(by_all)


@pytest.mark.parametrize(
    ("sort", "marked"),
    [
        ("name", "ascending"),
        ("-name", "descending"),
        ("-email", "descending"),
        ("active", "ascending"),
    ],
)
def test_it_tells_the_order_to_those_who_do_not_see_it(browser_of, admin, sort, marked):
    page = browser_of(admin).get(f"/users/?sort={sort}")
    assert re.findall(r'aria-sort="(\w+)"', page.text) == [marked]


@pytest.mark.parametrize(
    "sort", ["nonsense", "-nonsense", "-", "password", "user__password", "--name"]
)
def test_it_ignores_an_order_that_there_is_not(browser_of, admin, sort):
    browser = browser_of(admin)
    assert listed(browser.get(f"/users/?sort={sort}")) == listed(browser.get("/users/"))


@pytest.mark.parametrize("sort", ["name", "-name", "email", "-email", "active", "-active"])
def test_it_shows_everybody_once_from_page_to_page_and_back(browser_of, admin, acme, sort):
    crowd(acme, 70, live=1, ended=0)
    # Equal keys on both sides of a cut: only the tie-break tells them apart.
    type(admin).objects.filter(email__startswith="person-").update(display_name="Same Name")
    same = timezone.now() - timedelta(minutes=9)
    Session.objects.filter(user__email__startswith="person-").update(last_seen_at=same)
    browser = browser_of(admin)
    pages, url = [], f"/users/?sort={sort}"
    while url:
        page = browser.get(url)
        pages.append(re.findall(r"popovertarget=\"menu-([0-9a-f-]+)\"", page.text))
        url = link(page, "next")
    assert [len(one) for one in pages] == [30, 30, 15]
    assert len({person for one in pages for person in one}) == 75
    url, back = link(page, "prev"), []
    while url:
        page = browser.get(url)
        back.append(re.findall(r"popovertarget=\"menu-([0-9a-f-]+)\"", page.text))
        url = link(page, "prev")
    assert back == [pages[1], pages[0]]


def test_its_pages_keep_search_and_filter(browser_of, admin, acme):
    crowd(acme, 40, live=1, ended=0)
    browser = browser_of(admin)
    url = link(browser.get("/users/?q=person&state=signed_in&sort=-email"), "next")
    assert "q=person" in url
    assert len(listed(browser.get(url))) == 10


def test_it_starts_again_where_a_cursor_makes_no_sense(browser_of, admin, acme):
    crowd(acme, 60, live=0, ended=0)
    browser = browser_of(admin)
    first = browser.get("/users/?sort=name")
    cursor = urlsplit(link(first, "next")).query.split("after=")[1]
    odd = [
        "x", "%00", "a:b:c", "é", "0" * 4000, cursor[:-2], f"{cursor}x", cursor.swapcase(),
        "WzEsMl0:1:2", "..", "[]",
    ]  # fmt: skip
    for query in [f"after={one}" for one in odd] + [f"before={one}" for one in odd]:
        page = browser.get(f"/users/?sort=name&{query}")
        assert page.status_code == 200, query
        assert listed(page) == listed(first), query
    # Of another order, and twice.
    assert listed(browser.get(f"/users/?sort=email&after={cursor}")) == listed(
        browser.get("/users/?sort=email")
    )
    assert browser.get(f"/users/?after={cursor}&before={cursor}").status_code == 200


def test_it_starts_again_where_the_rest_of_the_list_is_gone(browser_of, admin, acme):
    people = crowd(acme, 60, live=0, ended=0)
    browser = browser_of(admin)
    url = link(browser.get("/users/?sort=-name"), "next")
    kept = {person.pk for person in people[:3]}
    Membership.objects.filter(tenant=acme, user__email__startswith="person-").exclude(
        user__in=kept
    ).delete()
    Membership.objects.filter(tenant=acme).exclude(user__in=kept).exclude(user=admin).delete()
    page = browser.get(url)
    assert page.status_code == 200
    assert "Ann Lee" in listed(page)


# --- what it costs -----------------------------------------------------------------------------


@pytest.mark.parametrize(("people", "sessions"), [(3, 1), (120, 12)])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?sort=-active",
        "?q=person",
        "?q=198.51.",
        "?state=signed_in",
        "?group=Members&country=DE&suspicious=1&at_limit=1",
        "?sort=email&state=disabled",
    ],
)
def test_it_costs_eight_statements_however_many_people(
    browser_of, admin, acme, django_assert_max_num_queries, people, sessions, query
):
    crowd(acme, people, live=sessions, ended=2)
    browser = browser_of(admin)
    by_activity = "sort=-active" in query  # no page is full of people who were here just now
    with django_assert_max_num_queries(10 if by_activity else 8) as statements:
        page = browser.get(f"/users/{query}")
    assert page.status_code == 200
    if not ("disabled" in query or "suspicious" in query):
        assert len(statements) == (10 if by_activity else 8)


def test_it_is_small_however_many_sessions(browser_of, admin, acme):
    crowd(acme, 50, live=20, ended=0)
    assert len(browser_of(admin).get("/users/?q=person").content) < 250_000


def test_it_counts_no_further_than_it_must(browser_of, admin, acme, monkeypatch):
    monkeypatch.setattr("sessions_admin.people.people_list.COUNTED", 10)
    monkeypatch.setattr("sessions_admin.views.users.listing.COUNTED", 10)
    crowd(acme, 30, live=0, ended=0)
    assert "More than 10 people" in browser_of(admin).get("/users/").text


def test_a_session_that_ends_leaves_the_list_at_once(browser_of, admin, member):
    browser_of(member, agent=FIREFOX)
    browser_of(member, agent=SAFARI)
    browser = browser_of(admin)
    assert "Members 2" in row_of(browser.get("/users/"), "Dave Moreau")
    end_sessions(Session.objects.of(member), reason=EndReason.REVOKED_BY_ADMIN, actor=admin)
    assert "Members None" in row_of(browser.get("/users/"), "Dave Moreau")


def test_a_new_member_appears(browser_of, admin, outsider, acme):
    join(outsider, acme, "Members")
    assert "Eve Nakamura" in listed(browser_of(admin).get("/users/"))


def test_the_menu_writes_to_others_and_copies_their_id(cast, browser_of):
    page = browser_of(cast.admin).get("/users/").text
    assert f'href="mailto:{cast.member.email}"' in page
    assert f'href="mailto:{cast.admin.email}"' not in page
    assert f'<data id="id-{cast.member.pk}" value="{cast.member.pk}" hidden>' in page

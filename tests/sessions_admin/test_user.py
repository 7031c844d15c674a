"""/users/<id>/: who somebody is, what they hold and held open here, and their login history."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator

from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import LoginAttempt, Session, Sighting
from sessions_admin.vocabulary import EndReason, LoginOutcome
from tenants.belonging import suspend_membership
from tenants.models import Membership
from tests.crowd import attempt_of, give, session_of

SCRIPT = "<script>alert(1)</script>"


def text_of(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def rows_of(response):
    """The rows of the page's table, as text."""
    bodies = re.findall(r"<tbody>(.*?)</tbody>", response.text, re.S)
    return [
        " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split())
        for body in bodies
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


def older(response):
    found = re.search(r'href="([^"]+)" rel="next"', response.text)
    return found and unescape(found[1])


# --- who may see it ----------------------------------------------------------------------------


def test_it_shows_a_member_to_administrators_and_auditors(browser_of, admin, auditor, member):
    for person in (admin, auditor):
        page = browser_of(person).get(f"/users/{member.pk}/")
        assert "<h1><bdi>Dave Moreau</bdi>" in page.text


@pytest.mark.parametrize("who", ["outsider", "operator"])
def test_it_knows_nobody_of_another_tenant(browser_of, cast, admin, who):
    assert browser_of(admin).get(f"/users/{getattr(cast, who).pk}/").status_code == 404


def test_it_is_closed_to_an_administrator_of_another_tenant(browser_of, outsider, member):
    assert browser_of(outsider).get(f"/users/{member.pk}/").status_code == 404


def test_it_is_closed_to_members_even_for_themselves(browser_of, member):
    assert browser_of(member).get(f"/users/{member.pk}/").status_code == 403


def test_it_asks_a_visitor_to_sign_in(browser_of, member):
    page = browser_of().get(f"/users/{member.pk}/")
    assert page.headers["Location"].startswith("/accounts/login/")


def test_it_does_not_exist_where_the_section_is_off(browser_of, admin, member, acme):
    acme.sections -= {"users"}
    acme.save()
    assert browser_of(admin).get(f"/users/{member.pk}/").status_code == 404


def test_it_only_reads_and_knows_no_strangers(browser_of, admin, member):
    browser = browser_of(admin)
    assert browser.post(f"/users/{member.pk}/").status_code == 405
    assert browser.get(f"/users/{uuid4()}/").status_code == 404
    assert browser.get("/users/somebody/").status_code == 404


def test_it_says_what_is_missing_to_see_more(browser_of, auditor, member, acme):
    browser_of(member, ip="192.0.2.44")
    give(auditor, acme, "users.view")
    for query in ("", "?tab=history"):
        page = browser_of(auditor).get(f"/users/{member.pk}/{query}")
        assert "Dave Moreau" in page.text
        assert "See people's sessions and login history" in unescape(page.text)
        assert "192.0.2.44" not in page.text
        assert "Last active" not in page.text


# --- the head ----------------------------------------------------------------------------------


def test_it_says_who_they_are(browser_of, admin, member):
    Authenticator.objects.create(user=member, type="webauthn", data={})
    page = text_of(browser_of(admin).get(f"/users/{member.pk}/"))
    assert "Dave Moreau member@acme.test" in page
    assert "Groups Members" in page
    assert "Two-step sign-in On" in page
    assert "They are not signed in." in page


def test_it_offers_what_an_administrator_may_do(browser_of, admin, member, acme):
    session_of(member, acme).save()
    page = browser_of(admin).get(f"/users/{member.pk}/")
    assert "Log out of all sessions (1)" in text_of(page)
    assert "?ask=disable" in page.text


def test_it_offers_nothing_to_an_auditor(browser_of, auditor, member, acme):
    session_of(member, acme).save()
    page = browser_of(auditor).get(f"/users/{member.pk}/")
    for action in ("?ask=", "/disable/", "/end/"):
        assert action not in page.text


def test_it_says_of_somebody_suspended_what_that_means(browser_of, admin, contractor, acme):
    suspend_membership(Membership.objects.get(user=contractor, tenant=acme), actor=None)
    page = browser_of(admin).get(f"/users/{contractor.pk}/")
    assert "Suspended: they cannot enter Acme." in text_of(page)
    assert f'action="/users/{contractor.pk}/enable/"' in page.text


def test_it_does_not_offer_to_undo_what_an_operator_did(browser_of, admin, member):
    type(member).objects.filter(pk=member.pk).update(is_active=False)
    page = browser_of(admin).get(f"/users/{member.pk}/")
    assert "Only an operator can undo it." in text_of(page)
    assert "/enable/" not in page.text


# --- live and ended sessions -------------------------------------------------------------------


def test_it_lists_live_sessions_of_this_tenant_only(browser_of, admin, contractor, acme, globex):
    here = session_of(contractor, acme, ip="192.0.2.1")
    there = session_of(contractor, globex, ip="192.0.2.2")
    nowhere = session_of(contractor, None, ip="192.0.2.3")
    overdue = session_of(contractor, acme, ip="192.0.2.4", minutes=60 * 30)
    Session.objects.bulk_create([here, there, nowhere, overdue])
    page = browser_of(admin).get(f"/users/{contractor.pk}/")
    assert "192.0.2.1" in page.text
    assert f'action="/sessions/{here.pk}/end/"' in page.text
    for hidden in ("192.0.2.2", "192.0.2.3", "192.0.2.4", "Globex"):
        assert hidden not in page.text


def test_it_ends_one_session_and_comes_back(browser_of, admin, member, acme):
    session = session_of(member, acme)
    session.save()
    browser = browser_of(admin)
    page = f"/users/{member.pk}/"
    assert f'name="next" value="{page}"' in browser.get(page).text
    response = browser.post(f"/sessions/{session.pk}/end/", {"next": page})
    assert response.headers["Location"] == page
    session.refresh_from_db()
    assert (session.end_reason, session.ended_by) == (EndReason.REVOKED_BY_ADMIN, admin)


def test_it_says_how_a_session_ended_by_whom_and_what_was_said(
    browser_of, admin, owner, member, acme
):
    session_of(member, acme, minutes=30).save()
    end_sessions(
        Session.objects.of(member),
        reason=EndReason.REVOKED_BY_ADMIN,
        actor=owner,
        note="Lost laptop",
    )
    session_of(member, acme, minutes=600, ended=True, end_reason=EndReason.IDLE_TIMEOUT).save()
    last, first = rows_of(browser_of(admin).get(f"/users/{member.pk}/"))
    assert "Logged out by Amelia Stone, an administrator of Acme" in last
    assert "Lost laptop" in last
    assert "1 hour, 30 minutes" in last.replace("\xa0", " ")
    assert "Idle timeout" in first


def test_it_does_not_name_an_operator(browser_of, admin, operator, member, acme):
    session_of(member, acme).save()
    end_sessions(Session.objects.of(member), reason=EndReason.REVOKED_BY_OPERATOR, actor=operator)
    page = browser_of(admin).get(f"/users/{member.pk}/")
    assert "a Latchkey operator" in text_of(page)
    assert "Olga" not in page.text


def test_it_shows_ended_sessions_of_this_tenant_page_by_page(
    browser_of, admin, contractor, acme, globex
):
    Session.objects.bulk_create(
        [
            session_of(contractor, acme, minutes=index, ended=True, ip=f"192.0.2.{index}")
            for index in range(60)
        ]
        + [session_of(contractor, globex, ended=True, ip="203.0.113.200")]
    )
    browser, url, seen = browser_of(admin), "", []
    while url is not None:
        page = browser.get(f"/users/{contractor.pk}/{url}")
        assert "203.0.113.200" not in page.text
        seen.append(re.findall(r"192\.0\.2\.(\d+)", " ".join(rows_of(page))))
        url = older(page)
        assert url is None or url.endswith("#ended-title")
    assert [len(one) for one in seen] == [25, 25, 10]
    assert [number for one in seen for number in one] == [str(index) for index in range(60)]


@pytest.mark.parametrize("cursor", ["x", "%00", "é", "a:b:c", "0" * 3000])
@pytest.mark.parametrize("tab", ["sessions", "history"])
def test_it_starts_again_where_a_cursor_makes_no_sense(
    browser_of, admin, member, acme, cursor, tab
):
    session_of(member, acme, ended=True, ip="192.0.2.7").save()
    attempt_of(member, acme, ip="192.0.2.7").save()
    for name in ("after", "before"):
        page = browser_of(admin).get(f"/users/{member.pk}/?tab={tab}&{name}={cursor}")
        assert "192.0.2.7" in page.text


def test_it_escapes_what_others_wrote(browser_of, admin, member, acme):
    type(member).objects.filter(pk=member.pk).update(display_name=SCRIPT)
    written = {"user_agent": SCRIPT, "browser": SCRIPT, "city": SCRIPT}
    session_of(member, acme, label=SCRIPT, **written).save()
    session_of(member, acme, ended=True, end_note=SCRIPT, **written).save()
    attempt_of(member, acme, **written).save()
    browser = browser_of(admin)
    for query in ("", "?tab=history", "?ask=end-sessions", "?ask=disable"):
        page = browser.get(f"/users/{member.pk}/{query}")
        assert page.status_code == 200
        assert SCRIPT not in page.text
        assert SCRIPT in unescape(page.text)


# --- login history -----------------------------------------------------------------------------


def test_its_history_tells_sign_ins_here_and_failures_anywhere(
    browser_of, admin, contractor, member, acme, globex
):
    LoginAttempt.objects.bulk_create(
        [
            attempt_of(contractor, acme, minutes=1, ip="192.0.2.1"),
            attempt_of(
                contractor, None, minutes=2, ip="192.0.2.2", outcome=LoginOutcome.FAILED, amr=""
            ),
            attempt_of(contractor, None, minutes=3, ip="192.0.2.3", outcome=LoginOutcome.DENIED),
            attempt_of(contractor, globex, minutes=4, ip="192.0.2.4"),
            attempt_of(contractor, None, minutes=5, ip="192.0.2.5"),
            attempt_of(member, acme, minutes=6, ip="192.0.2.6"),
        ]
    )
    page = browser_of(admin).get(f"/users/{contractor.pk}/?tab=history")
    signed_in, failed, denied = rows_of(page)
    assert "Signed in password" in signed_in
    assert "192.0.2.1" in signed_in
    assert "Failed" in failed
    assert "192.0.2.2" in failed
    assert "Refused: limit" in denied
    assert "192.0.2.3" in denied


def test_its_history_comes_page_by_page(browser_of, admin, member, acme):
    LoginAttempt.objects.bulk_create(
        attempt_of(member, acme, minutes=index, ip=f"192.0.2.{index}") for index in range(60)
    )
    browser, url, seen = browser_of(admin), "?tab=history", []
    while url is not None:
        page = browser.get(f"/users/{member.pk}/{url}")
        seen.append(re.findall(r"192\.0\.2\.(\d+)", " ".join(rows_of(page))))
        url = older(page)
        assert url is None or parse_qs(urlsplit(url).query)["tab"] == ["history"]
    assert [number for one in seen for number in one] == [str(index) for index in range(60)]


def test_it_says_so_when_there_is_no_history(browser_of, admin, member):
    assert "No attempts are kept." in browser_of(admin).get(f"/users/{member.pk}/?tab=history").text


# --- what it costs -----------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 60])
@pytest.mark.parametrize(
    ("query", "statements"),
    [("", 6), ("?tab=history", 5), ("?ask=end-sessions", 4), ("?ask=disable", 4)],
)
def test_it_costs_the_same_however_much_there_is(
    browser_of, admin, member, acme, django_assert_num_queries, number, query, statements
):
    live = [session_of(member, acme, minutes=index) for index in range(number)]
    Session.objects.bulk_create(live)
    Sighting.objects.bulk_create(
        Sighting(session=one, ip=f"192.0.2.{index}") for index, one in enumerate(live)
    )
    Session.objects.bulk_create(
        session_of(member, acme, minutes=9, ended=True) for _ in range(number)
    )
    LoginAttempt.objects.bulk_create(attempt_of(member, acme) for _ in range(number))
    browser = browser_of(admin)
    with django_assert_num_queries(statements):
        browser.get(f"/users/{member.pk}/{query}")


def test_it_lists_so_many_live_sessions_and_counts_the_rest(browser_of, admin, member, acme):
    Session.objects.bulk_create(session_of(member, acme, minutes=index) for index in range(70))
    page = browser_of(admin).get(f"/users/{member.pk}/")
    assert page.text.count('class="lifeline"') == 25
    assert "and 45 more" in page.text
    assert "Log out of all sessions (70)" in text_of(page)


# --- as a row of the list ----------------------------------------------------------------------


def test_its_sessions_unfold_in_the_list(
    browser_of, admin, member, acme, django_assert_num_queries
):
    Session.objects.bulk_create(session_of(member, acme, minutes=index) for index in range(8))
    browser = browser_of(admin)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/users/?q=dave"}
    with django_assert_num_queries(5):
        row = browser.get(f"/users/{member.pk}/?part=live", headers=headers)
    assert "<html" not in row.text
    assert row.text.count('class="lifeline"') == 5
    assert "3 more live sessions" in row.text
    assert row.text.count('name="next" value="/users/?q=dave"') == 5
    assert row.text.count("/end/") == 5


def test_they_unfold_for_those_only_who_may_see_them(browser_of, auditor, member, acme):
    session_of(member, acme).save()
    url = f"/users/{member.pk}/?part=live"
    assert "/end/" not in browser_of(auditor).get(url).text
    give(auditor, acme, "users.view")
    assert browser_of(auditor).get(url).status_code == 403


def test_it_marks_the_session_that_looks(browser_of, admin):
    page = browser_of(admin).get(f"/users/{admin.pk}/")
    assert page.text.count("This device") == 1

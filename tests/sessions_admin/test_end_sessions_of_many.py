"""POST /users/end-sessions/: an administrator logs many people out at once."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import AuditEvent, Session
from sessions_admin.views.users.ending import CONFIRM_ABOVE
from sessions_admin.vocabulary import AuditAction, EndReason
from tests.crowd import crowd, session_of

URL = "/users/end-sessions/"


def messages_of(response):
    return [
        unescape(text) for text in re.findall(r"data-toast>.*?<p>(.*?)</p>", response.text, re.S)
    ]


def ids(people):
    return [str(person.pk) for person in people]


def live(*people):
    return Session.objects.live().filter(user__in=people).count()


def test_it_ends_the_sessions_of_the_chosen_and_of_nobody_else(browser_of, admin, acme):
    first, second, third = crowd(acme, 3, live=2, ended=1)
    response = browser_of(admin).post(
        URL, {"user": ids([first, second]), "note": "New rules"}, follow=True
    )
    assert response.redirect_chain == [("/users/", 302)]
    assert messages_of(response) == ["2 people: 4 sessions ended."]
    assert (live(first, second), live(third)) == (0, 2)
    ended = Session.objects.filter(user__in=[first, second], end_reason=EndReason.REVOKED_BY_ADMIN)
    assert {(one.ended_by, one.end_note) for one in ended} == {(admin, "New rules")}
    assert AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED, actor=admin).count() == 4


def test_it_never_ends_the_session_that_asks_and_says_so(browser_of, admin, member, acme):
    browser = browser_of(admin)
    browser_of(member)
    session_of(admin, acme).save()
    response = browser.post(URL, {"user": ids([admin, member]), "include_this": "1"}, follow=True)
    assert messages_of(response) == [
        "2 people: 2 sessions ended.", "The session that you are in was kept.",
    ]  # fmt: skip
    assert browser.session_row.ended_at is None
    assert (live(admin), live(member)) == (1, 0)


def test_it_touches_no_other_tenant(browser_of, admin, contractor, outsider, acme, globex):
    Session.objects.bulk_create(
        session_of(person, tenant)
        for person, tenant in ((contractor, acme), (contractor, globex), (outsider, globex))
    )
    response = browser_of(admin).post(URL, {"user": ids([contractor, outsider])}, follow=True)
    assert messages_of(response) == ["1 person: 1 session ended."]
    assert list(Session.objects.ended().values_list("tenant", flat=True)) == [acme.pk]


@pytest.mark.parametrize("chosen", [[], ["x"], [""], [str(uuid4())], ["\x00"]])
def test_it_says_so_when_nobody_was_chosen(browser_of, admin, chosen):
    response = browser_of(admin).post(URL, {"user": chosen, "next": "/users/?q=x"}, follow=True)
    assert response.redirect_chain == [("/users/?q=x", 302)]
    assert messages_of(response) == ["Nobody was selected."]


def test_it_asks_first_when_asked_to(browser_of, admin, member, acme):
    session_of(member, acme).save()
    browser = browser_of(admin)
    page = browser.post(URL, {"user": ids([admin, member]), "ask": "1", "next": "/users/?q=a"})
    assert page.status_code == 200
    assert "<h1>Log 2 people out of all sessions?</h1>" in page.text
    assert "Log out 1 session</button>" in page.text
    assert "the session that you are in is kept" in page.text
    assert 'name="next" value="/users/?q=a"' in page.text
    assert "confirm_count" not in page.text
    assert live(member) == 1


def test_it_is_asked_within_the_page_by_htmx(browser_of, admin, member):
    page = browser_of(admin).post(
        URL, {"user": ids([member]), "ask": "1"}, headers={"HX-Request": "true"}
    )
    assert page.text.lstrip().startswith("<dialog")
    assert "<html" not in page.text


# --- more people than one logs out by a slip ---------------------------------------------------


def fields_of(page):
    """What the form on the page would send."""
    form = page.text[page.text.index('<form class="card') :]
    found = re.findall(r'<input[^>]*name="(\w+)"(?:[^>]*?value="([^"]*)")?', form)
    fields = {}
    for name, value in found:
        fields.setdefault(name, []).append(unescape(value))
    return fields


def test_it_wants_the_number_of_very_many_people(browser_of, admin, acme):
    people = crowd(acme, CONFIRM_ABOVE + 1, live=1, ended=0)
    browser = browser_of(admin)
    page = browser.post(URL, {"user": ids(people), "note": "New <rules>"})
    assert page.status_code == 200
    assert live(*people) == 26
    assert f"Type {CONFIRM_ABOVE + 1} to go on." in page.text
    assert "and 21 more" in page.text

    fields = fields_of(page)
    assert fields["note"] == ["New <rules>"]
    assert set(fields["user"]) == set(ids(people))
    response = browser.post(URL, fields | {"confirm_count": " 26 "}, follow=True)
    assert messages_of(response) == ["26 people: 26 sessions ended."]
    assert live(*people) == 0


@pytest.mark.parametrize("typed", ["", "25", "twenty-six", "026.0", "٢٦"])
def test_it_takes_no_other_number(browser_of, admin, acme, typed):
    people = crowd(acme, CONFIRM_ABOVE + 1, live=1, ended=0)
    page = browser_of(admin).post(URL, {"user": ids(people), "confirm_count": typed})
    assert page.status_code == 422
    assert "That is not their number." in page.text
    assert live(*people) == 26


def test_it_wants_no_number_up_to_there(browser_of, admin, acme):
    people = crowd(acme, CONFIRM_ABOVE, live=1, ended=0)
    browser_of(admin).post(URL, {"user": ids(people)})
    assert live(*people) == 0


def test_it_counts_people_once_and_members_only(browser_of, admin, outsider, acme):
    people = crowd(acme, 20, live=1, ended=0)
    browser_of(admin).post(URL, {"user": ids(people) * 2 + ids([outsider])})
    assert live(*people) == 0


# --- who may, and what it costs ----------------------------------------------------------------


@pytest.mark.parametrize("who", ["member", "auditor"])
def test_it_is_for_those_who_may(browser_of, cast, contractor, who, acme):
    session_of(contractor, acme).save()
    assert browser_of(getattr(cast, who)).post(URL, {"user": ids([contractor])}).status_code == 403
    assert live(contractor) == 1


def test_it_asks_a_visitor_to_sign_in(browser_of, member):
    assert (
        browser_of()
        .post(URL, {"user": ids([member])})
        .headers["Location"]
        .startswith("/accounts/login/")
    )


def test_it_is_not_for_reading_nor_where_the_section_is_off(browser_of, admin, acme):
    browser = browser_of(admin)
    assert browser.get(URL).status_code == 405
    acme.sections -= {"users"}
    acme.save()
    assert browser.post(URL).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_it_asks_for_a_fresh_proof_first_and_then_goes_on(browser_of, admin, member, acme, headers):
    session_of(member, acme).save()
    browser = browser_of(admin)
    long_ago = timezone.now() - timedelta(minutes=11)
    Session.objects.filter(user=admin).update(authenticated_at=long_ago)
    response = browser.post(URL, {"user": ids([member]), "ask": "1"}, headers=headers)
    there = response.headers["HX-Redirect" if headers else "Location"]
    assert there.startswith("/accounts/reauthenticate/")
    page = browser.post(there, {"password": PASSWORD}, follow=True)
    assert "<h1>Log 1 person out of all sessions?</h1>" in page.text
    assert live(member) == 1


@pytest.mark.parametrize("number", [2, 25])
def test_it_costs_the_same_however_many(
    browser_of, admin, acme, django_assert_max_num_queries, number
):
    people = crowd(acme, number, live=4, ended=1)
    browser = browser_of(admin)
    # The session, the people, the ending and its audit rows within BEGIN and COMMIT, the message.
    with django_assert_max_num_queries(9):
        browser.post(URL, {"user": ids(people)})
    assert live(*people) == 0

"""Signing in at the limit: /accounts/refused/ and /accounts/limit/."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine

from sessions_admin.models import Session
from sessions_admin.sign_in import LimitStage
from sessions_admin.vocabulary import AtLimit, EndReason
from tests.accounts.conftest import authenticator_code, set_up_authenticator_app
from tests.holdings import BERLIN, LYON, SAFARI_IPHONE, hold

ASK = {"max_live_sessions_enabled": True, "at_limit": AtLimit.ASK}


@pytest.fixture
def held(member, acme, policy_of):
    """Two sessions of the member, who may have two and is asked."""
    policy_of(acme, max_live_sessions=2, **ASK)
    return [
        hold(member, acme, agent=SAFARI_IPHONE, place=LYON, idle=timedelta(hours=3)),
        hold(member, acme, place=BERLIN, idle=timedelta(minutes=1)),
    ]


@pytest.fixture
def pending(browser_of, member, held):
    """A browser that has given the right password."""
    browser = browser_of()
    assert browser.sign_in(member).url == "/accounts/limit/"
    return browser


def is_signed_in(browser):
    return browser.get("/profile/").status_code == 200


def reason(session):
    session.refresh_from_db()
    return session.end_reason


# --- refused ---------------------------------------------------------------------------------


def test_refusing_leads_to_a_page_that_explains(browser_of, member, acme, policy_of):
    policy_of(acme, max_live_sessions_enabled=True, max_live_sessions=1, at_limit=AtLimit.DENY)
    hold(member, acme)
    browser = browser_of()
    assert browser.sign_in(member).url == "/accounts/refused/"
    assert not is_signed_in(browser)
    text = browser.get("/accounts/refused/").content.decode()
    assert "You are signed in as often as allowed" in text
    assert "Ask an administrator" in text
    assert member.email not in text
    assert "Dave" not in text


def test_the_refusal_is_for_reading(client, db):
    assert client.get("/accounts/refused/").status_code == 200
    assert client.post("/accounts/refused/").status_code == 405


# --- asked -----------------------------------------------------------------------------------


def test_it_lists_the_sessions_that_count(pending, held, acme, globex, owner):
    hold(owner, acme, label="Somebody else’s")
    response = pending.get("/accounts/limit/")
    text = response.content.decode()
    assert "Choose at least 1 to log out" in text
    assert text.index("Safari 18 on iOS 18") < text.index("Firefox 145 on Linux")
    assert "Lyon, France" in text
    assert "Somebody else" not in text
    assert "203.0.113" not in text


def test_the_session_is_not_born_before_the_choice(pending):
    assert not is_signed_in(pending)
    assert Session.objects.open().filter(user__isnull=False).count() == 2


def test_choosing_ends_and_signs_in(pending, held, member):
    oldest, latest = held
    response = pending.post("/accounts/limit/", {"session": oldest.pk})
    assert response.url == "/sessions/"
    assert is_signed_in(pending)
    assert reason(oldest) == EndReason.REVOKED_BY_USER
    assert (oldest.ended_by_id, oldest.end_note) == (member.pk, "Firefox 145 on Linux")
    assert reason(latest) == ""


def test_what_was_asked_for_is_where_one_arrives(browser_of, member, held):
    browser = browser_of()
    browser.post(
        "/accounts/login/",
        {"login": member.email, "password": "correct-horse-battery", "next": "/profile/"},
    )
    assert browser.post("/accounts/limit/", {"session": held[0].pk}).url == "/profile/"


def test_one_may_choose_more(pending, held):
    pending.post("/accounts/limit/", {"session": [one.pk for one in held]})
    assert is_signed_in(pending)
    assert [reason(one) for one in held] == [EndReason.REVOKED_BY_USER] * 2


def test_too_few_is_said_and_ends_nothing(pending, held, acme, policy_of):
    policy_of(acme, max_live_sessions=1, **ASK)
    response = pending.post("/accounts/limit/", {"session": held[0].pk})
    assert response.status_code == 422
    text = response.content.decode()
    assert "Choose at least 2 sessions to log out." in text
    assert text.count("checked") == 1
    assert [reason(one) for one in held] == ["", ""]
    assert not is_signed_in(pending)


@pytest.mark.parametrize("odd", ["nonsense", str(UUID(int=7))])
def test_nonsense_does_not_count(pending, odd):
    assert pending.post("/accounts/limit/", {"session": odd}).status_code == 422


def test_it_reaches_nobody_elses_session(pending, held, owner, acme):
    foreign = hold(owner, acme)
    fields = {"session": [foreign.pk, held[0].pk]}
    assert pending.post("/accounts/limit/", fields).status_code == 302
    assert reason(foreign) == ""


def test_when_room_came_up_meanwhile_nothing_needs_to_end(pending, held):
    Session.objects.filter(pk=held[0].pk).update(ended_at=held[0].last_seen_at)
    assert "There is room now" in pending.get("/accounts/limit/").content.decode()
    assert pending.post("/accounts/limit/").url == "/sessions/"
    assert reason(held[1]) == ""


def test_when_the_room_is_taken_at_birth_it_is_refused(pending, held, member, acme, monkeypatch):
    leave = LimitStage.exit

    def exit_late(stage):
        hold(member, acme)  # another browser was quicker
        return leave(stage)

    monkeypatch.setattr(LimitStage, "exit", exit_late)
    response = pending.post("/accounts/limit/", {"session": held[0].pk})
    assert response.url == "/accounts/refused/"
    assert not is_signed_in(pending)


def test_a_new_password_ends_a_sign_in_that_waits(pending, held, member):
    """Whoever began it has the old one."""
    member.set_password("another-horse-battery")
    member.save()
    assert pending.get("/accounts/limit/").url == "/accounts/login/"
    answer = pending.post("/accounts/limit/", {"session": held[0].pk})
    assert answer.url == "/accounts/login/"
    assert reason(held[0]) == ""
    assert not is_signed_in(pending)


def test_one_may_cancel(pending, held):
    response = pending.post("/accounts/limit/", {"cancel": "1", "session": held[0].pk})
    assert response.url == "/accounts/login/"
    assert reason(held[0]) == ""
    assert pending.get("/accounts/limit/").url == "/accounts/login/"


def test_the_password_alone_does_not_lead_past_the_second_factor(browser_of, member, acme, held):
    Session.objects.filter(pk__in=[one.pk for one in held]).update(ended_at=held[0].last_seen_at)
    device = browser_of(member)
    secret = set_up_authenticator_app(device)
    hold(member, acme)
    browser = browser_of()
    assert browser.sign_in(member).url == "/accounts/2fa/authenticate/"
    assert browser.get("/accounts/limit/").url == "/accounts/login/"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):  # a code works once
        code = {"code": authenticator_code(secret)}
        assert browser.post("/accounts/2fa/authenticate/", code).url == "/accounts/limit/"


def test_without_a_pending_sign_in_it_leads_to_the_sign_in(client, browser_of, member):
    assert client.get("/accounts/limit/").url == "/accounts/login/"
    assert client.post("/accounts/limit/").url == "/accounts/login/"
    assert browser_of(member).get("/accounts/limit/").url == "/accounts/login/"


def test_it_takes_no_other_method(pending):
    assert pending.put("/accounts/limit/").status_code == 405


def test_remember_me_outlasts_the_question(browser_of, member, held):
    browser = browser_of()
    browser.sign_in(member, remember="on")
    browser.post("/accounts/limit/", {"session": held[0].pk})
    assert browser.session_row.persistent


def test_it_says_when_they_were_used_in_the_persons_time_zone(pending, held):
    text = pending.get("/accounts/limit/").content.decode()
    assert "3\xa0hours ago" in text
    assert "CET" in text

"""/me/sessions: one's own, in all of one's tenants."""

from datetime import timedelta

from sessions_admin.models import AuditEvent, Session
from sessions_admin.vocabulary import EndReason
from tests.holdings import hold

HERE = "/me/sessions"


def test_it_lists_mine_in_all_tenants(token_of, cast):
    program = token_of(cast.contractor, cast.acme)
    other = hold(cast.contractor, cast.globex, label="Work laptop")
    hold(cast.member, cast.acme)
    hold(cast.contractor, cast.acme, age=timedelta(days=3), idle=timedelta(days=2))  # overdue
    items = program.read(HERE).json()["items"]
    assert [one["id"] for one in items] == [str(program.own.pk), str(other.pk)]
    assert [one["current"] for one in items] == [True, False]
    assert items[1]["name"] == "Work laptop"


def test_it_costs_four_statements(token_of, cast, django_assert_num_queries):
    program = token_of(cast.member, cast.acme)
    program.read(HERE)
    for _ in range(20):
        hold(cast.member, cast.acme)
    with django_assert_num_queries(4):  # the keys of tokens, the session, the quota, the list
        program.read(HERE)


def test_it_ends_one(token_of, cast, live):
    program = token_of(cast.member, cast.acme)
    other, third = hold(cast.member, cast.acme), hold(cast.member, cast.acme)
    assert program.post(f"{HERE}/{other.pk}/end").json() == {"ended": 1, "ids": [str(other.pk)]}
    assert not live(other)
    assert live(third, program.own)
    other.refresh_from_db()
    assert other.end_reason == EndReason.REVOKED_BY_USER
    event = AuditEvent.objects.get(action="session.ended")
    assert event.actor == cast.member
    assert event.data["via"] == "access token"


def test_ending_the_one_that_calls_is_logging_out(token_of, cast):
    program = token_of(cast.member, cast.acme)
    assert program.post(f"{HERE}/{program.own.pk}/end").json()["ended"] == 1
    assert Session.objects.get(pk=program.own.pk).end_reason == EndReason.LOGGED_OUT
    assert program.read(HERE).status_code == 401


def test_it_ends_the_others(token_of, cast, live):
    program = token_of(cast.contractor, cast.acme)
    others = [hold(cast.contractor, cast.acme), hold(cast.contractor, cast.globex)]
    strange = hold(cast.member, cast.acme)
    assert program.post(f"{HERE}/end-others").json()["ended"] == 2
    assert not live(*others)
    assert live(strange, program.own)
    assert program.post(f"{HERE}/end-others").json()["ended"] == 0


def test_it_ends_all(token_of, cast, live):
    program = token_of(cast.member, cast.acme)
    other = hold(cast.member, cast.acme)
    assert program.post(f"{HERE}/end-all").json()["ended"] == 2
    assert not live(other, program.own)

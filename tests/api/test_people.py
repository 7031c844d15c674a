"""/users: the people of the tenant, their sessions and their sign-ins."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.vocabulary import LoginOutcome
from tests.api.conftest import code_of
from tests.crowd import attempt_of
from tests.holdings import LYON, hold


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [one["name"] for one in response.json()["items"]]


def test_it_lists_the_tenants_people(key_of, cast):
    hold(cast.member, cast.acme)
    items = key_of().read("/users").json()["items"]
    assert [one["name"] for one in items] == sorted(one["name"] for one in items)
    member = next(one for one in items if one["id"] == str(cast.member.pk))
    assert member["email"] == cast.member.email
    assert member["state"] == "active"
    assert member["live_sessions"] == 1
    assert member["last_active_at"]
    assert member["groups"] == ["Members"]
    assert str(cast.outsider.pk) not in [one["id"] for one in items]


def test_without_the_scope_it_tells_nothing_of_sessions(key_of, cast):
    hold(cast.member, cast.acme)
    program = key_of(cast.acme, "users.view")
    for one in program.read("/users").json()["items"]:
        assert (one["live_sessions"], one["last_active_at"]) == (None, None)
    assert code_of(program.read("/users?state=signed_in")) == "forbidden"
    assert code_of(program.read("/users?sort=-active")) == "forbidden"
    assert program.read(f"/users/{cast.member.pk}").json()["live_sessions"] is None


def test_it_searches_filters_and_sorts(key_of, cast):
    hold(cast.member, cast.acme, ip="198.51.100.77", idle=timedelta())
    program = key_of()
    assert names(program.read(f"/users?q={cast.member.email}")) == [cast.member.name]
    assert names(program.read("/users?q=198.51.100.77")) == [cast.member.name]
    assert names(program.read("/users?state=signed_in")) == [cast.member.name]
    assert names(program.read("/users?sort=-active"))[0] == cast.member.name
    assert names(program.read("/users?q=nobody-at-all")) == []


def test_it_filters_as_the_page_does(key_of, cast, policy_of):
    policy_of(cast.acme, max_live_sessions_enabled=True, max_live_sessions=1)
    hold(cast.member, cast.acme, place=LYON, idle=timedelta())
    session = hold(cast.auditor, cast.acme, idle=timedelta())
    session.suspected_at = timezone.now()
    session.save(update_fields=["suspected_at"])
    program = key_of()
    assert names(program.read("/users?group=Auditors")) == [cast.auditor.name]
    assert names(program.read("/users?group=Auditor")) == []
    assert names(program.read("/users?country=fr")) == [cast.member.name]
    assert names(program.read("/users?suspicious=true")) == [cast.auditor.name]
    assert names(program.read("/users?at_limit=true")) == [cast.auditor.name, cast.member.name]
    assert names(program.read("/users?at_limit=true&group=Members")) == [cast.member.name]
    assert len(names(program.read("/users?suspicious=false"))) == 5


@pytest.mark.parametrize(
    "query", ["country=F", "country=FRA", "country=%00%00", "suspicious=often"]
)
def test_it_says_what_is_no_filter(key_of, query):
    assert code_of(key_of().read(f"/users?{query}")) == "invalid"


@pytest.mark.parametrize("query", ["country=FR", "suspicious=true", "at_limit=true"])
def test_what_tells_of_sessions_needs_the_permission(key_of, cast, query):
    program = key_of(cast.acme, "users.view")
    assert code_of(program.read(f"/users?{query}")) == "forbidden"
    assert names(program.read("/users?group=Auditors")) == [cast.auditor.name]


def test_pages_hold_everybody_once(key_of):
    program, seen, after = key_of(), [], ""
    while True:
        page = program.read(f"/users?limit=2&sort=-email&after={after}").json()
        seen += [one["email"] for one in page["items"]]
        if not (after := page["after"]):
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(names(program.read("/users"))) > 3


def test_a_cursor_of_another_list_is_refused(key_of):
    program = key_of()
    cursor = program.read("/users?limit=1").json()["after"]
    assert program.read(f"/users?sort=email&after={cursor}").status_code == 422
    assert program.read(f"/sessions?after={cursor}").status_code == 422


def test_a_page_whose_rows_are_gone_is_empty(key_of, cast):
    """The pages of the portal begin again then; a program would never come to an end."""
    program = key_of()
    sessions = [hold(cast.member, cast.acme, age=timedelta(hours=n + 1)) for n in range(3)]
    cursor = program.read("/sessions?limit=2").json()["after"]
    program.post("/sessions/end", {"ids": [str(one.pk) for one in sessions]})
    assert program.read(f"/sessions?limit=2&after={cursor}").json() == {"items": [], "after": ""}


@pytest.mark.parametrize("count", [1, 12])
def test_a_list_costs_the_same_for_few_and_many(key_of, cast, count, django_assert_num_queries):
    program = key_of()
    program.read("/me")
    for _ in range(count):
        hold(cast.member, cast.acme)
        hold(cast.auditor, cast.acme)
    with django_assert_num_queries(5):  # key, quota, people, their groups, their sessions
        program.read("/users")


def test_it_lists_a_persons_sessions(key_of, cast):
    live = hold(cast.contractor, cast.acme, place=LYON)
    hold(cast.contractor, cast.globex)
    ended = hold(cast.contractor, cast.acme, ended_at=timezone.now(), end_reason="idle_timeout")
    address, program = f"/users/{cast.contractor.pk}/sessions", key_of()
    assert [one["id"] for one in program.read(address).json()["items"]] == [str(live.pk)]
    [past] = program.read(f"{address}?state=ended").json()["items"]
    assert past["id"] == str(ended.pk)
    assert past["ended"]["initiator"] == "policy"


def test_it_lists_sign_ins_here_and_failures(key_of, cast):
    def attempt(outcome, tenant=None, *, minutes):
        attempted = attempt_of(
            cast.contractor, tenant, minutes=minutes, outcome=outcome, ip="192.0.2.9"
        )
        attempted.save()
        return attempted

    here = attempt(LoginOutcome.SUCCEEDED, cast.acme, minutes=3)
    attempt(LoginOutcome.SUCCEEDED, cast.globex, minutes=2)
    failed = attempt(LoginOutcome.FAILED, minutes=1)
    items = key_of().read(f"/users/{cast.contractor.pk}/logins").json()["items"]
    assert [one["id"] for one in items] == [str(failed.pk), str(here.pk)]
    assert items[0]["outcome"] == "failed"
    assert items[0]["ip"] == "192.0.2.9"


def test_it_logs_a_person_out_everywhere_in_the_tenant(key_of, cast, live):
    here = [hold(cast.contractor, cast.acme) for _ in range(3)]
    elsewhere = hold(cast.contractor, cast.globex)
    answer = key_of().post(f"/users/{cast.contractor.pk}/end-sessions", {"note": "Left"}).json()
    assert answer["ended"] == 3
    assert not live(*here)
    assert live(elsewhere)


def test_it_keeps_the_session_that_calls(token_of, cast, live):
    program = token_of(cast.owner, cast.acme)
    other = hold(cast.owner, cast.acme)
    assert program.post(f"/users/{cast.owner.pk}/end-sessions").json()["ended"] == 1
    assert live(program.own)
    assert not live(other)

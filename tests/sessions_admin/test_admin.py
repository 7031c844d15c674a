"""Sessions, their history and their rules in /admin/"""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import (
    PLATFORM_POLICY_ID,
    AuditEvent,
    LoginAttempt,
    PolicyBounds,
    Session,
    SessionPolicy,
)
from sessions_admin.vocabulary import AuditAction, EndReason, Kind, LoginOutcome
from tests.cast import ELSEWHERE, Browser
from tests.holdings import hold, see_elsewhere

SESSIONS = "/admin/sessions_admin/session/"
ATTEMPTS = "/admin/sessions_admin/loginattempt/"
EVENTS = "/admin/sessions_admin/auditevent/"
POLICIES = "/admin/sessions_admin/sessionpolicy/"
BOUNDS = "/admin/sessions_admin/policybounds/"
LISTS = [SESSIONS, ATTEMPTS, EVENTS]
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(operator, browser_of):
    """The operator's browser."""
    return browser_of(operator)


def page_of(session) -> str:
    return f"{SESSIONS}{session.pk}/change/"


def shown(desk, url=SESSIONS, **query) -> set:
    """The ids of the rows on the page, without the operator's own."""
    rows = desk.get(url, query).context["cl"].result_list
    return {row.pk for row in rows if getattr(row.user, "is_operator", False) is False}


def end(desk, *sessions, note=""):
    ids = [str(session.pk) for session in sessions]
    return desk.post(f"{SESSIONS}end/", {"_selected_action": ids, "note": note})


def attempt(**columns):
    at = timezone.now()
    return LoginAttempt.objects.create(
        **{"id": uuid7(at), "at": at, "outcome": LoginOutcome.FAILED, **columns}
    )


# --- access ----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [*LISTS, POLICIES, BOUNDS])
def test_nobody_but_operators_gets_in(browser_of, owner, url):
    assert browser_of(owner).get(url, follow=True).status_code == 403


def test_nobody_but_operators_ends(browser_of, owner, outsider, globex):
    session = hold(outsider, globex)
    assert end(browser_of(owner), session).status_code == 302
    session.refresh_from_db()
    assert session.ended_at is None


@pytest.mark.parametrize("url", LISTS)
def test_records_are_neither_written_nor_deleted(desk, member, acme, url):
    session = hold(member, acme)
    row = {
        SESSIONS: session,
        ATTEMPTS: attempt(user=member),
        EVENTS: audit.record(AuditAction.USER_DISABLED, user_id=member.pk),
    }[url]
    assert desk.get(f"{url}add/").status_code == 403
    assert desk.post(f"{url}{row.pk}/change/", {"_save": "1"}).status_code == 403
    assert desk.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


# --- the list of sessions --------------------------------------------------------------------


@pytest.fixture
def some(member, admin, outsider, contractor, acme, globex, policy_of):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=2 * HOUR)
    sessions = {
        "live": hold(member, acme, ip="203.0.113.7"),
        "overdue": hold(admin, acme, age=9 * HOUR, idle=3 * HOUR, ip="203.0.113.70"),
        "globex": hold(outsider, globex, age=9 * HOUR, idle=3 * HOUR, ip="2001:db8:7::1"),
        "app": hold(contractor, globex, kind=Kind.APP, ip=ELSEWHERE),
        "ended": hold(member, acme, ip="198.51.100.90"),
    }
    end_sessions(
        Session.objects.filter(pk=sessions["ended"].pk), reason=EndReason.LOGGED_OUT, actor=member
    )
    return sessions


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"live", "overdue", "globex", "app", "ended"}),
        ({"state": "live"}, {"live", "globex", "app"}),
        ({"state": "ended"}, {"ended"}),
        ({"kind": "app"}, {"app"}),
        ({"state": "live", "kind": "browser"}, {"live", "globex"}),
        ({"q": "member@acme.test"}, {"live", "ended"}),
        ({"q": " Member@ACME.test "}, {"live", "ended"}),
        ({"q": "member@acme.test", "state": "live"}, {"live"}),
        ({"q": "owner@"}, {"globex"}),
        ({"q": "nobody@"}, set()),
        ({"q": "203.0.113.7"}, {"live"}),
        ({"q": "203.0.113."}, {"live", "overdue"}),
        ({"q": "203."}, {"live", "overdue"}),
        ({"q": "2001:db8:7::1"}, {"globex"}),
        ({"q": "2001:db8:"}, {"globex"}),
        ({"q": "2001:DB8:7:0:0:0:0:1"}, {"globex"}),
        ({"q": "999."}, set()),
        ({"tenant": "no tenant"}, set()),
    ],
)
def test_sessions_are_found(desk, some, query, names):
    assert shown(desk, **query) == {some[name].pk for name in names}


def test_sessions_are_found_by_tenant_and_id(desk, some, globex):
    assert shown(desk, tenant=globex.pk) == {some["globex"].pk, some["app"].pk}
    assert shown(desk, q=str(some["app"].pk)) == {some["app"].pk}


def test_live_is_what_it_is_everywhere(desk, some):
    page = desk.get(SESSIONS, {"state": "live"})
    live = set(Session.objects.live().values_list("pk", flat=True))
    assert {row.pk for row in page.context["cl"].result_list} == live
    states = {row.pk: row.is_live for row in desk.get(SESSIONS).context["cl"].result_list}
    assert {pk for pk, is_live in states.items() if is_live} == live


@pytest.mark.parametrize(
    "query", [{}, {"state": "live"}, {"q": "member@acme.test"}, {"q": "203.0.113."}]
)
@pytest.mark.parametrize("url", LISTS)
def test_nothing_is_counted_however_long_the_list(desk, some, member, url, query):
    attempt(user=member)
    with CaptureQueriesContext(
        connection,
    ) as statements:
        assert desk.get(url, query if url == SESSIONS else {}).status_code == 200
    assert [one["sql"] for one in statements if "COUNT(" in one["sql"].upper()] == []


@pytest.mark.parametrize("url", LISTS)
def test_a_longer_list_takes_no_more_statements(
    desk, member, outsider, acme, globex, url, django_assert_num_queries
):
    for number in range(30):
        holder, tenant = ((member, acme), (outsider, globex))[number % 2]
        session = hold(holder, tenant)
        attempt(user=holder, tenant=tenant, session=session, email=holder.email)
        audit.record(
            AuditAction.SESSION_STARTED, user_id=holder.pk, tenant_id=tenant.pk,
            actor_id=holder.pk,
        )  # fmt: skip
    desk.get(url)
    with django_assert_num_queries(3):  # the operator's session, the tenants to filter by, the rows
        assert desk.get(url).status_code == 200


def test_pages_follow_each_other_without_gap_or_repetition(desk, member, acme):
    for number in range(120):
        hold(member, acme, age=timedelta(minutes=number + 10), idle=timedelta(minutes=1))
    expected = list(Session.objects.order_by("-pk").values_list("pk", flat=True))
    seen, query = [], ""
    while True:
        changes = desk.get(SESSIONS + query).context["cl"]
        seen += [row.pk for row in changes.result_list]
        if not changes.after:
            break
        query = changes.after
    assert seen == expected
    back = desk.get(SESSIONS + changes.before).context["cl"]
    assert [row.pk for row in back.result_list] == expected[50:100]
    assert "Older" in desk.get(SESSIONS).content.decode()


def test_a_page_keeps_the_filter(desk, member, admin, acme):
    for _ in range(60):
        hold(member, acme)
        hold(admin, acme)
    first = desk.get(SESSIONS, {"q": "admin@acme.test"}).context["cl"]
    second = desk.get(SESSIONS + first.after).context["cl"]
    assert {row.user for row in second.result_list} == {admin}
    assert len(first.result_list) + len(second.result_list) == 60


@pytest.mark.parametrize("odd", ["o=3.-1", "all=", "p=99999", "after=forged", "before=", "e=1"])
def test_odd_addresses_lead_to_the_first_page(desk, some, odd):
    page = desk.get(f"{SESSIONS}?{odd}", follow=True)
    assert page.status_code == 200
    assert len(page.context["cl"].result_list) >= 5


def test_nothing_else_can_be_asked_of_the_table(desk, some):
    assert desk.get(f"{SESSIONS}?data__contains=x").status_code == 400
    assert desk.get(f"{SESSIONS}?key_hash__startswith=x").status_code == 400


# --- one session -----------------------------------------------------------------------------


def test_it_shows_the_facts_and_no_secret(desk, member, acme, browser_of):
    browser = browser_of(member)
    browser.get("/sessions/")
    row = browser.session_row
    see_elsewhere(row, ip=ELSEWHERE)

    page = desk.get(page_of(row)).content.decode()

    for fact in ("Dave Moreau", "Acme", "Firefox 145 on Linux", "203.0.113.7", ELSEWHERE, "Live"):
        assert fact in page
    for secret in (browser.cookies["latchkey"].value, row.key_hash.hex(), bytes(row.data).hex()):
        assert secret
        assert secret not in page
    assert "key_hash" not in page
    assert "Data:" not in page


def test_a_session_that_does_not_exist(desk):
    assert desk.get(f"{SESSIONS}{uuid7()}/change/").status_code == 302
    assert desk.get(f"{SESSIONS}none/change/").status_code == 302


# --- ending ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["list", "page"])
def test_it_asks_before_it_ends(desk, member, acme, where):
    session = hold(member, acme)
    fields = {"_selected_action": [str(session.pk)]}
    if where == "list":
        page = desk.post(f"{SESSIONS}?state=live", {**fields, "action": "end", "index": "0"})
    else:
        page = desk.post(page_of(session), {**fields, "CHANGE_FORM-action": "end"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "member@acme.test" in text
    assert 'name="note"' in text
    back = "state=live" if where == "list" else page_of(session)
    assert back in text
    session.refresh_from_db()
    assert session.ended_at is None


def test_it_ends_with_a_note_that_the_person_reads(desk, member, admin, operator, browser_of):
    browser, other = browser_of(member), browser_of(admin)
    row = browser.session_row

    end(desk, row, note="Reported stolen.")

    row.refresh_from_db()
    assert (row.end_reason, row.ended_by) == (EndReason.REVOKED_BY_OPERATOR, operator)
    assert (row.end_note, bytes(row.data)) == ("Reported stolen.", b"")
    event = AuditEvent.objects.get(session_id=row.pk, action="session.ended")
    assert (event.actor, event.data["note"]) == (operator, "Reported stolen.")
    assert "1 session was ended." in desk.get(SESSIONS).content.decode()
    gone = browser.get("/sessions/", follow=True)
    assert gone.redirect_chain[0][0].startswith("/signed-out/")
    assert "Reported stolen." in gone.content.decode()
    assert other.get("/sessions/").status_code == 200


def test_it_ends_many_and_none_twice(desk, member, admin, acme):
    over = hold(member, acme)
    end_sessions(Session.objects.filter(pk=over.pk), reason=EndReason.LOGGED_OUT, actor=member)
    sessions = [hold(member, acme), hold(admin, acme)]
    end(desk, over, *sessions)
    assert "2 sessions were ended." in desk.get(SESSIONS).content.decode()
    over.refresh_from_db()
    assert over.end_reason == EndReason.LOGGED_OUT


def test_ending_ones_own_session_logs_the_operator_out(desk):
    row = desk.session_row
    response = end(desk, row)
    row.refresh_from_db()
    assert row.end_reason == EndReason.REVOKED_BY_OPERATOR
    assert response.status_code == 302
    assert desk.get(SESSIONS).url.startswith("/signed-out/")


def test_ending_wants_a_fresh_proof(operator, member, acme):
    session = hold(member, acme)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        desk = Browser()
        desk.sign_in(operator)
        clock.shift(timedelta(minutes=11))
        response = end(desk, session, note="Stolen.")
        session.refresh_from_db()
        assert response.url.startswith("/accounts/reauthenticate/")
        assert session.ended_at is None
        desk.post(response.url, {"password": PASSWORD, "next": f"{SESSIONS}end/"})
    session.refresh_from_db()
    assert (session.end_reason, session.end_note) == (EndReason.REVOKED_BY_OPERATOR, "Stolen.")


def test_there_is_a_limit_to_what_one_confirms(desk, member, acme, monkeypatch):
    monkeypatch.setattr("accounts.acts.MOST_AT_ONCE", 2)
    ids = [str(hold(member, acme).pk) for _ in range(3)]
    desk.post(SESSIONS, {"_selected_action": ids, "action": "end", "index": "0"})
    assert "Choose at most 2 at once" in desk.get(SESSIONS).content.decode()


# --- the histories ---------------------------------------------------------------------------


def test_attempts_are_found(desk, member, acme):
    known = attempt(user=member, email="member@acme.test", ip="203.0.113.7")
    unknown = attempt(email="Root@acme.test", ip=ELSEWHERE, outcome=LoginOutcome.DENIED)

    def found(**query):
        rows = desk.get(ATTEMPTS, query).context["cl"].result_list
        return {row.pk for row in rows} & {known.pk, unknown.pk}

    assert found(q="member@acme") == {known.pk}
    assert found(q="Root@acme.test") == {unknown.pk}
    assert found(q="203.0.113.") == {known.pk}
    assert found(outcome="denied") == {unknown.pk}
    assert desk.get(f"{ATTEMPTS}{known.pk}/change/").status_code == 200


def test_events_say_what_happened(desk, member, admin, acme, operator):
    session = hold(member, acme)
    end(desk, session, note="Stolen.")
    event = AuditEvent.objects.get(session_id=session.pk)
    assert shown(desk, EVENTS, q="member@acme.test", action="session.ended") == {event.pk}
    page = desk.get(f"{EVENTS}{event.pk}/change/").content.decode()
    assert "initiator: admin; note: Stolen.; reason: revoked_by_operator" in page
    assert page_of(session) in page


# --- settings --------------------------------------------------------------------------------


def settings_form(**changes):
    return {
        "idle_timeout_value": "2", "idle_timeout_unit": "hours",
        "absolute_timeout_value": "7", "absolute_timeout_unit": "days",
        "max_live_sessions": "5", "at_limit": "end_oldest",
        "access_token_lifetime": "5", "refresh_token_lifetime": "24",
    } | changes  # fmt: skip


def policy_page(tenant) -> str:
    return f"{POLICIES}{tenant.pk if tenant else PLATFORM_POLICY_ID}/change/"


def test_the_settings_of_a_tenant_are_changed_as_in_the_portal(desk, acme, member, operator):
    live, idle = hold(member, acme), hold(member, acme, age=5 * HOUR, idle=3 * HOUR)

    desk.post(policy_page(acme), settings_form(idle_timeout_enabled="on"))

    policy = SessionPolicy.objects.get(tenant=acme)
    assert (policy.idle_timeout_enabled, policy.idle_timeout) == (True, 2 * HOUR)
    idle.refresh_from_db()
    live.refresh_from_db()
    assert (idle.end_reason, live.ended_at) == (EndReason.IDLE_TIMEOUT, None)
    event = AuditEvent.objects.get(action="policy.changed")
    assert (event.actor, event.tenant) == (operator, acme)
    assert event.data["new"]["idle_timeout"] == 7200
    assert "1 session ended." in desk.get(POLICIES).content.decode()
    assert "idle_timeout_enabled: False → True" in desk.get(EVENTS).content.decode()


def test_the_platforms_settings_are_listed_and_changed(desk, operator):
    page = desk.get(POLICIES).content.decode()
    assert "Platform" in page
    desk.post(
        policy_page(None), settings_form(max_live_sessions_enabled="on", max_live_sessions="3")
    )
    assert SessionPolicy.objects.get(pk=PLATFORM_POLICY_ID).rules().max_live_sessions == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"idle_timeout_enabled": "on", "idle_timeout_value": "25"}, "idle_timeout_value"),
        ({"idle_timeout_enabled": "on", "idle_timeout_value": "soon"}, "idle_timeout_value"),
        ({"max_live_sessions_enabled": "on", "max_live_sessions": "101"}, "max_live_sessions"),
        ({"at_limit": "panic"}, "at_limit"),
    ],
)
def test_values_out_of_bounds_are_refused(desk, acme, changes, field):
    response = desk.post(policy_page(acme), settings_form(**changes))
    assert field in response.context["adminform"].form.errors
    assert not SessionPolicy.objects.filter(tenant=acme, idle_timeout_enabled=True).exists()


def test_settings_are_neither_added_nor_deleted(desk, acme, policy_of):
    policy = policy_of(acme)
    assert desk.get(f"{POLICIES}add/").status_code == 403
    assert desk.post(f"{POLICIES}{policy.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.get(f"{POLICIES}{uuid7()}/change/").status_code == 302


@pytest.mark.parametrize("whole_platform", [True, False])
def test_it_ends_every_session(desk, acme, member, outsider, globex, policy_of, whole_platform):
    policy = policy_of(None if whole_platform else acme)
    sessions = {"acme": hold(member, acme), "globex": hold(outsider, globex)}

    desk.post(
        f"{POLICIES}end-everything/", {"_selected_action": [str(policy.pk)], "note": "Incident."}
    )

    live = set(Session.objects.live().values_list("pk", flat=True))
    still = {name for name, session in sessions.items() if session.pk in live}
    assert still == (set() if whole_platform else {"globex"})
    ended = Session.objects.get(pk=sessions["acme"].pk)
    assert (ended.end_reason, ended.end_note) == (EndReason.REVOKED_BY_OPERATOR, "Incident.")


def bounds_form(**changes):
    fields = {"max_live_sessions_max": "50"}
    for name, value, unit in (
        ("idle_timeout_min", 10, "minutes"), ("idle_timeout_max", 12, "hours"),
        ("absolute_timeout_min", 2, "hours"), ("absolute_timeout_max", 30, "days"),
        ("access_token_lifetime_min", 1, "minutes"), ("access_token_lifetime_max", 1, "hours"),
        ("refresh_token_lifetime_min", 1, "hours"), ("refresh_token_lifetime_max", 90, "days"),
    ):  # fmt: skip
        fields |= {f"{name}_0": str(value), f"{name}_1": unit}
    return fields | changes


def test_the_bounds_are_one_row_and_hold(desk, acme):
    response = desk.get(BOUNDS, follow=True)
    (bounds,) = PolicyBounds.objects.all()
    page = f"{BOUNDS}{bounds.pk}/change/"
    assert response.redirect_chain[-1][0] == page
    assert desk.get(f"{BOUNDS}add/").status_code == 403

    desk.post(page, bounds_form())

    bounds.refresh_from_db()
    assert (bounds.idle_timeout_min, bounds.idle_timeout_max) == (HOUR / 6, 12 * HOUR)
    changes = {"idle_timeout_enabled": "on", "idle_timeout_value": "13"}
    response = desk.post(policy_page(acme), settings_form(**changes))
    assert "idle_timeout_value" in response.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"idle_timeout_min_0": "13", "idle_timeout_min_1": "hours"}, "idle_timeout_max"),
        ({"idle_timeout_min_0": ""}, "idle_timeout_min"),
        ({"idle_timeout_min_0": "0"}, "idle_timeout_min"),
        ({"idle_timeout_min_1": "eons"}, "idle_timeout_min"),
        ({"max_live_sessions_max": "101"}, "max_live_sessions_max"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(desk, changes, field):
    bounds = PolicyBounds.objects.create()
    response = desk.post(f"{BOUNDS}{bounds.pk}/change/", bounds_form(**changes))
    assert field in response.context["adminform"].form.errors


# --- very many rows --------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("url", "q", "index"),
    [
        (SESSIONS, "member@acme.test", "ended_by_user"),
        (SESSIONS, "203.0.113.7", "session_by_ip"),
        (SESSIONS, "203.0.113.", "session_by_ip"),
        (SESSIONS, "2001:db8:", "session_by_ip"),
        (ATTEMPTS, "member@acme.test", "attempt_by_email"),
        (ATTEMPTS, "203.0.113.", "attempt_by_ip"),
        (EVENTS, "member@acme.test", "audit_by_user"),
    ],
)
def test_searches_use_indexes(desk, member, outsider, acme, globex, url, q, index):
    hold(member, acme)
    over = {"ended_at": timezone.now(), "end_reason": EndReason.LOGGED_OUT}
    of_others = [
        Session(user=outsider, tenant=globex, **(over if n % 2 else {})) for n in range(400)
    ]
    Session.objects.bulk_create(of_others)
    with CaptureQueriesContext(connection) as statements:
        desk.get(url, {"q": q})
    table = {SESSIONS: "session", ATTEMPTS: "loginattempt", EVENTS: "auditevent"}[url]
    statement = statements[-1]["sql"]
    assert f'FROM "sessions_admin_{table}"' in statement
    with connection.cursor() as cursor:
        # The tables of a test are tiny: any way through them is as good. What is left is a bitmap
        # of the index that a large table would be searched by.
        cursor.execute("ANALYZE sessions_admin_session")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan, plan
    assert f"Seq Scan on sessions_admin_{table}" not in plan, plan

"""/sessions/: the page on which a person reviews where they are signed in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import AuditEvent, KnownDevice, Session
from sessions_admin.policy import Facts, deadline
from sessions_admin.review import inventory
from sessions_admin.vocabulary import EndReason
from tenants.models import Tenant
from tests.holdings import (
    BERLIN,
    CHROME_WINDOWS,
    LYON,
    SAFARI_IPHONE,
    hold,
    see_elsewhere,
)

# The one SELECT of the request, the live sessions (with what was found about them), their
# sightings, the ended ones, the news, the devices.
STATEMENTS = 6


@pytest.fixture
def firefox(browser_of, member):
    return browser_of(member)


def page(firefox, query=""):
    response = firefox.get(f"/sessions/{query}")
    assert response.status_code == 200
    return response.content.decode()


def names(firefox, query=""):
    """The other sessions on the page, in its order."""
    response = firefox.get(f"/sessions/{query}")
    return [session.name for session in response.context["page"].sessions]


def be_in(firefox, place):
    Session.objects.filter(pk=firefox.session_row.pk).update(**place)


# --- who may see it --------------------------------------------------------------------------


def test_it_asks_a_visitor_to_sign_in(client, db):
    assert client.get("/sessions/").url == "/accounts/login/?next=%2Fsessions%2F"


def test_it_shows_nobody_elses_sessions(firefox, owner, acme):
    hold(owner, acme, label="Owner’s laptop")
    assert "Owner’s laptop" not in page(firefox)


def test_it_is_not_there_when_the_section_is_off(firefox, acme):
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {"sessions"})
    assert firefox.get("/sessions/").status_code == 404


def test_it_is_for_reading(firefox):
    assert firefox.post("/sessions/").status_code == 405


def test_an_operator_without_a_tenant_sees_their_own(browser_of, operator):
    assert "set by the platform" in page(browser_of(operator))


# --- what it shows ---------------------------------------------------------------------------


def test_it_puts_this_session_apart_and_first(firefox, member, acme):
    other = hold(member, acme, idle=timedelta(0))
    response = firefox.get("/sessions/")
    assert response.context["inventory"].here.pk == firefox.session_row.pk
    assert response.context["page"].sessions == [other]
    text = response.content.decode()
    assert text.index("This session") < text.index("Other sessions")


def test_it_sorts_by_last_activity_and_then_by_id(firefox, member, acme):
    now = timezone.now()
    for name in ("first", "second", "third"):
        hold(member, acme, label=name, last_seen_at=now - timedelta(minutes=9))
    hold(member, acme, label="latest", last_seen_at=now - timedelta(minutes=1))
    ids = Session.objects.filter(label__in=["first", "second", "third"]).order_by("-pk")
    assert names(firefox) == ["latest", *ids.values_list("label", flat=True)]


def test_it_counts_sessions_and_devices_in_the_persons_time_zone(firefox, member, acme):
    hold(member, acme)
    hold(member, acme, agent=SAFARI_IPHONE)
    text = page(firefox)
    assert "3 sessions on 2 devices" in text
    assert "times in Europe/Berlin" in text
    assert 'href="/profile/"' in text


def test_it_leaves_out_what_is_over(firefox, member, acme):
    hold(member, acme, label="Idle too long", idle=timedelta(hours=25))
    ended = hold(member, acme, label="Ended")
    end_sessions(Session.objects.filter(pk=ended.pk), reason=EndReason.LOGGED_OUT, actor=member)
    assert names(firefox) == []
    assert "signed in only here" in page(firefox)


def test_it_omits_a_place_that_is_not_known(firefox, member, acme):
    hold(member, acme, ip=None, user_agent="", browser="", system="")
    text = page(firefox)
    assert "None" not in text
    assert "null" not in text
    assert "Unknown," not in text


def test_it_shows_the_sessions_of_all_tenants(browser_of, contractor, acme, globex):
    firefox = browser_of(contractor)
    hold(contractor, acme, label="At Acme")
    hold(contractor, globex, label="At Globex")
    assert sorted(names(firefox)) == ["At Acme", "At Globex"]
    assert page(firefox).count("#building") >= 2


def test_it_names_no_tenant_in_the_row_when_there_is_one(firefox, member, acme):
    hold(member, acme)
    response = firefox.get("/sessions/")
    assert response.context["show_tenant"] is False


def test_it_says_which_deadline_bites_first(firefox, member, acme, policy_of):
    policy = policy_of(
        acme, idle_timeout_enabled=True, idle_timeout=timedelta(minutes=30),
        absolute_timeout_enabled=True, absolute_timeout=timedelta(days=2),
    ).rules()  # fmt: skip
    idle = hold(member, acme, idle=timedelta(minutes=4), age=timedelta(hours=3))
    text = page(firefox)
    assert "Ends in 26 min if idle, at the latest " in text
    assert "(Force re-login)" in text
    shown = firefox.get("/sessions/").context["page"].sessions[0]
    facts = Facts(idle.started_at, idle.authenticated_at, idle.last_seen_at)
    assert shown.deadline == deadline(facts, policy).at


def test_it_says_when_no_activity_helps(firefox, member, acme, policy_of):
    policy_of(acme, absolute_timeout_enabled=True, absolute_timeout=timedelta(hours=9))
    hold(member, acme, age=timedelta(hours=8))
    assert "Ends in 60 min, on " in page(firefox)


def test_each_session_goes_by_the_rules_of_its_own_tenant(
    browser_of, contractor, acme, globex, policy_of
):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=timedelta(minutes=20))
    policy_of(globex, idle_timeout_enabled=True, idle_timeout=timedelta(hours=8))
    hold(contractor, acme, idle=timedelta(minutes=5))
    hold(contractor, globex, idle=timedelta(minutes=5))
    text = page(browser_of(contractor))
    assert "Ends in 15 min if idle" in text
    assert "Ends in 8 hours if idle" in text


def test_it_folds_away_the_details(firefox, member, acme):
    session = hold(member, acme, agent=CHROME_WINDOWS, place=LYON, amr="pwd otp", aal=2)
    see_elsewhere(session, ip="198.51.100.77", place=BERLIN)
    text = page(firefox)
    assert f'<samp dir="ltr">{CHROME_WINDOWS}</samp>' in text
    assert "password and one-time code · two factors" in text
    assert "198.51.100.77" in text
    assert str(session.pk)[-12:] in text
    assert "+0100" in text


def test_it_never_shows_a_key(firefox):
    key = firefox.cookies["latchkey"].value
    assert key not in page(firefox)
    assert bytes(firefox.session_row.key_hash).hex() not in page(firefox)


def test_it_escapes_what_comes_from_outside(firefox, member, acme):
    hold(member, acme, user_agent="<script>alert(1)</script>", label="<b>bold</b>")
    text = page(firefox)
    assert "<script>alert" not in text
    assert "<b>bold" not in text


def test_it_asks_about_a_new_sign_in_from_elsewhere(firefox, member, acme):
    be_in(firefox, BERLIN)
    hold(member, acme, place=LYON, age=timedelta(hours=2))
    text = page(firefox)
    assert "New sign-in from Lyon, France" in text
    assert "It was me" in text
    assert "Other country" in text


def test_it_does_not_ask_about_home_named_or_old_sessions(firefox, member, acme):
    be_in(firefox, BERLIN)
    hold(member, acme, place=BERLIN)
    hold(member, acme, place=LYON, label="My phone")
    hold(member, acme, place=LYON, age=timedelta(hours=49))
    assert "New sign-in" not in page(firefox)


def test_a_name_answers_the_question(firefox, member, acme):
    be_in(firefox, BERLIN)
    session = hold(member, acme, place=LYON)
    firefox.post(f"/sessions/{session.pk}/rename/", {"label": session.device})
    assert "New sign-in" not in page(firefox)


def test_it_points_to_sessions_that_were_not_used_for_a_month(firefox, member, acme, policy_of):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=timedelta(days=90))
    hold(member, acme, age=timedelta(days=40), idle=timedelta(days=31), label="Forgotten")
    text = page(firefox)
    assert "1 session was not used for 30 days or more." in text
    assert "Inactive 30+ days" in text
    assert names(firefox, "?show=inactive") == ["Forgotten"]


def test_it_tells_what_ended_lately_why_and_by_whom(firefox, member, admin, acme):
    for reason, actor, note in [
        (EndReason.REVOKED_BY_ADMIN, admin, "Lost laptop"),
        (EndReason.REVOKED_BY_USER, member, "Safari 18 on iOS 18, Lyon"),
        (EndReason.IDLE_TIMEOUT, None, ""),
    ]:
        session = hold(member, acme)
        these = Session.objects.filter(pk=session.pk)
        end_sessions(these, reason=reason, actor=actor, note=note)
    text = page(firefox)
    assert "Logged out by Ann Lee, an administrator of Acme" in text
    assert "Lost laptop" in text
    assert "Logged out from Safari 18 on iOS 18, Lyon" in text
    assert "Idle timeout" in text


def test_it_forgets_endings_after_four_weeks(firefox, member, acme):
    hold(member, acme, label="Long ago", ended_at=timezone.now() - timedelta(days=29),
         end_reason=EndReason.LOGGED_OUT)  # fmt: skip
    assert "Long ago" not in page(firefox)


# --- filters and pages -----------------------------------------------------------------------


@pytest.fixture
def mixed(firefox, member, acme):
    be_in(firefox, BERLIN)
    hold(member, acme, label="active", idle=timedelta(seconds=30), age=timedelta(days=9))
    hold(member, acme, label="new", idle=timedelta(hours=1), age=timedelta(hours=2))
    hold(member, acme, label="abroad", idle=timedelta(hours=2), age=timedelta(days=9), place=LYON)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["active", "new", "abroad"]),
        ("?show=active", ["active"]),
        ("?show=new", ["new"]),
        ("?show=abroad", ["abroad"]),
        ("?show=inactive", []),
        ("?show=nonsense", ["active", "new", "abroad"]),
    ],
)
def test_it_filters_by_what_the_badges_say(mixed, firefox, query, shown):
    assert names(firefox, query) == shown


def test_it_counts_beside_the_filters_and_offers_no_empty_one(mixed, firefox):
    text = page(firefox)
    assert 'All <span class="chip-count">3</span>' in text
    assert 'Active now <span class="chip-count">1</span>' in text
    assert 'href="?show=inactive"' not in text


def test_an_empty_filter_leads_back(mixed, firefox):
    text = page(firefox, "?show=inactive")
    assert "No session like this" in text
    assert "Show all" in text


def test_it_pages_through_more_than_twenty(firefox, member, acme):
    for number in range(23):
        hold(member, acme, label=f"s{number:02}", idle=timedelta(minutes=number))
    first = firefox.get("/sessions/").context["page"]
    assert [one.name for one in first.sessions] == [f"s{number:02}" for number in range(20)]
    assert names(firefox, f"?after={first.after}") == ["s20", "s21", "s22"]
    assert "23 other sessions" in page(firefox)


def test_it_counts_what_it_does_not_read(firefox, member, acme, monkeypatch):
    monkeypatch.setattr(inventory, "READ_AT_MOST", 3)
    for number in range(5):
        hold(member, acme, label=f"s{number}", idle=timedelta(minutes=number))
    assert names(firefox) == ["s0", "s1"]  # and the one that asks
    assert "Log out 5 other sessions" in page(firefox)
    assert "6 sessions" in page(firefox)


def test_a_page_goes_on_after_a_row_that_is_gone(firefox, member, acme, monkeypatch):
    monkeypatch.setattr(inventory, "PAGE_SIZE", 2)
    held = [hold(member, acme, label=f"s{n}", idle=timedelta(minutes=n)) for n in range(4)]
    after = firefox.get("/sessions/").context["page"].after
    end_sessions(Session.objects.filter(pk=held[1].pk), reason=EndReason.LOGGED_OUT, actor=None)
    assert names(firefox, f"?after={after}") == ["s2", "s3"]


@pytest.mark.parametrize("cursor", ["x", "1-2", "9" * 40, "%00", "-" * 33])
def test_an_odd_cursor_is_the_first_page(firefox, member, acme, cursor):
    hold(member, acme, label="one")
    assert names(firefox, f"?after={cursor}") == ["one"]


@pytest.mark.parametrize("count", [5, 60])
def test_it_costs_the_same_few_statements(firefox, member, acme, count, django_assert_num_queries):
    for number in range(count):
        see_elsewhere(hold(member, acme, idle=timedelta(minutes=number)), ip="198.51.100.1")
        ended = hold(member, acme)
        end_sessions(
            Session.objects.filter(pk=ended.pk), reason=EndReason.REVOKED_BY_USER, actor=member
        )
    firefox.get("/sessions/")
    with django_assert_num_queries(STATEMENTS):
        firefox.get("/sessions/")


def test_htmx_gets_the_list_alone(firefox, member, acme):
    hold(member, acme, label="Other")
    text = firefox.get("/sessions/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text
    assert text.strip().startswith('<div class="page" id="sessions"')
    assert "Other" in text


# --- names -----------------------------------------------------------------------------------


def test_one_gives_a_session_a_name(firefox, member, acme):
    session = hold(member, acme)
    response = firefox.post(f"/sessions/{session.pk}/rename/", {"label": "  Kitchen\u202e tablet "})
    assert response.url == "/sessions/"
    session.refresh_from_db()
    assert session.label == "Kitchen tablet"
    assert "Name saved: Kitchen tablet." in page(firefox)
    event = AuditEvent.objects.get(action="session.renamed")
    assert (event.actor_id, event.session_id) == (member.pk, session.pk)


def test_an_empty_name_takes_it_away(firefox, member, acme):
    session = hold(member, acme, label="Old name")
    firefox.post(f"/sessions/{session.pk}/rename/", {"label": " "})
    assert names(firefox) == [session.device]


def test_a_name_has_a_limit(firefox, member, acme):
    session = hold(member, acme, label="Before")
    firefox.post(f"/sessions/{session.pk}/rename/", {"label": "x" * 61})
    assert "A name has at most 60 characters." in page(firefox)
    assert names(firefox) == ["Before"]


def test_nobody_else_names_it(browser_of, admin, member, acme):
    session = hold(member, acme)
    response = browser_of(admin).post(f"/sessions/{session.pk}/rename/", {"label": "Mine"})
    assert response.status_code == 404


def test_an_ended_session_keeps_its_name(firefox, member, acme):
    session = hold(member, acme, ended_at=timezone.now(), end_reason=EndReason.LOGGED_OUT)
    response = firefox.post(f"/sessions/{session.pk}/rename/", {"label": "Late"})
    assert response.status_code == 404


def test_naming_is_a_post(firefox, member, acme):
    assert firefox.get(f"/sessions/{hold(member, acme).pk}/rename/").status_code == 405


# --- what stands out -------------------------------------------------------------------------


def test_beside_two_factors_one_is_worth_a_word(cast, browser_of):
    browser = browser_of(cast.member)
    hold(cast.member, cast.acme)
    assert "One factor only" not in browser.get("/sessions/").text
    Session.objects.filter(pk=browser.session_row.pk).update(aal=2, amr="pwd otp")
    page = browser.get("/sessions/").text
    assert page.count("One factor only</span>") == 1
    assert 'href="?show=one_factor"' in page


def test_several_sessions_in_one_browser_stand_together(cast, browser_of):
    known = KnownDevice.objects.create(user=cast.member, browser_hash=b"x" * 32)
    first = hold(cast.member, cast.acme, idle=timedelta(minutes=1), known_device=known)
    between = hold(cast.member, cast.acme, idle=timedelta(minutes=2), agent=SAFARI_IPHONE)
    last = hold(cast.member, cast.acme, idle=timedelta(minutes=3), known_device=known)
    response = browser_of(cast.member).get("/sessions/")
    assert response.context["page"].groups == [[first, last], [between]]
    assert response.text.count("sessions in the same") == 1
    assert "2 sessions in the same Firefox 145 on Linux" in response.text

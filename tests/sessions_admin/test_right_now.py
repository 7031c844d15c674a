"""/users/right-now/: the numbers, the shapes that are made of them, who sees them, the cost."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from sessions_admin.drawing import charts, world
from sessions_admin.models import Session
from sessions_admin.people.right_now import EVERY, POINTS, TOP, right_now
from tenants.models import Tenant
from tests.crowd import crowd, give, session_of

HERE = "/users/right-now/"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LYON = {"city": "Lyon", "country": "France", "country_code": "FR", "latitude": 45.76,
        "longitude": 4.84}  # fmt: skip
QUITO = {"city": "Quito", "country": "Ecuador", "country_code": "EC", "latitude": -0.18,
         "longitude": -78.47}  # fmt: skip
NOWHERE = {"city": "", "country": "", "country_code": "", "latitude": None, "longitude": None}


@pytest.fixture
def now(db):
    return timezone.now()


def stay(person, tenant, now, *, began, used=timedelta(0), ended=None, **columns):
    """A session, saved; all times are before now."""
    times = {"started_at": now - began, "authenticated_at": now - began, "last_seen_at": now - used}
    if ended is not None:
        times |= {"last_seen_at": now - ended, "ended_at": now - ended}
    session = session_of(person, tenant, ended=ended is not None, **times, **columns)
    session.save(force_insert=True)
    return session


def live(tenant, now):
    """The numbers of live sessions by how many half hours ago; those without any left out."""
    moments = right_now(tenant, now).history
    return {(now - one.at) // EVERY: one.live for one in moments if one.live}


# --- how many there were -----------------------------------------------------------------------


def test_it_counts_each_half_hour_of_the_last_day(acme, now):
    moments = right_now(acme, now).history
    assert len(moments) == POINTS == 48
    assert moments[-1].at == now
    assert {later.at - one.at for one, later in zip(moments, moments[1:], strict=False)} == {EVERY}


def test_a_session_counts_from_its_start_to_its_end(acme, member, now):
    stay(member, acme, now, began=2 * HOUR, ended=HOUR)
    stay(member, acme, now, began=65 * MINUTE)
    stay(member, acme, now, began=10 * MINUTE)
    # It has ended an hour ago: at that very moment it is over.
    assert live(acme, now) == {4: 1, 3: 1, 2: 1, 1: 1, 0: 2}


def test_a_session_from_before_the_day_counts(acme, member, now):
    stay(member, acme, now, began=40 * HOUR, ended=23 * HOUR + 15 * MINUTE)
    stay(member, acme, now, began=50 * HOUR, ended=30 * HOUR)
    assert live(acme, now) == {47: 1}


def test_an_overdue_session_was_live_until_its_deadline(acme, member, policy_of, now):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=HOUR)
    stay(member, acme, now, began=4 * HOUR, used=2 * HOUR + 45 * MINUTE)  # until 1:45 h ago
    assert live(acme, now) == {8: 1, 7: 1, 6: 1, 5: 1, 4: 1}


def test_its_last_number_is_the_one_of_live_sessions(acme, member, owner, contractor, now):
    stay(member, acme, now, began=HOUR)
    stay(owner, acme, now, began=HOUR)
    stay(contractor, acme, now, began=HOUR)
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)  # and nobody ended it
    assert (
        right_now(acme, now).history[-1].live == Session.objects.live(now).within(acme).count() == 2
    )


def test_it_counts_within_the_tenant(acme, globex, contractor, now):
    stay(contractor, globex, now, began=HOUR, **LYON)
    counted = right_now(acme, now)
    assert (counted.live, counted.most) == (0, 0)
    assert (counted.devices, counted.countries, counted.places) == ([], [], [])
    assert right_now(globex, now).live == 1


# --- what they are like ------------------------------------------------------------------------


def test_it_counts_devices_countries_and_places(acme, member, owner, now):
    for person, place in [(member, LYON), (owner, LYON), (owner, QUITO), (owner, NOWHERE)]:
        stay(person, acme, now, began=HOUR, **place)
    phone = {"browser": "Safari 18", "system": "iOS 18"}
    Session.objects.filter(city="Quito").update(**phone)
    stay(owner, acme, now, began=2 * HOUR, ended=HOUR, **LYON)
    counted = right_now(acme, now)
    assert counted.devices == [("Firefox 145 on Windows", 3), ("Safari 18 on iOS 18", 1)]
    assert counted.countries == [("France", 2), ("Unknown country", 1), ("Ecuador", 1)]
    assert counted.places == [
        ("Lyon, France", 45.76, 4.84, 2), ("Quito, Ecuador", -0.18, -78.47, 1),
    ]  # fmt: skip
    assert counted.off_the_map == 1


def test_what_is_rare_is_counted_together(acme, member, now):
    for number in range(TOP + 3):
        stay(member, acme, now, began=HOUR, browser=f"Browser {number}", system="Linux")
    devices = right_now(acme, now).devices
    assert len(devices) == TOP + 1
    assert devices[-1] == ("Others", 3)


# --- shapes ------------------------------------------------------------------------------------


def test_a_curve_has_a_point_a_count():
    drawn = charts.curve([0, 4, 1])
    assert (drawn.top, drawn.half, drawn.width) == (4, 2, 2)
    assert drawn.line == "M0,100.0 1,0.0 2,75.0"
    assert drawn.area == "M0,100 0,100.0 1,0.0 2,75.0 2,100Z"


@pytest.mark.parametrize(
    ("largest", "top"), [(0, 2), (2, 2), (3, 4), (10, 10), (11, 20), (100, 100), (4100, 6000)]
)
def test_a_curve_has_a_round_top(largest, top):
    assert charts.round_top(largest) == top


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_hours_are_those_of_the_readers_clock(zone):
    end = datetime(2026, 5, 5, 15, 20, tzinfo=UTC)
    marks = charts.clock_marks(end - 24 * HOUR, end, ZoneInfo(zone))
    assert {(mark.at.hour % 6, mark.at.minute) for mark in marks} == {(0, 0)}
    assert len(marks) in {3, 4}
    for mark in marks:
        assert end - 24 * HOUR + 24 * HOUR * (mark.along / 100) == pytest.approx(
            mark.at, abs=timedelta(seconds=10)
        )


def test_bars_are_as_long_as_their_share_of_the_longest():
    counted = [("a", 8), ("b", 2), ("c", 1)]
    assert [bar.width for bar in charts.bars(counted, 3)] == [100, 25, 12.5]
    assert charts.bars([], 3) == []


def test_the_sum_of_others_is_a_number_without_a_bar():
    counted = [("a", 8), ("b", 2), ("Others", 40)]
    assert [(bar.count, bar.width) for bar in charts.bars(counted, 2)] == [
        (8, 100),
        (2, 25),
        (40, 0),
    ]


def test_a_dots_surface_shows_its_count():
    large, small, least = charts.dots(
        [("Lyon", 45, 6, 400), ("Quito", 0, -78, 100), ("Suva", -18, 177, 1)]
    )
    assert (large.x, large.y) == (62, 13)
    assert (large.radius, small.radius) == (3.0, 1.5)
    assert least.radius == charts.LEAST_DOT


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (47, 8, True), (-15, -55, True), (62, 100, True), (-25, 134, True),  # inland
        (35, -40, False), (0, -140, False), (-40, 80, False),  # oceans
    ],
)  # fmt: skip
def test_the_map_has_land_where_there_is_some(latitude, longitude, expected):
    x, y = (int(number) for number in world.spot(latitude, longitude))
    runs = re.findall(r"M(\d+)\.5 (\d+)\.5h(\d+)\.1", world.land())
    on_land = any(int(row) == y and int(x0) <= x <= int(x0) + int(more) for x0, row, more in runs)
    assert on_land == expected


def test_what_is_off_the_map_is_at_its_edge():
    assert world.spot(-90, 181) == (world.COLUMNS, world.ROWS)
    assert world.spot(90, -180) == (0, 0)


# --- the page ----------------------------------------------------------------------------------


def test_it_asks_a_visitor_to_sign_in(browser_of, cast):
    assert browser_of().get(HERE).url.startswith("/accounts/login/")


def test_it_only_reads(browser_of, admin):
    assert browser_of(admin).post(HERE).status_code == 405


def test_it_is_not_there_where_the_section_is_off(browser_of, admin, acme):
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {"users"})
    assert browser_of(admin).get(HERE).status_code == 404


@pytest.mark.parametrize(("permission", "status"), [("users.view", 403), ("sessions.view", 200)])
def test_it_is_for_who_sees_sessions(browser_of, auditor, acme, permission, status):
    give(auditor, acme, permission)
    assert browser_of(auditor).get(HERE).status_code == status


def test_an_outsider_sees_their_own_tenant_only(browser_of, outsider, member, acme, now):
    stay(member, acme, now, began=HOUR, **LYON)
    page = browser_of(outsider).get(HERE)
    assert page.context["now"].live == 1  # their own
    assert "Lyon" not in page.text


def test_htmx_gets_the_panel_alone(browser_of, admin):
    page = browser_of(admin).get(HERE, headers={"HX-Request": "true"})
    assert "<h1>" not in page.text
    assert page.text.strip().startswith('<div class="stack">')


def test_it_draws_without_styles_and_with_points_for_decimals(browser_of, admin, acme, now):
    stay(admin, acme, now, began=HOUR, **LYON)
    type(admin).objects.filter(pk=admin.pk).update(language="de")
    text = browser_of(admin).get(HERE).text
    assert "style=" not in text
    assert 'cx="61.61" cy="12.75"' in text
    assert not re.search(r'(?:x1|width|y|cx)="\d+,\d+', text)


def test_the_list_offers_it_to_who_may_see_it(browser_of, admin, auditor, acme):
    assert f'hx-get="{HERE}"' in browser_of(admin).get("/users/").text
    give(auditor, acme, "users.view")
    assert HERE not in browser_of(auditor).get("/users/").text


@pytest.mark.parametrize("people", [1, 30])
def test_it_costs_three_statements(browser_of, admin, acme, people, django_assert_num_queries):
    crowd(acme, people, live=3, ended=3)
    browser = browser_of(admin)
    with django_assert_num_queries(3):
        assert browser.get(HERE).status_code == 200

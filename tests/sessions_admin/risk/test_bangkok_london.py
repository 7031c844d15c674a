"""Two sign-ins a few minutes apart, nine thousand kilometres apart: in all its variants."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.models import AuditEvent, LoginAttempt, Notice, Risk, Session
from sessions_admin.vocabulary import AuditAction, Detector, EndReason, NoticeKind, Response
from tests.cast import SAFARI
from tests.sessions_admin.risk.cities import BANGKOK_IP, LONDON_IP

pytestmark = pytest.mark.django_db
TRAVEL = Detector.IMPOSSIBLE_TRAVEL
ORDERS = [(BANGKOK_IP, LONDON_IP), (LONDON_IP, BANGKOK_IP)]


@pytest.fixture
def travelled(world, browser_of, member):
    """Signs in at the first address, and four minutes later at the second."""

    def travel(first_ip, second_ip):
        first = browser_of(ip=first_ip)
        first.sign_in(member)
        earlier = timezone.now() - timedelta(minutes=4)
        Session.objects.update(started_at=earlier, authenticated_at=earlier, last_seen_at=earlier)
        second = browser_of(ip=second_ip, agent=SAFARI)
        return first, second, second.sign_in(member)

    return travel


def travel_risks():
    return Risk.objects.filter(detector=TRAVEL)


@pytest.mark.parametrize("ips", ORDERS)
@pytest.mark.parametrize(
    ("response", "first_lives", "second_lives"),
    [
        (Response.END_NEW, True, False),
        (Response.END_OLD, False, True),
        (Response.END_BOTH, False, False),
    ],
)
def test_exactly_the_configured_session_ends(
    travelled, rules_for, acme, ips, response, first_lives, second_lives
):
    rules_for(acme, report_only=False, impossible_travel=response)
    first, second, _ = travelled(*ips)
    assert (first.get("/profile/").status_code == 200) == first_lives
    assert (second.get("/profile/").status_code == 200) == second_lives
    ended = set(Session.objects.ended().values_list("end_reason", "ended_by"))
    assert ended == {(EndReason.RISK_DETECTED, None)}
    assert Session.objects.ended().count() == 2 - first_lives - second_lives


@pytest.mark.parametrize("response", [Response.RECORD, Response.NOTIFY])
def test_it_only_keeps_the_finding(travelled, rules_for, acme, response):
    rules_for(acme, report_only=False, impossible_travel=response)
    first, second, _ = travelled(BANGKOK_IP, LONDON_IP)
    assert first.get("/profile/").status_code == second.get("/profile/").status_code == 200
    risk = travel_risks().get()
    assert (risk.session, risk.other_session) == (second.session_row, first.session_row)
    assert (risk.response, risk.held_back, risk.state) == (response, False, "open")


def test_off_is_off(travelled, rules_for, acme):
    rules_for(acme, impossible_travel=Response.OFF, far_apart=Response.OFF)
    travelled(BANGKOK_IP, LONDON_IP)
    assert not Risk.objects.exclude(detector__startswith="new_").exists()


@pytest.mark.parametrize("response", [Response.END_BOTH, Response.STEP_UP])
def test_rules_on_trial_say_what_they_would_have_done(travelled, rules_for, acme, response):
    rules_for(acme, impossible_travel=response)
    first, second, _ = travelled(BANGKOK_IP, LONDON_IP)
    assert first.get("/profile/").status_code == second.get("/profile/").status_code == 200
    risk = travel_risks().get()
    assert (risk.response, risk.held_back, risk.state) == (response, True, "open")
    assert not Notice.objects.filter(kind=NoticeKind.RISK_DETECTED).exists()


def test_who_is_signed_out_reads_what_was_seen(travelled, rules_for, acme):
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    _, second, answer = travelled(BANGKOK_IP, LONDON_IP)
    assert answer.url == "/signed-out/"
    page = second.get("/signed-out/").content.decode()
    seen = "Signed in from Bangkok and from London within 4 minutes: 9,532 km, "
    assert "We ended this session to protect you" in page
    assert seen in page
    assert Session.objects.ended().get().end_note.startswith(seen)


def test_the_person_is_told_once_and_the_log_names_the_rule(travelled, rules_for, acme, member):
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    first, second, _ = travelled(BANGKOK_IP, LONDON_IP)
    notice = Notice.objects.get(user=member)
    assert notice.kind == NoticeKind.RISK_DETECTED
    assert notice.data["ended"] == [str(second.session_row.pk)]
    assert notice.risk == travel_risks().get()
    event = AuditEvent.objects.get(action=AuditAction.RISK_DETECTED, data__rule=TRAVEL)
    assert event.data["response"] == Response.END_NEW
    assert event.data["ended"] == [str(second.session_row.pk)]
    assert event.data["evidence"]["from"]["city"] == "Bangkok"
    assert event.data["evidence"]["to"]["city"] == "London"
    assert event.data["evidence"]["km"] > 9_000
    assert (event.tenant, event.user) == (acme, member)
    assert event.session_id == second.session_row.pk
    assert first.session_row.ended_at is None


@pytest.mark.parametrize(
    "values",
    [
        {"trusted_networks": "# the VPN\n203.0.113.0/24"},
        {"trusted_networks": "198.51.100.9"},
        {"shared_addresses": "203.0.113.7/32"},
        {"top_speed_kmh": 10_000, "trusted_networks": "203.0.113.0/24 # exit"},
    ],
)
@pytest.mark.parametrize("ips", ORDERS)
def test_networks_of_ones_own_are_no_places(travelled, rules_for, acme, ips, values):
    rules_for(acme, report_only=False, impossible_travel=Response.END_BOTH, far_apart="end_both",
              **values)  # fmt: skip
    first, second, _ = travelled(*ips)
    assert first.get("/profile/").status_code == second.get("/profile/").status_code == 200
    assert not travel_risks().exists()


@pytest.mark.parametrize("private", ["10.0.0.1", "192.168.1.4", "100.64.0.9", "fd00::1", "::1"])
@pytest.mark.parametrize("is_first", [True, False])
def test_private_addresses_are_no_places(travelled, rules_for, acme, private, is_first):
    rules_for(acme, report_only=False, impossible_travel=Response.END_BOTH)
    ips = (private, LONDON_IP) if is_first else (LONDON_IP, private)
    first, second, _ = travelled(*ips)
    assert first.get("/profile/").status_code == second.get("/profile/").status_code == 200


@pytest.mark.parametrize("path", ["", "/nowhere/city.mmdb"])
def test_no_database_ends_nothing(travelled, rules_for, acme, settings, path):
    settings.GEOIP_PATH = path
    rules_for(acme, report_only=False, impossible_travel=Response.END_BOTH,
              far_apart=Response.END_BOTH)  # fmt: skip
    first, second, _ = travelled(BANGKOK_IP, LONDON_IP)
    assert first.get("/profile/").status_code == second.get("/profile/").status_code == 200
    assert not travel_risks().exists()


def test_a_wide_circle_ends_nothing(travelled, rules_for, acme, member, browser_of):
    """Somewhere within 2,500 km of Lyon is London too."""
    rules_for(acme, report_only=False, impossible_travel=Response.END_BOTH,
              far_apart=Response.END_BOTH)  # fmt: skip
    first = browser_of(ip="198.18.0.7")
    first.sign_in(member)
    Session.objects.update(accuracy_km=2_500, last_seen_at=timezone.now() - timedelta(minutes=4))
    second = browser_of(ip=LONDON_IP)
    second.sign_in(member)
    assert first.get("/profile/").status_code == second.get("/profile/").status_code == 200


def test_a_flight_is_possible(world, rules_for, acme, member, browser_of):
    rules_for(acme, report_only=False, impossible_travel=Response.END_BOTH)
    first = browser_of(ip=BANGKOK_IP)
    first.sign_in(member)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(hours=12))
    second = browser_of(ip=LONDON_IP)
    second.sign_in(member)
    assert first.get("/profile/").status_code == second.get("/profile/").status_code == 200


def test_the_sign_in_that_ends_is_in_the_login_history(travelled, rules_for, acme, member):
    """The password was right: whoever it was knows it."""
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    _, second, _ = travelled(BANGKOK_IP, LONDON_IP)
    attempt = LoginAttempt.objects.latest("pk")
    assert (attempt.user, attempt.session) == (member, second.session_row)
    assert attempt.outcome == "succeeded"
    assert second.session_row.known_device is None  # not one of the person's


def test_trying_again_does_not_help(travelled, rules_for, acme, member):
    rules_for(acme, report_only=False, impossible_travel=Response.END_NEW)
    first, second, _ = travelled(BANGKOK_IP, LONDON_IP)
    for _ in range(3):
        assert second.sign_in(member).url == "/signed-out/"
    assert first.get("/profile/").status_code == 200
    assert Notice.objects.filter(user=member).count() == 1

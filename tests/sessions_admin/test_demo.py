"""manage.py demo: the two companies, told once for all tests of this file."""

import ipaddress
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F, Q
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from sessions_admin.demo import company
from sessions_admin.demo.cast import PASSWORD, ROLES, make_people, make_tenants
from sessions_admin.demo.intrusions import TRAVELLER
from sessions_admin.demo.places import LOOPBACK, place_rows
from sessions_admin.demo.told import STILL_UNSEEN
from sessions_admin.geo import PlaceRow, Subject, open_database, write_city_database
from sessions_admin.models import (
    ApiKey,
    Application,
    AuditEvent,
    KnownDevice,
    LoginAttempt,
    Notice,
    RefreshToken,
    Risk,
    RiskRules,
    Session,
    SessionPolicy,
    Sighting,
)
from sessions_admin.notices.words import telling
from sessions_admin.people.right_now import right_now
from sessions_admin.suspicious import evidence
from sessions_admin.suspicious.back_test import back_test
from sessions_admin.tokens.api_keys import state_of
from sessions_admin.vocabulary import (
    Detector,
    EndReason,
    Initiator,
    Kind,
    LoginOutcome,
    NoticeAnswer,
    NoticeKind,
    RiskState,
)
from tenants.models import Membership, Tenant
from tests.cast import Browser

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def story(django_db_setup, django_db_blocker, tmp_path_factory):
    """The output of the command; what it wrote is gone after this file."""
    output = StringIO()
    with (
        override_settings(
            GEOIP_PATH=str(tmp_path_factory.mktemp("geo") / "city.mmdb"),
            GEOIP_ASN_PATH=str(tmp_path_factory.mktemp("geo") / "asn.mmdb"),
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        call_command("demo", stdout=output)
        yield output.getvalue()
        transaction.set_rollback(True)


def demo(*arguments) -> str:
    output = StringIO()
    call_command("demo", *arguments, stdout=output)
    return output.getvalue()


# --- what it says ----------------------------------------------------------------------------


def test_it_prints_the_accounts_and_what_they_may(story):
    assert PASSWORD in story
    for role in ROLES.values():
        assert role.email in story
    assert "Acme: Administrators" in story
    assert "Operator: Django admin at /admin/" in story


def test_it_says_how_far_it_is_in_plain_lines(story):
    lines = [line.strip() for line in story.splitlines()]
    for line in ("2 tenants", "47 people", "5,300 sessions"):
        assert line in lines
    assert "\r" not in story
    assert "\x1b" not in story


# --- sessions --------------------------------------------------------------------------------


def test_what_is_shown_as_live_is_live(story):
    now = timezone.now()
    assert Session.objects.live(now).count() == Session.objects.open().count() == 300
    # ... and for a while: nobody is logged out while the demo is shown.
    assert Session.objects.live(now + timedelta(minutes=30)).count() == 300
    assert Session.objects.ended().count() == 5000


def test_nobody_has_more_than_the_tenant_allows(story):
    live = Session.objects.live().filter(tenant__isnull=False)
    for row in live.values("user", "tenant").annotate(count=Count("pk")):
        policy = SessionPolicy.objects.get(tenant=row["tenant"]).rules()
        assert row["count"] <= policy.max_live_sessions


def test_the_cast_has_something_to_show(story):
    def held(name):
        return Session.objects.live().filter(user__email=ROLES[name].email)

    assert held("member").count() == 5
    assert held("member").values("user_agent").distinct().count() == 5
    for name in ROLES:
        assert held(name).exists(), name
    assert held("contractor").values("tenant").distinct().count() == 2
    assert held("member").exclude(label="").exists()


def test_times_are_in_their_order_and_in_the_past(story):
    now = timezone.now()
    sessions = Session.objects.all()
    assert not sessions.filter(last_seen_at__lt=F("started_at")).exists()
    assert not sessions.filter(ended_at__lt=F("last_seen_at")).exists()
    assert not sessions.filter(Q(ended_at__gt=now) | Q(last_seen_at__gt=now)).exists()
    assert not sessions.filter(started_at__lt=now - 115 * DAY).exists()
    assert not LoginAttempt.objects.filter(at__gt=now).exists()
    assert not AuditEvent.objects.filter(at__gt=now).exists()


def test_every_reason_happened_and_the_actors_fit(story):
    ended = Session.objects.ended()
    assert set(ended.values_list("end_reason", flat=True)) == set(EndReason)
    for reason in EndReason:
        of_it = ended.filter(end_reason=reason)
        if reason.initiator == Initiator.ADMIN:
            assert not of_it.filter(Q(ended_by=None) | Q(ended_by=F("user"))).exists(), reason
        elif reason.initiator == Initiator.USER:
            assert not of_it.exclude(ended_by=F("user")).exists(), reason
        else:
            assert not of_it.exclude(ended_by=None).exists(), reason
    assert ended.exclude(end_note="").count() > 50


def test_timeouts_ended_at_their_deadline(story):
    for session in Session.objects.filter(end_reason=EndReason.IDLE_TIMEOUT).order_by("-pk")[:200]:
        idle = session.ended_at - session.last_seen_at
        assert idle in {timedelta(hours=hours) for hours in (8, 12, 24)}
    for session in Session.objects.filter(end_reason=EndReason.ABSOLUTE_TIMEOUT):
        assert session.ended_at - session.started_at in {7 * DAY, 14 * DAY, 30 * DAY}


def test_no_session_can_be_used(story):
    hashes = list(Session.objects.filter(key_hash__isnull=False).values_list("key_hash", flat=True))
    assert {len(bytes(one)) for one in hashes} == {32}
    assert len(set(map(bytes, hashes))) == len(hashes)
    assert not Session.objects.exclude(data=b"").exists()


def test_everybody_is_somewhere(story):
    assert not Session.objects.filter(Q(city="") | Q(country_code="")).exists()
    assert Session.objects.values("city").distinct().count() >= 25
    assert Session.objects.filter(ip__contains=":").count() > 1000
    assert Session.objects.filter(ip__contains=".").count() > 1000
    kinds = set(Session.objects.values_list("device_type", flat=True))
    assert {"desktop", "phone", "tablet", "app"} <= kinds
    assert not Session.objects.filter(Q(asn=None) | Q(network="") | Q(accuracy_km=None)).exists()
    assert Session.objects.values("network").distinct().count() > 15


def test_no_address_is_a_real_persons(story):
    spare = [ipaddress.ip_network(row.network) for row in place_rows()]
    for model in (Session, LoginAttempt, Sighting):
        for ip in model.objects.values_list("ip", flat=True).distinct():
            assert any(ipaddress.ip_address(ip) in network for network in spare), ip


def test_sightings_tell_where_a_session_was_before(story):
    moved = Session.objects.annotate(seen=Count("sightings")).filter(seen__gt=0)
    assert moved.count() > 200
    assert not moved.filter(seen=1).exists()
    for session in moved.order_by("pk")[:50]:
        latest = session.sightings.order_by("-last_seen_at").first()
        assert (latest.ip, latest.user_agent) == (session.ip, session.user_agent)


# --- what goes with them ---------------------------------------------------------------------


def test_each_session_was_signed_in_to_and_audited(story):
    succeeded = LoginAttempt.objects.filter(outcome=LoginOutcome.SUCCEEDED)
    # Nobody signs in to the two support sessions.
    assert succeeded.values("session").distinct().count() == succeeded.count() == 5298
    for action, count in (("session.started", 5300), ("session.ended", 5000)):
        events = AuditEvent.objects.filter(action=action)
        assert events.values("session_id").distinct().count() == count


def test_some_failed_to_sign_in(story):
    failed = LoginAttempt.objects.filter(outcome=LoginOutcome.FAILED)
    assert failed.count() > 300
    assert failed.filter(user=None).count() > 50
    assert LoginAttempt.objects.filter(outcome=LoginOutcome.DENIED).count() == 12


def test_the_settings_have_a_history(story):
    acme = Tenant.objects.get(slug="acme")
    changes = AuditEvent.objects.filter(action="policy.changed", tenant=acme).order_by("pk")
    assert len(changes) == 6
    assert {event.actor.email for event in changes} == {"owner@acme.test", "admin@acme.test"}
    for earlier, later in zip(changes, changes[1:], strict=False):
        assert earlier.data["new"] == later.data["old"] != later.data["new"]
    last = changes[5].data["new"]
    policy = SessionPolicy.objects.get(tenant=acme)
    assert last["idle_timeout"] == policy.idle_timeout.total_seconds() == 8 * 3600
    assert policy.rules().absolute_timeout == 14 * DAY


def test_some_are_shut_out_and_hold_nothing(story):
    disabled = User.objects.filter(is_active=False)
    assert disabled.count() == 2
    assert not Session.objects.open().filter(user__in=disabled).exists()
    suspended = Membership.objects.get(is_active=False)
    assert not Session.objects.open().filter(user=suspended.user).exists()


def test_everybody_signs_in_with_the_password(story):
    users = {user.email: user for user in User.objects.all()}
    assert len(users) == 47
    assert users["giulia.ferrari@acme.test"].check_password(PASSWORD)
    browser = Browser()
    assert browser.sign_in(users["bjorn.lindqvist@acme.test"]).status_code == 302
    assert browser.get("/users/").status_code == 200


def test_everybody_was_here_lately(story):
    for user in User.objects.all():
        latest = Session.objects.filter(user=user).order_by("-started_at").first()
        # Whom a test has signed in came a moment after the row.
        assert abs(user.last_login - latest.started_at) < timedelta(seconds=1)


# --- what was suspicious ---------------------------------------------------------------------


def test_somebody_was_in_london_and_in_bangkok(story):
    risk = Risk.objects.get(user__email=TRAVELLER, detector=Detector.IMPOSSIBLE_TRAVEL)
    assert {risk.evidence[end]["city"] for end in ("from", "to")} == {"London", "Bangkok"}
    assert risk.evidence["seconds"] == 240
    assert risk.evidence["kmh"] > 100_000
    assert (risk.state, risk.held_back) == (RiskState.OPEN, True)
    live = set(Session.objects.live().values_list("pk", flat=True))
    assert {risk.session_id, risk.other_session_id} <= live
    assert risk.session.city == "Bangkok"


def test_findings_are_in_all_states_and_few(story):
    assert set(Risk.objects.values_list("state", flat=True)) == set(RiskState)
    found = set(Risk.objects.values_list("detector", flat=True))
    assert {"new_device", "new_country", "agent_changed", "guessed_password"} <= found
    assert 15 < Risk.objects.count() < 60
    for risk in Risk.objects.all():
        assert evidence.words(risk)
        assert (risk.decided_at is None) == (risk.state == RiskState.OPEN)
    detected = AuditEvent.objects.filter(action="risk.detected").count()
    assert detected == Risk.objects.count()


def test_the_trial_of_the_rules_finds_what_was_found(story):
    """The page that tries rules and the list of findings speak of the same."""
    for tenant in Tenant.objects.all():
        rules = RiskRules.objects.get(tenant=tenant).rules()
        tried = {one.detector: one.count for one in back_test(tenant, rules).fired}
        for detector, count in tried.items():
            listed = Risk.objects.filter(tenant=tenant, detector=detector).count()
            assert abs(count - listed) <= 1, (tenant, detector)  # one may be just 30 days old


def test_acme_tries_its_rules_and_globex_goes_by_them(story):
    acme, globex = (RiskRules.objects.get(tenant__slug=slug) for slug in ("acme", "globex"))
    assert acme.report_only
    assert (globex.report_only, globex.impossible_travel) == (False, "end_new")
    ended = Session.objects.filter(end_reason=EndReason.RISK_DETECTED)
    assert set(ended.values_list("tenant__slug", flat=True)) == {"globex"}
    ruled = Risk.objects.filter(response="end_new", held_back=False)
    assert set(ruled.values_list("session", flat=True)) == set(ended.values_list("pk", flat=True))
    assert set(ruled.values_list("state", flat=True)) == {RiskState.ACTED_ON}
    assert AuditEvent.objects.filter(action="risk_rules.changed").count() == 2


def test_people_are_known_by_their_browsers(story):
    for session in Session.objects.filter(kind="browser").select_related("known_device")[:300]:
        assert session.known_device.user_id == session.user_id
    assert not Session.objects.exclude(kind="browser").exclude(known_device=None).exists()
    assert KnownDevice.objects.count() > 300
    assert Session.objects.filter(novelty__contains="device").exists()


def test_people_were_told_and_the_mails_are_gone(story):
    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert kinds == set(NoticeKind) - {NoticeKind.SETTINGS_PLANNED}
    # One waits, to show what that looks like; what a test's own sign-in wrote was never tried.
    tried = Notice.objects.filter(mail_attempts__gt=0)
    assert tried.filter(mailed_at=None).count() == 1
    assert not tried.filter(mail_due_at__lte=timezone.now()).exists()
    unseen = Notice.objects.filter(user__email="member@acme.test", seen_at=None)
    assert unseen.filter(kind=NoticeKind.RISK_DETECTED).count() == 1
    assert not unseen.filter(at__lte=timezone.now() - STILL_UNSEEN - timedelta(minutes=5)).exists()
    for notice in Notice.objects.select_related("session", "risk", "user", "tenant"):
        assert str(telling(notice).title)
        if notice.answer == NoticeAnswer.ME and notice.risk:
            assert notice.risk.state != RiskState.ACTED_ON


def test_the_curve_of_the_day_is_alive(story):
    tenant = Tenant.objects.get(slug="acme")
    counts = [moment.live for moment in right_now(tenant, timezone.now()).history]
    assert max(counts) > 1.5 * min(counts)


# --- programs --------------------------------------------------------------------------------


def test_no_program_can_get_in(story):
    assert ApiKey.objects.count() == 3
    hashes = [bytes(key.key_hash) for key in ApiKey.objects.all()]
    hashes += [bytes(token.token_hash) for token in RefreshToken.objects.all()]
    assert len(set(hashes)) == len(hashes) > 10
    assert {len(one) for one in hashes} == {32}
    states = {str(state_of(key, timezone.now())) for key in ApiKey.objects.all()}
    assert states == {"active", "revoked"}


def test_every_app_that_is_signed_in_has_its_token(story):
    apps = Session.objects.open().filter(kind=Kind.APP)
    assert set(apps) == {token.session for token in RefreshToken.objects.all()}


def test_support_was_given_and_is_over(story):
    sessions = Session.objects.filter(kind=Kind.SUPPORT)
    assert len(sessions) == 2
    for session in sessions:
        assert session.asked_by.email == "admin@acme.test"
        assert session.asked_in.user == session.asked_by
        assert session.made_from.user == session.user
        assert session.ask_reason
        assert session.read_only
        assert session.end_reason == EndReason.SUPPORT_ENDED


def test_there_are_applications(story):
    wiki = Application.objects.get(name="Wiki")
    assert [tenant.slug for tenant in wiki.tenants.all()] == ["acme"]
    assert Application.objects.get(name="Payroll").minimum_aal == 2


# --- when it is loaded -----------------------------------------------------------------------


def test_once_is_once(story):
    newest = Session.objects.order_by("-pk").first()
    output = demo("--once")
    assert "The demo is loaded already." in output
    assert PASSWORD in output
    assert Session.objects.order_by("-pk").first() == newest


def test_again_it_is_told_afresh(story):
    with transaction.atomic():
        user = User.objects.get(email="member@acme.test")
        demo()
        assert Session.objects.live().count() == 300
        assert AuditEvent.objects.filter(action="session.started").count() == 5300
        assert not User.objects.filter(pk=user.pk).exists()
        transaction.set_rollback(True)


# --- where it is not -------------------------------------------------------------------------


@pytest.fixture
def elsewhere(settings, tmp_path):
    settings.GEOIP_PATH = str(tmp_path / "city.mmdb")
    settings.GEOIP_ASN_PATH = str(tmp_path / "asn.mmdb")
    return Path(settings.GEOIP_PATH)


def test_it_leaves_a_database_with_other_people_alone(db, elsewhere):
    User.objects.create_user("somebody@company.example")
    with pytest.raises(CommandError, match="that are not the demo's"):
        demo()
    assert "not loaded" in demo("--once")
    assert (User.objects.count(), Tenant.objects.count()) == (1, 0)
    assert not elsewhere.exists()


def test_it_leaves_a_database_with_other_tenants_alone(db, elsewhere):
    Tenant.objects.create(name="Company", slug="company")
    with pytest.raises(CommandError, match="that are not the demo's"):
        demo()


def test_people_who_came_later_do_not_stop_once(db, elsewhere):
    make_people(make_tenants())
    User.objects.create_user("somebody@company.example")
    assert "The demo is loaded already." in demo("--once")
    with pytest.raises(CommandError, match="that are not the demo's"):
        demo()


def test_a_failure_leaves_nothing_behind(db, elsewhere, monkeypatch):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(company, "fail", broken)
    with pytest.raises(RuntimeError):
        demo()
    assert (User.objects.count(), Tenant.objects.count()) == (0, 0)


# --- places ----------------------------------------------------------------------------------


def test_the_places_are_in_a_database_of_their_own(story, elsewhere):
    company.write_places()
    with open_database(elsewhere) as reader:
        assert reader.city("127.0.0.1").city.name == "Berlin"
        assert reader.city("::1").city.name == "Berlin"
    with open_database(elsewhere.with_name("asn.mmdb"), Subject.ASN) as reader:
        assert reader.asn("203.0.113.6").autonomous_system_organization == "Acme"
    assert LOOPBACK


def test_a_real_database_of_places_stays(elsewhere):
    elsewhere.write_bytes(b"not ours, whatever it is")
    company.write_places()
    assert elsewhere.read_bytes() == b"not ours, whatever it is"


def test_an_older_one_of_its_own_is_replaced(elsewhere):
    write_city_database(elsewhere, [PlaceRow("192.0.2.0/24", "Oldtown", "France", "FR", 1, 2)])
    company.write_places()
    with open_database(elsewhere) as reader:
        assert reader.city("127.0.0.1").city.name == "Berlin"

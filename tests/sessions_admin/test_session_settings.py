"""/settings/sessions/: see the settings, try a change, save it, take one back."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from sessions_admin.demo.cast import PASSWORD
from sessions_admin.lifecycle import change_policy
from sessions_admin.lifecycle.policy_change import settings_of
from sessions_admin.models import AuditEvent, PolicyBounds, Session, SessionPolicy
from sessions_admin.session_settings.form import SettingsForm, fields_of
from sessions_admin.session_settings.history import SHOWN
from sessions_admin.vocabulary import AtLimit, AuditAction, EndReason
from tenants.models import Group, Tenant
from tenants.permissions import Permission, Section
from tests.holdings import hold

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE = "/settings/sessions/"
PREVIEW = "/settings/sessions/preview/"
HTMX = {"HX-Request": "true"}
# Everything on, and within the platform's bounds.
FIELDS = {
    "idle_timeout_enabled": "on", "idle_timeout_value": "30", "idle_timeout_unit": "minutes",
    "absolute_timeout_enabled": "on", "absolute_timeout_value": "14",
    "absolute_timeout_unit": "days",
    "max_live_sessions_enabled": "on", "max_live_sessions": "3", "at_limit": "end_oldest",
    "access_token_lifetime": "10", "refresh_token_lifetime": "24",
}  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_browser(cast, browser_of):
    return browser_of(cast.admin)


def stored(tenant) -> SessionPolicy:
    return SessionPolicy.objects.get(pk=tenant.pk)


def is_untouched(tenant) -> bool:
    return settings_of(stored(tenant)) == settings_of(SessionPolicy())


def without(*names):
    return {name: value for name, value in FIELDS.items() if name not in names}


def messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# --- who may -------------------------------------------------------------------------------------


def test_a_visitor_signs_in_first(browser_of, db):
    for address in (HERE, PREVIEW):
        assert browser_of().post(address).url.startswith("/accounts/login/")


@pytest.mark.parametrize("person", ["owner", "admin", "auditor"])
def test_who_may_see_them_sees_them(cast, browser_of, person):
    assert browser_of(getattr(cast, person)).get(HERE).status_code == 200


def test_a_member_may_not(cast, browser_of):
    browser = browser_of(cast.member)
    assert browser.get(HERE).status_code == 403
    for address in (HERE, PREVIEW):
        assert browser.post(address, FIELDS).status_code == 403
    assert is_untouched(cast.acme)


def test_an_auditor_sees_them_and_changes_nothing(cast, browser_of):
    change_policy(cast.acme, {"max_live_sessions_enabled": True}, cast.admin)
    event = AuditEvent.objects.get(action=AuditAction.POLICY_CHANGED)
    browser = browser_of(cast.auditor)
    page = browser.get(HERE).text
    assert "<form" not in page.split("<main")[1]
    assert "Read only" in page
    assert "Ann Lee" in page  # the changes, too
    for address in (HERE, PREVIEW, f"{HERE}{event.pk}/restore/"):
        assert browser.post(address, FIELDS).status_code == 403
    assert not stored(cast.acme).idle_timeout_enabled


def test_with_the_section_off_there_is_nothing(cast, admin_browser):
    Tenant.objects.filter(pk=cast.acme.pk).update(
        sections=set(Section) - {Section.SESSION_SETTINGS}
    )
    assert admin_browser.get(HERE).status_code == 404
    assert admin_browser.post(HERE, FIELDS).status_code == 404
    assert admin_browser.post(PREVIEW, FIELDS).status_code == 404


def test_methods(cast, admin_browser):
    assert admin_browser.get(PREVIEW).status_code == 405
    assert admin_browser.get(f"{HERE}{cast.acme.pk}/restore/").status_code == 405
    assert admin_browser.put(HERE).status_code == 405


def test_without_a_tenant_one_chooses_first(cast, browser_of):
    assert browser_of(cast.contractor).get(HERE).url.startswith("/tenants/")


def test_saving_asks_for_a_proof_that_is_fresh_and_then_goes_on(cast, browser_of):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser = browser_of(cast.admin)
        clock.shift(timedelta(minutes=11))
        asked = browser.post(HERE, FIELDS)
        assert asked.url.startswith("/accounts/reauthenticate/")
        assert is_untouched(cast.acme)
        assert browser.post(PREVIEW, FIELDS).status_code == 200  # a preview proves nothing
        browser.post(asked.url, {"password": PASSWORD, "next": HERE})
        assert stored(cast.acme).idle_timeout == 30 * MINUTE


# --- what it shows -------------------------------------------------------------------------------


def test_it_shows_what_is_stored_and_what_the_platform_allows(cast, admin_browser, policy_of):
    policy_of(cast.acme, idle_timeout_enabled=True, idle_timeout=90 * MINUTE, at_limit="ask")
    PolicyBounds.objects.create(idle_timeout_min=10 * MINUTE, max_live_sessions_max=8)
    response = admin_browser.get(HERE)
    form = response.context["form"]
    assert form["idle_timeout_enabled"].value() is True
    assert (form["idle_timeout_value"].value(), form["idle_timeout_unit"].value()) == (
        90,
        "minutes",
    )
    assert form["at_limit"].value() == "ask"
    page = response.text
    assert "Platform allows 10 min – 24 h." in page
    assert "Platform allows 1 – 8." in page
    assert 'role="switch"' in page


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (5 * MINUTE, (5, "minutes")),
        (90 * MINUTE, (90, "minutes")),
        (HOUR, (1, "hours")),
        (DAY, (24, "hours")),
        (36 * HOUR, (36, "hours")),
        (2 * DAY, (2, "days")),
        (timedelta(seconds=20), (1, "minutes")),
    ],
)
def test_durations_are_shown_in_the_unit_that_people_would_choose(duration, shown):
    fields = fields_of(SessionPolicy(idle_timeout=duration))
    assert (fields["idle_timeout_value"], fields["idle_timeout_unit"]) == shown


def test_the_statements_are_counted(cast, admin_browser, django_assert_num_queries):
    for number in range(30):
        hold(cast.member, cast.acme)
        change_policy(cast.acme, {"max_live_sessions": number + 1}, cast.admin)
    # session · settings · bounds · impact · changes
    with django_assert_num_queries(5):
        admin_browser.get(HERE)
    # session · settings · bounds · impact · who has too many · which · the sessions that would end
    with django_assert_num_queries(7):
        admin_browser.post(PREVIEW, FIELDS, headers=HTMX)


# --- the preview ---------------------------------------------------------------------------------


@pytest.fixture
def crowd(cast):
    """Two idle, one old, one too many."""
    hold(cast.member, cast.acme, idle=40 * MINUTE)
    hold(cast.owner, cast.acme, idle=50 * MINUTE)
    hold(cast.auditor, cast.acme, age=15 * DAY)
    for hours in (1, 2, 3, 4):
        hold(cast.contractor, cast.acme, age=hours * HOUR)
    hold(cast.outsider, cast.globex, age=20 * DAY)


def test_the_preview_says_what_would_end_and_changes_nothing(cast, admin_browser, crowd):
    before = list(Session.objects.order_by("pk").values())
    response = admin_browser.post(PREVIEW, FIELDS, headers=HTMX)
    assert response.status_code == 200
    assert (
        "Applies to 8 live sessions of 5 people. 4 would end now: 2 idle over 30 minutes, "
        "1 older than 14 days, 1 above the limit of 3. This session stays."
    ) in response.text
    assert "Save and end 4 sessions" in response.text
    assert "<html" not in response.text
    assert is_untouched(cast.acme)
    assert not AuditEvent.objects.filter(action=AuditAction.POLICY_CHANGED).exists()
    assert list(Session.objects.order_by("pk").values()) == before


def test_the_preview_is_no_activity(cast, browser_of):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser = browser_of(cast.admin)
        seen = browser.session_row.last_seen_at
        clock.shift(timedelta(minutes=5))
        browser.post(PREVIEW, FIELDS, headers=HTMX)
        assert browser.session_row.last_seen_at == seen


def test_the_person_who_saves_is_never_idle(cast, browser_of):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser = browser_of(cast.admin)
        clock.shift(timedelta(minutes=9))
        fields = without("absolute_timeout_enabled") | {"idle_timeout_value": "5"}
        assert "None would end now." in browser.post(PREVIEW, fields, headers=HTMX).text
        page = browser.post(HERE, fields, follow=True)
        assert messages(page) == ["Saved."]
        assert browser.get(HERE).status_code == 200


def test_the_preview_warns_of_what_one_may_regret(cast, admin_browser, policy_of):
    policy_of(cast.acme, max_live_sessions_enabled=True, max_live_sessions=2)
    Session.objects.filter(pk=admin_browser.session_row.pk).update(
        authenticated_at=timezone.now() - 3 * HOUR
    )
    fields = FIELDS | {
        "idle_timeout_value": "15", "absolute_timeout_value": "2", "absolute_timeout_unit": "hours",
        "refresh_token_lifetime": "2",
    }  # fmt: skip
    text = admin_browser.post(PREVIEW, fields, headers=HTMX).text
    assert "This session is included." in text
    assert "Your own session would end." in text
    assert "WCAG 2.2.1" in text
    assert "looser than now: Maximum concurrent sessions, Access token lifetime." in text


def test_the_sessions_that_would_end_are_for_who_may_see_sessions(cast, browser_of):
    hold(cast.member, cast.acme, idle=2 * HOUR)
    settings_only = Group.objects.create(
        tenant=cast.acme, name="Rules",
        permissions={Permission.SESSION_SETTINGS_VIEW, Permission.SESSION_SETTINGS_EDIT},
    )  # fmt: skip
    cast.auditor.memberships.get().groups.set([settings_only])
    text = browser_of(cast.auditor).post(PREVIEW, FIELDS, headers=HTMX).text
    assert "1 would end now" in text
    assert "Dave Moreau" not in text
    assert "Dave Moreau" in browser_of(cast.admin).post(PREVIEW, FIELDS, headers=HTMX).text


def test_without_script_the_preview_is_a_page_with_what_was_typed(cast, admin_browser, crowd):
    response = admin_browser.post(PREVIEW, FIELDS | {"idle_timeout_value": "25"})
    assert response.status_code == 200
    assert "Nothing is saved yet." in response.text
    assert "4 would end now" in response.text
    assert response.context["form"]["idle_timeout_value"].value() == "25"
    assert 'name="confirmed" value="4"' in response.text
    assert is_untouched(cast.acme)


def test_a_preview_of_impossible_settings_says_so(admin_browser):
    fields = FIELDS | {"idle_timeout_value": "0"}
    for headers in ({}, HTMX):
        response = admin_browser.post(PREVIEW, fields, headers=headers)
        assert response.status_code == 422
        assert "Choose between 5 minutes and 24 hours." in response.text
        assert "#id_idle_timeout_value" in response.text


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("idle_timeout=15 min", {"idle_timeout_enabled": True, "idle_timeout": 15 * MINUTE}),
        ("max_live_sessions=1", {"max_live_sessions_enabled": True, "max_live_sessions": 1}),
        ("aal2", {"absolute_timeout": DAY, "idle_timeout": HOUR, "refresh_token_lifetime": DAY}),
        (
            "aal3",
            {
                "absolute_timeout": 12 * HOUR, "idle_timeout": 15 * MINUTE,
                "refresh_token_lifetime": 12 * HOUR,
            },
        ),
    ],
)  # fmt: skip
def test_presets_write_into_the_form(admin_browser, preset, expected):
    response = admin_browser.post(PREVIEW, {"refresh_token_lifetime": "720", "preset": preset})
    settings = response.context["form"].settings()
    assert {name: settings[name] for name in expected} == expected


def test_presets_that_the_platform_does_not_allow_are_not_there(admin_browser):
    PolicyBounds.objects.create(idle_timeout_min=30 * MINUTE, max_live_sessions_max=4)
    page = admin_browser.get(HERE).text
    assert "AAL2" in page
    assert "AAL3" not in page
    assert 'value="idle_timeout=15 min"' not in page
    assert 'value="max_live_sessions=5"' not in page


# --- saving --------------------------------------------------------------------------------------


def test_it_saves_and_ends_what_the_preview_named(cast, admin_browser, crowd):
    response = admin_browser.post(HERE, FIELDS)
    assert response.url == HERE
    assert messages(admin_browser.get(HERE)) == ["Saved. 4 sessions ended."]
    policy = stored(cast.acme)
    assert policy.rules().idle_timeout == 30 * MINUTE
    assert policy.rules().absolute_timeout == 14 * DAY
    assert policy.rules().max_live_sessions == 3
    assert (policy.access_token_lifetime, policy.refresh_token_lifetime) == (10 * MINUTE, DAY)
    assert sorted(Session.objects.ended().values_list("end_reason", flat=True)) == [
        EndReason.ABSOLUTE_TIMEOUT, EndReason.CONCURRENCY_LIMIT,
        EndReason.IDLE_TIMEOUT, EndReason.IDLE_TIMEOUT,
    ]  # fmt: skip
    assert Session.objects.live().filter(tenant=cast.acme).count() == 4


def test_the_other_tenants_keep_their_own(cast, admin_browser, policy_of, crowd):
    policy_of(cast.globex, max_live_sessions=9)
    admin_browser.post(HERE, FIELDS)
    assert stored(cast.globex).max_live_sessions == 9
    assert not stored(cast.globex).max_live_sessions_enabled
    assert Session.objects.live().filter(tenant=cast.globex).count() == 1


def test_a_switch_that_is_off_keeps_its_value(cast, admin_browser):
    admin_browser.post(HERE, without("idle_timeout_enabled", "max_live_sessions_enabled"))
    policy = stored(cast.acme)
    assert (policy.idle_timeout_enabled, policy.idle_timeout) == (False, 30 * MINUTE)
    assert (policy.max_live_sessions_enabled, policy.max_live_sessions) == (False, 3)
    assert policy.rules().max_live_sessions is None


def test_off_the_bounds_do_not_matter(cast, admin_browser):
    fields = without("idle_timeout_enabled", "absolute_timeout_enabled") | {
        "idle_timeout_value": "3", "idle_timeout_unit": "days", "absolute_timeout_value": "",
    }  # fmt: skip
    assert admin_browser.post(HERE, fields).status_code == 302
    assert stored(cast.acme).idle_timeout == 3 * DAY
    assert stored(cast.acme).absolute_timeout == 14 * DAY  # nothing typed: as it was


def test_what_is_left_out_stays_as_it_is(cast, admin_browser, policy_of):
    policy_of(cast.acme, at_limit=AtLimit.ASK, absolute_timeout_enabled=True, max_live_sessions=7)
    admin_browser.post(HERE, {"idle_timeout_enabled": "on", "idle_timeout_value": "20"})
    policy = stored(cast.acme)
    assert (policy.idle_timeout_enabled, policy.idle_timeout) == (True, 20 * MINUTE)
    assert (policy.at_limit, policy.max_live_sessions) == (AtLimit.ASK, 7)
    assert not policy.absolute_timeout_enabled  # a switch that is not sent is off


def test_refresh_tokens_that_are_left_out_follow_force_re_login(cast, admin_browser):
    admin_browser.post(HERE, without("access_token_lifetime", "refresh_token_lifetime"))
    assert stored(cast.acme).refresh_token_lifetime == 14 * DAY


@pytest.mark.parametrize("off", ["", "0", "false", "off", "no"])
def test_what_tools_send_for_off_is_off(cast, admin_browser, off):
    admin_browser.post(HERE, FIELDS | {"idle_timeout_enabled": off})
    assert not stored(cast.acme).idle_timeout_enabled


@pytest.mark.parametrize("typed", ["", "0", "-1", "1000000000", "9" * 5000, "abc", "1.5", "2 h"])
@pytest.mark.parametrize(
    "field",
    [
        "idle_timeout_value", "absolute_timeout_value", "max_live_sessions",
        "access_token_lifetime", "refresh_token_lifetime",
    ],
)  # fmt: skip
def test_what_is_impossible_is_refused(field, typed):
    form = SettingsForm(FIELDS | {field: typed}, stored=SessionPolicy(), bounds=PolicyBounds())
    assert list(form.errors) == [field]
    assert form[field].value() == typed


def test_a_refusal_leads_to_the_field_and_loses_nothing(cast, admin_browser):
    fields = FIELDS | {"idle_timeout_value": 'a "b', "max_live_sessions": "0", "at_limit": "deny"}
    response = admin_browser.post(HERE, fields)
    assert response.status_code == 422
    for name in ("idle_timeout_value", "max_live_sessions"):
        assert f'href="#id_{name}"' in response.text
        assert f'id="id_{name}"' in response.text
    assert response.text.count('aria-invalid="true"') == 2
    assert 'value="a &quot;b"' in response.text
    assert response.context["form"]["at_limit"].value() == "deny"
    assert is_untouched(cast.acme)


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"idle_timeout_value": "25", "idle_timeout_unit": "hours"}, "idle_timeout_value",
         "Choose between 5 minutes and 24 hours."),
        ({"absolute_timeout_value": "91"}, "absolute_timeout_value",
         "Choose between 1 hour and 90 days."),
        ({"absolute_timeout_value": "59", "absolute_timeout_unit": "minutes"},
         "absolute_timeout_value", "Choose between 1 hour and 90 days."),
        ({"max_live_sessions": "101"}, "max_live_sessions", "Choose between 1 and 100."),
        ({"access_token_lifetime": "61"}, "access_token_lifetime",
         "Choose between 1 minute and 1 hour."),
        ({"refresh_token_lifetime": "8761"}, "refresh_token_lifetime",
         "Choose between 1 hour and 365 days."),
        ({"idle_timeout_unit": "weeks"}, "idle_timeout_unit", "Select a valid choice."),
        ({"at_limit": "explode"}, "at_limit", "Select a valid choice."),
        # nothing outlives what contains it
        ({"absolute_timeout_value": "1", "absolute_timeout_unit": "hours",
          "refresh_token_lifetime": "1", "idle_timeout_value": "61"}, "idle_timeout_value",
         "At most 1 hour, which is the setting of Force re-login."),
        ({"refresh_token_lifetime": "337"}, "refresh_token_lifetime",
         "At most 14 days, which is the setting of Force re-login."),
    ],
)  # fmt: skip
def test_the_bounds_and_the_order_of_things_are_held(admin_browser, changes, field, problem):
    response = admin_browser.post(HERE, FIELDS | changes)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert problem in response.text


def test_the_order_of_things_is_of_those_that_are_on(cast, admin_browser):
    fields = without("absolute_timeout_enabled") | {"refresh_token_lifetime": "8760"}
    assert admin_browser.post(HERE, fields).status_code == 302
    fields = without("idle_timeout_enabled") | {
        "absolute_timeout_value": "1", "absolute_timeout_unit": "hours",
        "refresh_token_lifetime": "1", "idle_timeout_value": "5", "idle_timeout_unit": "days",
    }  # fmt: skip
    assert admin_browser.post(HERE, fields).status_code == 302
    assert stored(cast.acme).idle_timeout == 5 * DAY


def test_access_tokens_do_not_outlive_refresh_tokens(cast):
    bounds = PolicyBounds(access_token_lifetime_max=3 * HOUR)
    fields = FIELDS | {"access_token_lifetime": "61", "refresh_token_lifetime": "1"}
    form = SettingsForm(fields, stored=SessionPolicy(), bounds=bounds)
    assert list(form.errors) == ["access_token_lifetime"]


def test_our_page_asks_before_it_ends_more_than_it_announced(cast, admin_browser, crowd):
    asked = admin_browser.post(HERE, FIELDS | {"confirmed": "0"})
    assert asked.status_code == 200
    assert "Nothing is saved yet." in asked.text
    assert "Save and end 4 sessions" in asked.text
    assert is_untouched(cast.acme)

    hold(cast.member, cast.acme, idle=45 * MINUTE)  # meanwhile
    assert "Save and end 5 sessions" in admin_browser.post(HERE, FIELDS | {"confirmed": "4"}).text
    assert admin_browser.post(HERE, FIELDS | {"confirmed": "5"}).url == HERE
    assert messages(admin_browser.get(HERE)) == ["Saved. 5 sessions ended."]


def test_our_page_does_not_ask_when_nothing_ends(cast, admin_browser):
    assert admin_browser.post(HERE, FIELDS | {"confirmed": "0"}).url == HERE
    assert admin_browser.post(HERE, FIELDS | {"confirmed": "nonsense"}).url == HERE


def test_ones_own_session_may_be_among_those_that_end(cast, admin_browser):
    row = admin_browser.session_row
    Session.objects.filter(pk=row.pk).update(authenticated_at=timezone.now() - timedelta(minutes=8))
    PolicyBounds.objects.create(absolute_timeout_min=5 * MINUTE)
    fields = without("idle_timeout_enabled", "refresh_token_lifetime") | {
        "absolute_timeout_value": "6", "absolute_timeout_unit": "minutes",
        "access_token_lifetime": "5",
    }  # fmt: skip
    response = admin_browser.post(HERE, fields)
    assert response.url.startswith("/signed-out/")
    row.refresh_from_db()
    assert row.end_reason == EndReason.ABSOLUTE_TIMEOUT
    assert stored(cast.acme).absolute_timeout == 6 * MINUTE


# --- the changes ---------------------------------------------------------------------------------


def test_every_change_is_told(cast, admin_browser, crowd):
    admin_browser.post(HERE, FIELDS)
    admin_browser.post(HERE, FIELDS | {"idle_timeout_value": "8", "idle_timeout_unit": "hours"})
    changes = admin_browser.get(HERE).context["changes"]
    assert [(line.label, line.old, line.new) for line in changes[0].lines] == [
        ("Idle session timeout", "30 minutes", "8 hours")
    ]
    assert (changes[1].actor, changes[1].effect) == ("Ann Lee", "4 sessions ended")
    assert {str(line.label): (line.old, line.new) for line in changes[1].lines} == {
        "Idle session timeout": ("off", "30 minutes"),
        "Force re-login": ("off", "14 days"),
        "Maximum concurrent sessions": ("off", "3"),
        "Access token lifetime": ("5 minutes", "10 minutes"),
        "Refresh token lifetime": ("30 days", "24 hours"),
    }


def test_a_kept_value_that_changed_is_told_as_such(cast, admin_browser):
    change_policy(cast.acme, {"max_live_sessions": 9}, cast.admin)
    (change,) = admin_browser.get(HERE).context["changes"]
    assert [(line.old, line.new) for line in change.lines] == [("off (5)", "off (9)")]


def test_an_operator_keeps_their_name(cast, admin_browser):
    change_policy(cast.acme, {"max_live_sessions": 9}, cast.operator)
    change_policy(cast.acme, {"max_live_sessions": 8}, None)
    names = [change.actor for change in admin_browser.get(HERE).context["changes"]]
    assert names == ["The system", "A Latchkey operator"]


def test_old_changes_are_a_page_further(cast, admin_browser):
    for number in range(SHOWN + 2):
        change_policy(cast.acme, {"max_live_sessions": number + 10}, cast.admin)
    first = admin_browser.get(HERE)
    second = admin_browser.get(first.context["older"])
    assert len(first.context["changes"]) == SHOWN
    assert [change.lines[0].new for change in second.context["changes"]] == ["off (11)", "off (10)"]
    assert second.context["older"] == ""
    newest = admin_browser.get(second.context["newer"]).context["changes"]
    assert newest == first.context["changes"]


def test_an_event_that_does_not_say_what_was_before_is_still_listed(cast, admin_browser):
    AuditEvent.objects.create(action=AuditAction.POLICY_CHANGED, tenant=cast.acme)
    response = admin_browser.get(HERE)
    assert "Settings changed" in response.text
    event = AuditEvent.objects.get(action=AuditAction.POLICY_CHANGED)
    assert admin_browser.post(f"{HERE}{event.pk}/restore/").status_code == 404


def latest_change(tenant) -> str:
    event = AuditEvent.objects.filter(tenant=tenant, action=AuditAction.POLICY_CHANGED).latest("id")
    return f"{HERE}{event.pk}/restore/"


def test_a_change_can_be_taken_back(cast, admin_browser):
    change_policy(cast.acme, {"max_live_sessions_enabled": True, "max_live_sessions": 1}, None)
    change_policy(cast.acme, {"max_live_sessions": 9, "at_limit": "ask"}, None)
    hold(cast.member, cast.acme, age=2 * HOUR)
    hold(cast.member, cast.acme)
    response = admin_browser.post(latest_change(cast.acme), follow=True)
    assert response.redirect_chain == [(HERE, 302)]
    assert messages(response) == ["Restored. 1 session ended."]
    assert (stored(cast.acme).max_live_sessions, stored(cast.acme).at_limit) == (1, "end_oldest")
    assert response.context["changes"][0].actor == "Ann Lee"


def test_what_taking_back_would_do_is_previewed(cast, admin_browser):
    change_policy(cast.acme, {"max_live_sessions_enabled": True, "max_live_sessions": 1}, None)
    change_policy(cast.acme, {"max_live_sessions_enabled": False}, None)
    hold(cast.member, cast.acme, age=2 * HOUR)
    hold(cast.member, cast.acme)
    event = latest_change(cast.acme).split("/")[-3]
    text = admin_browser.post(PREVIEW, {"restore": event}, headers=HTMX).text
    assert "1 would end now: 1 above the limit of 1" in text
    assert "confirm-save" not in text


def test_what_the_platform_no_longer_allows_is_not_restored(cast, admin_browser):
    on = {"idle_timeout_enabled": True, "idle_timeout": 10 * MINUTE}
    change_policy(cast.acme, on, None)
    change_policy(cast.acme, {"idle_timeout": HOUR}, None)
    PolicyBounds.objects.create(idle_timeout_min=15 * MINUTE)
    response = admin_browser.post(latest_change(cast.acme), follow=True)
    assert messages(response) == [
        "These settings are not possible any more: Choose between 15 minutes and 24 hours."
    ]
    assert stored(cast.acme).idle_timeout == HOUR


@pytest.mark.parametrize("event", ["theirs", "another", "none", "nonsense"])
def test_only_changes_of_ones_own_settings_are_taken_back(cast, admin_browser, event):
    change_policy(cast.globex, {"max_live_sessions": 2}, cast.outsider)
    started = AuditEvent.objects.filter(action=AuditAction.SESSION_STARTED).first()
    ids = {
        "theirs": latest_change(cast.globex).split("/")[-3],
        "another": started.pk,
        "none": cast.acme.pk,
        "nonsense": "nonsense",
    }
    assert admin_browser.post(f"{HERE}{ids[event]}/restore/").status_code == 404
    assert admin_browser.post(PREVIEW, {"restore": ids[event]}, headers=HTMX).status_code == 404
    assert is_untouched(cast.acme)


def test_restoring_asks_for_a_proof_that_is_fresh(cast, browser_of):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser = browser_of(cast.admin)
        change_policy(cast.acme, {"max_live_sessions": 2}, None)
        clock.shift(timedelta(minutes=11))
        address = latest_change(cast.acme)
        assert browser.post(address).url.startswith("/accounts/reauthenticate/")
        assert stored(cast.acme).max_live_sessions == 2

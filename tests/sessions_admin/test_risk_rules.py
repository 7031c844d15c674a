"""/settings/risks/: what each detector leads to; see, try, save."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.lifecycle import change_risk_rules
from sessions_admin.lifecycle.deciding import settings_of
from sessions_admin.models import AuditEvent, RiskRules, Session
from sessions_admin.vocabulary import AuditAction, Detector, Response
from tenants.models import Tenant
from tenants.permissions import Section

HERE, TRY = "/settings/risks/", "/settings/risks/preview/"
HTMX = {"HX-Request": "true"}
FIELDS = {
    **{str(detector): "record" for detector in Detector},
    "report_only": "on", "top_speed_kmh": "900", "cool_down": "12",
    "trusted_networks": "", "shared_addresses": "",
}  # fmt: skip
# The one SELECT of the request, the rules, the changes.
STATEMENTS = 3


@pytest.fixture
def admins(browser_of, admin):
    return browser_of(admin)


def stored(tenant):
    return RiskRules.objects.get(tenant=tenant)


def is_untouched(tenant):
    changes = AuditEvent.objects.filter(action=AuditAction.RISK_RULES_CHANGED)
    return not changes.exists() and settings_of(stored(tenant)) == settings_of(RiskRules())


def save(browser, **fields):
    return browser.post(HERE, FIELDS | fields)


# --- who may ---------------------------------------------------------------------------------


def test_with_the_section_off_there_is_nothing(admins, acme):
    Tenant.objects.filter(pk=acme.pk).update(sections=acme.sections - {Section.RISKS})
    assert admins.get(HERE).status_code == 404
    assert admins.post(HERE, FIELDS).status_code == 404
    assert admins.post(TRY, FIELDS).status_code == 404


def test_an_auditor_reads_them_and_changes_nothing(browser_of, auditor, acme):
    browser = browser_of(auditor)
    text = browser.get(HERE).text
    assert "<form" not in text.split("<main")[1]
    for detector in ("Impossible travel", "Back after a long time, from elsewhere"):
        assert detector in text
    assert browser.post(HERE, FIELDS).status_code == 403
    assert browser.post(TRY, FIELDS).status_code == 403
    assert is_untouched(acme)


def test_saving_asks_for_a_fresh_proof(admins, acme):
    Session.objects.filter(pk=admins.session_row.pk).update(
        authenticated_at=timezone.now() - timedelta(minutes=11)
    )
    assert save(admins).url.startswith("/accounts/reauthenticate/")
    assert is_untouched(acme)


# --- what it shows ---------------------------------------------------------------------------


def test_it_explains_each_detector_and_says_what_follows(admins, acme, admin):
    change_risk_rules(acme, {"new_country": Response.NOTIFY}, admin)
    text = admins.get(HERE).text
    for detector in Detector:
        assert f'name="{detector}"' in text
    assert '<option value="notify" selected>' in text


def test_a_tenant_without_rules_sees_the_platforms_and_writes_none(admins, acme):
    RiskRules.objects.all().delete()
    change_risk_rules(None, {"top_speed_kmh": 700}, None)
    assert 'value="700"' in admins.get(HERE).text
    assert not RiskRules.objects.filter(tenant=acme).exists()


def test_only_pairs_have_an_older_session_to_end(admins):
    form = admins.get(HERE).context["form"]
    choices = {str(one): dict(form.fields[one].choices) for one in Detector}
    assert Response.END_OLD in choices["impossible_travel"]
    assert Response.END_OLD not in choices["new_device"]
    assert choices["new_device"][Response.END_NEW] == "End the session"


def test_it_costs_a_fixed_number_of_statements(admins, django_assert_num_queries):
    admins.get(HERE)
    with django_assert_num_queries(STATEMENTS):
        admins.get(HERE)


# --- saving ----------------------------------------------------------------------------------


def test_it_saves_and_keeps_who_changed_what(admins, admin, acme):
    response = save(
        admins, impossible_travel="end_both", trusted_networks="AS64500 # VPN\n192.0.2.0/24"
    )
    assert response.url == HERE
    rules = stored(acme)
    assert rules.impossible_travel == Response.END_BOTH
    assert (rules.top_speed_kmh, rules.cool_down) == (900, timedelta(hours=12))
    assert rules.trusted_networks == "AS64500 # VPN\n192.0.2.0/24"
    event = AuditEvent.objects.get(action=AuditAction.RISK_RULES_CHANGED)
    assert (event.actor, event.data["new"]["cool_down"]) == (admin, 12 * 3600)
    text = admins.get(HERE).text
    assert "Ann Lee" in text
    assert "AS64500 # VPN, 192.0.2.0/24" in text
    assert "End both sessions" in text


def test_a_switch_that_is_not_sent_is_off(admins, acme):
    admins.post(HERE, {name: value for name, value in FIELDS.items() if name != "report_only"})
    assert not stored(acme).report_only


def test_another_field_that_is_not_sent_stays(admins, admin, acme):
    change_risk_rules(acme, {"trusted_networks": "AS64500", "new_device": Response.NOTIFY}, admin)
    admins.post(HERE, {"report_only": "on", "top_speed_kmh": "800"})
    rules = stored(acme)
    assert (rules.trusted_networks, rules.new_device) == ("AS64500", Response.NOTIFY)
    assert rules.top_speed_kmh == 800


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("trusted_networks", "192.0.2.0/24\n\nnonsense", "Line 3: nonsense"),
        ("trusted_networks", "192.0.2.7/24", "Line 1: 192.0.2.7/24"),
        ("trusted_networks", "0.0.0.0/0", "Line 1: 0.0.0.0/0"),
        ("shared_addresses", "AS64500", "Line 1: AS64500"),
        ("top_speed_kmh", "50", "greater than or equal to 200"),
        ("top_speed_kmh", "fast", "Enter a whole number."),
        ("cool_down", "721", "less than or equal to 720"),
        ("new_device", "end_old", "not one of the available choices"),
    ],
)
@pytest.mark.parametrize("address", [HERE, TRY])
def test_errors_name_the_line_and_nothing_typed_is_lost(admins, acme, address, field, value, words):
    response = admins.post(address, FIELDS | {field: value, "report_only": ""})
    assert response.status_code == 422
    assert words in response.text
    assert response.context["form"][field].value() == value
    assert is_untouched(acme)


def test_saving_the_same_again_says_so_and_is_no_change(admins, acme):
    save(admins)
    response = admins.post(HERE, FIELDS, follow=True)
    assert "Nothing was changed." in response.text
    assert AuditEvent.objects.filter(action=AuditAction.RISK_RULES_CHANGED).count() == 1


def test_the_changes_are_those_of_this_tenant_and_hide_operators(
    admins, acme, globex, operator, outsider
):
    change_risk_rules(globex, {"top_speed_kmh": 555}, outsider)
    change_risk_rules(acme, {"top_speed_kmh": 777}, operator)
    text = admins.get(HERE).text
    assert "777 km/h" in text
    assert "A Latchkey operator" in text
    assert operator.display_name not in text
    assert "555" not in text


# --- trying ----------------------------------------------------------------------------------


def test_trying_changes_nothing(admins, acme):
    assert admins.post(TRY, FIELDS | {"impossible_travel": "end_both"}).status_code == 200
    assert is_untouched(acme)


def test_trying_is_a_part_for_htmx_and_a_page_without_script(admins):
    part = admins.post(TRY, FIELDS, headers=HTMX).text
    assert "<html" not in part
    page = admins.post(TRY, FIELDS | {"top_speed_kmh": "1234"}).text
    assert "<html" in page
    assert 'value="1234"' in page


def test_an_error_is_said_to_htmx_as_well(admins):
    response = admins.post(TRY, FIELDS | {"cool_down": "x"}, headers=HTMX)
    assert response.status_code == 422
    assert "Cool-down: Enter a whole number." in response.text
    assert "<html" not in response.text

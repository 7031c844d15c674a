"""Suspicious sessions in a real browser: the list, one finding, the rules, and one's own."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from sessions_admin import audit
from sessions_admin.models import KnownDevice, Risk, RiskRules, Session
from sessions_admin.vocabulary import AuditAction, Detector, Response, RiskState
from tests.browser.pages import arrived, looks, with_and_without_script
from tests.holdings import SAFARI_IPHONE, hold
from tests.suspicions import (
    BANGKOK,
    IN_BANGKOK,
    IN_LONDON,
    LONDON,
    device_of,
    suspect,
    travel,
)


@pytest.fixture
def finding(cast):
    """Impossible travel that is open, and others in every state."""
    risk = travel(cast.member, cast.acme, response=Response.END_NEW, held_back=True)
    session = hold(cast.owner, cast.acme, place=BANGKOK)
    suspect(cast.owner, cast.acme, Detector.NEW_COUNTRY, session=session,
            response=Response.NOTIFY, evidence={"now": {"country": "Thailand"}})  # fmt: skip
    suspect(cast.owner, cast.acme, Detector.NEW_DEVICE, state=RiskState.DISMISSED,
            decided_by=cast.admin, decided_at=risk.at, note="A new laptop")  # fmt: skip
    suspect(cast.admin, cast.acme, Detector.GUESSED_PASSWORD, state=RiskState.ACTED_ON,
            decided_at=risk.at, evidence={"failures": 7, "seconds": 90})  # fmt: skip
    return risk


@pytest.fixture
def travellers(cast):
    """Five people who were in London and, four minutes later, in Bangkok."""
    people = [cast.owner, cast.admin, cast.auditor, cast.member, cast.contractor]
    for number, person in enumerate(people, 1):
        days, later = timedelta(days=number), timedelta(days=number, minutes=-4)
        hold(person, cast.acme, place=LONDON, ip=IN_LONDON, age=days, idle=days)
        hold(person, cast.acme, place=BANGKOK, ip=IN_BANGKOK, age=later, idle=later)


# --- looks -----------------------------------------------------------------------------------


@looks
@pytest.mark.parametrize("query", ["", "?state=all", "?q=nobody"])
def test_the_list_is_clean(page_of, cast, finding, assert_clean, width, query):
    page = page_of(cast.admin, width=width)
    page.goto(f"/risks/{query}")
    assert_clean(page)


@looks
def test_the_empty_list_is_clean(page_of, cast, assert_clean, width):
    page = page_of(cast.admin, width=width)
    page.goto("/risks/")
    expect(page.get_by_role("heading", name="Nothing is waiting for you")).to_be_visible()
    assert_clean(page)


@looks
@pytest.mark.parametrize("person", ["admin", "auditor"])
def test_one_finding_is_clean(page_of, cast, finding, assert_clean, width, person):
    page = page_of(getattr(cast, person), width=width)
    page.goto(f"/risks/{finding.pk}/")
    expect(page.locator(".journey-place")).to_have_count(2)
    assert_clean(page)


@looks
def test_the_rules_are_clean(page_of, cast, travellers, assert_clean, width):
    page = page_of(cast.admin, width=width)
    page.goto("/settings/risks/")
    assert_clean(page)
    page.get_by_role("button", name="Try", exact=True).click()
    page.locator("#trial summary").first.click()
    expect(page.get_by_text("Would have fired 5 times").first).to_be_visible()
    assert_clean(page)


@looks
def test_the_rules_are_clean_for_readers(page_of, cast, assert_clean, width):
    page = page_of(cast.auditor, width=width)
    page.goto("/settings/risks/")
    assert_clean(page)


@looks
def test_ones_own_sessions_are_clean(page_of, cast, finding, assert_clean, width):
    device_of(cast.member)
    page = page_of(cast.member, width=width)
    page.goto("/sessions/")
    page.get_by_text("Devices you use").last.click()
    page.locator("#devices summary.button").first.click()
    assert_clean(page)


@with_and_without_script
@pytest.mark.parametrize("path", ["/risks/?state=all", "/settings/risks/", "/users/{user}/"])
def test_all_is_there_without_script(page_of, cast, finding, assert_clean, javascript, path):
    page = page_of(cast.admin, javascript=javascript)
    page.goto(path.format(user=cast.member.pk))
    assert_clean(page)


# --- judging ---------------------------------------------------------------------------------


@with_and_without_script
def test_somebody_reviews_and_dismisses(page_of, cast, finding, assert_clean, javascript):
    page = page_of(cast.admin, javascript=javascript)
    page.goto("/risks/")
    page.get_by_role("link", name="Review: Dave Moreau, Impossible travel").click()
    page.get_by_role("textbox", name="Reason").fill("He flew, and his phone did not")
    page.get_by_role("button", name="Dismiss", exact=True).click()
    expect(page.get_by_text("Dismissed by Ann Lee").first).to_be_visible()
    assert_clean(page)
    assert Risk.objects.get(pk=finding.pk).note == "He flew, and his phone did not"


@with_and_without_script
def test_somebody_dismisses_several(page_of, cast, finding, assert_clean, javascript):
    page = page_of(cast.admin, width=390, javascript=javascript)
    page.goto("/risks/")
    page.get_by_role("checkbox", name="Select: Dave Moreau, Impossible travel").check()
    page.get_by_role("checkbox", name="Select: Amelia Stone, New country").check()
    page.get_by_role("textbox", name="Why they are harmless").fill("On a trip")
    assert_clean(page)
    page.get_by_role("button", name="Dismiss selected").click()
    expect(page.get_by_text("Dismissed 2 findings.").first).to_be_visible()
    assert not Risk.objects.filter(state=RiskState.OPEN).exists()


@with_and_without_script
def test_somebody_logs_out_the_newer_session(page_of, cast, finding, javascript):
    page = page_of(cast.admin, javascript=javascript)
    page.goto(f"/risks/{finding.pk}/")
    page.get_by_role("button", name="Log out the newer session").click()
    expect(page.get_by_text("Dave Moreau: 1 session ended.").first).to_be_visible()
    expect(page.get_by_role("button", name="Log out the newer session")).to_have_count(0)
    assert Session.objects.get(pk=finding.session_id).ended_at
    assert not Session.objects.get(pk=finding.other_session_id).ended_at


@with_and_without_script
def test_somebody_trusts_the_network(page_of, cast, finding, javascript):
    page = page_of(cast.admin, javascript=javascript)
    page.goto(f"/risks/{finding.pk}/")
    page.get_by_role("combobox", name="Network").select_option("AS64501")
    page.get_by_role("button", name="Trust this network").click()
    expect(page.get_by_text("From now on AS64501 is trusted.").first).to_be_visible()
    assert "AS64501" in RiskRules.objects.get(tenant=cast.acme).trusted_networks


def test_a_filter_applies_when_it_is_chosen(page_of, cast, finding):
    page = page_of(cast.admin)
    page.goto("/risks/?state=all")
    page.get_by_role("combobox", name="What was found").select_option("new_country")
    page.wait_for_url("**detector=new_country**")
    expect(page.get_by_role("listitem").filter(has_text="Review")).to_have_count(1)
    expect(page.get_by_role("link", name="All", exact=True)).to_have_attribute(
        "aria-current", "true"
    )


def test_an_open_list_follows_what_is_found(page_of, cast, finding):
    page = page_of(cast.admin)
    page.goto("/risks/")
    expect(page.get_by_role("heading", name="Dave Moreau")).to_be_visible()
    risk = suspect(cast.auditor, cast.acme, Detector.NEW_COUNTRY, age=timedelta(0))
    audit.record(
        AuditAction.RISK_DETECTED, tenant_id=cast.acme.pk, user_id=cast.auditor.pk,
        risk=str(risk.pk), rule=risk.detector,
    )  # fmt: skip
    expect(page.get_by_text("Carol Weber")).to_be_visible()


# --- rules -----------------------------------------------------------------------------------


def end_by_themselves(page):
    page.get_by_role("switch", name="Report only").uncheck()
    page.get_by_role("combobox", name="Impossible travel").select_option("end_new")


@with_and_without_script
def test_what_would_have_acted_often_is_asked_about(
    page_of, cast, travellers, assert_clean, javascript
):
    page = page_of(cast.admin, javascript=javascript)
    page.goto("/settings/risks/")
    end_by_themselves(page)
    aside = page.locator(".settings-aside")
    aside.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    assert_clean(page)
    assert RiskRules.objects.get(tenant=cast.acme).report_only
    aside.get_by_role("button", name="Save all the same").click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    rules = RiskRules.objects.get(tenant=cast.acme)
    assert (rules.report_only, rules.impossible_travel) == (False, Response.END_NEW)
    expect(page.get_by_text("Impossible travel: Record")).to_be_visible()


def test_a_change_after_the_question_asks_again(page_of, cast, travellers):
    page = page_of(cast.admin)
    page.goto("/settings/risks/")
    end_by_themselves(page)
    save = page.locator(".settings-aside").get_by_role("button", name="Save")
    save.click()
    arrived(page.get_by_text("Nothing is saved yet."))
    page.get_by_role("textbox", name="Cool-down").fill("5")
    expect(save).to_have_text("Save")
    with page.expect_navigation():
        save.click()
    expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    assert RiskRules.objects.get(tenant=cast.acme).report_only


@with_and_without_script
def test_a_wrong_line_is_named_and_nothing_typed_is_lost(page_of, cast, javascript, assert_clean):
    page = page_of(cast.admin, javascript=javascript, allow=["status of 422"])
    page.goto("/settings/risks/")
    trusted = page.get_by_role("textbox", name="Trusted networks")
    trusted.fill("AS64500\nnonsense")
    page.locator(".settings-aside").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Line 2: nonsense").first).to_be_visible()
    expect(trusted).to_have_value("AS64500\nnonsense")
    assert_clean(page)


# --- one's own -------------------------------------------------------------------------------


@with_and_without_script
def test_a_person_says_that_it_was_them(page_of, cast, finding, javascript):
    page = page_of(cast.member, javascript=javascript)
    page.goto("/sessions/")
    expect(page.get_by_text("9,530 km").first).to_be_visible()
    page.get_by_role("button", name="It was me: Chrome 142 on Windows, Bangkok").click()
    expect(page.get_by_text("We will not ask about this session again").first).to_be_visible()
    expect(page.get_by_text("9,530 km")).to_have_count(0)
    assert Risk.objects.get(pk=finding.pk).decided_by == cast.member


@with_and_without_script
def test_a_person_says_that_it_was_not_them(page_of, cast, finding, javascript):
    page = page_of(cast.member, javascript=javascript)
    page.goto("/sessions/")
    page.get_by_role("button", name="Not me, log it out: Chrome 142 on Windows, Bangkok").click()
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    expect(page.get_by_text("its device is forgotten").first).to_be_visible()
    assert Session.objects.get(pk=finding.session_id).ended_at


@with_and_without_script
def test_a_person_forgets_a_device(page_of, cast, javascript):
    device = device_of(cast.member, SAFARI_IPHONE)
    page = page_of(cast.member, javascript=javascript)
    page.goto("/sessions/")
    page.get_by_text("Devices you use").last.click()
    page.get_by_label("Forget Safari 18 on iOS 18", exact=True).click()
    page.get_by_role("button", name="Forget Safari 18 on iOS 18 now").click()
    expect(page.get_by_text("Forgotten: Safari 18 on iOS 18.").first).to_be_visible()
    assert not KnownDevice.objects.filter(pk=device.pk).exists()

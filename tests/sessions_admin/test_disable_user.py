"""POST /users/<id>/disable/ and …/enable/: shutting a person out and letting them in again."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin.models import AuditEvent, Session
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.belonging import join
from tenants.models import Membership
from tests.crowd import session_of


def messages_of(response):
    return [
        unescape(text) for text in re.findall(r"data-toast>.*?<p>(.*?)</p>", response.text, re.S)
    ]


def disable(browser, person, **fields):
    return browser.post(f"/users/{person.pk}/disable/", fields, follow=True)


def enable(browser, person):
    return browser.post(f"/users/{person.pk}/enable/", follow=True)


def is_in(person, tenant):
    person.refresh_from_db()
    return person.is_active and Membership.objects.get(user=person, tenant=tenant).is_active


def signs_in(browser_of, person):
    """Whether the sign-in page lets them in."""
    browser = browser_of()
    browser.sign_in(person)
    return browser.get("/sessions/").status_code == 200


# --- somebody who belongs only here ------------------------------------------------------------


def test_it_shuts_out_who_belongs_only_here_altogether(browser_of, admin, member):
    theirs = browser_of(member)
    response = disable(browser_of(admin), member, note="Left the company")
    assert messages_of(response) == ["Dave Moreau is disabled and logged out."]
    session = theirs.session_row
    assert (session.end_reason, session.ended_by, session.end_note) == (
        EndReason.USER_DISABLED, admin, "Left the company",
    )  # fmt: skip
    assert theirs.get("/sessions/").headers["Location"].startswith("/signed-out/")
    assert not signs_in(browser_of, member)


def test_it_lets_them_in_again_and_ended_sessions_stay_ended(browser_of, admin, member, acme):
    theirs = browser_of(member)
    browser = browser_of(admin)
    disable(browser, member)
    assert messages_of(enable(browser, member)) == ["Dave Moreau can sign in again."]
    assert is_in(member, acme)
    assert theirs.get("/sessions/").headers["Location"].startswith("/signed-out/")
    assert signs_in(browser_of, member)


def test_the_tenants_audit_log_tells_of_both(browser_of, admin, member, acme):
    browser = browser_of(admin)
    disable(browser, member, note="Left the company")
    enable(browser, member)
    events = AuditEvent.objects.filter(action__startswith="user.").order_by("id")
    assert [(one.action, one.tenant, one.actor, one.user, one.data) for one in events] == [
        (AuditAction.USER_DISABLED, acme, admin, member, {"note": "Left the company"}),
        (AuditAction.USER_ENABLED, acme, admin, member, {}),
    ]


# --- somebody who belongs elsewhere, too -------------------------------------------------------


def test_it_shuts_out_who_belongs_elsewhere_of_this_tenant_only(
    browser_of, admin, contractor, acme, globex
):
    here, there = session_of(contractor, acme), session_of(contractor, globex)
    Session.objects.bulk_create([here, there])
    disable(browser_of(admin), contractor, note="Project is over")
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.end_reason, here.ended_by, here.end_note) == (
        EndReason.MEMBERSHIP_REMOVED, admin, "Project is over",
    )  # fmt: skip
    assert there.ended_at is None
    assert not is_in(contractor, acme)
    assert is_in(contractor, globex)
    assert signs_in(browser_of, contractor)


def test_it_tells_the_tenants_log_and_no_other(browser_of, admin, contractor, acme):
    browser = browser_of(admin)
    disable(browser, contractor, note="Project is over")
    enable(browser, contractor)
    assert is_in(contractor, acme)
    events = AuditEvent.objects.filter(action__startswith="user.").order_by("id")
    assert [(one.action, one.tenant, one.actor, one.data) for one in events] == [
        (AuditAction.USER_DISABLED, acme, admin, {"note": "Project is over"}),
        (AuditAction.USER_ENABLED, acme, admin, {}),
    ]


def test_it_never_decides_for_an_operator(browser_of, admin, operator, acme):
    join(operator, acme, "Members")
    disable(browser_of(admin), operator)
    operator.refresh_from_db()
    assert operator.is_active
    assert not is_in(operator, acme)


def test_it_does_not_decide_for_somebody_suspended_elsewhere_either(browser_of, cast, acme, globex):
    contractor = cast.contractor
    disable(browser_of(cast.outsider), contractor)
    disable(browser_of(cast.admin), contractor)
    contractor.refresh_from_db()
    assert contractor.is_active
    enable(browser_of(cast.admin), contractor)
    assert is_in(contractor, acme)
    assert not is_in(contractor, globex)


# --- what an operator did ----------------------------------------------------------------------


def test_it_does_not_undo_what_an_operator_did(browser_of, admin, operator, member, acme):
    disable_user(member, actor=operator)
    response = enable(browser_of(admin), member)
    assert messages_of(response) == [
        "Dave Moreau is disabled by the platform. Only an operator can undo that."
    ]
    assert not is_in(member, acme)


def test_an_operators_decision_is_in_the_log_of_each_tenant_of_the_person(
    operator, member, contractor, outsider, acme, globex
):
    Membership.objects.filter(user=outsider).delete()
    for person in (member, contractor, outsider):
        disable_user(person, actor=operator)
    events = AuditEvent.objects.filter(action=AuditAction.USER_DISABLED)
    assert {(one.user, one.tenant) for one in events} == {
        (member, acme), (contractor, acme), (contractor, globex), (outsider, None),
    }  # fmt: skip


# --- again, and by whom ------------------------------------------------------------------------


def test_doing_it_twice_does_it_once(browser_of, admin, member, acme):
    browser = browser_of(admin)
    disable(browser, member)
    assert messages_of(disable(browser, member)) == ["Dave Moreau was disabled already."]
    enable(browser, member)
    assert messages_of(enable(browser, member)) == ["Dave Moreau was not disabled."]
    assert AuditEvent.objects.filter(action__startswith="user.").count() == 2


def test_nobody_disables_themselves(browser_of, admin, acme):
    browser = browser_of(admin)
    assert browser.post(f"/users/{admin.pk}/disable/").status_code == 403
    assert browser.get(f"/users/{admin.pk}/?ask=disable").status_code == 403
    assert "You cannot disable yourself" in browser.get("/users/").text
    assert is_in(admin, acme)


def test_who_edits_groups_is_beyond_who_does_not(browser_of, admin, owner, auditor, acme):
    browser = browser_of(admin)
    assert browser.post(f"/users/{owner.pk}/disable/").status_code == 403
    assert browser.get(f"/users/{owner.pk}/?ask=disable").status_code == 403
    assert is_in(owner, acme)
    disable(browser_of(owner), admin)
    assert not is_in(admin, acme)
    join(auditor, acme, "Owners")
    disable(browser_of(owner), auditor)
    assert not is_in(auditor, acme)


@pytest.mark.parametrize("verb", ["disable", "enable"])
@pytest.mark.parametrize(
    ("who", "status"), [("auditor", 403), ("contractor", 403), ("outsider", 404)]
)
def test_it_is_for_those_who_may(browser_of, cast, globex, member, acme, verb, who, status):
    person = getattr(cast, who)
    browser = browser_of(person)
    if who == "contractor":
        browser.post("/tenants/", {"tenant": str(acme.pk)})
    assert browser.post(f"/users/{member.pk}/{verb}/").status_code == status
    assert is_in(member, acme)


@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_it_is_not_for_visitors_for_reading_nor_for_strangers(
    browser_of, admin, member, outsider, acme, verb
):
    url = f"/users/{member.pk}/{verb}/"
    assert browser_of().post(url).headers["Location"].startswith("/accounts/login/")
    browser = browser_of(admin)
    assert browser.get(url).status_code == 405
    assert browser.post(f"/users/{outsider.pk}/{verb}/").status_code == 404
    Session.objects.filter(user=admin).update(
        authenticated_at=timezone.now() - timedelta(minutes=11)
    )
    assert browser.post(url).headers["Location"].startswith("/accounts/reauthenticate/")
    acme.sections -= {"users"}
    acme.save()
    assert browser.post(url).status_code == 404
    assert is_in(member, acme)


# --- the question before -----------------------------------------------------------------------


def test_the_question_says_what_it_means_for_them(browser_of, admin, member, contractor, acme):
    session_of(member, acme).save()
    browser = browser_of(admin)
    only_here = browser.get(f"/users/{member.pk}/?ask=disable").text
    assert "<h1>Disable Dave Moreau?</h1>" in only_here
    assert "cannot sign in any more" in only_here
    assert "1 live session ends." in only_here
    elsewhere = browser.get(f"/users/{contractor.pk}/?ask=disable").text
    assert "cannot come back to it" in elsewhere
    assert "Their account itself stays as it is" in elsewhere
    assert "Globex" not in elsewhere


def test_it_is_asked_within_the_page_by_htmx(browser_of, admin, member):
    page = browser_of(admin).get(f"/users/{member.pk}/?ask=disable", headers={"HX-Request": "true"})
    assert page.text.lstrip().startswith("<dialog")

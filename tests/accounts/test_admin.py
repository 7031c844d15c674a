"""/admin/ and people in it."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.utils import timezone

from accounts.models import User
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import AuditEvent, Session
from sessions_admin.notices.outbox import send_due
from sessions_admin.vocabulary import AuditAction, EndReason
from tests.cast import Browser
from tests.holdings import hold

PEOPLE = "/admin/accounts/user/"
ADD = "/admin/accounts/user/add/"
NEW_PASSWORD = "staple-under-the-moon"


@pytest.fixture
def desk(operator, browser_of):
    """The operator's browser."""
    return browser_of(operator)


def page_of(person) -> str:
    return f"{PEOPLE}{person.pk}/change/"


def form_of(person, **changes):
    """What the browser sends for the form as it is; None takes a field away."""
    fields = {
        "email": person.email, "display_name": person.display_name,
        "time_zone": person.time_zone, "language": person.language, "is_active": "on",
        "is_operator": "on" if person.is_operator else None, "new_password": "",
    } | changes  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def do(desk, act, *people, note=""):
    ids = [str(person.pk) for person in people]
    return desk.post(f"{PEOPLE}{act}/", {"_selected_action": ids, "note": note, "back": PEOPLE})


# --- who may enter ---------------------------------------------------------------------------


def test_a_visitor_is_sent_to_the_portals_sign_in_and_back(client, db):
    response = client.get(PEOPLE)
    assert response.status_code == 302
    assert response.url == "/accounts/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"


@pytest.mark.parametrize("url", ["/admin/", PEOPLE, ADD])
def test_nobody_but_operators_gets_in(browser_of, owner, url):
    response = browser_of(owner).get(url, follow=True)
    assert response.status_code == 403


def test_nobody_but_operators_acts(browser_of, owner, member):
    assert do(browser_of(owner), "disable", member).status_code == 302
    member.refresh_from_db()
    assert member.is_active


def test_a_disabled_operator_is_out(desk, operator):
    User.objects.filter(pk=operator.pk).update(is_active=False)
    assert desk.get("/admin/").status_code == 302


def test_it_signs_in_through_the_portal(operator, db):
    browser = Browser()
    browser.sign_in(operator)
    assert browser.get("/admin/").status_code == 200
    assert browser.session_row.user == operator


def test_it_leads_back_to_the_portal(desk):
    page = desk.get("/admin/").content.decode()
    assert re.search(r'<a href="/sessions/">\s*Back to the portal', page)
    assert 'action="/accounts/logout/"' in page


def test_ones_own_password_is_changed_on_the_portals_page(desk):
    assert desk.get("/admin/password_change/").url == "/accounts/password/change/"


@pytest.mark.parametrize(
    "url", ["/admin/auth/group/", "/admin/account/emailaddress/", "/admin/mfa/authenticator/"]
)
def test_what_is_not_used_is_not_there(desk, url):
    assert desk.get(url).status_code == 404


# --- the list --------------------------------------------------------------------------------


@pytest.mark.parametrize("q", ["MEMBER@acme", "moreau", "Dave M"])
def test_people_are_found_by_address_and_name(desk, member, q):
    page = desk.get(PEOPLE, {"q": q})
    assert [person.email for person in page.context["cl"].result_list] == ["member@acme.test"]


def test_the_list_takes_three_statements(desk, django_assert_num_queries):
    desk.get(PEOPLE)
    with django_assert_num_queries(3):  # the session, the count, the people
        desk.get(PEOPLE)


def test_nobody_is_deleted(desk, member):
    assert desk.get(f"{PEOPLE}{member.pk}/delete/").status_code == 403
    assert desk.post(f"{PEOPLE}{member.pk}/delete/", {"post": "yes"}).status_code == 403
    page = desk.get(page_of(member)).content.decode()
    assert "deletelink" not in page
    assert "never deleted" in page


# --- adding ----------------------------------------------------------------------------------


def new_person(**changes):
    return {
        "email": "New.Person@acme.test", "display_name": "New Person", "time_zone": "UTC",
        "language": "en", "is_active": "on", "new_password": NEW_PASSWORD,
    } | changes  # fmt: skip


def test_it_adds_a_person_with_a_password(desk):
    assert desk.post(ADD, new_person()).status_code == 302
    person = User.objects.get(email="new.person@acme.test")
    assert person.check_password(NEW_PASSWORD)
    assert not person.is_operator
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)  # the mail goes out when the person is there
def test_without_a_password_the_person_chooses_one_by_mail(desk, client):
    desk.post(ADD, new_person(new_password=""))

    person = User.objects.get(email="new.person@acme.test")
    assert not person.has_usable_password()
    (message,) = mail.outbox
    assert message.to == ["new.person@acme.test"]
    link = re.search(rf"{settings.PUBLIC_URL}(/\S+)", message.body).group(1)
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    person.refresh_from_db()
    assert person.check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "MEMBER@acme.test"}, "email"),
        ({"new_password": "short"}, "new_password"),
        ({"new_password": "password1234"}, "new_password"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_it_refuses_what_is_not_valid(desk, changes, field):
    before = User.objects.count()
    response = desk.post(ADD, new_person(**changes))
    form = response.context["adminform"].form
    assert field in form.errors or form.non_field_errors()
    assert User.objects.count() == before


# --- changing --------------------------------------------------------------------------------


def test_it_changes_a_person(desk, member):
    desk.post(page_of(member), form_of(member, display_name="David Moreau", is_operator="on"))
    member.refresh_from_db()
    assert (member.display_name, member.is_operator) == ("David Moreau", True)
    assert member.check_password(PASSWORD)


def test_it_changes_only_what_was_changed(desk, member):
    form = form_of(member, display_name="David Moreau")
    credential = User.objects.values_list("password", "credential_version")
    before = credential.get(pk=member.pk)
    desk.post(page_of(member), form)
    assert credential.get(pk=member.pk) == before


def test_unticking_active_ends_the_sessions(desk, member, acme, operator):
    session = hold(member, acme)
    desk.post(page_of(member), form_of(member, is_active=None))
    session.refresh_from_db()
    member.refresh_from_db()
    assert not member.is_active
    assert (session.end_reason, session.ended_by) == (EndReason.USER_DISABLED, operator)


def assert_log_names(operator, member):
    changed = AuditEvent.objects.get(action=AuditAction.CREDENTIAL_CHANGED)
    ended = AuditEvent.objects.get(action=AuditAction.SESSION_ENDED)
    for event in (changed, ended):
        assert (event.actor, event.user) == (operator, member)


def test_a_new_password_ends_the_sessions_and_tells_the_person(desk, operator, member, acme):
    session = hold(member, acme)
    desk.post(page_of(member), form_of(member, new_password=NEW_PASSWORD))
    session.refresh_from_db()
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)
    assert (session.end_reason, session.ended_by) == (EndReason.CREDENTIAL_CHANGED, operator)
    assert_log_names(operator, member)
    send_due()
    (message,) = mail.outbox
    assert message.to == [member.email]
    assert "A Latchkey operator did it." in message.body
    assert "127.0.0.1" not in message.body.replace("http://127.0.0.1", "")
    assert AuditEvent.objects.filter(action="credential.changed", user=member).count() == 1


@pytest.mark.parametrize("field", ["is_active", "is_operator"])
def test_operators_do_not_shut_themselves_out(desk, operator, field):
    response = desk.post(page_of(operator), form_of(operator, **{field: None}))
    assert field in response.context["adminform"].form.errors
    operator.refresh_from_db()
    assert (operator.is_active, operator.is_operator) == (True, True)


def test_ones_own_password_is_not_in_the_form(desk, operator):
    assert 'name="new_password"' not in desk.get(page_of(operator)).content.decode()
    desk.post(page_of(operator), form_of(operator, new_password=NEW_PASSWORD))
    operator.refresh_from_db()
    assert operator.check_password(PASSWORD)


# --- acts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["list", "page"])
def test_it_asks_before_it_disables(desk, member, where):
    fields = {"_selected_action": [str(member.pk)]}
    if where == "list":
        page = desk.post(PEOPLE, {**fields, "action": "disable", "index": "0"})
    else:
        page = desk.post(page_of(member), {**fields, "CHANGE_FORM-action": "disable"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "Dave Moreau" in text
    assert 'action="/admin/accounts/user/disable/"' in text
    assert 'name="note"' in text
    member.refresh_from_db()
    assert member.is_active


def test_it_disables_with_a_note(desk, member, admin, acme, operator):
    sessions = [hold(member, acme), hold(admin, acme)]
    response = do(desk, "disable", member, admin, note="Left the company.")
    assert response.url == PEOPLE
    assert "2 people were disabled." in desk.get(PEOPLE).content.decode()
    for session in sessions:
        session.refresh_from_db()
        assert session.end_reason == EndReason.USER_DISABLED
        assert (session.ended_by, session.end_note) == (operator, "Left the company.")


def test_disabling_oneself_disables_nobody(desk, member, operator):
    do(desk, "disable", member, operator)
    assert "You cannot disable yourself" in desk.get(PEOPLE).content.decode()
    assert User.objects.filter(is_active=False).count() == 0


def test_it_enables_and_says_so_in_the_audit_log(desk, member, operator):
    do(desk, "disable", member)
    do(desk, "enable", member)
    member.refresh_from_db()
    assert member.is_active
    event = AuditEvent.objects.get(action="user.enabled")
    assert (event.actor, event.user) == (operator, member)


def test_ticking_active_is_in_the_audit_log_too(desk, member):
    do(desk, "disable", member)
    desk.post(page_of(member), form_of(member))
    member.refresh_from_db()
    assert member.is_active
    assert AuditEvent.objects.filter(action="user.enabled").count() == 1


def test_it_sends_links_to_those_who_are_active(desk, member, admin):
    do(desk, "disable", admin)
    do(desk, "send-password-link", member, admin)
    assert [message.to for message in mail.outbox] == [["member@acme.test"]]
    assert "1 mail was sent." in desk.get(PEOPLE).content.decode()


def test_it_removes_factors_and_ends_the_sessions(desk, operator, member, acme):
    Authenticator.objects.create(user=member, type="totp", data={})
    session = hold(member, acme)
    do(desk, "remove-factors", member)
    send_due()
    assert "passkeys and authenticator app were removed" in mail.outbox[-1].subject
    session.refresh_from_db()
    assert not Authenticator.objects.exists()
    assert (session.end_reason, session.ended_by) == (EndReason.CREDENTIAL_CHANGED, operator)
    assert_log_names(operator, member)


def test_there_may_be_no_factors_to_remove(desk, member, acme):
    session = hold(member, acme)
    do(desk, "remove-factors", member)
    assert "None of them has a passkey" in desk.get(PEOPLE).content.decode()
    session.refresh_from_db()
    assert session.ended_at is None


def test_it_logs_a_person_out_everywhere(desk, member, contractor, acme, globex, operator):
    sessions = [hold(contractor, acme), hold(contractor, globex)]
    other = hold(member, acme)
    do(desk, "log-out", contractor, note="The laptop was stolen.")
    for session in sessions:
        session.refresh_from_db()
        assert session.end_reason == EndReason.REVOKED_BY_OPERATOR
        assert (session.ended_by, session.end_note) == (operator, "The laptop was stolen.")
    other.refresh_from_db()
    assert other.ended_at is None


def test_an_act_is_a_post(desk, member):
    assert desk.get(f"{PEOPLE}disable/").status_code == 405


def test_an_act_takes_ids_only(desk, member):
    response = desk.post(f"{PEOPLE}disable/", {"_selected_action": ["x' OR 1=1"], "note": ""})
    assert response.status_code == 400
    member.refresh_from_db()
    assert member.is_active


def test_a_note_that_is_too_long_does_nothing(desk, member):
    do(desk, "disable", member, note="x" * 201)
    member.refresh_from_db()
    assert member.is_active


def test_an_act_leads_back_within_the_portal_only(desk, member):
    fields = {"_selected_action": [str(member.pk)], "back": "https://evil.example/"}
    assert desk.post(f"{PEOPLE}disable/", fields).url == PEOPLE


def test_an_act_is_in_the_history_of_the_row(desk, member):
    do(desk, "disable", member)
    assert "Disable" in desk.get(f"{PEOPLE}{member.pk}/history/").content.decode()


# --- step-up ---------------------------------------------------------------------------------


@pytest.fixture
def stale(operator):
    """The operator's browser, eleven minutes after the sign-in."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser = Browser()
        browser.sign_in(operator)
        clock.shift(timedelta(minutes=11))
        yield browser


def test_an_old_proof_is_asked_for_again_and_the_act_goes_on(stale, member):
    response = do(stale, "disable", member, note="Left.")
    assert response.url.startswith("/accounts/reauthenticate/")
    member.refresh_from_db()
    assert member.is_active

    stale.post(response.url, {"password": PASSWORD, "next": f"{PEOPLE}disable/"})

    member.refresh_from_db()
    assert not member.is_active
    assert AuditEvent.objects.get(action="user.disabled").data["note"] == "Left."


def test_a_change_goes_on_after_the_proof(stale, member):
    response = stale.post(page_of(member), form_of(member, display_name="David"))
    assert response.url.startswith("/accounts/reauthenticate/")
    stale.post(response.url, {"password": PASSWORD, "next": page_of(member)})
    member.refresh_from_db()
    assert member.display_name == "David"


def test_looking_needs_no_new_proof(stale, member):
    assert stale.get(page_of(member)).status_code == 200
    fields = {"_selected_action": [str(member.pk)], "action": "disable", "index": "0"}
    assert stale.post(PEOPLE, fields).status_code == 200
    assert Session.objects.ended().count() == 0

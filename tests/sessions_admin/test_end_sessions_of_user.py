"""POST /users/<id>/end-sessions/: an administrator logs somebody out of everything."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from sessions_admin.models import NOTE_LENGTH, AuditEvent, Session
from sessions_admin.vocabulary import AuditAction, EndReason
from tests.cast import SAFARI
from tests.crowd import give, session_of


def url_of(person):
    return f"/users/{person.pk}/end-sessions/"


def messages_of(response):
    return [
        unescape(text) for text in re.findall(r"data-toast>.*?<p>(.*?)</p>", response.text, re.S)
    ]


def live(person):
    return set(Session.objects.live().of(person).values_list("pk", flat=True))


def test_it_ends_them_all_and_says_how_many(browser_of, admin, member, acme):
    phone, laptop = browser_of(member, agent=SAFARI), browser_of(member)
    session_of(member, acme).save()
    response = browser_of(admin).post(url_of(member), {"note": "Lost laptop"}, follow=True)
    assert response.redirect_chain == [(f"/users/{member.pk}/", 302)]
    assert messages_of(response) == ["Dave Moreau: 3 sessions ended."]
    assert live(member) == set()
    for browser in (phone, laptop):
        assert browser.get("/sessions/").headers["Location"].startswith("/signed-out/")


def test_it_says_why_and_who_on_the_row_and_in_the_audit_log(browser_of, admin, member, acme):
    session = browser_of(member).session_row
    browser_of(admin).post(url_of(member), {"note": "Lost laptop"})
    session.refresh_from_db()
    assert (session.end_reason, session.ended_by, session.end_note) == (
        EndReason.REVOKED_BY_ADMIN, admin, "Lost laptop",
    )  # fmt: skip
    event = AuditEvent.objects.get(action=AuditAction.SESSION_ENDED, session_id=session.pk)
    assert (event.actor, event.user, event.tenant) == (admin, member, acme)
    assert event.data == {"reason": "revoked_by_admin", "initiator": "admin", "note": "Lost laptop"}


def test_it_touches_no_other_tenant(browser_of, admin, contractor, acme, globex):
    here, there, nowhere = (session_of(contractor, tenant) for tenant in (acme, globex, None))
    Session.objects.bulk_create([here, there, nowhere])
    response = browser_of(admin).post(url_of(contractor), follow=True)
    assert messages_of(response) == ["Sam Okafor: 1 session ended."]
    here.refresh_from_db()
    there.refresh_from_db()
    nowhere.refresh_from_db()
    assert here.ended_at
    assert not there.ended_at
    assert not nowhere.ended_at


def test_it_leaves_overdue_sessions_to_their_true_reason(browser_of, admin, member, acme):
    overdue = session_of(member, acme, minutes=60 * 30)
    overdue.save()
    response = browser_of(admin).post(url_of(member), follow=True)
    assert messages_of(response) == ["Dave Moreau: no live session to end."]
    overdue.refresh_from_db()
    assert overdue.end_reason == ""


def test_it_keeps_the_session_that_asks(browser_of, admin, acme):
    browser = browser_of(admin)
    session_of(admin, acme).save()
    response = browser.post(url_of(admin), follow=True)
    assert messages_of(response) == ["Ann Lee: 1 session ended."]
    assert live(admin) == {browser.session_row.pk}


def test_it_ends_the_session_that_asks_if_told_to(browser_of, admin, acme):
    browser = browser_of(admin)
    session_of(admin, acme).save()
    response = browser.post(url_of(admin), {"include_this": "1"})
    assert response.headers["Location"] == "/signed-out/"
    assert live(admin) == set()
    assert browser.get("/users/").headers["Location"].startswith("/signed-out/")


def test_it_never_ends_the_session_that_asks_by_somebody_elses_form(browser_of, admin, member):
    browser = browser_of(admin)
    browser.post(url_of(member), {"include_this": "1"})
    assert browser.get("/users/").status_code == 200


def test_it_cleans_what_is_written_to_the_person(browser_of, admin, member):
    session = browser_of(member).session_row
    note = "Lost\r\n\x00\x1b[31m laptop\u202e " + "x" * 500
    browser_of(admin).post(url_of(member), {"note": note})
    session.refresh_from_db()
    assert session.end_note.startswith("Lost [31m laptop x")
    assert len(session.end_note) == NOTE_LENGTH


def test_it_goes_back_to_the_page_it_was_asked_on_but_to_no_other_site(browser_of, admin, member):
    browser = browser_of(admin)
    for asked, sent in (
        ("/users/?q=dave&sort=-email", "/users/?q=dave&sort=-email"),
        ("https://evil.example/", f"/users/{member.pk}/"),
        ("//evil.example/", f"/users/{member.pk}/"),
        ("javascript:alert(1)", f"/users/{member.pk}/"),
    ):
        assert browser.post(url_of(member), {"next": asked}).headers["Location"] == sent


# --- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("auditor", 403), ("outsider", 404)])
def test_it_is_for_those_who_may(browser_of, cast, contractor, member, who, status, acme):
    session_of(member, acme).save()
    before = live(member)
    response = browser_of(getattr(cast, who)).post(url_of(member))
    assert response.status_code == status
    assert before <= live(member)


def test_it_knows_nobody_of_another_tenant(browser_of, admin, outsider):
    browser_of(outsider)
    assert browser_of(admin).post(url_of(outsider)).status_code == 404
    assert len(live(outsider)) == 1


def test_it_asks_a_visitor_to_sign_in(browser_of, member):
    assert browser_of().post(url_of(member)).headers["Location"].startswith("/accounts/login/")


def test_it_is_not_for_reading_nor_where_the_section_is_off(browser_of, admin, member, acme):
    browser = browser_of(admin)
    assert browser.get(url_of(member)).status_code == 405
    acme.sections -= {"users"}
    acme.save()
    assert browser.post(url_of(member)).status_code == 404


def test_it_wants_the_token_of_its_own_form(browser_of, admin, member):
    browser_of(member)
    browser = browser_of(admin)
    browser.handler.enforce_csrf_checks = True
    assert browser.post(url_of(member)).status_code == 403
    assert len(live(member)) == 1


def test_it_asks_for_a_fresh_proof_first_and_then_goes_on(browser_of, admin, member):
    browser_of(member)
    browser = browser_of(admin)
    Session.objects.filter(user=admin).update(
        authenticated_at=timezone.now() - timedelta(minutes=11)
    )
    response = browser.post(url_of(member), {"note": "Lost laptop"})
    assert response.headers["Location"].startswith("/accounts/reauthenticate/")
    assert len(live(member)) == 1
    browser.post(response.headers["Location"], {"password": "correct-horse-battery"}, follow=True)
    assert live(member) == set()
    assert Session.objects.ended().of(member).get().end_note == "Lost laptop"


# --- the question before -----------------------------------------------------------------------


def test_it_is_asked_with_what_would_end(browser_of, admin, member, acme):
    Session.objects.bulk_create(session_of(member, acme, minutes=index) for index in range(8))
    page = browser_of(admin).get(f"/users/{member.pk}/?ask=end-sessions")
    assert "<h1>Log Dave Moreau out of all sessions?</h1>" in page.text
    assert f'action="{url_of(member)}"' in page.text
    assert page.text.count("<small>") == 5
    assert "and 3 more" in page.text
    assert "Log out 8 sessions</button>" in page.text
    assert f'maxlength="{NOTE_LENGTH}"' in page.text


def test_it_is_asked_within_the_page_by_htmx(browser_of, admin, member, acme):
    session_of(member, acme).save()
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/users/?q=dave"}
    page = browser_of(admin).get(f"/users/{member.pk}/?ask=end-sessions", headers=headers)
    assert page.text.lstrip().startswith("<dialog")
    assert "<html" not in page.text
    assert 'name="next" value="/users/?q=dave"' in page.text
    assert re.search(r"<button[^>]*autofocus>Cancel</button>", page.text)


def test_it_asks_oneself_about_the_others_and_offers_this_one(browser_of, admin, acme):
    browser = browser_of(admin)
    Session.objects.bulk_create(session_of(admin, acme, minutes=index) for index in range(1, 8))
    page = browser.get(f"/users/{admin.pk}/?ask=end-sessions")
    assert "Log out of your other sessions?" in page.text
    assert page.text.count("<small>") == 5
    assert "and 2 more" in page.text
    assert "Log out 7 sessions</button>" in page.text
    assert re.search(r'<input type="checkbox"[^>]*name="include_this"[^>]*>', page.text)
    assert "checked" not in page.text


def test_it_is_not_asked_by_those_who_may_not(browser_of, auditor, member):
    assert browser_of(auditor).get(f"/users/{member.pk}/?ask=end-sessions").status_code == 403


def test_it_can_be_done_without_seeing_sessions(browser_of, auditor, member, acme):
    browser_of(member, ip="192.0.2.44")
    give(auditor, acme, "users.view", "sessions.end")
    browser = browser_of(auditor)
    page = browser.get(f"/users/{member.pk}/?ask=end-sessions")
    assert "192.0.2.44" not in page.text
    assert "Log out</button>" in page.text
    browser.post(url_of(member))
    assert live(member) == set()

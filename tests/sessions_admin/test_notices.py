"""/notices/ and the strip on My sessions: what the person was told, in the portal."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import AuditEvent, Notice, Session
from sessions_admin.notices import notify
from sessions_admin.vocabulary import EndReason, NoticeKind
from tests.cast import ELSEWHERE, SAFARI
from tests.holdings import BERLIN, LYON, hold

LIST = "/notices/"
STRIP = "/sessions/"
HOUR = timedelta(hours=1)
NONCE = re.compile(rb'nonce="[^"]+"|csrfmiddlewaretoken" value="[^"]+"')


@pytest.fixture
def firefox(browser_of, member):
    return browser_of(member)


@pytest.fixture
def stranger(member, acme):
    """A session of the member's from somewhere new."""
    return hold(member, acme, ip=ELSEWHERE, place=BERLIN, novelty={"device"})


def tell(session, kind=NoticeKind.NEW_SIGN_IN, **data):
    event = f"{kind}:{session.pk}"
    notify(kind, user_id=session.user_id, event=event, tenant_id=session.tenant_id,
           session_id=session.pk, **data)  # fmt: skip
    return Notice.objects.get(event=event)


def change(person, number=0, ago=timedelta(0)):
    """Some notice without a session."""
    event = f"change:{person.pk}:{number}"
    notify(NoticeKind.CREDENTIAL_CHANGED, user_id=person.pk, event=event, change="password_changed")
    at = timezone.now() - ago
    Notice.objects.filter(event=event).update(id=uuid7(at), at=at)
    return Notice.objects.get(event=event)


def page(browser, url):
    return browser.get(url).content.decode()


def act(browser, notice, what, **fields):
    return browser.post(f"/notices/{notice.pk}/{what}/", fields)


@pytest.mark.parametrize("url", [STRIP, LIST])
def test_it_says_what_the_mail_says(firefox, stranger, url):
    tell(stranger)
    text = page(firefox, url)
    assert "New sign-in: Firefox 145 on Linux, Berlin" in text
    assert "with a browser that you had not used here before" in text
    assert "Firefox 145 on Linux" in text


def test_nobody_else_sees_it(browser_of, admin, stranger):
    tell(stranger)
    for url in (STRIP, LIST):
        assert "New sign-in:" not in page(browser_of(admin), url)


def test_a_new_sign_in_is_asked_about_once(firefox, stranger):
    assert page(firefox, STRIP).count("Was it you?") == 1
    tell(stranger)
    assert "Was it you?" not in page(firefox, STRIP)


def test_the_strip_is_short_and_leads_to_the_list(firefox, member):
    for number in range(3):
        change(member, number)
    text = page(firefox, STRIP)
    assert text.count("The password of your account was changed.") == 2
    assert page(firefox, LIST).count("The password of your account was changed.") == 3


def test_a_question_comes_before_other_news(firefox, member, stranger):
    notice = tell(stranger)
    at = timezone.now() - HOUR
    Notice.objects.filter(pk=notice.pk).update(id=uuid7(at), at=at)
    change(member, 1), change(member, 2)
    text = page(firefox, STRIP)
    assert "<strong>New sign-in: Firefox 145 on Linux, Berlin" in text
    assert text.count("<strong>Your password was changed") == 1


def test_the_strip_forgets_what_is_old(firefox, member):
    change(member, ago=timedelta(days=29))
    assert "was changed" not in page(firefox, STRIP)
    assert "was changed" in page(firefox, LIST)


def test_a_warning_leaves_the_strip_when_its_time_has_come(firefox, member, acme):
    for number, due_at in enumerate((timezone.now() - HOUR, timezone.now() + HOUR)):
        notify(NoticeKind.SETTINGS_PLANNED, user_id=member.pk, event=f"plan:{number}",
               tenant_id=acme.pk, due_at=due_at.isoformat())  # fmt: skip
    assert page(firefox, STRIP).count("<strong>Session settings will change soon") == 1


def test_it_is_dismissed(firefox, member):
    notice = change(member)
    response = act(firefox, notice, "dismiss", next=STRIP)
    assert (response.status_code, response.url) == (302, STRIP)
    assert "was changed" not in page(firefox, STRIP)
    assert "was changed" in page(firefox, LIST)


def test_all_are_dismissed(firefox, member, admin):
    change(member, 1), change(member, 2)
    of_somebody_else = change(admin)
    assert firefox.post("/notices/dismiss-all/").url == LIST
    assert "2 notices dismissed." in page(firefox, LIST)
    assert not Notice.objects.filter(user=member, seen_at=None).exists()
    of_somebody_else.refresh_from_db()
    assert of_somebody_else.seen_at is None


def test_dismissing_keeps_the_moment_of_the_first_time(firefox, member):
    notice = change(member)
    act(firefox, notice, "dismiss")
    notice.refresh_from_db()
    seen_at = notice.seen_at
    act(firefox, notice, "dismiss")
    notice.refresh_from_db()
    assert notice.seen_at == seen_at


def test_it_was_me(firefox, stranger):
    notice = tell(stranger)
    response = act(firefox, notice, "answer", answer="me", next=STRIP)
    assert response.url == STRIP
    assert "New sign-in" not in page(firefox, STRIP)
    assert "You said that this was you." in page(firefox, LIST)
    assert Session.objects.live().filter(pk=stranger.pk).exists()


@pytest.mark.parametrize("verb", ["recognise", "disown"])
def test_what_was_said_of_a_session_answers_its_notice(firefox, stranger, verb):
    tell(stranger)
    assert firefox.post(f"/sessions/{stranger.pk}/{verb}/").status_code == 302
    assert "New sign-in" not in page(firefox, STRIP)
    assert Notice.objects.get().answer == {"recognise": "me", "disown": "not_me"}[verb]


def test_it_was_not_me(firefox, stranger, member, acme):
    other = hold(member, acme)
    notice = tell(stranger)
    response = act(firefox, notice, "answer", answer="not_me")
    assert response.url == "/accounts/password/change/"
    stranger.refresh_from_db()
    assert stranger.end_reason == EndReason.REVOKED_BY_USER
    live = Session.objects.live()
    assert live.filter(pk=other.pk).exists()
    assert live.filter(pk=firefox.session_row.pk).exists()
    assert AuditEvent.objects.get(action="notice.answered").data["answer"] == "not_me"


def test_it_takes_one_answer(firefox, stranger):
    notice = tell(stranger)
    act(firefox, notice, "answer", answer="me")
    act(firefox, notice, "answer", answer="not_me")
    assert "You had answered already." in page(firefox, LIST)
    assert Session.objects.live().filter(pk=stranger.pk).exists()


@pytest.mark.parametrize("said", ["", "yes", "ME"])
def test_an_odd_answer_is_none(firefox, stranger, said):
    assert act(firefox, tell(stranger), "answer", answer=said).status_code == 400


def test_a_session_does_not_speak_for_itself(browser_of, member):
    """Else a thief would say “it was me” of their own sign-in, and nobody would see it again."""
    thief = browser_of(member, agent=SAFARI, ip=ELSEWHERE)
    notice = tell(thief.session_row)
    assert "New sign-in" not in page(thief, STRIP)
    assert "This is about the session that you are in." in page(thief, LIST)
    assert act(thief, notice, "answer", answer="me").status_code == 404
    act(thief, notice, "dismiss")
    thief.post("/notices/dismiss-all/")
    notice.refresh_from_db()
    assert (notice.answer, notice.seen_at) == ("", None)


def test_an_answer_wants_a_proof_of_the_day(firefox, stranger):
    notice = tell(stranger)
    Session.objects.filter(pk=firefox.session_row.pk).update(
        authenticated_at=timezone.now() - 13 * HOUR
    )
    session = firefox.session
    session["account_authentication_methods"] = []
    session.save()
    assert "reauthenticate" in act(firefox, notice, "answer", answer="not_me").url
    assert act(firefox, notice, "dismiss").url == LIST


@pytest.mark.parametrize("what", ["dismiss", "answer"])
def test_another_persons_notice_is_unknown(firefox, admin, what):
    foreign = act(firefox, change(admin), what, answer="me")
    unknown = firefox.post(f"/notices/{uuid.uuid4()}/{what}/", {"answer": "me"})
    assert foreign.status_code == unknown.status_code == 404
    assert NONCE.sub(b"", foreign.content) == NONCE.sub(b"", unknown.content)


def test_the_section_may_be_off(firefox, acme, stranger):
    acme.sections = set(acme.sections) - {"sessions"}
    acme.save()
    notice = tell(stranger)
    assert firefox.get(LIST).status_code == 404
    assert act(firefox, notice, "dismiss").status_code == 404


def test_an_ended_session_says_who_and_why(firefox, member, admin, acme):
    session = hold(member, acme, place=LYON)
    end_sessions(Session.objects.filter(pk=session.pk), reason=EndReason.REVOKED_BY_ADMIN,
                 actor=admin, note="Lost laptop.")  # fmt: skip
    text = page(firefox, STRIP)
    assert "Ann Lee, an administrator of Acme, ended this session." in text
    assert "“<bdi>Lost laptop.</bdi>”" in text


def test_the_list_has_pages(firefox, member):
    for number in range(60):
        change(member, number, ago=number * HOUR)
    first = firefox.get(LIST)
    assert len(first.context["rows"]) == 25
    seen = [notice.pk for notice, _telling in first.context["rows"]]
    response = first
    while after := response.context["page"].after:
        response = firefox.get(LIST, {"after": after})
        seen += [notice.pk for notice, _telling in response.context["rows"]]
    assert len(set(seen)) == len(seen) == 60
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("count", [2, 24])
def test_the_list_costs_two_statements(firefox, member, acme, count, django_assert_num_queries):
    for _ in range(count):
        tell(hold(member, acme))
    firefox.get(LIST)
    with django_assert_num_queries(2):  # the session, the notices
        firefox.get(LIST)


def test_an_empty_list_explains_itself(firefox):
    assert "Nothing to tell" in page(firefox, LIST)


def test_the_profile_says_that_it_cannot_be_switched_off(firefox):
    assert "they cannot be switched off" in page(firefox, "/profile/")

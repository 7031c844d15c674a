"""/notices/answer/<token>/: what the links in the mails lead to."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from sessions_admin.models import AuditEvent, KnownDevice, Notice, Risk, Session
from sessions_admin.notices import links, notify
from sessions_admin.notices.outbox import send_due
from sessions_admin.vocabulary import EndReason, NoticeAnswer, NoticeKind, RiskState
from tests.holdings import BERLIN, hold

ME, NOT_ME = NoticeAnswer.ME, NoticeAnswer.NOT_ME
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_attempts_of_other_tests(db):
    cache.clear()


@pytest.fixture
def device(member):
    return KnownDevice.objects.create(user=member, browser_hash=b"b" * 32)


@pytest.fixture
def session(member, acme, device):
    return hold(member, acme, place=BERLIN, novelty={"device"}, known_device=device)


@pytest.fixture
def elsewhere(member, acme):
    return hold(member, acme)


@pytest.fixture
def notice(session):
    return told_of(session)


def told_of(session, kind=NoticeKind.NEW_SIGN_IN, **facts):
    notify(kind, user_id=session.user_id, event=f"{kind}:{session.pk}",
           tenant_id=session.tenant_id, session_id=session.pk, **facts)  # fmt: skip
    return Notice.objects.get(session=session)


def say(client, notice, answer, **fields):
    return client.post(links.path(notice, answer), fields)


def is_live(session):
    return Session.objects.live().filter(pk=session.pk).exists()


def reset_links():
    return [message for message in mail.outbox if "password/reset/key" in message.body]


def test_it_works_from_the_mail_without_a_sign_in(client, notice, session):
    send_due()
    me, not_me = re.findall(r"http://127\.0\.0\.1:8000(/notices/answer/\S+)", mail.outbox[0].body)
    assert "Yes, it was me" in client.get(me).content.decode()
    assert client.post(not_me).status_code == 302
    assert not is_live(session)


@pytest.mark.parametrize("answer", [ME, NOT_ME])
@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(client, notice, session, method, answer):
    """Mail scanners follow every link, some of them twice."""
    path = links.path(notice, answer)
    for _ in range(3):
        assert getattr(client, method)(path).status_code == 200
    notice.refresh_from_db()
    assert (notice.answer, notice.seen_at) == ("", None)
    assert is_live(session)
    assert len(mail.outbox) == 0


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_nothing_else_is_an_answer(client, notice, method):
    path = links.path(notice, NOT_ME)
    assert getattr(client, method)(path).status_code in {200, 405}
    assert Notice.objects.get().answer == ""


def test_the_page_says_what_it_is_about(client, notice):
    text = client.get(links.path(notice, NOT_ME)).content.decode()
    for fact in ("Firefox 145 on Linux", "Berlin, Germany (approximate)", "192.0.2.1", "Acme"):
        assert fact in text


def test_it_was_me_ends_nothing(client, notice, session, elsewhere, member):
    say(client, notice, ME)
    notice.refresh_from_db()
    assert notice.answer == ME
    assert is_live(session)
    event = AuditEvent.objects.get(action="notice.answered")
    assert (event.actor, event.user, event.session_id) == (member, member, session.pk)
    assert event.data["answer"] == "me"


def test_it_was_me_dismisses_the_finding(client, session, member, acme):
    risk = Risk.objects.create(detector="new_device", tenant=acme, user=member, session=session,
                               response="notify")  # fmt: skip
    say(client, told_of(session, NoticeKind.RISK_DETECTED, risk_id=risk.pk), ME)
    risk.refresh_from_db()
    assert (risk.state, risk.decided_by) == (RiskState.DISMISSED, member)


def test_it_was_not_me_ends_that_session_and_forgets_its_device(
    client, notice, session, elsewhere, member
):
    say(client, notice, NOT_ME)
    session.refresh_from_db()
    assert (session.end_reason, session.ended_by) == (EndReason.REVOKED_BY_USER, member)
    assert is_live(elsewhere)
    assert not KnownDevice.objects.filter(user=member).exists()
    assert AuditEvent.objects.get(action="notice.answered").data["answer"] == "not_me"


def test_it_was_not_me_acts_on_the_finding(client, session, member, acme):
    risk = Risk.objects.create(detector="new_device", tenant=acme, user=member, session=session,
                               response="notify")  # fmt: skip
    say(client, told_of(session, NoticeKind.RISK_DETECTED, risk_id=risk.pk), NOT_ME)
    risk.refresh_from_db()
    assert risk.state == RiskState.ACTED_ON


def test_it_was_not_me_ends_the_others_on_request(client, notice, session, elsewhere, admin, acme):
    of_somebody_else = hold(admin, acme)
    say(client, notice, NOT_ME, everywhere="1")
    assert not is_live(session)
    assert not is_live(elsewhere)
    assert is_live(of_somebody_else)


def test_it_was_not_me_leads_to_a_new_password_which_ends_the_rest(
    client, notice, elsewhere, member
):
    response = say(client, notice, NOT_ME)
    assert "We sent you a mail with a link." in client.get(response.url).content.decode()
    (message,) = reset_links()
    assert message.to == [member.email]
    link = re.search(rf"{settings.PUBLIC_URL}(/\S+)", message.body).group(1)
    form = client.get(link).url
    client.post(form, {"password1": "staple-under-the-moon", "password2": "staple-under-the-moon"})
    assert not is_live(elsewhere)


@pytest.mark.parametrize("second", [ME, NOT_ME])
@pytest.mark.parametrize("first", [ME, NOT_ME])
def test_it_takes_one_answer(client, notice, session, elsewhere, first, second):
    say(client, notice, first)
    sent = len(reset_links())
    assert say(client, notice, second, everywhere="1").status_code == 200
    notice.refresh_from_db()
    assert notice.answer == first
    assert is_live(elsewhere)
    assert AuditEvent.objects.filter(action="notice.answered").count() == 1
    assert len(reset_links()) == sent


def test_a_used_link_says_what_was_answered(client, notice):
    say(client, notice, ME)
    for answer in (ME, NOT_ME):
        text = client.get(links.path(notice, answer)).content.decode()
        assert "You said that this was you." in text
        assert "<form" not in text


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_expires(client, notice, session, method):
    with time_machine.travel(timezone.now() + 7 * DAY + timedelta(minutes=1)):
        response = getattr(client, method)(links.path(notice, NOT_ME))
    assert response.status_code == 410
    assert "This link has expired" in response.content.decode()
    assert Notice.objects.get().answer == ""


def test_it_works_for_a_week(client, notice):
    with time_machine.travel(timezone.now() + 7 * DAY - timedelta(minutes=1)):
        assert client.get(links.path(notice, NOT_ME)).status_code == 200


def test_a_mail_that_was_late_is_not_good_for_longer(client, notice):
    with time_machine.travel(timezone.now() + 6 * DAY):
        send_due()
    path = re.search(r"(/notices/answer/\S+)", mail.outbox[0].body).group(1)
    with time_machine.travel(timezone.now() + 8 * DAY):
        assert client.get(path).status_code == 410


def forgeries(notice):
    path = links.path(notice, ME)
    token = path.removeprefix("/notices/answer/").removesuffix("/")
    name, signature = token.rsplit(":", 1)
    other = links.path(Notice(user=notice.user), ME).rsplit("/", 2)[1].rsplit(":", 1)[0]
    return [
        "x", "a:b", f"{name}:", f"{name}:{signature[:-1]}", f"{name}:{signature.lower()}x",
        f"{name.replace('.y.', '.n.')}:{signature}", f"{other}:{signature}", token + "A" * 500,
        f"{token}%00",
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_is_none(client, notice, method, number, django_assert_num_queries):
    response = getattr(client, method)(f"/notices/answer/{forgeries(notice)[number]}/")
    assert response.status_code == 404
    assert Notice.objects.get().answer == ""


def test_a_link_of_another_purpose_is_none(client, notice):
    from django.core.signing import Signer

    name = links.path(notice, ME).split("/")[3].rsplit(":", 1)[0]
    assert client.get(f"/notices/answer/{Signer(salt='other').sign(name)}/").status_code == 404


def test_a_link_dies_with_the_mailbox(client, notice, session, member):
    """An operator who takes a lost mailbox away from an account takes its links away, too."""
    path = links.path(notice, ME)
    User.objects.filter(pk=member.pk).update(email="ann@elsewhere.test")
    assert client.get(path).status_code == client.post(path).status_code == 404
    assert Notice.objects.get().answer == ""


def test_a_disabled_person_gets_no_link_to_a_password(client, notice, member):
    User.objects.filter(pk=member.pk).update(is_active=False)
    response = client.get(say(client, notice, NOT_ME).url)
    assert "Your account is disabled" in response.content.decode()
    assert mail.outbox == []


def test_the_link_of_a_notice_that_is_gone(client, notice):
    path = links.path(notice, ME)
    notice.delete()
    assert client.get(path).status_code == 404


def test_a_link_outlives_a_change_of_the_key_with_a_fallback(client, notice, settings):
    path = links.path(notice, ME)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-" * 10
    settings.SECRET_KEY_FALLBACKS = [old]
    assert client.get(path).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("state", ["open", "answered", "forged"])
def test_the_page_is_neither_kept_nor_indexed_nor_told_of(client, notice, state):
    if state == "answered":
        say(client, notice, ME)
    path = "/notices/answer/x/" if state == "forged" else links.path(notice, ME)
    response = client.get(path)
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "strict-origin"
    assert "noindex" in response["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex, nofollow">' in response.content.decode()


def test_it_wants_a_form_of_its_own_page(notice, session):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(links.path(notice, NOT_ME)).status_code == 403
    assert is_live(session)


def test_it_works_on_https_as_browsers_send_it(notice):
    """With Referrer-Policy strict-origin a browser sends the origin alone."""
    strict = Client(enforce_csrf_checks=True)
    path = links.path(notice, ME)
    page = strict.get(path, secure=True).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    response = strict.post(path, {"csrfmiddlewaretoken": token}, secure=True,
                           headers={"referer": "https://testserver/"})  # fmt: skip
    assert response.status_code == 302


def test_guessing_is_limited(client, notice):
    codes = [client.post("/notices/answer/x/").status_code for _ in range(25)]
    assert codes == [404] * 20 + [429] * 5
    assert client.get(links.path(notice, ME)).status_code == 200


def test_it_makes_no_session_and_costs_one_statement(client, notice, django_assert_num_queries):
    path = links.path(notice, ME)
    with django_assert_num_queries(1):
        client.get(path)
    assert "latchkey" not in client.cookies


def test_it_speaks_the_language_of_the_person(client, notice, member):
    User.objects.filter(pk=member.pk).update(language="de", time_zone="Asia/Tokyo")
    text = client.get(links.path(notice, ME)).content.decode()
    assert '<html lang="de"' in text
    assert "JST" in text


def test_it_acts_for_the_person_of_the_mail_whoever_is_signed_in(
    browser_of, notice, session, admin
):
    browser = browser_of(admin)
    say(browser, notice, NOT_ME, everywhere="1")
    assert not is_live(session)
    assert is_live(browser.session_row)


def test_a_database_alone_makes_no_link(notice, client):
    send_due()
    text = " ".join(str(value) for row in Notice.objects.values() for value in row.values())
    token = links.path(notice, ME).split("/")[3]
    assert token not in text

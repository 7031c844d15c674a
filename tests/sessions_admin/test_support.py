"""Acting as another person: by a token, or in a browser; never more than either may, and told."""

import re
import threading
from contextlib import suppress
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin.lifecycle import change_policy, end_sessions
from sessions_admin.lifecycle.birth import contenders
from sessions_admin.lifecycle.supporting import SupportRefusedError, Wish, start_support
from sessions_admin.models import AuditEvent, KnownDevice, Notice, Risk, Session, SessionPolicy
from sessions_admin.policy import verdict
from sessions_admin.request.client import Client, describe
from sessions_admin.request.lookup import find_session_by_id
from sessions_admin.support import WAITING_COOKIE
from sessions_admin.tokens.access_tokens import session_of
from sessions_admin.vocabulary import AuditAction, Detector, EndReason, Kind
from tenants.belonging import join, suspend_membership
from tenants.models import Membership
from tests.holdings import FIREFOX_LINUX, LYON, hold

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WHY = {"reason": "Ticket 4711"}


@pytest.fixture
def desk(browser_of, admin):
    return browser_of(admin)


@pytest.fixture
def origin(acme, member):
    return hold(member, acme)


def page_of(session):
    return f"/users/{session.user_id}/sessions/{session.pk}/"


def support():
    return Session.objects.get(kind=Kind.SUPPORT)


def copy(desk, origin, **fields):
    return desk.post(page_of(origin) + "token/", WHY | fields)


def open_portal(desk, origin, **fields):
    return desk.post(page_of(origin) + "open/", WHY | fields)


@pytest.fixture
def token(desk, origin):
    return copy(desk, origin).context["token"].value


def without_secrets(page):
    """Tokens against forgery are masked anew, and each page has a nonce and an address."""
    return re.sub(rb"[0-9a-f]{8}-[0-9a-f-]{27}", b"", re.sub(rb'"[\w+/=-]{16,}"', b'""', page))


# --- the page --------------------------------------------------------------------------------


def test_the_page_tells_how_a_session_is_used(desk, origin):
    page = desk.get(page_of(origin)).content.decode()
    assert "A browser holds it, by a cookie." in page
    assert "Copy a token" in page
    assert page_of(origin) in desk.get(f"/users/{origin.user_id}/").content.decode()


@pytest.mark.parametrize("act", ["", "token/", "open/"])
def test_it_is_for_who_may_copy_tokens(cast, browser_of, origin, act):
    for who, status in ((cast.auditor, 403), (cast.member, 403), (cast.outsider, 404)):
        theirs = browser_of(who)
        answer = theirs.post(page_of(origin) + act, WHY) if act else theirs.get(page_of(origin))
        assert answer.status_code == status, who
    assert not Session.objects.filter(kind=Kind.SUPPORT).exists()


def test_foreign_ended_and_unknown_sessions_look_alike(cast, desk, browser_of, origin):
    foreign = hold(cast.outsider, cast.globex)
    other_tenant = hold(cast.contractor, cast.globex)
    ended = hold(cast.member, cast.acme, ended_at=timezone.now(), end_reason="logged_out")
    pages = {
        without_secrets(desk.get(f"/users/{user}/sessions/{session}/").content)
        for user, session in (
            (cast.outsider.pk, foreign.pk), (cast.contractor.pk, other_tenant.pk),
            (cast.member.pk, ended.pk), (cast.member.pk, foreign.pk),
            (cast.owner.pk, origin.pk), (cast.member.pk, cast.acme.pk),
        )
    }  # fmt: skip
    assert len(pages) == 1


def test_it_asks_for_a_proof(desk, origin):
    Session.objects.filter(pk=desk.session_row.pk).update(authenticated_at=timezone.now() - HOUR)
    answer = copy(desk, origin)
    assert answer.status_code == 302
    assert "reauthenticate" in answer.headers["Location"]
    assert not Session.objects.filter(kind=Kind.SUPPORT).exists()


# --- a token ---------------------------------------------------------------------------------


def test_a_token_acts_as_the_person_for_a_while(desk, origin, admin, member, acme):
    answer = copy(desk, origin)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    value = answer.context["token"].value
    assert value in answer.content.decode()
    found = session_of(value)
    assert (found.user, found.kind, found.read_only) == (member, Kind.SUPPORT, True)
    claims = jwt.decode(value, options={"verify_signature": False})
    assert claims["sub"] == str(member.pk)
    assert claims["act"] == {"sub": str(admin.pk)}
    assert (claims["scope"], claims["client_id"]) == ("read", "support")
    session = support()
    assert session.key_hash is None
    assert (session.made_from, session.asked_in) == (origin, desk.session_row)
    assert session.expires_at - timezone.now() == pytest.approx(
        15 * MINUTE, abs=timedelta(seconds=5)
    )
    assert claims["exp"] == int(session.expires_at.timestamp())


def test_everybody_hears_of_it(desk, origin, admin, member, acme, token, browser_of):
    event = AuditEvent.objects.get(action="support.started")
    assert (event.actor_id, event.user_id, event.tenant_id) == (admin.pk, member.pk, acme.pk)
    assert event.data["reason"] == "Ticket 4711"
    assert (event.data["way"], event.data["read_only"]) == ("token", True)
    notice = Notice.objects.get(user=member, kind="support_started")
    assert notice.session == support()
    mine = browser_of(member).get("/sessions/").content.decode()
    for page in (mine, desk.get(f"/users/{member.pk}/").content.decode()):
        assert "Support access" in page
        assert "Ticket 4711" in page
        assert admin.name in page


def test_the_right_to_change_things_is_asked_for(desk, origin):
    copy(desk, origin, write="1")
    assert not support().read_only


@pytest.mark.parametrize("reason", ["", "  ", "\x00\x07"])
def test_it_wants_a_reason(desk, origin, reason):
    answer = desk.post(page_of(origin) + "token/", {"reason": reason})
    assert answer.status_code == 422
    assert "they will read it" in answer.content.decode()
    assert not Session.objects.filter(kind=Kind.SUPPORT).exists()


def test_it_never_outlives_the_session_that_it_was_made_from(desk, acme, member, policy_of):
    policy_of(acme, absolute_timeout_enabled=True, absolute_timeout=HOUR)
    origin = hold(member, acme, age=55 * MINUTE)
    copy(desk, origin)
    assert support().expires_at == origin.authenticated_at + HOUR


def test_the_tenant_says_how_long_and_whether(desk, origin, acme, policy_of):
    policy_of(acme, support_session_lifetime=5 * MINUTE)
    copy(desk, origin)
    assert support().expires_at <= timezone.now() + 5 * MINUTE
    policy_of(acme, support_sessions_enabled=False)
    answer = copy(desk, origin)
    assert answer.status_code == 422
    assert "switched off" in answer.content.decode()


def test_a_tenant_that_forbids_them_ends_those_there_are(desk, acme, admin, token):
    change_policy(acme, {"support_sessions_enabled": False}, admin)
    assert support().end_reason == EndReason.SUPPORT_ENDED
    assert session_of(token) is None


def test_the_settings_say_so(desk, acme):
    answer = desk.post(
        "/settings/sessions/", {"support_sessions": "off", "support_session_lifetime": "61"}
    )
    assert answer.status_code == 422
    desk.post("/settings/sessions/", {"support_sessions": "off", "support_session_lifetime": "10"})
    policy = SessionPolicy.objects.get(tenant=acme)
    assert (policy.support_sessions_enabled, policy.support_session_lifetime) == (
        False, 10 * MINUTE
    )  # fmt: skip
    desk.post("/settings/sessions/", {"access_token_lifetime": "6"})
    policy.refresh_from_db()
    assert not policy.support_sessions_enabled  # a page that does not know it keeps it
    page = desk.get("/settings/sessions/").content.decode()
    assert "off (10 minutes)" in page or "Support sessions" in page


REFUSED = {
    "oneself": lambda cast: hold(cast.admin, cast.acme),
    "somebody who may more": lambda cast: hold(cast.owner, cast.acme),
    "an operator": lambda cast: (
        join(cast.operator, cast.acme, "Members"), hold(cast.operator, cast.acme)
    )[1],
    "a support session": lambda cast: hold(cast.member, cast.acme, kind=Kind.SUPPORT,
                                           expires_at=timezone.now() + HOUR),
    "suspected": lambda cast: hold(cast.member, cast.acme, suspected_at=timezone.now()),
    "as good as over": lambda cast: hold(cast.member, cast.acme,
                                         expires_at=timezone.now() + timedelta(seconds=20)),
}  # fmt: skip


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_nobody_acts_as(cast, desk, make):
    origin = make(cast)
    before = Session.objects.count()
    for act in (copy, open_portal):
        assert act(desk, origin).status_code == 422
    assert Session.objects.count() == before
    assert not AuditEvent.objects.filter(action="support.started").exists()


def test_it_may_what_both_may(cast, desk, token):
    """At the moment of use, not of asking."""
    assert session_of(token).access.permissions == frozenset()
    join(cast.member, cast.acme, "Administrators")
    assert "sessions.end" in session_of(token).access.permissions
    Membership.objects.get(user=cast.member).groups.set(cast.acme.groups.filter(name="Owners"))
    assert "groups.edit" not in session_of(token).access.permissions


def end(session):
    end_sessions(Session.objects.filter(pk=session.pk), reason=EndReason.LOGGED_OUT, actor=None)


ENDINGS = {
    "the session it was made from": lambda cast, made: end(made.made_from),
    "the session it was asked in": lambda cast, made: end(made.asked_in),
    "the issuer's account": lambda cast, made: disable_user(cast.admin, actor=None),
    "the issuer's membership": lambda cast, made: suspend_membership(
        Membership.objects.get(user=cast.admin), actor=None
    ),
}


@pytest.mark.parametrize("happen", ENDINGS.values(), ids=ENDINGS)
def test_it_ends_in_the_same_transaction_with(cast, token, happen):
    assert session_of(token)
    happen(cast, support())
    assert support().end_reason == EndReason.SUPPORT_ENDED
    assert session_of(token) is None
    assert AuditEvent.objects.filter(
        action="session.ended", session_id=support().pk, data__reason="support_ended"
    ).exists()


BEHIND_OUR_BACK = {
    "group": lambda cast, made: Membership.objects.get(user=cast.admin).groups.clear(),
    "group's permission": lambda cast, made: cast.acme.groups.update(permissions="users.view"),
    "membership": lambda cast, made: Membership.objects.filter(user=cast.admin).update(
        is_active=False
    ),
    "account": lambda cast, made: (
        type(cast.admin).objects.filter(pk=cast.admin.pk).update(is_active=False)
    ),
    "idle": lambda cast, made: Session.objects.filter(pk=made.asked_in_id).update(
        last_seen_at=timezone.now() - 24 * HOUR
    ),
    "row": lambda cast, made: Session.objects.filter(pk=made.made_from_id).delete(),
    "tenant of the asker": lambda cast, made: Session.objects.filter(pk=made.asked_in_id).update(
        tenant=cast.globex
    ),
}


@pytest.mark.parametrize("change", BEHIND_OUR_BACK.values(), ids=BEHIND_OUR_BACK)
def test_the_second_lock_notices_at_the_next_use(cast, token, change):
    made = support()
    change(cast, made)
    assert session_of(token) is None
    found = find_session_by_id(made.pk)
    assert verdict(found.facts, found.policy, timezone.now()).reason == EndReason.SUPPORT_ENDED


def test_it_takes_no_place_of_the_persons(cast, token):
    assert [one.id for one in contenders(cast.member, cast.acme)] == [support().made_from_id]


@pytest.mark.parametrize("who", ["member", "admin", "owner"])
def test_it_can_be_ended_by(cast, desk, browser_of, token, who):
    ender = desk if who == "admin" else browser_of(getattr(cast, who))
    assert ender.post(f"/sessions/{support().pk}/end/").status_code == 302
    assert support().ended_at
    assert session_of(token) is None


def test_the_issuer_ends_it_also_without_the_right_to_end_others(cast, desk, token):
    cast.acme.groups.filter(name="Administrators").update(
        permissions="users.view sessions.view tokens.copy"
    )
    other = hold(cast.owner, cast.acme)
    assert desk.post(f"/sessions/{other.pk}/end/").status_code == 403
    assert desk.post(f"/sessions/{support().pk}/end/").status_code == 302
    assert support().ended_at


# --- in a browser ----------------------------------------------------------------------------


@pytest.fixture
def acting(desk, origin):
    open_portal(desk, origin)
    return desk


def test_the_browser_goes_on_as_the_person(desk, origin, admin, member):
    own = desk.session_row
    key = desk.cookies["latchkey"].value
    answer = open_portal(desk, origin)
    assert answer.headers["Location"] == "/"
    assert answer.cookies[WAITING_COOKIE]["httponly"]
    assert desk.session_row == support()
    own.refresh_from_db()
    assert own.ended_at is None
    page = desk.get("/sessions/")
    assert page.wsgi_request.user == member
    text = page.content.decode()
    assert "support-banner" in text
    assert "Ticket 4711" in text
    assert admin.name in text
    # the keys changed: what was in the browser before is worth nothing
    assert key not in {desk.cookies["latchkey"].value, desk.cookies[WAITING_COOKIE].value}


def test_every_page_has_the_banner_and_its_time_stands(acting):
    until = support().expires_at
    for path in ("/sessions/", "/notices/"):
        assert "support-banner" in acting.get(path).content.decode(), path
    assert support().expires_at == until


def test_other_people_see_no_banner(browser_of, member):
    assert "support-banner" not in browser_of(member).get("/sessions/").content.decode()


def test_who_copies_a_token_is_still_oneself(desk, origin):
    assert "support-banner" not in copy(desk, origin).content.decode()
    assert "support-banner" not in desk.get(page_of(origin)).content.decode()


AWAY = {"ip": "203.0.113.77", "place": LYON}


@pytest.fixture
def of_contractor(cast):
    """A session in acme of somebody who holds others in globex, and in none yet."""
    hold(cast.contractor, cast.globex, **AWAY)
    hold(cast.contractor, None, **AWAY)
    hold(cast.contractor, cast.globex, ended_at=timezone.now(), end_reason="logged_out",
         **AWAY)  # fmt: skip
    KnownDevice.objects.create(user=cast.contractor, browser_hash=b"x" * 32, **describe(
        Client("203.0.113.77", FIREFOX_LINUX)))  # fmt: skip
    session = hold(cast.contractor, cast.acme)
    Risk.objects.create(
        detector=Detector.FAR_APART, user=cast.contractor, session=session, response="record",
        evidence={"places": ["Lyon", "Oslo"], "km": 1500, "minutes": 5, "thing": "x"},
    )  # fmt: skip
    return session


def test_what_the_person_holds_in_another_tenant_stays_there(desk, browser_of, cast, of_contractor):
    own = browser_of(cast.contractor).get("/sessions/").content.decode()
    assert "203.0.113.77" in own
    assert "Globex" in own
    open_portal(desk, of_contractor)
    page = desk.get("/sessions/").content.decode()
    assert "support-banner" in page
    for secret in ("203.0.113.77", "Lyon", "Globex"):
        assert secret not in page


def test_nor_does_the_api_tell_of_it(desk, of_contractor, client, cast):
    headers = {"Authorization": f"Bearer {copy(desk, of_contractor).context['token'].value}"}
    answer = client.get("/api/v1/me/sessions", headers=headers)
    assert answer.status_code == 200
    tenants = Session.objects.filter(pk__in=[one["id"] for one in answer.json()["items"]])
    assert {one.tenant for one in tenants} == {cast.acme}


def test_nor_can_it_be_renamed(desk, of_contractor, cast):
    other = Session.objects.open().get(user=cast.contractor, tenant=cast.globex)
    open_portal(desk, of_contractor, write="on")
    assert desk.post(f"/sessions/{other.pk}/rename/", {"label": "mine"}).status_code == 404
    assert desk.post(f"/sessions/{of_contractor.pk}/rename/", {"label": "x"}).status_code == 302


CHANGES = ["/sessions/{0}/rename/", "/sessions/{0}/end/", "/sessions/end-others/",
           "/sessions/end-all/"]  # fmt: skip


@pytest.mark.parametrize("path", CHANGES)
def test_looking_changes_nothing(acting, origin, path):
    assert acting.post(path.format(origin.pk), {"label": "mine"}).status_code == 403
    origin.refresh_from_db()
    assert origin.ended_at is None
    assert not origin.label


SHUT = ["/profile/", "/notices/", "/accounts/password/change/", "/accounts/2fa/",
        "/accounts/reauthenticate/", "/accounts/2fa/webauthn/add/", "/tenants/", "/admin/",
        "/sessions/export.csv",
        "/accounts/2fa/recovery-codes/generate/"]  # fmt: skip


@pytest.mark.parametrize("write", ["", "1"])
@pytest.mark.parametrize("path", SHUT)
def test_the_persons_own_account_is_shut(desk, origin, path, write):
    open_portal(desk, origin, write=write)
    assert desk.get(path).status_code == 403
    assert desk.post(path).status_code == 403


def test_what_asks_for_a_proof_is_shut_even_with_the_right_to_change(cast, desk):
    join(cast.auditor, cast.acme, "Administrators")
    victim = hold(cast.member, cast.acme)
    open_portal(desk, hold(cast.auditor, cast.acme), write="1")
    assert desk.get("/users/").status_code == 200
    assert desk.post(f"/users/{cast.member.pk}/end-sessions/").status_code == 403
    assert desk.post(f"/sessions/{victim.pk}/end/").status_code in {302, 403}
    victim.refresh_from_db()
    assert victim.ended_at is None


def test_with_the_right_to_change_things_it_does(desk, origin):
    open_portal(desk, origin, write="1")
    desk.post(f"/sessions/{origin.pk}/rename/", {"label": "Laptop"})
    origin.refresh_from_db()
    assert origin.label == "Laptop"


def test_the_log_names_who_acts_and_not_the_person(desk, origin, admin, member):
    open_portal(desk, origin, write="1")
    desk.post(f"/sessions/{origin.pk}/rename/", {"label": "Kitchen"})
    renamed = AuditEvent.objects.get(action=AuditAction.SESSION_RENAMED)
    assert (renamed.actor, renamed.user) == (admin, member)


def test_nobody_acts_from_within_a_support_session(cast, desk):
    join(cast.auditor, cast.acme, "Administrators")
    open_portal(desk, hold(cast.auditor, cast.acme), write="1")
    other = hold(cast.member, cast.acme)
    assert copy(desk, other).status_code == 403
    assert open_portal(desk, other).status_code == 403


def test_stopping_brings_one_back(acting, admin, member):
    answer = acting.post("/support/stop/")
    assert answer.headers["Location"] == f"/users/{member.pk}/"
    page = acting.get("/sessions/")
    assert page.wsgi_request.user == admin
    assert "support-banner" not in page.content.decode()
    assert (support().end_reason, support().ended_by) == (EndReason.LOGGED_OUT, admin)
    assert acting.session_row.kind == Kind.BROWSER
    assert not acting.cookies[WAITING_COOKIE].value


def test_when_time_is_up_one_is_told_and_comes_back(acting, admin):
    with time_machine.travel(timezone.now() + 16 * MINUTE):
        assert acting.get("/sessions/").headers["Location"].startswith("/signed-out/")
        assert "Back to your own session" in acting.get("/signed-out/").content.decode()
        acting.post("/support/stop/")
        assert acting.get("/sessions/").wsgi_request.user == admin


def test_the_session_that_waits_does_not_go_idle_meanwhile(acting, acme, admin, policy_of):
    own = support().asked_in
    with time_machine.travel(timezone.now() + 10 * MINUTE):
        acting.get("/sessions/")
        own.refresh_from_db()
        assert own.last_seen_at >= timezone.now() - MINUTE


def test_a_waiting_cookie_alone_brings_nobody_anywhere(acting, browser_of, member):
    thief = browser_of(member)
    thief.cookies[WAITING_COOKIE] = acting.cookies[WAITING_COOKIE].value
    thief.post("/support/stop/")
    assert thief.get("/sessions/").wsgi_request.user == member
    nobody = browser_of(None)
    nobody.cookies[WAITING_COOKIE] = acting.cookies[WAITING_COOKIE].value
    nobody.post("/support/stop/")
    assert nobody.get("/sessions/").status_code == 302


def test_who_logs_out_leaves_no_session_that_waits(acting):
    own = support().asked_in
    acting.post("/accounts/logout/")
    own.refresh_from_db()
    assert support().ended_at
    assert own.end_reason == EndReason.LOGGED_OUT
    acting.post("/support/stop/")
    assert acting.get("/sessions/").status_code == 302


def test_the_persons_new_password_ends_it(cast, acting):
    from accounts.signals import credential_changed

    credential_changed.send(type(cast.member), user=cast.member, request=None, keep_others=False)
    assert acting.get("/sessions/").status_code == 302
    assert support().end_reason in {EndReason.CREDENTIAL_CHANGED, EndReason.SUPPORT_ENDED}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_ending_beside_a_start_leaves_no_support_session(cast):
    """Whichever comes first: the start is refused, or its session ends with the other."""
    for number in range(12):
        origin, own = hold(cast.member, cast.acme), hold(cast.admin, cast.acme)
        ending = origin if number % 2 else own
        barrier = threading.Barrier(2)

        def start(origin=origin, own=own, barrier=barrier):
            barrier.wait()
            with suppress(SupportRefusedError):
                start_support(origin.pk, own.pk, Wish("Why", True, Client("192.0.2.1", "curl")))
            connection.close()

        def stop(ending=ending, barrier=barrier):
            barrier.wait()
            end(ending)
            connection.close()

        threads = [threading.Thread(target=one) for one in (start, stop)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not Session.objects.open().filter(kind=Kind.SUPPORT).exists()

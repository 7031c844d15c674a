"""The engine: what a cookie is worth, what a write may do, what is stored."""

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle import end_sessions
from sessions_admin.middleware import SessionMiddleware
from sessions_admin.models import AuditEvent, Session
from sessions_admin.request.sealing import hash_of
from sessions_admin.vocabulary import AuditAction, EndReason
from tests.cast import ELSEWHERE, HOME, SAFARI

COOKIE = settings.SESSION_COOKIE_NAME
HOSTILE = (
    "", "x", "short", "a" * 10_000, "' OR 1=1 --    ", "\x00" * 40, "\xff" * 16, "é" * 12,
    "../../etc/passwd", "%00%00%00%00%00%00", '"quoted\\000octal"', " " * 40, "z" * 43,
)  # fmt: skip


def end(session: Session, **facts) -> list:
    facts = {"reason": EndReason.REVOKED_BY_ADMIN, "actor": None} | facts
    return end_sessions(Session.objects.filter(pk=session.pk), **facts)


@pytest.mark.django_db
@pytest.mark.parametrize("value", HOSTILE)
def test_a_cookie_that_is_none_of_ours_is_a_fresh_visitor(browser_of, value):
    browser = browser_of()
    browser.cookies[COOKIE] = value
    response = browser.get("/sessions/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_a_page_open_to_all_costs_no_statement(browser_of, member, django_assert_num_queries):
    browser = browser_of(member)
    with django_assert_num_queries(0):
        assert browser.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_a_signed_in_request_costs_one_select(browser_of, member, django_assert_num_queries):
    browser = browser_of(member)
    with django_assert_num_queries(1) as queries:
        # 405 comes after the checks of session, user, tenant, policy, membership and permission
        assert browser.get("/sessions/end-others/").status_code == 405
    assert queries.captured_queries[0]["sql"].strip().startswith("SELECT")


def test_the_key_is_stored_nowhere(browser_of, member):
    browser = browser_of(member)
    key = browser.cookies[COOKIE].value
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    raw = bytes(value) if isinstance(value, bytes | memoryview) else None
                    text = raw.decode("latin1") if raw is not None else str(value)
                    assert key not in text, table


def test_what_is_stored_opens_nothing(browser_of, member):
    """A copy of the database has the hash; a cookie made of it is unknown."""
    row = browser_of(member).session_row
    thief = browser_of()
    for value in (bytes(row.key_hash).hex(), str(row.pk), row.pk.hex):
        thief.cookies[COOKIE] = value
        assert thief.get("/sessions/").status_code == 302


def test_data_is_sealed_with_the_key(db):
    store = SessionStore()
    store["reset"] = "a-usable-secret"
    store.save()
    row = Session.objects.get(key_hash=hash_of(store.session_key))
    assert b"a-usable-secret" not in bytes(row.data)
    assert SessionStore(store.session_key)["reset"] == "a-usable-secret"


def test_data_that_was_changed_in_the_database_is_no_data(db, caplog):
    store = SessionStore()
    store["role"] = "visitor"
    store.save()
    row = Session.objects.get(key_hash=hash_of(store.session_key))
    forged = bytearray(row.data)
    forged[-1] ^= 1
    Session.objects.filter(pk=row.pk).update(data=bytes(forged))
    assert SessionStore(store.session_key).get("role") is None
    assert "corrupted" in caplog.text
    assert store.session_key not in caplog.text


def test_it_rotates_in_place_at_sign_in(browser_of, member):
    browser = browser_of()
    browser.get("/accounts/login/")
    store = SessionStore()
    store["before"] = 1
    store.save()
    anonymous = store.session_key
    row = Session.objects.get(key_hash=hash_of(anonymous))
    browser.cookies[COOKIE] = anonymous
    browser.sign_in(member)
    assert browser.cookies[COOKIE].value != anonymous
    assert browser.session_row.pk == row.pk
    assert not SessionStore().exists(anonymous)


def test_it_rotates_when_the_same_person_signs_in_again(browser_of, member):
    browser = browser_of(member)
    old, row = browser.cookies[COOKIE].value, browser.session_row
    browser.force_login(member, backend=settings.AUTHENTICATION_BACKENDS[0])
    assert browser.cookies[COOKIE].value != old
    again = browser.session_row
    assert again.pk == row.pk
    assert again.started_at == row.started_at
    assert again.authenticated_at > row.authenticated_at
    assert not SessionStore().exists(old)


def test_signing_in_as_somebody_else_ends_the_first_session(browser_of, member, admin):
    browser = browser_of(member)
    first = browser.session_row
    browser.force_login(admin, backend=settings.AUTHENTICATION_BACKENDS[0])
    first.refresh_from_db()
    assert first.end_reason == EndReason.LOGGED_OUT
    assert browser.session_row.user == admin


def test_an_ended_session_is_out_at_the_next_request(browser_of, member):
    browser = browser_of(member)
    end(browser.session_row)
    response = browser.get("/sessions/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/signed-out/?next=%2Fsessions%2F"


def test_htmx_is_told_to_leave_the_page(browser_of, member):
    browser = browser_of(member)
    end(browser.session_row)
    response = browser.get("/sessions/", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"].startswith("/signed-out/")


def test_a_request_in_flight_saves_nothing_after_the_end(member):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    login(request, member, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    in_flight = SessionStore(request.session.session_key)
    in_flight["cart"] = 1
    row = Session.objects.get(user=member)
    end(row)
    with pytest.raises(UpdateError):
        in_flight.save()
    with pytest.raises(UpdateError):
        in_flight.cycle_key()
    row.refresh_from_db()
    assert row.end_reason == EndReason.REVOKED_BY_ADMIN
    assert bytes(row.data) == b""


def test_a_view_in_flight_gets_the_signed_out_answer(browser_of, member):
    """Not Django's 400: the session is ended while the view runs."""
    browser = browser_of(member)

    def view(request):
        request.session["late"] = True
        end(browser.session_row)
        return HttpResponse("too late")

    response = SessionMiddleware(view)(request_of(browser, "/profile/"))
    assert response.status_code == 302
    assert response.headers["Location"] == "/signed-out/?next=%2Fprofile%2F"


def request_of(browser, path: str):
    request = RequestFactory().get(path)
    request.COOKIES[COOKIE] = browser.cookies[COOKIE].value
    return request


def test_ending_wipes_the_data_and_is_audited_once(browser_of, member, admin):
    row = browser_of(member).session_row
    assert len(end(row, actor=admin, note="a note")) == 1
    assert end(row, actor=admin) == []
    row.refresh_from_db()
    assert (bytes(row.data), row.ended_by, row.end_note) == (b"", admin, "a note")
    event = AuditEvent.objects.get(action=AuditAction.SESSION_ENDED, session_id=row.pk)
    assert event.actor == admin
    assert event.data == {
        "reason": "revoked_by_admin", "initiator": "admin", "note": "a note",
    }  # fmt: skip


def test_logging_out_ends_the_session_by_its_user(browser_of, member):
    browser = browser_of(member)
    row = browser.session_row
    browser.post("/accounts/logout/")
    row.refresh_from_db()
    assert (row.end_reason, row.ended_by) == (EndReason.LOGGED_OUT, member)


def test_disabling_and_enabling_revives_nothing(browser_of, member):
    browser = browser_of(member)
    row = browser.session_row
    type(member).objects.filter(pk=member.pk).update(is_active=False)
    assert browser.get("/sessions/").status_code == 302
    type(member).objects.filter(pk=member.pk).update(is_active=True)
    assert browser.get("/sessions/").status_code == 302
    row.refresh_from_db()
    assert row.end_reason == EndReason.USER_DISABLED


def test_a_password_changed_elsewhere_ends_the_session(browser_of, member):
    browser = browser_of(member)
    row = browser.session_row
    member.set_password("another-long-password")
    member.save()
    assert browser.get("/sessions/").headers["Location"].startswith("/signed-out/")
    row.refresh_from_db()
    assert row.end_reason == EndReason.CREDENTIAL_CHANGED


def test_a_new_server_secret_rotates_and_keeps_the_session(browser_of, member, settings):
    browser = browser_of(member)
    old = browser.cookies[COOKIE].value
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new secret that is long enough to be one"
    assert browser.get("/profile/").status_code == 200
    assert browser.cookies[COOKIE].value != old
    assert browser.get("/profile/").status_code == 200


def test_activity_moves_last_seen_once_a_minute(browser_of, member, time_machine):
    browser = browser_of(member)
    seen = browser.session_row.last_seen_at
    time_machine.move_to(seen + timezone.timedelta(seconds=59), tick=False)
    browser.get("/profile/")
    assert browser.session_row.last_seen_at == seen
    time_machine.move_to(seen + timezone.timedelta(seconds=61), tick=False)
    browser.get("/profile/")
    assert browser.session_row.last_seen_at == timezone.now()


@pytest.mark.parametrize(
    "headers", [{"X-Latchkey-Passive": "1"}, {"Sec-Purpose": "prefetch;prerender"}]
)
def test_passive_requests_are_no_activity(browser_of, member, time_machine, headers):
    browser = browser_of(member)
    seen = browser.session_row.last_seen_at
    time_machine.move_to(seen + timezone.timedelta(hours=1), tick=False)
    assert browser.get("/profile/", headers=headers).status_code == 200
    assert browser.session_row.last_seen_at == seen


def test_a_change_of_client_is_a_sighting(browser_of, member):
    browser = browser_of(member)
    row = browser.session_row
    browser.get("/profile/", REMOTE_ADDR=ELSEWHERE, headers={"user-agent": SAFARI})
    browser.get("/profile/", REMOTE_ADDR=HOME)
    row.refresh_from_db()
    assert row.ip == HOME
    sightings = {(one.ip, one.browser) for one in row.sightings.all()}
    assert sightings == {(HOME, "Firefox 145"), (ELSEWHERE, "Safari 18")}


def test_remember_me_outlives_the_browser(browser_of, member):
    forgetful, remembering = browser_of(), browser_of()
    forgetful.sign_in(member)
    remembering.sign_in(member, remember="on")
    assert forgetful.cookies[COOKIE]["max-age"] == ""
    assert remembering.cookies[COOKIE]["max-age"] == settings.SESSION_COOKIE_AGE
    assert remembering.session_row.persistent


def test_a_rotated_key_reaches_the_browser_even_with_an_error(browser_of, member):
    browser = browser_of(member)

    def view(request):
        request.session.cycle_key()
        return HttpResponse(status=503)

    response = SessionMiddleware(view)(request_of(browser, "/"))
    assert SessionStore().exists(response.cookies[COOKIE].value)

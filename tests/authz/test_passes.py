"""The way of a person to an application on a host of its own: asked, proved, and back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin import lifecycle
from sessions_admin.authz.passes import exchange, issue_code
from sessions_admin.models import Application, ApplicationPass, AuditEvent, Session
from sessions_admin.vocabulary import EndReason
from tests.authz.conftest import HOST, PORTAL, call, environ_of, questions

APP = f"https://{HOST}"
PASS = django_settings.APPLICATION_COOKIE_NAME
STATE = f"{PASS}-state"


def doorstep(name, *, cookies=None, host=HOST, method="GET", query="", **headers):
    """What the application's host answers under /.latchkey/."""
    jar = "; ".join(f"{key}={value}" for key, value in (cookies or {}).items())
    environ = environ_of(f"/.latchkey/{name}", method=method, query=query, **headers)
    return call({**environ, "HTTP_HOST": host, "HTTP_COOKIE": jar})


def onward(response):
    """Where the portal's page leads by itself."""
    assert response.status_code == 200, response.content
    return response.headers["Refresh"].removeprefix("0; url=")


class Surfer:
    """A browser with a cookie jar for the portal and one for the application."""

    def __init__(self, browser):
        self.portal, self.jar = browser, {}

    def ask(self, path="/page", **headers):
        environ = questions("caddy", APP + path, "GET")
        jar = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        return call({**environ, "HTTP_COOKIE": jar, "HTTP_ACCEPT": "text/html", **headers})

    def at(self, url):
        """Opens an address of the application's doorstep, with and keeping its cookies."""
        assert url.startswith(f"{APP}/.latchkey/")
        name, _, query = url.removeprefix(f"{APP}/.latchkey/").partition("?")
        reply = doorstep(name, cookies=self.jar, query=query)
        self.jar |= {key: morsel.value for key, morsel in reply.cookies.items()}
        return reply

    def to_the_portal(self, path="/page"):
        return self.at(self.ask(path).location).location

    def enter(self, path="/page"):
        """The whole way; the address on which one ends."""
        page = self.portal.get(self.to_the_portal(path).removeprefix(PORTAL))
        return self.at(onward(page)).location


@pytest.fixture
def surfer(wiki, cast, browser_of):
    return Surfer(browser_of(cast.member))


# --- the way ---------------------------------------------------------------------------------


def test_a_person_comes_back_to_the_page_with_a_pass(cast, surfer):
    assert surfer.enter("/a?b=1&c=%2f") == f"{APP}/a?b=1&c=%2f"
    reply = surfer.ask()
    assert reply.status == 200
    assert reply.headers["Remote-Email"] == "member@acme.test"
    assert reply.headers["Remote-Session"] == str(surfer.portal.session_row.pk)
    assert django_settings.SESSION_COOKIE_NAME not in surfer.jar


def test_a_visitor_signs_in_on_the_way(cast, wiki, browser_of):
    surfer = Surfer(browser_of())
    start = surfer.to_the_portal().removeprefix(PORTAL)
    login = surfer.portal.get(start)
    assert (login.status_code, login.url.split("?")[0]) == (302, "/accounts/login/")
    data = {"login": "member@acme.test", "password": "correct-horse-battery", "next": start}
    signed_in = surfer.portal.post(login.url, data)
    assert signed_in.url == start
    assert surfer.at(onward(surfer.portal.get(start))).location == f"{APP}/page"
    assert surfer.ask().status == 200


def test_it_is_in_the_audit_log(cast, surfer):
    surfer.enter()
    event = AuditEvent.objects.get(action="application.entered")
    assert (event.user_id, event.tenant_id) == (cast.member.pk, cast.acme.pk)
    assert event.session_id == surfer.portal.session_row.pk
    assert event.data == {"application": "Wiki"}


def test_the_pass_is_for_this_host_alone_and_unreadable_for_scripts(surfer, settings):
    settings.SESSION_COOKIE_SECURE = True
    page = surfer.portal.get(surfer.to_the_portal().removeprefix(PORTAL))
    cookie = surfer.at(onward(page)).cookies[PASS]
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert cookie["samesite"] == "Lax"
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["max-age"] == ""


def test_what_is_stored_opens_nothing(surfer):
    surfer.enter()
    row = ApplicationPass.objects.get()
    for value in (bytes(row.key_hash).hex(), bytes(row.mark).hex(), str(row.pk)):
        surfer.jar[PASS] = value[:43].ljust(43, "A")
        assert surfer.ask().status == 302


def test_in_the_steady_state_it_is_one_select(surfer, django_assert_num_queries):
    surfer.enter()
    surfer.ask()
    with django_assert_num_queries(1):
        assert surfer.ask().status == 200


# --- the pass is dead with the session, and worth nothing elsewhere ---------------------------


def end_all(cast, session):
    sessions = Session.objects.filter(user=cast.member)
    lifecycle.end_sessions(sessions, reason=EndReason.REVOKED_BY_USER, actor=cast.member)


def end_tenant(cast, session):
    lifecycle.end_everything(cast.acme, reason=EndReason.REVOKED_BY_OPERATOR, actor=None)


def disable(cast, session):
    disable_user(cast.member, actor=cast.owner)


def change_credential(cast, session):
    type(cast.member).objects.filter(pk=cast.member.pk).update(credential_version=77)


def leave_idle(cast, session):
    Session.objects.filter(pk=session.pk).update(last_seen_at=timezone.now() - timedelta(days=2))


@pytest.mark.parametrize("act", [end_all, end_tenant, disable, change_credential, leave_idle])
def test_the_pass_is_dead_with_its_session(cast, surfer, act):
    surfer.enter()
    assert surfer.ask().status == 200
    act(cast, surfer.portal.session_row)
    assert surfer.ask().status == 302


def test_a_new_secret_key_ends_it(surfer, settings):
    surfer.enter()
    settings.SECRET_KEY = "another " * 10
    assert surfer.ask().status == 302


def test_a_former_key_keeps_it(surfer, settings):
    surfer.enter()
    surfer.ask()
    from django.conf import settings as present

    settings.SECRET_KEY_FALLBACKS = [present.SECRET_KEY]
    settings.SECRET_KEY = "another " * 10
    assert surfer.ask().status == 200


def test_logging_out_in_the_portal_ends_it(surfer):
    surfer.enter()
    surfer.portal.post("/sessions/end-all/")
    assert surfer.ask().status == 302


def test_a_pass_of_one_application_opens_no_other(cast, surfer):
    other = Application.objects.create(name="Files", host="files.example")
    other.tenants.add(cast.acme)
    surfer.enter()
    asked = questions("caddy", "https://files.example/", "GET")
    assert call({**asked, "HTTP_COOKIE": f"{PASS}={surfer.jar[PASS]}"}).status == 401


def test_a_pass_is_no_cookie_of_the_portal_and_the_other_way_round(surfer, browser_of):
    surfer.enter()
    key, name = surfer.jar[PASS], django_settings.SESSION_COOKIE_NAME
    stranger = browser_of()
    stranger.cookies[name] = key
    assert stranger.get("/sessions/").status_code == 302
    surfer.jar = {name: key}
    assert surfer.ask().status == 302
    surfer.jar = {PASS: surfer.portal.cookies[name].value}
    assert surfer.ask().status == 302


def test_the_rules_hold_for_a_pass(cast, surfer, wiki):
    surfer.enter()
    wiki.tenants.set([cast.globex])
    assert surfer.ask().status == 403


# --- the code --------------------------------------------------------------------------------


def code_for(surfer):
    """The callback's address, not opened yet."""
    return onward(surfer.portal.get(surfer.to_the_portal().removeprefix(PORTAL)))


def troubled(reply):
    return reply.location.startswith(f"{PORTAL}/authz/start?") and PASS not in reply.cookies


def test_a_code_works_once(surfer):
    callback = code_for(surfer)
    assert not troubled(surfer.at(callback))
    again = surfer.at(callback)
    assert troubled(again)
    assert again.query == {"rd": f"{APP}/page", "trouble": "late"}


def test_a_code_is_too_old_after_half_a_minute(surfer):
    callback = code_for(surfer)
    expired = timezone.now() - timedelta(seconds=1)
    assert ApplicationPass.objects.get().code_expires_at < timezone.now() + timedelta(seconds=31)
    ApplicationPass.objects.update(code_expires_at=expired)
    assert surfer.at(callback).query["trouble"] == "late"


def test_a_code_that_was_not_exchanged_is_no_pass(surfer):
    callback = code_for(surfer)
    surfer.jar[PASS] = callback.partition("code=")[2].partition("&")[0]
    assert surfer.ask().status == 302


def test_a_code_in_another_browser_is_worth_nothing(cast, surfer, browser_of):
    """Neither a stolen one, nor an attacker's own that the victim is sent to."""
    callback = code_for(surfer)
    other = Surfer(browser_of(cast.admin))
    other.to_the_portal()  # has a state of its own
    assert other.at(callback).query["trouble"] == "browser"
    other.jar = {}
    assert other.at(callback).query["trouble"] == "browser"
    assert not troubled(surfer.at(callback))


def test_a_stolen_code_with_ones_own_state_is_worth_nothing(cast, surfer, browser_of):
    callback, thief = code_for(surfer), Surfer(browser_of(cast.admin))
    own = thief.to_the_portal().partition("state=")[2]
    theirs = callback.partition("state=")[2].partition("&")[0]
    assert thief.at(callback.replace(theirs, own)).query["trouble"] == "late"


def test_a_code_is_for_one_application(cast, surfer):
    other = Application.objects.create(name="Files", host="files.example")
    other.tenants.add(cast.acme)
    query = code_for(surfer).partition("?")[2]
    reply = doorstep("callback", cookies=surfer.jar, host="files.example", query=query)
    assert PASS not in reply.cookies


def test_a_code_is_dead_with_its_session(surfer):
    callback = code_for(surfer)
    surfer.portal.post("/sessions/end-all/")
    surfer.at(callback)
    assert surfer.ask().status == 302


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_exchanges_of_one_code_one_gets_a_pass(cast, wiki, browser_of):
    session, wiki_id, racers = browser_of(cast.member).session_row, wiki.pk, 8
    code = issue_code(session.pk, wiki_id, mark=b"x", state="s")
    barrier = Barrier(racers)

    def race(_):
        try:
            barrier.wait()
            return exchange(code, "s", wiki_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(racers) as pool:
        keys = [key for key in pool.map(race, range(racers)) if key]
    assert len(keys) == 1
    assert ApplicationPass.objects.count() == 1


def test_old_passes_of_the_same_session_go(surfer):
    surfer.enter()
    ApplicationPass.objects.update(created_at=timezone.now() - timedelta(hours=1))
    surfer.jar.clear()
    surfer.enter()
    assert ApplicationPass.objects.count() == 1
    assert surfer.ask().status == 200


# --- the portal's side -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "rd",
    ["", "/", "https://evil.example/", f"https://{HOST}@evil.example/", f"https://{HOST}.evil.example",
     f"//{HOST}/", f"https://{HOST}:8443/", f"http://{HOST}/", f"https://{HOST}\\@evil.example/",
     "javascript:alert(1)", f"https://x.{HOST}/", f"https://{HOST}/%0d%0a"],
)  # fmt: skip
def test_it_sends_nobody_anywhere_else(surfer, rd):
    response = surfer.portal.get("/authz/start", {"rd": rd, "state": "0" * 64})
    assert (response.status_code, response.url) == (302, "/")


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aX: y", "", "@x"]
)  # fmt: skip
def test_the_doorstep_leads_to_its_own_host_only(wiki, path):
    from urllib.parse import quote

    for name in ("sign-in", "callback"):
        reply = doorstep(name, query=f"rd={quote(path, safe='')}")
        assert reply.location.startswith(f"{PORTAL}/authz/start?")
        assert reply.query["rd"].startswith(f"{APP}/")


@pytest.mark.parametrize(("who", "words"), [("outsider", "tenant"), ("operator", "tenant")])
def test_who_may_not_enter_is_told(cast, wiki, browser_of, who, words):
    surfer = Surfer(browser_of(getattr(cast, who)))
    response = surfer.portal.get(surfer.to_the_portal().removeprefix(PORTAL))
    assert response.status_code == 403
    assert words in response.text
    assert "Refresh" not in response.headers
    assert not ApplicationPass.objects.exists()


def test_who_signed_in_weakly_is_told_how_to_do_better(surfer, wiki):
    Application.objects.update(minimum_aal=2)
    from sessions_admin.authz import applications

    applications.forget()
    response = surfer.portal.get(surfer.to_the_portal().removeprefix(PORTAL))
    assert response.status_code == 403
    assert "two factors" in response.text


@pytest.mark.parametrize("state", ["", "x", "0" * 63, "G" * 64])
def test_without_a_state_nothing_happens_by_itself(surfer, state):
    response = surfer.portal.get("/authz/start", {"rd": f"{APP}/x", "state": state})
    assert response.status_code == 200
    assert "Refresh" not in response.headers
    assert f"{APP}/x" in response.text


@pytest.mark.parametrize("trouble", ["late", "browser", "loop"])
def test_trouble_stops_and_offers_to_try_again(surfer, trouble):
    query = {"rd": f"{APP}/x", "state": "0" * 64, "trouble": trouble}
    response = surfer.portal.get("/authz/start", query)
    assert response.status_code == 200
    assert "Refresh" not in response.headers
    assert f'href="{APP}/x"' in response.text


def test_the_portal_on_the_same_host_needs_no_pass(cast, browser_of, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    local = Application.objects.create(name="Local", host="127.0.0.1:8080")
    local.tenants.add(cast.acme)
    query = {"rd": "http://127.0.0.1:8080/x"}
    assert onward(browser_of(cast.member).get("/authz/start", query)) == query["rd"]
    assert not ApplicationPass.objects.exists()


def test_a_suspected_session_proves_itself_and_comes_back(surfer):
    start = surfer.to_the_portal().removeprefix(PORTAL)
    Session.objects.filter(pk=surfer.portal.session_row.pk).update(suspected_at=timezone.now())
    asked = surfer.portal.get(start)
    assert (asked.status_code, asked.url.split("?")[0]) == (302, "/accounts/reauthenticate/")
    proved = surfer.portal.post(asked.url, {"password": "correct-horse-battery"})
    assert surfer.at(onward(surfer.portal.get(proved.url))).location == f"{APP}/page"
    assert surfer.ask().status == 200


# --- loops -----------------------------------------------------------------------------------


def test_a_browser_that_keeps_no_cookies_is_not_sent_round(surfer):
    callback = code_for(surfer)
    surfer.jar.clear()
    assert surfer.at(callback).query["trouble"] == "browser"


def test_a_browser_that_loses_the_pass_is_stopped_after_three_rounds(surfer):
    rounds = 0
    while True:
        surfer.jar.pop(PASS, None)
        there = surfer.to_the_portal()
        if "trouble=loop" in there:
            break
        surfer.at(onward(surfer.portal.get(there.removeprefix(PORTAL))))
        rounds += 1
        assert rounds <= 3
    assert rounds == 3


# --- signing out -----------------------------------------------------------------------------


def test_a_form_of_the_application_signs_out_everywhere(cast, surfer):
    surfer.enter()
    session = surfer.portal.session_row
    reply = doorstep("sign-out", cookies=surfer.jar, method="POST", HTTP_ORIGIN=APP)
    assert (reply.status, reply.location) == (303, f"{PORTAL}/signed-out/")
    assert reply.cookies[PASS]["max-age"] == "0"
    session.refresh_from_db()
    assert session.end_reason == EndReason.LOGGED_OUT
    assert surfer.ask().status == 302


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", f"{APP}.evil.example"])
def test_a_form_of_somebody_else_does_not(surfer, origin):
    surfer.enter()
    reply = doorstep("sign-out", cookies=surfer.jar, method="POST", HTTP_ORIGIN=origin)
    assert reply.status == 403
    assert surfer.ask().status == 200


def test_a_link_asks_first(surfer):
    surfer.enter()
    reply = doorstep("sign-out", cookies=surfer.jar)
    assert (reply.status, reply.location) == (302, f"{PORTAL}/accounts/logout/")
    assert surfer.ask().status == 200


def test_signing_out_without_a_session_is_fine(wiki):
    assert doorstep("sign-out", method="POST", HTTP_ORIGIN=APP).status == 303


# --- the doorstep ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "method", "host", "status"),
    [("sign-in", "POST", HOST, 405), ("callback", "POST", HOST, 405),
     ("sign-out", "PUT", HOST, 405), ("other", "GET", HOST, 404),
     ("", "GET", HOST, 404), ("sign-in", "GET", "evil.example", 404),
     ("sign-in", "GET", "", 404), ("sign-in", "GET", f"{HOST}:8443", 404),
     ("sign-in", "GET", HOST.upper(), 302)],
)  # fmt: skip
def test_the_doorstep_has_three_addresses(wiki, name, method, host, status):
    assert doorstep(name, method=method, host=host).status == status


@pytest.mark.parametrize("odd", [{"REMOTE_ADDR": "203.0.113.9"}, {"HTTP_X_LATCHKEY_SECRET": "x"}])
def test_only_through_the_proxy(wiki, odd):
    assert doorstep("sign-in", **odd).status == 400


@pytest.mark.parametrize(
    "query",
    ["rd=%ff", "code=a&code=b&state=c", "&&&", "a=b&" * 20, "code=%00", "state=" + "x" * 9000],
)
def test_odd_parameters_lead_back_to_the_portal(wiki, query):
    assert troubled(doorstep("callback", query=query))

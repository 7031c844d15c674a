"""The decision as proxies get it: who passes, with which headers, and that nothing else does."""

import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin import lifecycle
from sessions_admin.authz import answers, gate, identity, visitor
from sessions_admin.authz.identity import HEADERS
from sessions_admin.models import Session
from sessions_admin.tokens import signing
from sessions_admin.vocabulary import EndReason, Kind
from tenants.models import Group, Membership
from tests.authz.conftest import HOST, PAGE, PROXY, SECRET, call, cookie_of, environ_of, questions
from tests.cast import ELSEWHERE, HOME
from tests.holdings import hold

DIALECTS = ["nginx", "traefik", "caddy", "envoy"]
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)
EMPTY = dict.fromkeys(HEADERS, "")


def identity_in(reply):
    return {name: reply.headers[name] for name in HEADERS}


def end(session):
    lifecycle.end_sessions(
        Session.objects.filter(pk=session.pk), reason=EndReason.REVOKED_BY_USER, actor=None
    )


# --- who passes ------------------------------------------------------------------------------


@every_dialect
def test_it_lets_a_member_in_and_says_who_it_is(cast, browser_of, ask, dialect):
    browser = browser_of(cast.admin)
    reply = ask(browser, dialect=dialect)
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "no-store"
    assert identity_in(reply) | {"Remote-Identity": ""} == {
        "Remote-User": str(cast.admin.pk),
        "Remote-Name": cast.admin.name,
        "Remote-Email": "admin@acme.test",
        "Remote-Groups": "Administrators",
        "Remote-Tenant": "acme",
        "Remote-Session": str(browser.session_row.pk),
        "Remote-Actor": "",
        "Remote-Identity": "",
    }


@every_dialect
def test_a_session_that_is_ended_is_out_at_the_very_next_request(cast, browser_of, ask, dialect):
    browser = browser_of(cast.member)
    assert ask(browser, dialect=dialect).status == 200
    end(browser.session_row)
    assert ask(browser, dialect=dialect).status == 401


@pytest.mark.parametrize(
    ("who", "why"), [("outsider", "other_tenant"), ("operator", "no_tenant"), ("member", "")]
)
def test_only_people_of_its_tenants_pass(cast, browser_of, ask, who, why):
    reply = ask(browser_of(getattr(cast, who)))
    assert reply.status == (403 if why else 200)
    if why:
        assert json.loads(reply.body) == {"error": why}
        assert identity_in(reply) == EMPTY


def test_only_its_groups_pass_where_it_has_some(cast, browser_of, ask, wiki):
    wiki.groups.add(Group.objects.get(tenant=cast.acme, name="Auditors"))
    assert ask(browser_of(cast.auditor)).status == 200
    assert ask(browser_of(cast.owner)).status == 403


def test_a_group_of_another_tenant_opens_nothing(cast, browser_of, ask, wiki):
    wiki.groups.add(Group.objects.get(tenant=cast.globex, name="Owners"))
    assert ask(browser_of(cast.owner)).status == 403


def test_two_factors_where_it_asks_for_them(cast, browser_of, ask, wiki):
    wiki.minimum_aal = 2
    wiki.save()
    browser = browser_of(cast.member)
    assert ask(browser).status == 403
    Session.objects.filter(pk=browser.session_row.pk).update(aal=2)
    assert ask(browser).status == 200


def test_nobody_passes_where_it_has_no_tenant(cast, browser_of, ask, wiki):
    wiki.tenants.clear()
    assert ask(browser_of(cast.owner)).status == 403


@pytest.mark.parametrize("path", ["/page", "/health"])
def test_an_inactive_application_lets_nobody_in(cast, browser_of, ask, wiki, path):
    wiki.is_active = False
    wiki.save()
    assert ask(browser_of(cast.owner), f"https://{HOST}{path}").status == 403


@pytest.mark.parametrize(
    "host", ["other.example", f"{HOST}.", f"x.{HOST}", f"{HOST}:8443", f"{HOST}.evil.example"]
)
def test_an_unknown_host_lets_nobody_in(cast, browser_of, ask, host):
    assert ask(browser_of(cast.owner), f"https://{host}/health").status == 403


def test_a_suspected_session_proves_itself_first(cast, browser_of, ask):
    browser = browser_of(cast.member)
    Session.objects.filter(pk=browser.session_row.pk).update(suspected_at=timezone.now())
    assert ask(browser).status == 401


def test_a_read_only_session_reads(cast, browser_of, ask):
    browser = browser_of(cast.member)
    Session.objects.filter(pk=browser.session_row.pk).update(read_only=True)
    assert ask(browser).status == 200
    assert ask(browser, method="POST").status == 403


def test_who_acts_as_somebody_else_is_named(cast, browser_of, ask):
    browser = browser_of(cast.member)
    Session.objects.filter(pk=browser.session_row.pk).update(asked_by=cast.admin)
    reply = ask(browser)
    assert reply.headers["Remote-Actor"] == "admin@acme.test"
    claims = signing.verify(
        reply.headers["Remote-Identity"], typ=identity.TYPE, audience=f"https://{HOST}"
    )
    assert claims["act"] == {"email": "admin@acme.test"}


def test_who_signs_out_as_somebody_else_is_named_in_the_log(cast, browser_of, wiki):
    """By the application's own form, within a support session."""
    own = browser_of(cast.admin)
    origin = hold(cast.member, cast.acme)
    own.post(f"/users/{cast.member.pk}/sessions/{origin.pk}/open/", {"reason": "Ticket 4711"})
    support = own.session_row
    assert support.kind == Kind.SUPPORT
    asked = environ_of("/.latchkey/sign-out", method="POST", HTTP_ORIGIN=f"https://{HOST}")
    assert call({**asked, "HTTP_HOST": HOST, **cookie_of(own)}).status == 303
    support.refresh_from_db()
    assert (support.end_reason, support.ended_by) == (EndReason.LOGGED_OUT, cast.admin)


def test_an_address_that_is_none_is_no_reason_to_skip_a_rule(cast, browser_of, ask):
    browser = browser_of(cast.member)
    for url in (f"https://{HOST}/page", f"https://{HOST}/health"):
        assert ask(browser, url, HTTP_X_FORWARDED_FOR="unknown").status == 403


# --- lost access, without anybody ending the session ------------------------------------------


def disabled(cast, session):
    disable_user(cast.member, actor=cast.owner)


def membership_suspended(cast, session):
    Membership.objects.filter(user=cast.member, tenant=cast.acme).update(is_active=False)


def tenant_suspended(cast, session):
    type(cast.acme).objects.filter(pk=cast.acme.pk).update(is_active=False)


def credential_changed(cast, session):
    type(cast.member).objects.filter(pk=cast.member.pk).update(credential_version=77)


def idle(cast, session):
    Session.objects.filter(pk=session.pk).update(last_seen_at=timezone.now() - timedelta(days=2))


@pytest.mark.parametrize(
    "lose", [disabled, membership_suspended, tenant_suspended, credential_changed, idle]
)
def test_lost_access_is_lost_here_too(cast, browser_of, ask, lose):
    browser = browser_of(cast.member)
    lose(cast, browser.session_row)
    reply = ask(browser)
    assert (reply.status, identity_in(reply)) == (401, EMPTY)


def test_a_new_secret_key_lets_nobody_in_with_the_old_one(cast, browser_of, ask, settings):
    browser = browser_of(cast.member)
    assert ask(browser).status == 200
    settings.SECRET_KEY = "another " * 10
    assert ask(browser).status == 401


# --- cookies ---------------------------------------------------------------------------------

GOOD = "A" * 43
NAME = django_settings.SESSION_COOKIE_NAME
PASS = django_settings.APPLICATION_COOKIE_NAME


@pytest.mark.parametrize("name", [NAME, PASS])
@pytest.mark.parametrize(
    "value",
    [
        "", "x", GOOD, GOOD[:-1], GOOD + "A", "A" * 5000, "\x00" * 43, "A" * 42 + "\x00",
        "A" * 42 + "é", "A" * 42 + "'", '"' + GOOD + '"', "None", "null", "../" * 14 + "a",
        "%41" * 14, GOOD + " ", "=" * 43,
    ],
)  # fmt: skip
def test_an_odd_cookie_is_no_session(ask, name, value):
    reply = ask(HTTP_COOKIE=f"{name}={value}")
    assert (reply.status, identity_in(reply)) == (401, EMPTY)


@pytest.mark.parametrize(
    "cookies",
    ["", ";", "=", ";;;===;", "\x00", "é" * 100, "a=" + "b" * 9000, f"{NAME}", f"{NAME};{NAME}="],
)
def test_an_odd_cookie_header_is_no_session(ask, cookies):
    assert ask(HTTP_COOKIE=cookies).status == 401


def test_two_different_cookies_of_the_name_are_no_session(cast, browser_of, ask):
    cookie = cookie_of(browser_of(cast.member))["HTTP_COOKIE"]
    assert ask(HTTP_COOKIE=f"{cookie}; {NAME}={GOOD}").status == 401
    assert ask(HTTP_COOKIE=f"{NAME}={GOOD}; {cookie}").status == 401
    assert ask(HTTP_COOKIE=f"other=1; {cookie}; more=2").status == 200


def test_a_header_full_of_cookies_is_not_searched(cast, browser_of, ask):
    cookie = cookie_of(browser_of(cast.member))["HTTP_COOKIE"]
    assert ask(HTTP_COOKIE=f"{cookie}; filler={'x' * 9000}").status == 401


def test_the_cookie_of_a_visitor_is_no_session(ask, browser_of):
    browser = browser_of()
    browser.get("/accounts/login/")
    assert ask(browser).status == 401


# --- public paths ----------------------------------------------------------------------------


def test_a_public_path_is_open_and_names_nobody(cast, browser_of, ask, django_assert_num_queries):
    browser = browser_of(cast.admin)
    ask(browser)  # the rules are remembered
    with django_assert_num_queries(0):
        reply = ask(browser, f"https://{HOST}/assets/app.css?v=1")
    assert (reply.status, identity_in(reply)) == (200, EMPTY)


@every_dialect
@pytest.mark.parametrize(
    "path",
    ["/assets/../page", "/assets/%2e%2e/page", "/assets/%2E./page", "/assets/..;/page",
     "/assets//page", "/assets/%2fpage", "/assets\\page", "/assets/%5c..%5cpage", "/assets",
     "/assets/a;b", "/assets/%252e%252e/page", "/ASSETS/a", "/health/", "/health/x", "/healthy",
     "//health", "/x/../health", "/health%00", "/health%2f", "/health;x", "/assets/x,/page", "/"],
)  # fmt: skip
def test_what_only_looks_public_is_not(ask, dialect, path):
    reply = ask(url=f"https://{HOST}{path}", dialect=dialect)
    assert reply.status in {400, 401, 403} or (dialect == "envoy" and path == "/health%2f")
    assert identity_in(reply) == EMPTY


# --- what a proxy may say --------------------------------------------------------------------


@every_dialect
@pytest.mark.parametrize(
    "odd",
    [
        {"REMOTE_ADDR": "203.0.113.5"}, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "nonsense"},
        {"HTTP_X_LATCHKEY_SECRET": ""}, {"HTTP_X_LATCHKEY_SECRET": SECRET[:-1]},
        {"HTTP_X_LATCHKEY_SECRET": SECRET + "x"}, {"HTTP_X_LATCHKEY_SECRET": f"{SECRET},{SECRET}"},
        {"HTTP_X_LATCHKEY_SECRET": "é" * 20},
    ],
)  # fmt: skip
def test_only_a_proxy_of_ours_that_knows_the_secret_is_believed(
    cast, browser_of, wiki, dialect, odd
):
    asked = questions(dialect, f"https://{HOST}/health", "GET")
    if odd == {"REMOTE_ADDR": ""}:
        odd = {"REMOTE_ADDR": "198.51.100.77"}
    assert call({**asked, **cookie_of(browser_of(cast.member)), **odd}).status == 400


@pytest.mark.parametrize("header", ["HTTP_X_LATCHKEY_SECRET", "HTTP_X_ORIGINAL_URL"])
def test_nothing_is_assumed_that_was_not_said(cast, browser_of, wiki, header):
    asked = questions("nginx", f"https://{HOST}/health", "GET")
    del asked[header]
    assert call({**asked, **cookie_of(browser_of(cast.member))}).status in {400, 403}


def test_nobody_may_ask_where_no_secret_is_set(cast, browser_of, ask, settings):
    settings.FORWARD_AUTH_SECRET = ""
    reply = ask(browser_of(cast.member))
    assert (reply.status, reply.body) == (404, b"django")


@pytest.mark.parametrize(
    ("dialect", "header"),
    [("nginx", "HTTP_X_FORWARDED_URI"), ("caddy", "HTTP_X_ORIGINAL_URL"),
     ("traefik", "HTTP_X_ORIGINAL_URL"), ("envoy", "HTTP_X_FORWARDED_URI"),
     ("envoy", "HTTP_X_FORWARDED_HOST"), ("nginx", "HTTP_X_FORWARDED_HOST")],
)  # fmt: skip
def test_a_header_of_another_dialect_is_nothing(ask, dialect, header):
    assert ask(dialect=dialect, **{header: "/health"}).status in {401, 302}


@every_dialect
@pytest.mark.parametrize("method", ["get", "GET ", "GE T", "", "G3T", "GET,POST", "A" * 21, "É"])
def test_a_method_is_capital_letters(cast, browser_of, ask, dialect, method):
    assert ask(browser_of(cast.member), method=method, dialect=dialect).status in {400, 403}


@every_dialect
@pytest.mark.parametrize(
    "url",
    [f"http://{HOST}/health", f"ftp://{HOST}/health", f"//{HOST}/health", f"https://{HOST},x/health",
     f"https://user@{HOST}/health", f"https://{HOST} /health", f"https://{HOST}:99999/health",
     f"https://{HOST}/h\x7f", f"https://{HOST}\t/",
     "https:///health", "https://[::1/health", ""],
)  # fmt: skip
def test_an_address_that_no_browser_sends_is_refused(cast, browser_of, ask, dialect, url):
    assert ask(browser_of(cast.member), url, dialect=dialect).status in {400, 403}


@pytest.mark.parametrize("dialect", ["nginx", "traefik", "caddy"])
@pytest.mark.parametrize("path", ["/he alth", "/%zz", "/h%", "/%0a", "/\xe9"])
def test_a_path_that_no_browser_sends_is_refused(cast, browser_of, ask, dialect, path):
    """With Envoy the server has decoded it, or refused it, before it gets here."""
    url = f"https://{HOST}{path}"
    assert ask(browser_of(cast.member), url, dialect=dialect).status in {400, 403}


def test_capitals_and_the_own_port_are_the_same_host(cast, browser_of, ask):
    assert ask(browser_of(cast.member), f"https://{HOST.upper()}:443/page").status == 200


def test_other_paths_are_djangos(wiki):
    for path in ("/authz/start", "/authz/", "/authz/apache", "/sessions/", "/authzz/nginx"):
        assert call(environ_of(path)).body == b"django"


# --- how one is asked to sign in -------------------------------------------------------------

SIGN_IN = f"https://{HOST}/.latchkey/sign-in?rd=/page"


@pytest.mark.parametrize("dialect", ["traefik", "caddy", "envoy"])
def test_a_page_is_redirected(ask, dialect):
    reply = ask(dialect=dialect, **PAGE)
    assert (reply.status, reply.location) == (302, SIGN_IN)
    assert identity_in(reply) == EMPTY


def test_nginx_gets_the_address_with_a_401(ask):
    reply = ask(**PAGE)
    assert (reply.status, reply.location) == (401, SIGN_IN)
    assert reply.headers["WWW-Authenticate"]


def test_the_way_back_keeps_the_query(ask):
    reply = ask(url=f"https://{HOST}/a%20b?x=1&y=%26%3D", dialect="caddy", **PAGE)
    assert reply.query == {"rd": "/a%20b?x=1&y=%26%3D"}


@pytest.mark.parametrize(
    ("referer", "rd"),
    [(f"https://{HOST}/form?a=1", "/form?a=1"), ("https://evil.example/x", "/"), ("", "/"),
     (f"https://{HOST}.evil.example/x", "/"), ("javascript:alert(1)", "/")],
)  # fmt: skip
def test_a_form_is_not_sent_again(ask, referer, rd):
    reply = ask(method="POST", dialect="caddy", HTTP_REFERER=referer, **PAGE)
    assert (reply.status, reply.query) == (303, {"rd": rd})


@every_dialect
def test_htmx_leaves_the_page(ask, dialect):
    reply = ask(
        method="POST", dialect=dialect, HTTP_HX_REQUEST="true",
        HTTP_HX_CURRENT_URL=f"https://{HOST}/list?page=2#top",
    )  # fmt: skip
    assert reply.status == 401
    assert reply.headers["HX-Redirect"] == f"https://{HOST}/.latchkey/sign-in?rd=/list%3Fpage%3D2"
    assert "Location" not in reply.headers


@every_dialect
@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_ACCEPT": "application/json"},
        {"HTTP_ACCEPT": "text/html", "HTTP_X_REQUESTED_WITH": "XMLHttpRequest"},
        {"HTTP_ACCEPT": "*/*", "HTTP_SEC_FETCH_MODE": "cors"},
        {"HTTP_SEC_FETCH_MODE": "websocket"},
        {},
    ],
)
def test_a_script_is_told_in_json(ask, dialect, headers):
    reply = ask(dialect=dialect, **headers)
    assert reply.status == 401
    assert json.loads(reply.body) == {"error": "not_signed_in", "sign_in": SIGN_IN}
    assert "Location" not in reply.headers


# --- the token -------------------------------------------------------------------------------


def token_of(reply, audience=f"https://{HOST}"):
    return signing.verify(reply.headers["Remote-Identity"], typ=identity.TYPE, audience=audience)


def test_the_token_says_the_same_for_a_minute(cast, browser_of, ask):
    browser = browser_of(cast.admin)
    claims = token_of(ask(browser))
    assert claims["exp"] - claims["iat"] <= 60
    assert claims["sub"] == str(cast.admin.pk)
    assert claims["sid"] == str(browser.session_row.pk)
    assert claims["email"] == "admin@acme.test"
    assert (claims["tenant"], claims["tenant_id"]) == ("acme", str(cast.acme.pk))
    assert (claims["groups"], claims["acr"]) == (["Administrators"], "aal1")


def test_the_token_is_for_one_application(cast, browser_of, ask):
    assert token_of(ask(browser_of(cast.admin)), audience="https://other.example") is None


def test_the_token_tells_of_a_change_at_once(cast, browser_of, ask):
    browser = browser_of(cast.admin)
    assert token_of(ask(browser))["groups"] == ["Administrators"]
    membership = Membership.objects.get(user=cast.admin, tenant=cast.acme)
    membership.groups.add(Group.objects.get(tenant=cast.acme, name="Auditors"))
    assert token_of(ask(browser))["groups"] == ["Administrators", "Auditors"]


def test_names_cannot_pretend_to_be_more(cast, browser_of, ask):
    membership = Membership.objects.get(user=cast.admin, tenant=cast.acme)
    odd = Group.objects.create(tenant=cast.acme, name="A,Owners\r\nRemote-User: x")
    membership.groups.set([odd])
    type(cast.admin).objects.filter(pk=cast.admin.pk).update(display_name="Jürgen 50%\n")
    reply = ask(browser_of(cast.admin))
    assert reply.headers["Remote-Groups"] == "A%2COwners%0D%0ARemote-User: x"
    assert reply.headers["Remote-Name"] == "J%C3%BCrgen 50%25%0A"
    assert all(value.isascii() and value.isprintable() for value in reply.headers.values())
    assert token_of(reply)["groups"] == [odd.name]


# --- activity --------------------------------------------------------------------------------


def age(session, by=timedelta(minutes=5)):
    Session.objects.filter(pk=session.pk).update(last_seen_at=timezone.now() - by)


def test_a_request_to_an_application_is_activity(cast, browser_of, ask):
    browser = browser_of(cast.member)
    age(browser.session_row)
    ask(browser)
    assert timezone.now() - browser.session_row.last_seen_at < timedelta(seconds=30)


@pytest.mark.parametrize(
    "headers", [{"HTTP_X_LATCHKEY_PASSIVE": "1"}, {"HTTP_SEC_PURPOSE": "prefetch;prerender"}]
)
def test_what_the_page_asks_by_itself_is_none(cast, browser_of, ask, headers):
    browser = browser_of(cast.member)
    age(browser.session_row)
    assert ask(browser, **headers).status == 200
    assert timezone.now() - browser.session_row.last_seen_at > timedelta(minutes=4)


def test_what_is_refused_is_none(cast, browser_of, ask):
    browser = browser_of(cast.outsider)
    age(browser.session_row)
    assert ask(browser).status == 403
    assert timezone.now() - browser.session_row.last_seen_at > timedelta(minutes=4)


def test_it_is_seen_where_the_browser_is_not_where_the_proxy_is(cast, browser_of, ask):
    browser = browser_of(cast.member)
    ask(browser, HTTP_X_FORWARDED_FOR=f"{HOME}, {ELSEWHERE}")
    assert browser.session_row.ip == ELSEWHERE
    ask(browser, HTTP_X_FORWARDED_FOR=f"{HOME}, {PROXY}")
    assert browser.session_row.ip == HOME


def test_in_the_steady_state_it_is_one_select(cast, browser_of, ask, django_assert_num_queries):
    browser = browser_of(cast.member)
    ask(browser)
    with django_assert_num_queries(1) as queries:
        assert ask(browser).status == 200
    assert queries.captured_queries[0]["sql"].split()[0] == "SELECT"


# --- faults ----------------------------------------------------------------------------------


class Broken(Exception):
    pass


def breaks(*_args, **_kwargs):
    raise Broken


@every_dialect
@pytest.mark.parametrize(
    ("module", "name"),
    [(gate, "_may_ask"), (gate, "read_question"), (gate, "client_in"), (gate, "rules_of"),
     (gate, "before_asking_who"), (gate, "guest_of"), (gate, "decide"), (gate, "headers_for"),
     (gate, "note_use"), (visitor, "find_session"), (visitor, "is_over"), (visitor, "vouches"),
     (visitor, "unseal"), (visitor, "key_in"), (signing, "sign"), (answers, "allowed")],
    ids=lambda part: getattr(part, "__name__", part),
)  # fmt: skip
def test_whatever_breaks_nobody_gets_in(cast, browser_of, ask, monkeypatch, dialect, module, name):
    browser = browser_of(cast.member)
    identity._headers.cache_clear()
    age(browser.session_row)
    monkeypatch.setattr(module, name, breaks)
    reply = ask(browser, dialect=dialect)
    assert (reply.status, identity_in(reply)) == (503, EMPTY)
    assert json.loads(reply.body) == {"error": "unavailable"}

"""Real nginx and real Caddy with the example set-ups, a served portal and a tiny application."""

import json
import re
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings as django_settings

from sessions_admin.authz.identity import HEADERS, TYPE
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import Application, Session
from sessions_admin.tokens import signing
from tests.authz import proxies
from tests.authz.programs import program
from tests.authz.proxies import Talkative, send
from tests.cast import FIREFOX

COOKIE = django_settings.SESSION_COOKIE_NAME
PASS = django_settings.APPLICATION_COOKIE_NAME
HTML = "Accept: text/html"

pytestmark = pytest.mark.django_db(transaction=True)


def named(name):
    missing = pytest.mark.skipif(program(name) is None, reason=f"{name} is not installed")
    return pytest.param(name, marks=[getattr(pytest.mark, name), missing])


@pytest.fixture(scope="module")
def parts(django_db_setup, django_db_blocker, tmp_path_factory):
    """The portal and the application, and each proxy when it is first asked for."""
    from contextlib import ExitStack

    with ExitStack() as stack, django_db_blocker.unblock():
        portal = stack.enter_context(proxies.portal())
        application = stack.enter_context(proxies.application())
        started = {}

        def port_of(name):
            if name not in started:
                directory = tmp_path_factory.mktemp("proxy")
                started[name] = stack.enter_context(
                    proxies.proxy(name, directory, portal, application)
                )
            return started[name]

        yield portal, port_of


@pytest.fixture(params=[named("nginx"), named("caddy")])
def site(request, parts, cast, settings):
    """An application of acme behind this proxy; each test has a host name of its own."""
    portal, port_of = parts
    settings.PUBLIC_URL = f"http://127.0.0.1:{portal}"
    site = Site(request.param, port_of(request.param))
    row = Application.objects.create(name="Wiki", host=site.host, public_paths="/health\n/assets/")
    row.tenants.add(cast.acme)
    Talkative.asked.clear()
    return site


class Site:
    def __init__(self, proxy, port):
        self.proxy, self.port = proxy, port
        self.host = f"w{uuid4().hex[:12]}.localhost:{port}"
        self.origin = f"http://{self.host}"

    def get(self, path="/headers.json", *lines, cookie="", method="GET", body=b""):
        asked = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"User-Agent: {FIREFOX}"]
        asked += [f"Cookie: {cookie}"] if cookie else []
        connection = (
            []
            if any(line.lower().startswith("connection") for line in lines)
            else ["Connection: close"]
        )
        return send(self.port, *asked, *lines, *connection, body=body)

    def headers(self, *lines, cookie):
        """What the application got, for a request that passes: lower case, '_' as '-'."""
        answer = self.get("/headers.json", *lines, cookie=cookie)
        assert answer.status == 200, answer
        return [(name.lower().replace("_", "-"), value) for name, value in json.loads(answer.body)]


def cookie_of(browser):
    return f"{COOKIE}={browser.cookies[COOKIE].value}"


# --- the point of it all ---------------------------------------------------------------------


def test_a_signed_in_request_passes_with_its_identity(cast, browser_of, site):
    browser = browser_of(cast.admin)
    got = dict(site.headers(cookie=cookie_of(browser)))
    assert got["remote-user"] == str(cast.admin.pk)
    assert got["remote-email"] == "admin@acme.test"
    assert got["remote-groups"] == "Administrators"
    assert got["remote-tenant"] == "acme"
    assert got["remote-session"] == str(browser.session_row.pk)
    claims = signing.verify(got["remote-identity"], typ=TYPE, audience=site.origin)
    assert claims["sub"] == str(cast.admin.pk)


def test_logging_out_of_all_sessions_ends_the_very_next_request(cast, browser_of, site):
    browser, cookie = browser_of(cast.member), ""
    cookie = cookie_of(browser)
    assert site.get(cookie=cookie).status == 200
    browser.post("/sessions/end-all/")
    reached = len(Talkative.asked)
    assert site.get(cookie=cookie).status == 401
    assert site.get("/", HTML, cookie=cookie).status in {302, 303}
    assert len(Talkative.asked) == reached


def test_an_administrator_logs_somebody_out_of_it(cast, browser_of, site):
    browser = browser_of(cast.member)
    assert site.get(cookie=cookie_of(browser)).status == 200
    browser_of(cast.admin).post(f"/users/{cast.member.pk}/end-sessions/")
    assert site.get(cookie=cookie_of(browser)).status == 401


def test_nobody_else_gets_through(cast, browser_of, site):
    for cookie in ("", f"{COOKIE}=x", f"{COOKIE}={'A' * 43}", cookie_of(browser_of(cast.outsider))):
        assert site.get(cookie=cookie).status in {401, 403}
    assert Talkative.asked == []


def test_an_unknown_host_gets_nowhere(cast, browser_of, site):
    site.host = f"other.localhost:{site.port}"
    assert site.get("/health", cookie=cookie_of(browser_of(cast.member))).status == 403
    assert Talkative.asked == []


@pytest.mark.parametrize("path", ["/headers.json", "/assets/app.css"])
def test_a_request_that_names_two_hosts_gets_nowhere(cast, browser_of, site, path):
    """What is asked about must be where it leads: RFC 9112 §3.2.2 and §3.2.3."""
    cookie = cookie_of(browser_of(cast.member))
    assert site.get(f"{site.origin}{path}", cookie=cookie).status == 200
    elsewhere = f"http://other.localhost:{site.port}{path}"
    Talkative.asked.clear()
    assert site.get(elsewhere, cookie=cookie).status in {400, 403}
    assert Talkative.asked == []


def test_a_public_path_is_open_and_names_nobody(site):
    answer = site.get("/assets/app.css")
    assert answer.status == 200
    values = re.findall(rb"<tr><th>Remote-\w+<td>([^<]*)", answer.body)
    assert set(values) <= {b""}


@pytest.mark.parametrize(
    "path",
    ["/assets/../headers.json", "/assets/%2e%2e/headers.json", "/assets/..%2fheaders.json",
     "/assets//../headers.json", "/assets/%5c../headers.json", "/assets/..;/headers.json",
     "//assets/../headers.json", "/assets/%2e%2e%2fheaders.json"],
)  # fmt: skip
def test_a_public_path_leads_nowhere_else(site, path):
    assert site.get(path).status in {400, 401, 403}
    assert Talkative.asked == []


# --- what a client may not say ---------------------------------------------------------------

EVIL = "evil@attacker.example"
SPELLINGS = [
    "Remote-User", "remote-user", "REMOTE-USER", "Remote_User", "REMOTE_USER", "remote_user",
    "Remote-Email", "Remote_Email", "remote-EMAIL", "Remote-Groups", "Remote_Groups", "Remote-Name",
    "Remote-Tenant", "Remote-Session", "Remote-Actor", "Remote_Actor", "Remote-Identity",
    "Remote_Identity", "REMOTE_IDENTITY",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_a_client_says_of_itself_never_reaches_the_application(
    cast, browser_of, site, spelling
):
    cookie = cookie_of(browser_of(cast.admin))
    line = f"{spelling}: {EVIL}"
    got = site.headers(line, line, cookie=cookie)
    assert EVIL not in json.dumps(got)
    for name in HEADERS:
        if name != "Remote-Actor":  # empty: nginx leaves it out
            assert len([1 for key, _ in got if key == name.lower()]) == 1


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_nor_on_a_public_path(site, spelling):
    answer = site.get("/assets/x", f"{spelling}: {EVIL}")
    assert answer.status == 200
    assert EVIL.encode() not in answer.body


@pytest.mark.parametrize(
    "named",
    ["Remote-User", "Remote-User, Remote-Email, Remote-Identity", "close, Remote-Groups",
     "keep-alive, Remote-Identity", "Cookie", "X-Forwarded-For, X-Forwarded-Uri", "Host",
     "X-Latchkey-Secret", "X-Original-URL"],
)  # fmt: skip
def test_naming_headers_hop_by_hop_drops_none_of_ours(cast, browser_of, site, named):
    """CVE-2025-48865 and its kind: what `Connection` names may be dropped, and must not be ours."""
    cookie = cookie_of(browser_of(cast.admin))
    got = dict(site.headers(f"Connection: {named}, close", f"Remote-User: {EVIL}", cookie=cookie))
    assert got["remote-user"] == str(cast.admin.pk)
    assert got["remote-email"] == "admin@acme.test"
    assert got["remote-groups"] == "Administrators"
    assert got["remote-identity"]


@pytest.mark.parametrize(
    "line",
    ["X-Forwarded-Uri: /health", "X_Forwarded_Uri: /health", "X-Forwarded_Uri: /health",
     "X_Forwarded-Uri: /health", "x-forwarded-uri: /health", "X-Original-URL: {origin}/health",
     "X_Original_URL: {origin}/health", "X-Original_URL: {origin}/health",
     "X-Forwarded-Method: OPTIONS", "X-Forwarded-Prefix: /health", "X-Rewrite-Url: /health",
     "Forwarded: for=127.0.0.1"],
)  # fmt: skip
def test_a_client_cannot_say_that_it_asked_for_something_public(site, line):
    """CVE-2026-40575 and its kind."""
    line = line.format(origin=site.origin)
    assert site.get("/headers.json", line).status == 401
    assert site.get("/headers.json", line, line).status == 401
    assert Talkative.asked == []


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X_Forwarded_For", "X-Forwarded_For"])
def test_a_client_cannot_choose_its_address(cast, browser_of, site, name):
    browser = browser_of(cast.member)
    site.get("/headers.json", f"{name}: 198.51.100.200", cookie=cookie_of(browser))
    assert browser.session_row.ip == "127.0.0.1"


@pytest.mark.parametrize("name", ["X-Latchkey-Secret", "X_Latchkey_Secret", "X-Latchkey_Secret"])
def test_the_secret_is_the_proxys(cast, browser_of, site, name):
    cookie = cookie_of(browser_of(cast.member))
    got = site.headers(f"{name}: nonsense", cookie=cookie)
    assert proxies.SECRET not in json.dumps(got)


def test_the_application_does_not_see_our_cookies(cast, browser_of, site):
    ours = cookie_of(browser_of(cast.member))
    key = ours.partition("=")[2]
    for cookie in (f"a=1; {ours}; b=2", f"{ours}; a=1; b=2", f"a=1; b=2; {PASS}=zzz; {ours}"):
        [value] = [value for name, value in site.headers(cookie=cookie) if name == "cookie"]
        assert key not in value
        assert "zzz" not in value
        assert {pair.strip() for pair in value.split(";") if pair.strip()} == {"a=1", "b=2"}


# --- how one is asked to sign in -------------------------------------------------------------


def test_a_page_goes_to_the_sign_in_and_back(cast, browser_of, site):
    """The whole way, with the pass of a host of its own."""
    jar = {}

    def get(url, *lines):
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == site.origin
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = site.get(path, *lines, cookie=cookie)
        jar.update(answer.cookies)
        return answer

    asked = get(f"{site.origin}/page?a=1&b=%26", HTML)
    assert asked.status in {302, 303}
    portal = django_settings.PUBLIC_URL
    start = get(asked["Location"])["Location"].removeprefix(portal)
    browser = browser_of()
    login = browser.get(start).url
    data = {"login": "member@acme.test", "password": PASSWORD, "next": start}
    assert browser.post(login, data).url == start
    callback = browser.get(start).headers["Refresh"].removeprefix("0; url=")
    back = get(callback)
    assert (back.status, back["Location"]) == (302, f"{site.origin}/page?a=1&b=%26")
    page = get(back["Location"], HTML)
    assert page.status == 200
    assert b"member@acme.test" in page.body
    assert COOKIE not in jar
    out = site.get(
        "/.latchkey/sign-out", f"Origin: {site.origin}", "Content-Length: 0",
        cookie=f"{PASS}={jar[PASS]}", method="POST",
    )  # fmt: skip
    assert (out.status, out["Location"]) == (303, f"{portal}/signed-out/")
    assert not Session.objects.open().filter(user=cast.member).exists()
    assert get(f"{site.origin}/page", HTML).status in {302, 303}


def test_htmx_leaves_the_page(site):
    answer = site.get("/list", "HX-Request: true", f"HX-Current-URL: {site.origin}/list?page=2")
    assert answer.status == 401
    assert answer["HX-Redirect"] == f"{site.origin}/.latchkey/sign-in?rd=/list%3Fpage%3D2"
    assert answer["Location"] == ""


def test_a_script_is_told(site):
    answer = site.get("/api", "Accept: application/json")
    assert answer.status == 401
    assert answer["Location"] == ""


def test_a_form_is_not_sent_again(site):
    answer = site.get(
        "/save", HTML, "Content-Length: 3", "Content-Type: application/x-www-form-urlencoded",
        f"Referer: {site.origin}/form", method="POST", body=b"a=1",
    )  # fmt: skip
    assert answer.status == 303
    assert answer["Location"] == f"{site.origin}/.latchkey/sign-in?rd=/form"
    assert Talkative.asked == []


def test_a_body_reaches_the_application(cast, browser_of, site):
    answer = site.get(
        "/headers.json", "Content-Length: 3", method="POST", body=b"a=1",
        cookie=cookie_of(browser_of(cast.member)),
    )  # fmt: skip
    assert answer.status == 200
    assert ["content-length", "3"] in [
        [name.lower(), value] for name, value in json.loads(answer.body)
    ]


def test_answers_that_refuse_are_never_kept(site):
    assert "no-store" in site.get("/", HTML)["Cache-Control"]


# --- web sockets -----------------------------------------------------------------------------

UPGRADE = (
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip


def test_a_web_socket_is_checked_when_it_connects(cast, browser_of, site):
    browser = browser_of(cast.member)
    assert site.get("/socket", *UPGRADE).status == 401
    assert Talkative.asked == []
    assert site.get("/socket", *UPGRADE, cookie=cookie_of(browser)).status == 101
    browser.post("/sessions/end-all/")
    assert site.get("/socket", *UPGRADE, cookie=cookie_of(browser)).status == 401


def test_a_web_socket_that_names_our_headers_gets_none_of_its_own(cast, browser_of, site):
    lines = ("Connection: Upgrade, Remote-User", *UPGRADE[1:], f"Remote-User: {EVIL}")
    assert site.get("/socket", *lines).status == 401

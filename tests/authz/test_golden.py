"""Whole questions of Traefik and Envoy, as their documentation describes them, and whole answers.

Neither is packaged for the systems that these tests run on, so they are not started here.
"""

import json

import pytest
from django.conf import settings as django_settings

from sessions_admin.authz.identity import HEADERS
from tests.authz.conftest import HOST, PROXY, SECRET, call

# Traefik 3, ForwardAuth: GET to the address, headers of `authRequestHeaders`, X-Forwarded-* of its
# own, which replace a client's (trustForwardHeader: false).
TRAEFIK = """\
GET /authz/traefik HTTP/1.1
Host: 127.0.0.1:8000
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0
Accept: {accept}
Accept-Encoding: gzip
Cookie: theme=dark; {cookie}
X-Forwarded-For: 203.0.113.7
X-Forwarded-Host: wiki.example
X-Forwarded-Method: {method}
X-Forwarded-Port: 443
X-Forwarded-Proto: https
X-Forwarded-Server: edge-1
X-Forwarded-Uri: /page?a=1
X-Latchkey-Secret: {secret}
"""
# Envoy 1.3x, ext_authz by HTTP: the method and the path as they were, the prefix before it; Host,
# the allowed headers, and what `headers_to_add` says. No body.
ENVOY = """\
{method} /authz/envoy/page?a=1 HTTP/1.1
Host: wiki.example
Content-Length: 0
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0
Accept: {accept}
Cookie: theme=dark; {cookie}
X-Envoy-Internal: true
X-Forwarded-For: 203.0.113.7
X-Forwarded-Proto: https
X-Latchkey-Secret: {secret}
"""
both = pytest.mark.parametrize("golden", [TRAEFIK, ENVOY], ids=["traefik", "envoy"])
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SIGN_IN = f"https://{HOST}/.latchkey/sign-in?rd=/page%3Fa%3D1"
EMPTY = dict.fromkeys(HEADERS, "")


def environ_of(text):
    """A request as the server hands it on (PEP 3333)."""
    first, *lines = text.strip().splitlines()
    method, address, _ = first.split(" ")
    path, _, query = address.partition("?")
    headers = {
        "HTTP_" + name.upper().replace("-", "_"): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    return {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": PROXY,
        **headers,
    }  # fmt: skip


def send(golden, browser=None, *, method="GET", accept=HTML, **headers):
    name = django_settings.SESSION_COOKIE_NAME
    cookie = f"{name}={browser.cookies[name].value}" if browser else "x=y"
    text = golden.format(method=method, accept=accept, cookie=cookie, secret=SECRET)
    return call({**environ_of(text), **headers})


@both
def test_allowed(cast, browser_of, wiki, golden):
    browser = browser_of(cast.member)
    reply = send(golden, browser)
    assert (reply.status, reply.body) == (200, b"")
    token = reply.headers.pop("Remote-Identity")
    assert token.count(".") == 2
    assert reply.headers == {
        "Cache-Control": "no-store", "Content-Length": "0", "Remote-User": str(cast.member.pk),
        "Remote-Name": cast.member.name, "Remote-Email": "member@acme.test",
        "Remote-Groups": "Members", "Remote-Tenant": "acme",
        "Remote-Session": str(browser.session_row.pk), "Remote-Actor": "",
    }  # fmt: skip


@both
def test_a_page_is_redirected(wiki, golden):
    reply = send(golden)
    assert (reply.status, reply.body) == (302, b"")
    assert reply.headers == EMPTY | {
        "Cache-Control": "no-store", "Content-Length": "0", "Location": SIGN_IN,
    }  # fmt: skip


@both
def test_a_form_is_redirected_without_being_sent_again(wiki, golden):
    reply = send(golden, method="POST", HTTP_REFERER=f"https://{HOST}/form")
    assert (reply.status, reply.location) == (303, f"https://{HOST}/.latchkey/sign-in?rd=/form")


@both
def test_a_script_and_htmx_are_told(wiki, golden):
    reply = send(golden, accept="application/json")
    assert reply.status == 401
    assert json.loads(reply.body) == {"error": "not_signed_in", "sign_in": SIGN_IN}
    reply = send(golden, HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL=f"https://{HOST}/page?a=1")
    assert (reply.status, reply.headers["HX-Redirect"]) == (401, SIGN_IN)


@both
def test_forbidden(cast, browser_of, wiki, golden):
    reply = send(golden, browser_of(cast.outsider))
    assert reply.status == 403
    assert reply.headers == EMPTY | {
        "Cache-Control": "no-store", "Content-Type": "application/json",
        "Content-Length": str(len(reply.body)),
    }  # fmt: skip


@both
@pytest.mark.parametrize(
    "line",
    ["X-Latchkey-Secret: wrong-wrong-wrong", "X-Forwarded-Proto: gopher", "X-Forwarded-For:"],
)
def test_what_the_proxy_must_say(cast, browser_of, wiki, golden, line):
    name, _, value = line.partition(":")
    changed = {"HTTP_" + name.upper().replace("-", "_"): value.strip() or "unknown"}
    reply = send(golden, browser_of(cast.member), **changed)
    assert reply.status in {400, 403}
    assert {name: reply.headers[name] for name in HEADERS} == EMPTY

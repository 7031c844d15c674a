"""Addresses: where one may return to, what is readable, what is public."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.authz.target import (
    is_loopback,
    is_malformed,
    is_public,
    origin_of,
    read_return,
    read_target,
)

APP = "https://wiki.example"

# Each was an open redirect somewhere. By kind, with an advisory of that kind where there is one.
ELSEWHERE = [
    # another host, plainly
    "https://evil.example", "https://evil.example/", "https://evil.example/wiki.example",
    "https://evil.example?wiki.example", "https://evil.example#wiki.example",
    "https://evil.example/https://wiki.example", "https://evil.example:443/",
    # without a scheme: CVE-2020-5233, GHSA-qqxw-m5fj-f7gv
    "//evil.example", "///evil.example", "////evil.example", "//evil.example/%2f..",
    "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example",
    "/\\/\\evil.example", "//\\evil.example", "https:evil.example", "https:/evil.example",
    "https:///evil.example", "https:\\\\evil.example", "https:/\\evil.example",
    # whitespace and controls between slashes: GHSA-j7px-6hwj-hpjg, CVE-2020-4037
    "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "/ /evil.example",
    "/\x0b/evil.example", "/\x00/evil.example", "\t//evil.example", " https://wiki.example",
    "https://wiki.example\t", "ht\ntps://evil.example", "https://wiki.example/\r\nX: y",
    "https://\twiki.example", "https://wiki.example\x00.evil.example", "https://wiki.example /",
    "\x01https://wiki.example", "\u00a0https://wiki.example", "\ufeffhttps://wiki.example",
    # user information
    "https://wiki.example@evil.example", "https://wiki.example:443@evil.example",
    "https://wiki.example:x@evil.example/", "https://user@wiki.example/", "https://@wiki.example",
    "https://evil.example\\@wiki.example", "https://wiki.example%40evil.example",
    "https://wiki.example\\@evil.example", "https://evil.example#@wiki.example/",
    "https://evil.example?@wiki.example/", "https://[wiki.example]@evil.example",
    # the end or the start of the name only: CVE-2021-21291, go-oauth2 #298
    "https://wiki.example.evil.example", "https://evilwiki.example", "https://wiki.example.",
    "https://evil-wiki.example", "https://wiki.examplee", "https://wiki.example-evil.example",
    "https://sub.wiki.example", "https://wikixexample",
    # backslashes after the host: CVE-2019-3877, mod_auth_openidc #453
    "https://wiki.example\\.evil.example", "https://wiki.example\\evil.example",
    "https://wiki.example/\\evil.example", "https://evil.example\\wiki.example",
    # letters that become others
    "https://evil\u3002example", "https://wiki.example\uff0f.evil.example",
    "https://wiki\u3002example", "https://w\u0456ki.example", "https://\u24ce.example",
    "https://wiki.example\u2044@evil.example", "\uff48ttps://evil.example",
    # encoded where it must not be
    "https%3a%2f%2fevil.example", "%2f%2fevil.example", "/%09/evil.example", "/%5cevil.example",
    "https://wiki.example%2eevil.example", "https://wiki.example%00.evil.example",
    "https://%77iki.example", "https://wiki.example%2f@evil.example",
    # other schemes
    "http://wiki.example/", "javascript:alert(1)", "javascript://wiki.example/%0aalert(1)",
    "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://wiki.example/",
    "wss://wiki.example/", "blob:https://wiki.example/x", "view-source:https://wiki.example/",
    "HTTPS://wiki.example/", "https://WIKI.example/", "//wiki.example/",
    # ports and addresses
    "https://wiki.example:8443/", "https://wiki.example:/", "https://wiki.example:0/",
    "https://wiki.example:0443/", "https://wiki.example:443x/", "https://wiki.example:99999/",
    "https://0x7f000001/", "https://2130706433/", "https://[::ffff:192.0.2.1]/", "https://[::1",
    "https://wiki.example:443:443/",
    # paths that are not what they seem
    "https://wiki.example/..", "https://wiki.example/a/../b", "https://wiki.example/%2e%2e/",
    "https://wiki.example/%2e%2e%2fx", "https://wiki.example/%5c..%5cx", "https://wiki.example/%0d",
    "https://wiki.example/%", "https://wiki.example/%zz", "https://wiki.example/#x",
    "https://wiki.example/..;/x", "https://wiki.example/\u00e9",
    # nothing at all, and too much
    "", "/", "page", "?x", "#x", ".", "..", "https://", "https:", "://wiki.example/", "null",
    "https://wiki.example/" + "a" * 2100,
]  # fmt: skip


@pytest.mark.parametrize("address", ELSEWHERE)
def test_it_returns_to_no_other_place(address):
    target = read_return(address)
    assert target is None or target.origin != APP


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (APP, "/"), (f"{APP}/", "/"), (f"{APP}/page", "/page"), (f"{APP}:443/page", "/page"),
        (f"{APP}/a?b=https://evil.example", "/a?b=https://evil.example"),
        (f"{APP}//evil.example", "//evil.example"), (f"{APP}/a%20b?c=%26", "/a%20b?c=%26"),
        (f"{APP}/caf%C3%A9", "/caf%C3%A9"), (f"{APP}/a;b=c,d", "/a;b=c,d"),
        (f"{APP}/x?y=../..", "/x?y=../.."), (f"{APP}/...", "/..."), (f"{APP}/a@b", "/a@b"),
    ],
)  # fmt: skip
def test_it_returns_to_the_application(address, path):
    target = read_return(address)
    assert (target.origin, target.path, target.url) == (APP, path, APP + path)


@given(st.text(max_size=60))
def test_what_it_returns_to_is_where_a_browser_goes(text):
    for address in (text, f"{APP}{text}", f"https://{text}wiki.example/", f"{APP}/{text}"):
        target = read_return(address)
        if target is not None:
            there = urlsplit(address)
            assert there.hostname in {target.host.split(":")[0], target.host.strip("[]")}
            assert there.username is None
            assert "\\" not in address
            assert address.isascii()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("wiki.localhost", True), ("127.0.0.1:8080", True), ("[::1]:8", True),
     ("127.9.9.9", True), ("192.0.2.1", False), ("localhost.example", False),
     ("[2001:db8::1]", False), ("xlocalhost", False), ("127.0.0.1.example", False)],
)  # fmt: skip
def test_plain_http_is_for_this_machine(host, loopback):
    assert is_loopback(host) is loopback
    assert origin_of(host) == ("http://" if loopback else "https://") + host
    assert (read_target(f"http://{host}/") is not None) is loopback


@pytest.mark.parametrize(
    ("scheme", "same"), [("ws", "http"), ("wss", "https"), ("http", "http"), ("https", "https")]
)
def test_web_sockets_have_the_origin_of_their_pages(scheme, same):
    assert read_target(f"{scheme}://wiki.localhost/x").origin == f"{same}://wiki.localhost"


@pytest.mark.parametrize(
    ("path", "malformed"),
    [("/", False), ("/a/b.c?d=../x", False), ("/%C3%A9", False), ("/.well-known/x", False),
     ("/a/./b", True), ("/a/..", True), ("/%2E%2e/a", True), ("/.%2e/a", True), ("/a\\..\\b", True),
     ("/%2f..%2f", True), ("/..;x=1/a", True), ("/%", True), ("/%4", True), ("/%g0", True),
     ("/%00", True), ("/%1F", True), ("/%7f", True), ("/a%20b", False), ("/%252e%252e/", False)],
)  # fmt: skip
def test_dot_segments_and_controls_are_malformed(path, malformed):
    assert is_malformed(path) is malformed


PUBLIC = ("/health", "/assets/", "/caf\u00e9", "", "no/slash")


@pytest.mark.parametrize(
    ("path", "public"),
    [("/health", True), ("/health?x=1", True), ("/assets/", True), ("/assets/a/b.css", True),
     ("/caf%C3%A9", True), ("/%68ealth", True), ("/assets/a%20b", True),
     ("/health/", False), ("/healthz", False), ("/assets", False), ("/HEALTH", False),
     ("/assets/a;b", False), ("/assets//a", False), ("/assets/%2fa", False),
     ("/assets/%c0%ae%c0%ae/a", False), ("/assets/%ff", False),
     ("/assets/%5Ca", False), ("/assets/%252e", False), ("/assets/a,b", False), ("/", False),
     ("/x?/assets/", False), ("/x/assets/", False), ("no/slash", False)],
)  # fmt: skip
def test_public_is_what_nobody_can_read_differently(path, public):
    assert is_public(path, PUBLIC) is public


def test_a_lone_slash_opens_the_start_page_alone():
    assert is_public("/", ("/",))
    assert not is_public("/secret", ("/",))


@given(st.text(alphabet="/.%;\\2eEfF5cC,ab", max_size=30))
def test_nothing_below_a_public_path_leads_out_of_it(rest):
    """However often somebody decodes and tidies it afterwards."""
    path = "/assets/" + rest
    if is_malformed(path) or not is_public(path, ("/assets/",)):
        return
    from posixpath import normpath
    from urllib.parse import unquote

    for _ in range(3):
        assert normpath(path.replace("\\", "/").replace(";", "/")).startswith("/assets")
        path = unquote(path)

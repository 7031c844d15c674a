"""The way to an application behind a proxy, as a real browser goes it."""

import re
import threading
from ipaddress import ip_network
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from sessions_admin.authz import applications
from sessions_admin.authz.gate import Gate
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import Application, Session
from tests.browser.pages import with_and_without_script

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "the-proxy-and-the-portal-know-it-and-nobody-else"
IDENTITY = ("Remote-Name", "Remote-Email", "Remote-Tenant")


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


def through_the_gate(environ, start_response):
    """What Caddy does: asks, and hands on either the answer or the request to the application."""
    trusted = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_LATCHKEY_SECRET": SECRET}
    if environ["PATH_INFO"].startswith("/.latchkey/"):
        return Gate(None)({**environ, **trusted}, start_response)
    question = {
        "PATH_INFO": "/authz/caddy", "REQUEST_METHOD": "GET", "HTTP_X_FORWARDED_PROTO": "http",
        "HTTP_X_FORWARDED_HOST": environ["HTTP_HOST"],
        "HTTP_X_FORWARDED_URI": environ["PATH_INFO"],
        "HTTP_X_FORWARDED_METHOD": environ["REQUEST_METHOD"],
    }  # fmt: skip
    answer = {}
    body = Gate(None)(
        {**environ, **trusted, **question},
        lambda status, headers: answer.update(s=status, h=headers),
    )
    if not answer["s"].startswith("200"):
        start_response(answer["s"], answer["h"])
        return body
    told = dict(answer["h"])
    start_response("200 OK", [("Content-Type", "text/html")])
    page = f"<title>Wiki</title><p>{'; '.join(told[name] for name in IDENTITY)}</p>"
    form = '<form method="post" action="/.latchkey/sign-out"><button>Leave</button></form>'
    return [f"<!doctype html><html lang=en>{page}{form}".encode()]


@pytest.fixture
def wiki(live_server, cast, settings):
    """An application on a host name of its own; its address."""
    settings.FORWARD_AUTH_SECRET, settings.PUBLIC_URL = SECRET, live_server.url
    settings.TRUSTED_PROXIES = (ip_network("127.0.0.1"),)
    applications.forget()
    server = make_server("127.0.0.1", 0, through_the_gate, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    host = f"wiki.localhost:{server.server_port}"
    Application.objects.create(name="Wiki", host=host).tenants.add(cast.acme)
    yield f"http://{host}"
    server.shutdown()
    server.server_close()


# Another host is what this is about.
OTHER_HOST = r"request to another host: http://wiki\.localhost"


@with_and_without_script
def test_a_person_signs_in_on_the_way_and_leaves(page_of, wiki, cast, javascript):
    page = page_of(javascript=javascript, allow=[OTHER_HOST, "favicon"])
    page.goto(f"{wiki}/page")
    page.wait_for_url(re.compile("/accounts/login/"))
    page.fill("[name=login]", "member@acme.test")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{wiki}/page")
    expect(page.locator("p")).to_have_text(f"{cast.member.name}; member@acme.test; acme")
    names = {cookie["name"] for cookie in page.context.cookies(wiki)}
    assert django_settings.APPLICATION_COOKIE_NAME in names
    assert django_settings.SESSION_COOKIE_NAME not in names
    page.get_by_role("button", name="Leave").click()
    page.wait_for_url(re.compile("/signed-out/"))
    assert not Session.objects.live().filter(user=cast.member).exists()
    page.goto(f"{wiki}/page")
    page.wait_for_url(re.compile("/accounts/login/|/signed-out/"))


def test_who_may_not_enter_reads_why(page_of, assert_clean, wiki, cast):
    page = page_of(cast.outsider, allow=[OTHER_HOST, "status of 403"])
    page.goto(f"{wiki}/page")
    expect(page.get_by_role("heading", name="You may not enter Wiki")).to_be_visible()
    expect(page).to_have_url(re.compile(f"^{re.escape(django_settings.PUBLIC_URL)}/"))
    assert_clean(page)


def test_what_went_wrong_can_be_tried_again(page_of, assert_clean, wiki, cast):
    page = page_of(cast.member, allow=[OTHER_HOST, "favicon"])
    page.goto(f"/authz/start?rd={wiki}/page&trouble=late")
    expect(page.get_by_role("heading", name="Wiki could not be opened")).to_be_visible()
    assert_clean(page)
    page.get_by_role("link", name="Try again").click()
    page.wait_for_url(f"{wiki}/page")

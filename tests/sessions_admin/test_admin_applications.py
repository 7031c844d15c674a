"""Applications behind the proxy, kept by operators in /admin/."""

import pytest
import time_machine
from django.utils import timezone

from sessions_admin.admin.applications import plain_host
from sessions_admin.authz.target import origin_of, read_target
from sessions_admin.models import Application
from tests.cast import Browser

APPLICATIONS = "/admin/sessions_admin/application/"


@pytest.fixture
def desk(operator, browser_of):
    return browser_of(operator)


@pytest.fixture
def form(acme):
    """The fields as they are sent."""

    def make(**changes):
        return {
            "name": "Wiki", "host": "wiki.example.com", "is_active": "on",
            "tenants": [str(acme.pk)], "groups": [], "minimum_aal": "1", "public_paths": "",
        } | changes  # fmt: skip

    return make


def add(desk, fields):
    return desk.post(f"{APPLICATIONS}add/", fields)


def errors_of(response):
    return response.context["adminform"].form.errors


def test_nobody_but_operators_gets_in(browser_of, owner, form):
    browser = browser_of(owner)
    assert browser.get(APPLICATIONS, follow=True).status_code == 403
    add(browser, form())
    assert not Application.objects.exists()


def test_one_is_added_changed_and_deleted(desk, form, acme):
    group = acme.groups.get(name="Owners")
    add(desk, form(groups=[str(group.pk)], minimum_aal="2", public_paths="/health\r\n /assets/ \n"))
    application = Application.objects.get()
    assert (application.name, application.host) == ("Wiki", "wiki.example.com")
    assert application.public_paths == "/health\n/assets/"
    assert list(application.tenants.all()) == [acme]
    assert list(application.groups.all()) == [group]
    page = desk.get(APPLICATIONS).content.decode()
    assert "Owners (Acme)" in page
    assert "two factors" in page

    url = f"{APPLICATIONS}{application.pk}/change/"
    fields = form(host="WIKI.example.com:8443")
    del fields["is_active"]
    desk.post(url, fields)
    application.refresh_from_db()
    assert (application.host, application.is_active) == ("wiki.example.com:8443", False)

    desk.post(f"{APPLICATIONS}{application.pk}/delete/", {"post": "yes"})
    assert not Application.objects.exists()


def test_without_a_tenant_nobody_is_let_in_and_it_says_so(desk, form):
    add(desk, form(tenants=[]))
    assert "Nobody" in desk.get(APPLICATIONS).content.decode()


def test_saving_wants_a_fresh_proof(operator, form):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        desk = Browser()
        desk.sign_in(operator)
        clock.shift(660)
        assert add(desk, form()).url.startswith("/accounts/reauthenticate/")
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("wiki.example.com", "wiki.example.com"),
        (" Wiki.Example.COM ", "wiki.example.com"),
        ("https://wiki.example.com/", "wiki.example.com"),
        ("wiki.example.com:443", "wiki.example.com"),
        ("https://wiki.example.com:8443", "wiki.example.com:8443"),
        ("http://app.localhost:9000", "app.localhost:9000"),
        ("http://app.localhost:80/", "app.localhost"),
        ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_kept_as_a_browser_says_it(text, host):
    assert plain_host(text) == host
    # ... and as the endpoint that decides reads it.
    target = read_target(f"{origin_of(host)}/")
    assert target
    assert target.host == host


@pytest.mark.parametrize(
    "host",
    [
        "wiki example", "user@wiki.example.com", "wiki.example.com/path", "wiki.example.com:0x50",
        "wiki.example.com:99999", "ftp://wiki.example.com", "*.example.com", "bücher.example",
        ".example.com", "https://", "wiki.example.com?x", "[::1", "wiki.example.com#x",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused(desk, form, host):
    assert "host" in errors_of(add(desk, form(host=host)))


@pytest.mark.parametrize("port", ["", ":8443"])
def test_the_portals_own_host_would_get_its_cookies(desk, form, settings, port):
    settings.PUBLIC_URL = "https://latchkey.example.com"
    response = add(desk, form(host=f"latchkey.example.com{port}"))
    assert "own host name" in str(errors_of(response)["host"])


def test_a_host_belongs_to_one_application(desk, form):
    add(desk, form())
    assert "host" in errors_of(add(desk, form(name="Other", host="https://WIKI.example.com")))


@pytest.mark.parametrize(
    "path",
    [
        "health", "/a b", "/a?b", "/a#b", "/%61", "/../secret", "/a/./b", "//host/", "/a;b",
        "\\windows", "/bücher", "/a,b",
    ],
)  # fmt: skip
def test_a_path_that_two_programs_may_read_differently_is_never_public(desk, form, path):
    response = add(desk, form(public_paths=f"/health\n{path}"))
    assert path.strip() in errors_of(response)["public_paths"][0]


def test_there_is_a_limit_to_public_paths(desk, form):
    many = "\n".join(f"/page{number}" for number in range(51))
    assert "At most 50" in str(errors_of(add(desk, form(public_paths=many))))


def test_groups_are_those_of_its_tenants(desk, form, globex):
    group = globex.groups.get(name="Owners")
    response = add(desk, form(groups=[str(group.pk)]))
    assert "Owners (Globex)" in str(errors_of(response)["groups"])
    assert not Application.objects.exists()

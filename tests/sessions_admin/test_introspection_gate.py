"""Introspection before Django's middleware: the same answers as the view's, and only good ones."""

from datetime import timedelta
from io import BytesIO
from urllib.parse import urlencode

import pytest
from django.db import OperationalError

from sessions_admin.tokens import api_keys, introspection_gate
from sessions_admin.tokens.introspection_gate import LONGEST_BODY, IntrospectionGate
from tenants.access import Access, CurrentTenant
from tests.apps import App, form

DJANGO = [b"Django's"]


@pytest.fixture
def app(member):
    app = App()
    app.sign_in(member)
    return app


@pytest.fixture
def key(acme, owner):
    _, text = api_keys.create_key(
        CurrentTenant(acme.pk, acme.name, acme.slug), name="Shop", scopes=[],
        lifetime=timedelta(days=1), access=Access(), actor=owner,
    )  # fmt: skip
    return text


def ask(bearer, body, **environ):
    body = body if isinstance(body, bytes) else urlencode(body).encode()
    said = []
    answer = IntrospectionGate(lambda environ, _: [environ["wsgi.input"].read(), *DJANGO])(
        {
            "PATH_INFO": "/oauth/introspect", "REQUEST_METHOD": "POST", "REMOTE_ADDR": "192.0.2.1",
            "HTTP_AUTHORIZATION": f"Bearer {bearer}", "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": BytesIO(body),
            "wsgi.url_scheme": "http", **environ,
        },
        lambda status, headers: said.append((status, dict(headers))),
    )  # fmt: skip
    return answer, said


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_it_answers_as_the_view_does(client, app, key, kind):
    token = getattr(app, kind)
    [body], [(status, headers)] = ask(key, {"token": token})
    answer = form(client, "/oauth/introspect", bearer=key, token=token)
    assert (status, body) == ("200 OK", answer.content)
    assert headers["Content-Type"] == answer.headers["Content-Type"]
    assert headers["Cache-Control"] == "no-store"


def test_what_is_no_good_is_inactive(app, key):
    assert ask(key, {"token": "nonsense"})[0] == [b'{"active": false}']


OTHERS = {
    "another path": {"PATH_INFO": "/oauth/revoke"},
    "GET": {"REQUEST_METHOD": "GET"},
    "nobody": {"HTTP_AUTHORIZATION": ""},
    "a wrong key": {"HTTP_AUTHORIZATION": "Bearer lk_nonsense"},
    "another scheme": {"HTTP_AUTHORIZATION": "Basic x"},
    "JSON": {"CONTENT_TYPE": "application/json"},
    "no length": {"CONTENT_LENGTH": ""},
    "odd length": {"CONTENT_LENGTH": "-1"},
    "too long": {"CONTENT_LENGTH": str(LONGEST_BODY + 1)},
}


@pytest.mark.parametrize("environ", OTHERS.values(), ids=OTHERS)
def test_the_rest_is_djangos_with_its_body(app, key, environ):
    answer, said = ask(key, {"token": app.access}, **environ)
    assert answer == [urlencode({"token": app.access}).encode(), *DJANGO]
    assert said == []


@pytest.mark.parametrize("body", [b"", b"token=a&token=b", b"\xff", b"token=%ff", b"a&b&c&d&e&f"])
def test_odd_forms_are_djangos(app, key, body):
    answer, said = ask(key, body)
    assert answer == [body, *DJANGO]
    assert said == []


def test_plain_http_is_djangos_to_refuse(app, key, settings):
    settings.SECURE_SSL_REDIRECT = True
    fields = {"token": app.access}
    assert ask(key, fields)[1] == []
    assert ask(key, fields, HTTP_X_FORWARDED_PROTO="https")[1] == []  # says a stranger
    assert ask(key, fields, **{"wsgi.url_scheme": "https"})[1]


def test_without_the_database_django_says_so(app, key, monkeypatch):
    def gone(_credential):
        raise OperationalError

    monkeypatch.setattr(introspection_gate, "asker_of", gone)
    assert ask(key, {"token": app.access})[1] == []

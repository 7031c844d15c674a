"""What docs/integrate.md shows for Django projects and for applications behind a proxy, run."""

import os
import re
import subprocess
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path

import jwt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import override_settings
from django.urls import clear_url_caches

from sessions_admin.authz.identity import HEADERS, TYPE
from sessions_admin.models import Session
from sessions_admin.tokens import signing
from tests.authz.conftest import HOST

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "integrate.md"


@cache
def blocks(language):
    text = DOCUMENT.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# --- a Django project ------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The files of the document, each under the name in its first line."""
    (tmp_path / "mysite").mkdir()
    (tmp_path / "mysite" / "__init__.py").touch()
    for block in blocks("python"):
        if named := re.match(r"# (mysite/\w+\.py)\n", block):
            (tmp_path / named[1]).write_text(block, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "mysite"]:
        del sys.modules[name]
    clear_url_caches()


def test_the_settings_of_the_project_are_sound(project):
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{project}", "SECRET_KEY": "k" * 60,
        "DJANGO_SETTINGS_MODULE": "mysite.settings", "DATABASE_URL": f"sqlite:///{project}/db",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "django", "check"],
        cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_views_of_the_project_have_our_sessions(project, cast, browser_of):
    import_module("mysite.urls")
    with override_settings(ROOT_URLCONF="mysite.urls"):
        clear_url_caches()
        browser, elsewhere = browser_of(cast.member), browser_of(cast.member)
        assert browser_of().get("/wiki/").status_code == 302
        assert browser.get("/wiki/").text == f"Hello {cast.member.name} of Acme"
        assert browser_of(cast.operator).get("/wiki/").text.endswith("of no tenant")
        assert browser.get("/wiki/log-out-everywhere/").status_code == 405
        assert browser.post("/wiki/log-out-everywhere/").url == "/signed-out/"
        assert elsewhere.get("/wiki/").status_code == 302
    assert not Session.objects.live().filter(user=cast.member).exists()


# --- checking the token ----------------------------------------------------------------------


@pytest.fixture
def who_asks(live_server, settings):
    """The document's function, for a portal that is really served."""
    settings.PUBLIC_URL = live_server.url
    [program] = [block for block in blocks("python") if "who_asks" in block]
    program = program.replace("https://latchkey.example.com", live_server.url)
    names = {}
    exec(program.replace("https://wiki.example.com", f"https://{HOST}"), names)  # noqa: S102
    return lambda token: names["who_asks"]({"Remote-Identity": token})


def claims(**changed):
    return {
        "aud": f"https://{HOST}",
        "exp": int(time.time()) + 60,
        "sub": "x",
        "sid": "y",
        **changed,
    }


@pytest.mark.django_db(transaction=True)
def test_an_application_knows_who_asks(cast, browser_of, who_asks, ask):
    browser = browser_of(cast.admin)
    got = who_asks(ask(browser).headers["Remote-Identity"])
    assert (got["sub"], got["email"]) == (str(cast.admin.pk), "admin@acme.test")
    assert (got["sid"], got["tenant"]) == (str(browser.session_row.pk), "acme")
    assert got["groups"] == ["Administrators"]


@pytest.mark.django_db(transaction=True)
def test_an_application_believes_nothing_else(who_asks):
    good = signing.sign(claims(), typ=TYPE)
    assert who_asks(good)["sub"] == "x"
    header, payload, signature = good.split(".")
    own = ec.generate_private_key(ec.SECP256R1())
    kid = jwt.get_unverified_header(good)["kid"]
    bad = [
        "", "x", "a.b.c", f"{header}.{payload}.", f"{header}.{payload}.{signature[:-4]}AAAA",
        signing.sign(claims(), typ="at+jwt"),
        signing.sign(claims(aud="https://other.example"), typ=TYPE),
        signing.sign(claims(exp=int(time.time()) - 1), typ=TYPE),
        signing.sign(claims(iss="https://other.example"), typ=TYPE),
        jwt.encode(claims(), None, algorithm="none", headers={"typ": TYPE, "kid": kid}),
        jwt.encode(claims(), own, algorithm="ES256", headers={"typ": TYPE, "kid": kid}),
        jwt.encode(claims(), own, algorithm="ES256", headers={"typ": TYPE, "kid": "other"}),
    ]  # fmt: skip
    for token in bad:
        with pytest.raises(jwt.PyJWTError):
            who_asks(token)


# --- Traefik and Envoy -----------------------------------------------------------------------

# What the gate reads of a browser's request, besides what the proxy says itself.
READ = {
    "cookie", "accept", "user-agent", "referer", "sec-fetch-mode", "sec-purpose",
    "x-requested-with", "x-latchkey-passive", "hx-request", "hx-current-url",
}  # fmt: skip
ALL = {name.lower() for name in HEADERS}


def test_traefik_is_told_all_headers_and_hands_on_no_others():
    [config] = [yaml.safe_load(block) for block in blocks("yaml") if "forwardAuth" in block]
    middlewares = config["http"]["middlewares"]
    asks = middlewares["latchkey-asks"]["forwardAuth"]
    assert asks["address"].endswith("/authz/traefik")
    assert asks["trustForwardHeader"] is False
    assert {name.lower() for name in asks["authResponseHeaders"]} == ALL
    assert {name.lower() for name in asks["authRequestHeaders"]} == READ | {"x-latchkey-secret"}
    cleaned = middlewares["latchkey-clean"]["headers"]["customRequestHeaders"]
    assert {name for name, value in cleaned.items() if value == ""} == {
        name.replace("-", "_") for name in HEADERS
    }


def test_envoy_is_told_all_headers_and_hands_on_no_others():
    [config] = [yaml.safe_load(block) for block in blocks("yaml") if "ext_authz" in block]
    assert config["common_http_protocol_options"] == {
        "headers_with_underscores_action": "REJECT_REQUEST"
    }
    [authz] = [one["typed_config"] for one in config["http_filters"]]
    assert authz["failure_mode_allow"] is False
    service = authz["http_service"]
    assert service["path_prefix"] == "/authz/envoy"

    def exact(part):
        return {one["exact"] for one in part["patterns"]}

    assert exact(authz["allowed_headers"]) == READ | {"x-forwarded-for", "x-forwarded-proto"}
    response = service["authorization_response"]
    assert exact(response["allowed_upstream_headers"]) == ALL
    assert {"location", "hx-redirect"} <= exact(response["allowed_client_headers"])

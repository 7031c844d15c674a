"""What the environment may say: each start is a process of its own, as in production."""

import json
import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import connections, env

ROOT = Path(__file__).resolve().parent.parent
KEY = "q8#v!Zr2" * 8
READ = """
import json, sys
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""


def start(tmp_path, *names, **environment):
    """Load the settings under exactly this environment, in a working directory of its own."""
    return subprocess.run(
        [sys.executable, "-c", READ, *names],
        cwd=tmp_path,
        env={
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        }
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def read(tmp_path, *names, **environment):
    done = start(tmp_path, *names, **{"SECRET_KEY": KEY} | environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        (
            {"SECRET_KEY": "insecure-key-for-development-only-not-for-production"},
            "SECRET_KEY is missing",
        ),
        ({"SECRET_KEY_FILE": "not-there"}, "SECRET_KEY_FILE cannot be read"),
        ({"SECRET_KEY": KEY, "SECRET_KEY_FILE": "both"}, "SECRET_KEY or SECRET_KEY_FILE, not both"),
        ({"SECRET_KEY": KEY, "DEBUG": "maybe"}, "DEBUG is 'maybe'; use true or false"),
        ({"DEBUG": "1", "ALLOWED_HOSTS": "portal.example"}, "DEBUG shows secrets"),
        ({"SECRET_KEY": KEY, "TRUSTED_PROXIES": "proxy.example"}, "TRUSTED_PROXIES takes"),
        ({"SECRET_KEY": KEY, "TRUSTED_PROXIES": "10.0.0.1/8"}, "host bits set"),
        ({"SECRET_KEY": KEY, "FORWARD_AUTH_SECRET": "short"}, "FORWARD_AUTH_SECRET is too short"),
        ({"SECRET_KEY": KEY, "TASKS_BACKEND": "celery"}, "use one of: immediate, database"),
        ({"SECRET_KEY": KEY, "LOG_FORMAT": "xml"}, "use one of: text, json"),
        ({"SECRET_KEY": KEY, "CACHE_URL": "foo://x"}, "CACHE_URL cannot be understood"),
        ({"SECRET_KEY": KEY, "EMAIL_URL": "foo://x"}, "EMAIL_URL cannot be understood"),
        ({"SECRET_KEY": KEY, "EMAIL_URL": "smtp://h:port"}, "EMAIL_URL cannot be understood"),
        ({"SECRET_KEY": KEY, "DATABASE_URL": "nonsense"}, "DATABASE_URL cannot be understood"),
        ({"SECRET_KEY": KEY, "DATABASE_URL": "mysql://h/d"}, "use postgres://"),
        ({"SECRET_KEY": KEY, "DATABASE_URL": "postgres://h:x/d"}, "DATABASE_URL cannot be"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "https://x.example"}, "ALLOWED_HOSTS takes host"),
        ({"SECRET_KEY": KEY, "CSRF_TRUSTED_ORIGINS": "x.example"}, "takes origins such as"),
        ({"SECRET_KEY": KEY, "TIME_ZONE": "Mars/Olympus"}, "Incorrect timezone setting"),
    ],
)
def test_odd_values_stop_the_start(tmp_path, environment, words):
    done = start(tmp_path, "DEBUG", **environment)
    assert done.returncode != 0
    assert words in done.stderr.strip().splitlines()[-1]


def test_the_safe_defaults(tmp_path):
    values = read(
        tmp_path, "DEBUG", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "CACHES", "SESSION_COOKIE_NAME"
    )
    assert values["DEBUG"] is False
    assert values["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert values["TRUSTED_PROXIES"] == []
    assert values["CACHES"]["default"]["BACKEND"].endswith("DatabaseCache")
    assert values["SESSION_COOKIE_NAME"] == "latchkey"


@pytest.mark.parametrize("hosts", ["portal.example", "localhost, portal.example", "*"])
def test_a_public_host_means_https_only(tmp_path, hosts):
    values = read(
        tmp_path,
        "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS",
        ALLOWED_HOSTS=hosts,
    )  # fmt: skip
    assert values.pop("SESSION_COOKIE_NAME").startswith("__Host-")
    assert values.pop("CSRF_COOKIE_NAME").startswith("__Host-")
    assert all(values.values())


def test_only_a_trusted_proxy_may_say_https(tmp_path):
    done = start(tmp_path, "SECURE_PROXY_SSL_HEADER", SECRET_KEY=KEY)
    assert json.loads(done.stdout) == {"SECURE_PROXY_SSL_HEADER": None}
    values = read(tmp_path, "SECURE_PROXY_SSL_HEADER", TRUSTED_PROXIES="10.0.0.0/8")
    assert values["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


def test_mail_by_url(tmp_path):
    mailers = read(tmp_path, "MAILERS", EMAIL_URL="smtp+tls://u:p%40ss@mail.example:587")
    assert mailers["MAILERS"]["default"]["OPTIONS"] == {
        "host": "mail.example",
        "port": 587,
        "username": "u",
        "password": "p@ss",
        "use_tls": True,
        "use_ssl": False,
        "timeout": 15,
    }


def test_secrets_come_from_files_too(tmp_path):
    (tmp_path / "key").write_text(f"  {KEY}\n")
    (tmp_path / "url").write_text("redis://cache.example/1\n")
    files = {"SECRET_KEY_FILE": "key", "CACHE_URL_FILE": "url"}
    done = start(tmp_path, "SECRET_KEY", "CACHES", **files)
    values = json.loads(done.stdout)
    assert values["SECRET_KEY"] == KEY
    assert values["CACHES"]["default"]["LOCATION"] == "redis://cache.example/1"


# --- the readers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", True), ("true", True), (" Yes ", True), ("ON", True),
        ("0", False), ("false", False), ("no", False), ("Off", False),
    ],
)  # fmt: skip
def test_boolean(monkeypatch, text, value):
    monkeypatch.setenv("SOME_SWITCH", text)
    assert env.boolean("SOME_SWITCH", default=not value) is value


@pytest.mark.parametrize("default", [True, False])
def test_boolean_default(monkeypatch, default):
    monkeypatch.delenv("SOME_SWITCH", raising=False)
    assert env.boolean("SOME_SWITCH", default=default) is default
    monkeypatch.setenv("SOME_SWITCH", " ")
    assert env.boolean("SOME_SWITCH", default=default) is default


@pytest.mark.parametrize("text", ["2", "ja", "truefalse"])
def test_boolean_takes_no_other_words(monkeypatch, text):
    monkeypatch.setenv("SOME_SWITCH", text)
    with pytest.raises(ImproperlyConfigured, match="SOME_SWITCH"):
        env.boolean("SOME_SWITCH", default=False)


@pytest.mark.parametrize(
    ("text", "value"), [("", []), (" , ,", []), ("a", ["a"]), (" a ,b,, c ", ["a", "b", "c"])]
)
def test_words(monkeypatch, text, value):
    monkeypatch.setenv("SOME_WORDS", text)
    assert env.words("SOME_WORDS") == value


def test_networks(monkeypatch):
    monkeypatch.setenv("SOME_NETWORKS", "10.0.0.0/8, 192.0.2.1, 2001:db8::/32")
    assert env.networks("SOME_NETWORKS") == (
        ip_network("10.0.0.0/8"),
        ip_network("192.0.2.1/32"),
        ip_network("2001:db8::/32"),
    )


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "*", "10.0.0.0-10.0.0.9"])
def test_networks_are_refused_with_the_reason(monkeypatch, text):
    monkeypatch.setenv("SOME_NETWORKS", f"192.0.2.1,{text}")
    with pytest.raises(ImproperlyConfigured, match=r"SOME_NETWORKS takes addresses or CIDRs"):
        env.networks("SOME_NETWORKS")


@pytest.mark.parametrize(
    "text", ["", "https://mirror.example.com/geo", "http://127.0.0.1:8080", "http://[::1]/"]
)
def test_mirror(monkeypatch, text):
    monkeypatch.setenv("SOME_MIRROR", text)
    assert env.mirror("SOME_MIRROR") == text


@pytest.mark.parametrize(
    "text", ["mirror.example.com", "http://mirror.example.com", "ftp://127.0.0.1/", "https://["]
)
def test_mirror_is_an_address_where_nobody_listens_in(monkeypatch, text):
    monkeypatch.setenv("SOME_MIRROR", text)
    with pytest.raises(ImproperlyConfigured, match="SOME_MIRROR"):
        env.mirror("SOME_MIRROR")


def test_choice(monkeypatch):
    monkeypatch.setenv("SOME_CHOICE", "")
    assert env.choice("SOME_CHOICE", default="a", among=("a", "b")) == "a"
    monkeypatch.setenv("SOME_CHOICE", "b")
    assert env.choice("SOME_CHOICE", default="a", among=("a", "b")) == "b"
    monkeypatch.setenv("SOME_CHOICE", "c")
    with pytest.raises(ImproperlyConfigured, match="use one of: a, b"):
        env.choice("SOME_CHOICE", default="a", among=("a", "b"))


def test_secret(monkeypatch, tmp_path):
    monkeypatch.delenv("SOME_SECRET", raising=False)
    monkeypatch.delenv("SOME_SECRET_FILE", raising=False)
    assert env.secret("SOME_SECRET", "default") == "default"
    (tmp_path / "secret").write_text("from the file\n", encoding="utf-8")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))
    assert env.secret("SOME_SECRET", "default") == "from the file"
    monkeypatch.setenv("SOME_SECRET", "from the environment")
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.secret("SOME_SECRET")
    monkeypatch.delenv("SOME_SECRET_FILE")
    assert env.secret("SOME_SECRET") == "from the environment"


@pytest.mark.parametrize(("query", "threshold"), [("", 5), ("?prepare_threshold=off", None)])
def test_it_prepares_statements_unless_the_url_forbids_it(query, threshold):
    options = connections.database(f"postgres://user:word@host/name{query}")["OPTIONS"]
    assert options["prepare_threshold"] == threshold

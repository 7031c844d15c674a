"""Settings that would undo what Latchkey promises are refused by `manage.py check`."""

from ipaddress import ip_network

import pytest
from django.core import checks
from django.core.checks.registry import registry

from config import checks as ours

PUBLIC = {
    "ALLOWED_HOSTS": ["portal.example.com"],
    "SESSION_COOKIE_NAME": "__Host-latchkey",
    "CSRF_COOKIE_NAME": "__Host-latchkey-csrf",
}
LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DUMMY = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
REDIS = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}


def change(settings, values):
    for name, value in values.items():
        setattr(settings, name, value)


@pytest.mark.parametrize(
    ("check", "values", "raised"),
    [
        (ours.trusted_proxies, {"TRUSTED_PROXIES": ()}, []),
        (ours.trusted_proxies, {"TRUSTED_PROXIES": (ip_network("10.0.0.0/8"),)}, []),
        (ours.trusted_proxies, {"TRUSTED_PROXIES": (ip_network("::/0"),)}, ["latchkey.E001"]),
        (
            ours.trusted_proxies,
            {"TRUSTED_PROXIES": (ip_network("128.0.0.0/1"), ip_network("0.0.0.0/1"))},
            ["latchkey.E001"],
        ),
        (ours.session_engine, {}, []),
        (
            ours.session_engine,
            {"SESSION_ENGINE": "django.contrib.sessions.backends.db"},
            ["latchkey.E002"],
        ),
        (ours.stock_sessions, {}, []),
        (ours.cookie_name, {}, []),
        (ours.cookie_name, {"SESSION_COOKIE_NAME": "sessionid"}, ["latchkey.E004"]),
        (ours.forward_auth, {}, []),
        (ours.forward_auth, {"FORWARD_AUTH_SECRET": "s" * 32}, ["latchkey.W003"]),
        (
            ours.forward_auth,
            {"FORWARD_AUTH_SECRET": "s" * 32, "TRUSTED_PROXIES": (ip_network("10.0.0.0/8"),)},
            [],
        ),
        (ours.shared_cache, {}, []),
        (ours.shared_cache, {"CACHES": REDIS}, []),
        (ours.shared_cache, {"CACHES": LOCMEM}, ["latchkey.W001"]),
        (ours.shared_cache, {"CACHES": DUMMY}, ["latchkey.W001"]),
        (ours.shared_cache, {"CACHES": LOCMEM, "DEBUG": True}, []),
        (ours.cookie_prefix, {"ALLOWED_HOSTS": ["localhost"]}, []),
        (ours.cookie_prefix, PUBLIC, []),
        (ours.cookie_prefix, PUBLIC | {"CSRF_COOKIE_NAME": "csrf"}, ["latchkey.W002"]),
        (ours.cookie_prefix, PUBLIC | {"SESSION_COOKIE_NAME": "latchkey"}, ["latchkey.W002"]),
    ],
)
def test_each_check(settings, check, values, raised):
    change(settings, values)
    found = check()
    assert [message.id for message in found] == raised
    assert all(message.hint for message in found)


def test_stock_sessions_are_refused(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.sessions"]
    assert [message.id for message in ours.stock_sessions()] == ["latchkey.E003"]


def test_all_are_registered_and_two_only_for_deployments():
    always = {check for check in registry.registered_checks if check.__module__ == ours.__name__}
    deploy = {check for check in registry.deployment_checks if check.__module__ == ours.__name__}
    assert always == {
        ours.trusted_proxies,
        ours.session_engine,
        ours.stock_sessions,
        ours.cookie_name,
        ours.forward_auth,
    }
    assert deploy == {ours.shared_cache, ours.cookie_prefix}


def test_errors_stop_and_warnings_do_not(settings):
    settings.SESSION_COOKIE_NAME = "sessionid"
    settings.CACHES = LOCMEM
    levels = {
        message.id: message.level
        for message in checks.run_checks(tags=["security"], include_deployment_checks=True)
    }
    assert levels["latchkey.E004"] == checks.ERROR
    assert levels["latchkey.W001"] == checks.WARNING

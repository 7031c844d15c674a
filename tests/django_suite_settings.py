"""Settings for running Django's own session and auth tests against our engine (docs/engine.md)."""

import django_stubs_ext

django_stubs_ext.monkeypatch()

EXTRA_INSTALLED_APPS = [
    "accounts",
    "tenants",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "sessions_admin",
]
SESSION_MIDDLEWARE = "sessions_admin.middleware.SessionMiddleware"
EXTRA_MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
USE_MIGRATIONS = False
TRUSTED_PROXIES = ()
GEOIP_PATH = GEOIP_ASN_PATH = ""
DEVICE_COOKIE_NAME = "latchkey-device"
DEVICE_COOKIE_AGE = 400 * 24 * 60 * 60  # seconds
SILENCED_SYSTEM_CHECKS = ["auth.E003", "account.E001"]


def ROW_FOR_KEY(key):
    from sessions_admin.models import Session
    from sessions_admin.request.sealing import hash_of

    return Session.objects.filter(key_hash=hash_of(key)).first()

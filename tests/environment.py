"""The environment every test runs in, whatever the developer's shell says.

Imported before Django reads its settings. Only DATABASE_URL is taken from outside: it decides
which database a run is about.
"""

import os

FIXED = {
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "DEBUG": "0",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "GEOIP_PATH": "",
    "GEOIP_ASN_PATH": "",
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 4,
    # Playwright's synchronous API keeps an event loop running in the thread that runs the tests.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
}
DEFAULTED = [
    "CACHE_URL",
    "CSRF_TRUSTED_ORIGINS",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "FORWARD_AUTH_SECRET",
    "GEOIP_MIRROR",
    "GEOIP_SOURCE",
    "LOG_FORMAT",
    "MAXMIND_ACCOUNT_ID",
    "MAXMIND_LICENSE_KEY",
    "PUBLIC_URL",
    "TASKS_BACKEND",
    "TIME_ZONE",
    "TRUSTED_PROXIES",
]


def fix() -> None:
    """Set what tests rely on, and forget what would make them depend on this machine."""
    for name in [*FIXED, *DEFAULTED]:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ.update(FIXED)

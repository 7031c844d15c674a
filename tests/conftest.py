"""What every test gets: an environment, a database of its own, and a hasher that is quick."""

from pathlib import Path

import django
import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import environment

# Here, and not by an ini option, which would load the settings before this file is read; and at
# once, because the plugin imports models.
environment.fix()
django.setup()

# The same examples in each run, however slow the machine is. A fixture that all examples of a test
# share is fine with us: what they write they clear away.
hypothesis_settings.register_profile(
    "latchkey", derandomize=True, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
hypothesis_settings.load_profile("latchkey")

pytest_plugins = ["tests.cast"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory, django_db_modify_db_settings_parallel_suffix):
    """A SQLite file for each worker, not memory.

    A database in memory is one connection that all threads share; the live server and racing
    threads need what production has: a connection each.
    """
    default = django_settings.DATABASES["default"]
    if default["ENGINE"] == "django.db.backends.sqlite3":
        directory: Path = tmp_path_factory.mktemp("database")
        default["TEST"]["NAME"] = str(directory / "test.sqlite3")


@pytest.fixture(autouse=True)
def _quick_and_unbuilt(settings):
    """Argon2 is slow on purpose; the manifest of static files needs collectstatic."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    storages = dict(settings.STORAGES)
    storages["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = storages


def pytest_collection_modifyitems(items):
    """A test that needs PostgreSQL says so on SQLite, instead of failing."""
    if django_settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        items[:] = [item for item in items if not item.get_closest_marker("sqlite")]
        return
    skip = pytest.mark.skip(reason="needs PostgreSQL: `python -m tests.databases` starts one")
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(skip)

"""`python -m bench.live [--sqlite]`: what an open tab costs (docs/live.md).

CPU time of whole answers, through every middleware: of this process, and of PostgreSQL's for our
connection. The person and the tenant have a past of many events.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from tests import environment
from tests.databases import postgresql

EVENTS = 50_000  # a tenant's year
ROUNDS, REQUESTS, WARM_UP = 9, 300, 50
JSON = {"accept": "application/json"}
PASSIVE = {"x-latchkey-passive": "1"}
ANSWERS = {
    "no list": ("/live/", JSON),
    "own sessions": ("/live/?topic=sessions", JSON),
    "both lists": ("/live/?topic=sessions&topic=users", JSON),
    "/sessions/ again": ("/sessions/", PASSIVE),
    "/users/ again": ("/users/", PASSIVE),
}
HOUR = 3600
EVERY = 1.5  # seconds between the questions of a visible tab; static/js/live.js
STALE = 60  # seconds after which it reads its list again


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.live")
    parser.add_argument("--sqlite", action="store_true", help="instead of PostgreSQL")
    options = parser.parse_args()
    environment.fix()
    with nullcontext("sqlite://:memory:") if options.sqlite else postgresql(autovacuum=True) as url:
        os.environ["DATABASE_URL"] = url
        _measure()


def _measure() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    cookie = _administrator()
    costs = {}
    for name, (path, headers) in ANSWERS.items():
        ask = _asking(path, headers | {"cookie": cookie})
        size, statements = _look(ask)
        application, database = costs[name] = _cost(ask)
        sys.stdout.write(
            f"{name:18} {application:7.0f} µs  database {database:5.0f} µs  "
            f"{statements} statements  {size} bytes\n"
        )
    question, again = (sum(costs[name]) for name in ("own sessions", "/sessions/ again"))
    for what, cost in (("questions", HOUR / EVERY * question), ("refreshes", HOUR / STALE * again)):
        sys.stdout.write(f"{what} of a visible browser on /sessions/: {cost / 1e6:.1f} s an hour\n")


def _administrator() -> str:
    """The cookie of one, in a tenant with a past."""
    from django.conf import settings
    from django.test import Client

    from sessions_admin import audit
    from sessions_admin.demo.cast import make_people, make_tenants
    from sessions_admin.vocabulary import AuditAction

    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.LOGGING_CONFIG = None
    tenants = make_tenants()
    admin = make_people(tenants)["admin"]
    audit.record_all(
        audit.event(AuditAction.SESSION_STARTED, user_id=admin.pk, tenant_id=tenants["acme"].pk)
        for _ in range(EVENTS)
    )
    browser = Client()
    browser.force_login(admin, backend=settings.AUTHENTICATION_BACKENDS[0])
    browser.get("/sessions/")
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={browser.cookies[name].value}"


def _asking(path: str, headers: dict[str, str]) -> Callable[[], bytes]:
    """A request as the server makes one, without a test client around it."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    application: Any = WSGIHandler()
    environ = RequestFactory().get(path, headers=headers).environ

    def ask() -> bytes:
        response = application(dict(environ), _start_response)
        content = b"".join(response)
        response.close()
        return content

    return ask


def _start_response(*_: Any) -> Callable[[bytes], object]:
    return bytes  # nothing is written by it


def _look(ask: Callable[[], bytes]) -> tuple[int, int]:
    """The size of the answer, and the number of statements."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        size = len(ask())
    return size, len(queries)


def _cost(ask: Callable[[], bytes]) -> tuple[float, float]:
    """CPU microseconds an answer: the application's and the database's, medians of the rounds."""
    for _ in range(WARM_UP):
        ask()
    rounds = [_round(ask) for _ in range(ROUNDS)]
    return median(round_[0] for round_ in rounds), median(round_[1] for round_ in rounds)


def _round(ask: Callable[[], bytes]) -> tuple[float, float]:
    gc.collect()
    database, application = _database_cpu(), time.process_time_ns()
    for _ in range(REQUESTS):
        ask()
    application = time.process_time_ns() - application
    return application / REQUESTS / 1e3, (_database_cpu() - database) / REQUESTS / 1e3


def _database_cpu() -> int:
    from django.db import connection

    if connection.vendor != "postgresql" or connection.connection is None:
        return 0
    statistics = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(statistics.read_text().split()[0]) if statistics.exists() else 0


if __name__ == "__main__":
    main()

"""Every page of the portal in a large tenant, asked through all middleware: time and statements."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bench import meter
from bench.addresses import ADMINISTRATOR, HOLDER, OPERATOR, PAGES, PROGRAM, Page
from bench.stacks import ENVIRON
from bench.town import Town
from sessions_admin.models import Risk, Session
from sessions_admin.tokens import api_keys
from tenants.access import Access, CurrentTenant
from tenants.permissions import Permission

REPEATS = 7
LONG_ENOUGH = 3.0  # seconds in all: what takes so long is asked less often
CSRF = "x" * 32

Headers = dict[str, dict[str, str]]
Ask = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds until the last byte (of a list that is streamed, until its first rows)."""

    page: Page
    cpu: float  # of this process, and of PostgreSQL's for our connection: medians
    median: float
    worst: float
    statements: int
    status: int

    @property
    def is_good(self) -> bool:
        """By CPU: the clock also tells what else the machine does."""
        is_lean = self.statements <= self.page.statements
        return self.status == 200 and self.cpu < self.page.limit and is_lean


def measure(town: Town) -> list[Timing]:
    # The manifest of static files needs collectstatic, and asks the database nothing.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    warnings.filterwarnings("ignore", message="No directory at")
    with connection.cursor() as cursor:
        # One request is then the work of one process, all of which is counted.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
    with override_settings(STORAGES=settings.STORAGES | {"staticfiles": plain}):
        return [_timing(page, ask) for page, ask in asked(town)]


def asked(town: Town) -> list[tuple[Page, Ask]]:
    """The pages, each with what asks for it and returns the status."""
    headers, names, application = _headers(town), _names(town), WSGIHandler()
    return [(page, _asking(application, page, names, headers[page.who])) for page in PAGES]


def count_statements(ask: Ask) -> tuple[int, int]:
    """The status, and the number of statements that it took."""
    with CaptureQueriesContext(connection) as queries:
        status = ask()
    return status, len(queries)


def _asking(application: Any, page: Page, names: dict[str, Any], headers: dict[str, str]) -> Ask:
    """As the server makes a request, without a test client around it."""
    forged = {"x-csrftoken": CSRF, "user-agent": ENVIRON["HTTP_USER_AGENT"], **headers}
    if page.by_htmx:
        forged["hx-request"] = "true"
    factory, path = RequestFactory(headers=forged), page.path.format_map(names)
    body = urlencode(page.posted or {})

    def ask() -> int:
        if page.posted is None:
            request = factory.get(path)
        else:
            form = "application/x-www-form-urlencoded"
            request = factory.post(path, body, content_type=form)
        response = application(request.environ, lambda *_: None)
        for _ in zip(range(2), response, strict=False):  # headings and a row, if it is streamed
            pass
        response.close()
        return int(response.status_code)

    return ask


def _names(town: Town) -> dict[str, Any]:
    """What is in braces in the addresses."""
    return {
        "tenant": town.tenant.pk,
        "holder": town.holder.pk,
        "somebody": town.somebody.pk,
        "session": Session.objects.live().of(town.somebody).latest("pk").pk,
        "risk": Risk.objects.filter(tenant=town.tenant).latest("pk").pk,
    }


def _headers(town: Town) -> Headers:
    """What each sends to be known."""
    tenant = CurrentTenant(town.tenant.pk, town.tenant.name, town.tenant.slug)
    access = Access(permissions=frozenset(Permission))
    _, key = api_keys.create_key(
        tenant, name="bench", scopes=api_keys.grantable(access),
        lifetime=timedelta(days=1), access=access, actor=town.administrator,
    )  # fmt: skip
    people = {ADMINISTRATOR: town.administrator, HOLDER: town.holder, OPERATOR: town.operator}
    headers = {who: {"cookie": _cookies_of(user)} for who, user in people.items()}
    return headers | {PROGRAM: {"authorization": f"Bearer {key}"}}


def _cookies_of(user: User) -> str:
    browser = Client(headers={"user-agent": ENVIRON["HTTP_USER_AGENT"]})
    browser.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    browser.get("/sessions/")
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={CSRF}"


def _timing(page: Page, ask: Ask) -> Timing:
    ask()  # once a minute, whoever asks is noted as active
    status, statements = count_statements(ask)
    clock: list[float] = []
    cpu: list[float] = []
    while len(clock) < REPEATS and sum(clock) < LONG_ENOUGH * 1e3:
        start = time.perf_counter()
        cost = meter.cost_of(ask)
        clock.append((time.perf_counter() - start) * 1e3)
        cpu.append((cost.application + cost.database) / 1e3)
    return Timing(page, median(cpu), median(clock), max(clock), statements, status)

"""“May this request pass?” through a served worker, while sessions are being ended.

One granian worker, four connections. Beside it Django's own database sessions, asked by the
same server in the same process. Sessions of both kinds are ended all the time, and each one that
was ended is asked for at once: the answer must be no.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from bench.django_sessions import DjangoSession, SessionStore
from bench.people import People
from bench.stacks import ENVIRON
from sessions_admin.engine import SessionStore as OurStore
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Application, ApplicationPass, Session
from sessions_admin.request.credential import mark_of
from sessions_admin.request.lookup import find_session_by_id
from sessions_admin.request.sealing import hash_of, new_key, seal
from sessions_admin.tokens import api_keys
from sessions_admin.tokens.access_tokens import claims_of, issue
from sessions_admin.vocabulary import EndReason, Kind
from tenants.access import Access, CurrentTenant
from tests.ports import free_port, listens, wait_for

ROOT = Path(__file__).resolve().parent.parent
SECRET = "bench-bench-bench-bench-bench-bench-bench"
HOST = "wiki.example"
IP, AGENT = str(ENVIRON["REMOTE_ADDR"]), str(ENVIRON["HTTP_USER_AGENT"])
SESSIONS = 400  # of each kind
CONNECTIONS, SECONDS, ROUNDS = 4, 3.0, 5
ENDINGS_A_SECOND = 10
REFUSED = "401"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Contender:
    """One way to ask whether somebody is signed in, and how its sessions are ended."""

    name: str
    lines: str  # of the request, with {key} for the cookie's value
    end: Callable[[str], object]
    keys: list[str] = field(default_factory=list)
    body: str = ""  # of a POST, with {key} for what is asked about
    refused: bytes = b"HTTP/1.1 401"  # how an answer about an ended session begins, or is found

    def request(self, key: str) -> bytes:
        body = self.body.format(key=key)
        head = self.lines.format(key=key)
        if body:
            head += f"\r\nContent-Length: {len(body)}"
        return f"{head}\r\n\r\n{body}".encode()


@dataclass(frozen=True)
class Speed:
    """Medians of the rounds."""

    name: str
    a_second: float
    cpu: float  # microseconds of the server's processes for one request
    times: float  # the first contender's requests a second
    thrift: float  # of the first contender's CPU: what a worker could answer, undisturbed
    ended: int  # sessions that were ended meanwhile, each refused at its next request


def measure(cast: People) -> list[Speed]:
    """Every round asks all of them, so that whatever else the machine does meets all alike."""
    contenders = _contenders(cast)
    with _served() as (port, pid):
        rounds = [[_round(one, port, pid) for one in contenders] for _ in range(ROUNDS + 1)]
    rounds = rounds[1:]  # the first one warms up
    return [
        Speed(
            one.name,
            median(row[index][0] for row in rounds),
            median(row[index][1] for row in rounds),
            median(row[index][0] / row[0][0] for row in rounds),
            median(row[0][1] / row[index][1] for row in rounds),
            sum(row[index][2] for row in rounds),
        )
        for index, one in enumerate(contenders)
    ]


# --- the contenders --------------------------------------------------------------------------


def _contenders(cast: People) -> list[Contender]:
    application = Application.objects.create(name="Wiki", host=HOST)
    application.tenants.add(cast.tenant)
    data = {
        SESSION_KEY: str(cast.asker.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: cast.asker.get_session_auth_hash(),
    }
    common = f"Host: localhost\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\nCookie: "
    asks = (
        "GET /authz/nginx HTTP/1.1\r\n"
        f"X-Latchkey-Secret: {SECRET}\r\nX-Original-Method: GET\r\nX-Forwarded-For: {IP}\r\n"
        f"X-Original-URL: https://{HOST}/page\r\n"
    )
    page = f"GET /alive/ HTTP/1.1\r\n{common}{settings.SESSION_COOKIE_NAME}={{key}}"
    by_session = f"{asks}{common}{settings.SESSION_COOKIE_NAME}={{key}}"
    by_pass = f"{asks}{common}{settings.APPLICATION_COOKIE_NAME}={{key}}"
    return [
        Contender("Django: a view behind its sessions", page, _end_djangos,
                  [_djangos(data) for _ in range(SESSIONS)]),
        Contender("forward-auth by the session", by_session, _end_session,
                  [_session(cast, data) for _ in range(SESSIONS)]),
        Contender("forward-auth by an application's pass", by_pass, _end_pass,
                  [_pass(cast, data, application) for _ in range(SESSIONS)]),
        Contender("introspection by an API key", _introspection(cast), _end_of_token,
                  [_token(cast) for _ in range(SESSIONS)], "token={key}", b'{"active": false}'),
    ]  # fmt: skip


def _introspection(cast: People) -> str:
    """As a resource server asks, with a key of its own."""
    _, key = api_keys.create_key(
        CurrentTenant(cast.tenant.pk, cast.tenant.name, cast.tenant.slug), name="bench", scopes=[],
        lifetime=timedelta(days=1), access=Access(), actor=cast.asker,
    )  # fmt: skip
    return (
        "POST /oauth/introspect HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
        f"User-Agent: {AGENT}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/x-www-form-urlencoded"
    )


def _token(cast: People) -> str:
    session = Session.objects.create(
        user=cast.asker,
        tenant=cast.tenant,
        kind=Kind.APP,
        aal=1,
        ip=IP,
        user_agent=AGENT,
        data=mark_of(cast.asker),
    )
    found = find_session_by_id(session.pk)
    assert found
    return issue(found).value


def _end_of_token(token: str) -> None:
    claims = claims_of(token)
    assert claims
    end_sessions(
        Session.objects.filter(pk=claims["sid"]), reason=EndReason.REVOKED_BY_ADMIN, actor=None
    )


def _djangos(data: dict[str, Any]) -> str:
    store = SessionStore()
    store.update(data)
    store.create()
    return str(store.session_key)


def _session(cast: People, data: dict[str, Any]) -> str:
    key = new_key()
    _row(cast, data, key)
    return key


def _pass(cast: People, data: dict[str, Any], application: Application) -> str:
    session, key = _row(cast, data, new_key()), new_key()
    ApplicationPass.objects.create(
        session=session, application=application, key_hash=hash_of(f"pass:{key}"),
        mark=mark_of(cast.asker),
    )  # fmt: skip
    return key


def _row(cast: People, data: dict[str, Any], key: str) -> Session:
    sealed = seal(data, key, OurStore().serializer)
    return Session.objects.create(
        user=cast.asker, tenant=cast.tenant, key_hash=hash_of(key), data=sealed, aal=1, ip=IP,
        user_agent=AGENT,
    )  # fmt: skip


def _end_djangos(key: str) -> None:
    DjangoSession.objects.filter(session_key=key).delete()


def _end_session(key: str) -> None:
    sessions = Session.objects.filter(key_hash=hash_of(key))
    end_sessions(sessions, reason=EndReason.REVOKED_BY_ADMIN, actor=None)


def _end_pass(key: str) -> None:
    passes = ApplicationPass.objects.filter(key_hash=hash_of(f"pass:{key}"))
    sessions = Session.objects.filter(pk__in=passes.values("session_id"))
    end_sessions(sessions, reason=EndReason.REVOKED_BY_ADMIN, actor=None)


# --- a round ---------------------------------------------------------------------------------


def _round(one: Contender, port: int, pid: int) -> tuple[float, float, int]:
    """Requests a second, CPU microseconds each, and how many sessions were ended meanwhile."""
    before, started = _cpu(pid), time.monotonic()
    load = subprocess.Popen(
        [sys.executable, "-m", "bench.load", str(port), str(SECONDS), str(CONNECTIONS)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert load.stdin
    assert load.stdout
    load.stdin.write(b"\0".join(map(one.request, one.keys)))
    load.stdin.close()
    ended = 0
    while load.poll() is None:
        time.sleep(1 / ENDINGS_A_SECOND)
        if time.monotonic() - started < SECONDS and len(one.keys) > SESSIONS // 4:
            _end_and_ask(one, port)
            ended += 1
    answers: dict[str, int] = json.load(load.stdout)
    total = sum(answers.values())
    assert set(answers) <= {"200", REFUSED}, answers
    return answers["200"] / SECONDS, (_cpu(pid) - before) / total * 1e6, ended


def _end_and_ask(one: Contender, port: int) -> None:
    key = one.keys.pop()
    one.end(key)
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(one.request(key))
        answer = wire.recv(65536)
    assert one.refused in answer, f"{one.name}: {answer!r} after the session was ended"


def _cpu(pid: int) -> float:
    """Seconds of CPU that the process and its workers have used."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_ticks(one) for one in [str(pid), *children]) / TICKS


def _ticks(pid: str) -> int:
    # Fields 14 and 15 of proc(5), counted from behind the name, which may hold blanks.
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


@contextmanager
def _served() -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "bench.server:application",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "1",
        "--no-ws", "--log-level", "error",
    ]  # fmt: skip
    environment = os.environ | {"FORWARD_AUTH_SECRET": SECRET, "TRUSTED_PROXIES": "127.0.0.1"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(server, listens(port))
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()

"""Real proxies on loopback: the example set-ups on free ports, the portal, a tiny application."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

from django.conf import settings
from django.db import connection

from examples.app import Application
from tests.authz.conftest import SECRET
from tests.authz.programs import program
from tests.ports import free_port, listens, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
# As the examples have them.
PORTAL, APPLICATION, PROXY = "127.0.0.1:8000", "127.0.0.1:9000", ":8080"
EXAMPLE_SECRET = "change-me-change-me-change-me-change-me"


@dataclass
class Answer:
    """What came back over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[0] if found else ""

    @property
    def cookies(self) -> dict[str, str]:
        pairs = [
            value.partition(";")[0] for key, value in self.headers if key.lower() == "set-cookie"
        ]
        return dict(pair.split("=", 1) for pair in pairs)


def send(port: int, *lines: str, body: bytes = b"") -> Answer:
    """One request exactly as written: header lines may be odd, double or malformed."""
    text = "\r\n".join([*lines, "", ""]).encode("latin-1")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(text + body)
        received = b""
        while not _is_whole(received):
            piece = wire.recv(65536)
            if not piece:
                break
            received += piece
    return _parsed(received)


def _is_whole(received: bytes) -> bool:
    head, found, rest = received.partition(b"\r\n\r\n")
    if not found:
        return False
    if b" 101 " in head.split(b"\r\n")[0]:
        return True
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return length is not None and len(rest) >= int(length[1])


def _parsed(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Answer(int(first.split()[1]), headers, body)


# --- the parts -------------------------------------------------------------------------------


@contextmanager
def portal() -> Iterator[int]:
    """The portal as it is served, on the database of this test run; its port."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": str(settings.SECRET_KEY), "DATABASE_URL": _database_url(),
        "FORWARD_AUTH_SECRET": SECRET, "TRUSTED_PROXIES": "127.0.0.1",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "2",
        "--no-ws", "--log-level", "warning",
    ]  # fmt: skip
    with running(command, port, environment, cwd=ROOT):
        yield port


class Talkative(Application):
    """The example's application; it also takes web sockets and counts what reaches it."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.close_connection = True
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def application() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talkative)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def proxy(name: str, directory: Path, portal_port: int, application_port: int) -> Iterator[int]:
    """The example of this proxy as it stands, with nothing changed but ports and secret."""
    here, port = directory / name, free_port()
    shutil.copytree(EXAMPLES / name, here)
    for path in here.iterdir():
        text = path.read_text(encoding="utf-8")
        for old, new in (
            (PORTAL, f"127.0.0.1:{portal_port}"),
            (APPLICATION, f"127.0.0.1:{application_port}"),
            (PROXY, f":{port}"),
            (EXAMPLE_SECRET, SECRET),
        ):
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    command = {
        "nginx": [program("nginx"), "-p", str(here), "-c", "nginx.conf", "-e", "stderr"],
        "caddy": [program("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
    }[name]
    environment = {"FORWARD_AUTH_SECRET": SECRET, "HOME": str(here), "XDG_DATA_HOME": str(here)}
    with running(command, port, environment, cwd=here):
        yield port


@contextmanager
def running(command, port: int, environment: dict[str, str], *, cwd: Path) -> Iterator[None]:
    """The program, from when its port answers until the end."""
    log = Path(os.environ.get("TMPDIR", "/tmp")) / f"latchkey-proxy-{port}.log"  # noqa: S108
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=output, stderr=output, process_group=0
        )
    try:
        wait_for(child, listens(port), log=log)
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        log.unlink(missing_ok=True)


def _database_url() -> str:
    """The test database, for another process."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**found)

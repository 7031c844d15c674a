"""Servers of our own on this machine, for tests, measurements and pictures."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

START_SECONDS = 120  # migrating, collecting and the demo, on a slow machine
PAUSE_SECONDS = 0.05


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> Callable[[], object]:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close()


def wait_for(
    server: subprocess.Popen[bytes],
    ask: Callable[[], object],
    not_yet: type[Exception] = OSError,
    log: Path | None = None,
) -> None:
    """Asks until that raises `not_yet` no longer; RuntimeError, with the log, if it always does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            ask()
        except not_yet:
            time.sleep(PAUSE_SECONDS)
        else:
            return
    said = log.read_text(errors="replace") if log else ""
    raise RuntimeError(f"{server.args!r} did not start.\n{said}")

"""`make run`: the portal with demo data on this machine, run the way production runs it.

Everything it keeps is in var/, and a second start finds it there. PORT, DATABASE_URL and every
other variable of the README's table work; whatever is not set gets a value for this machine only.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
HOST = "127.0.0.1"
STOP_SECONDS = 10
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

started: list[subprocess.Popen[bytes]] = []


def main() -> int:
    for each in SIGNALS:
        signal.signal(each, _leave)
    os.chdir(ROOT)
    port = _port()
    _keep_private()
    _manage("migrate", "--verbosity=0")
    _manage("collectstatic", "--noinput", "--verbosity=0")
    _manage("demo", "--once")
    return _serve(port)


def _leave(_number: int, _frame: FrameType | None) -> None:
    # Ctrl-C is how one stops this, so it is no failure; a second one must not break off the stop.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(0)


def _port() -> str:
    port = os.environ.setdefault("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        sys.exit(f"PORT is {port!r}; use a number between 1 and 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except OSError as error:
            sys.exit(f"Port {port} cannot be used ({error.strerror}). Try PORT=8001 make run.")
    return port


def _keep_private() -> None:
    """The data and the key are for this user only; the key is made once."""
    os.umask(0o077)
    VAR.mkdir(exist_ok=True)
    if os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE"):
        return
    key = VAR / "secret_key"
    if not key.exists():
        key.write_text(secrets.token_urlsafe(64))
    os.environ["SECRET_KEY_FILE"] = str(key)


def _manage(*arguments: str) -> None:
    """Run one command of manage.py; it has said what is wrong when it fails."""
    code = _start("manage.py", *arguments).wait()
    if code:
        sys.exit(code)


def _serve(port: str) -> int:
    """The web server, and beside it what ends overdue sessions, until we are told to stop."""
    _start("manage.py", "sweep_sessions", "--loop")
    server = _start(
        "-m", "granian", "--interface", "wsgi", "config.wsgi:application",
        "--host", HOST, "--port", port, "--workers", "2", "--blocking-threads", "4",
        "--respawn-failed-workers", "--no-ws", "--log-level", "warning",
    )  # fmt: skip
    print(f"Serving on http://{HOST}:{port} – Ctrl-C stops it.", flush=True)
    return server.wait()


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this script alone, which stops all in order.
    child = subprocess.Popen([sys.executable, *arguments], start_new_session=True)
    started.append(child)
    return child


def _stop() -> None:
    for child in started:
        child.terminate()
    for child in started:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The whole session: a server's workers must not outlive it.
            os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    try:
        code = main()
    finally:
        _stop()
    sys.exit(code)

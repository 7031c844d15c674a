"""A PostgreSQL of our own, for as long as it is needed.

    .venv/bin/python -m tests.databases

starts one, prints its DATABASE_URL and keeps it up until Ctrl-C. `make test` does the same for
its second pass. Nothing has to be set up: the server's binaries are enough.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg

from tests.ports import free_port, wait_for

# The data is thrown away, so nothing waits for the disk. Many workers and racing threads connect.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "listen_addresses": "127.0.0.1",
}


def postgresql_binaries() -> Path | None:
    """The directory with initdb and postgres: Debian keeps it off the PATH."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    homebrew = sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"))
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    for directory in [*reversed(debian), *on_path, *reversed(homebrew)]:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    return None


@contextmanager
def postgresql(*, autovacuum: bool = False) -> Iterator[str]:
    """Runs a private PostgreSQL and yields its DATABASE_URL; stops and removes it after.

    Between tests the tables are empty. A planner that autovacuum told so there would take minutes
    over what the next test puts into them.
    """
    binaries = postgresql_binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL's server binaries are not installed.")
    directory = Path(tempfile.mkdtemp(prefix="latchkey-postgresql-"))
    try:
        with _running(binaries, directory, autovacuum=autovacuum) as url:
            yield url
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _running(binaries: Path, directory: Path, *, autovacuum: bool) -> Iterator[str]:
    user = _unprivileged_user()
    password = secrets.token_urlsafe(24)
    password_file = directory / "password"
    password_file.write_text(password)
    if user is not None:
        shutil.chown(directory, user)
        shutil.chown(password_file, user)
    data, log, port = directory / "data", directory / "log", free_port()
    subprocess.run(
        [
            binaries / "initdb", "--pgdata", data, "--username", "latchkey",
            "--pwfile", password_file, "--auth", "scram-sha-256",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        ],
        check=True, stdout=subprocess.DEVNULL, cwd=directory, user=user,
    )  # fmt: skip
    settings = {**SETTINGS, "autovacuum": "on" if autovacuum else "off"}
    options = [f"--{name}={value}" for name, value in settings.items()]
    with log.open("wb") as output:
        # A process group of its own: Ctrl-C must not take the database away from running tests.
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", directory, "-p", str(port), *options],
            stdout=output, stderr=output, cwd=directory, user=user, process_group=0,
        )  # fmt: skip
    try:
        url = f"postgres://latchkey:{password}@127.0.0.1:{port}/postgres"
        wait_for(
            server,
            lambda: psycopg.connect(url, connect_timeout=2).close(),
            psycopg.OperationalError,
            log,
        )
        yield url
    finally:
        # "Immediate shutdown" without closing anything properly: the data goes anyway.
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _unprivileged_user() -> str | None:
    """Who runs the server when we are root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def unwind_on_signals() -> None:
    """Let the first signal unwind the stack, so that the server is stopped; no other breaks in."""
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

    def leave(number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for each in signals:
        signal.signal(each, leave)


def serve() -> None:
    unwind_on_signals()
    with postgresql() as url:
        print(f"DATABASE_URL={url}\nPostgreSQL is up until Ctrl-C.", flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        serve()
    except RuntimeError as error:
        sys.exit(str(error))

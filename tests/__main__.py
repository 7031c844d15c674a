"""`make test`: every test, on SQLite and again on PostgreSQL.

    python -m tests [what pytest takes]

What needs a program that is not installed is left out, and the last line says so. With CI=true or
LATCHKEY_REQUIRE_ALL=1 that is a failure instead.
"""

import os
import subprocess
import sys
from contextlib import ExitStack

from tests.authz.programs import PROGRAMS, program
from tests.browser.chromium import chromium
from tests.databases import postgresql, postgresql_binaries, unwind_on_signals

NOTHING_COLLECTED = 5
MOST_WORKERS = 8


def main(arguments: list[str]) -> int:
    unwind_on_signals()
    missing = _missing()
    if missing and _everything_is_required():
        print("These tests may not be left out: " + "; ".join(missing))
        return 1
    codes = _passes(arguments)
    for line in missing:
        print(f"NOT RUN: {line}")
    return _verdict(codes, filtered=bool(arguments))


def _missing() -> list[str]:
    missing = []
    if postgresql_binaries() is None:
        missing.append("everything on PostgreSQL, because it is not installed")
    if chromium() is None:
        missing.append("the browser tests, because Chromium is not installed")
    missing += [f"the tests with {name}, because it is not installed" for name in _absent()]
    return missing


def _absent() -> list[str]:
    """The proxies that are not installed; each has a mark of its name."""
    return [name for name in PROGRAMS if program(name) is None]


def _everything_is_required() -> bool:
    return "true" in {os.environ.get("CI"), os.environ.get("LATCHKEY_REQUIRE_ALL")} or (
        os.environ.get("LATCHKEY_REQUIRE_ALL") == "1"
    )


def _passes(arguments: list[str]) -> list[int]:
    """The browser drives the pass that comes last, on PostgreSQL where there is one."""
    browser = [] if chromium() else ["not browser"]
    proxies = [f"not {name}" for name in _absent()]
    if postgresql_binaries() is None:
        return _pytest("SQLite", "", ["not postgres", *browser, *proxies], arguments)
    with ExitStack() as stack:
        codes = _pytest("SQLite", "", ["not postgres", "not browser", *proxies], arguments)
        url = stack.enter_context(postgresql())
        return codes + _pytest("PostgreSQL", url, [*browser, *proxies], arguments)


def _pytest(database: str, url: str, marks: list[str], arguments: list[str]) -> list[int]:
    """Most tests side by side, then those that need the machine for themselves."""
    print(f"\nTests on {database}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if url:
        environment["DATABASE_URL"] = url
    workers = str(min(os.cpu_count() or 1, MOST_WORKERS))
    codes = []
    for number, mark in ((workers, "not alone"), ("0", "alone")):
        command = [sys.executable, "-m", "pytest", "-n", number, "-m", " and ".join([mark, *marks])]
        codes += [subprocess.run([*command, *arguments], env=environment, check=False).returncode]
    return codes


def _verdict(codes: list[int], *, filtered: bool) -> int:
    # A chosen test may exist in one pass only. Without a choice an empty pass is a fault.
    if filtered and set(codes) != {NOTHING_COLLECTED}:
        codes = [code for code in codes if code != NOTHING_COLLECTED]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make bench`: what the session layer costs, beside Django's own database sessions; and how long
every page takes in a large tenant.

    python -m bench [--sqlite] [--rounds N] [--live N] [PART …]

Everything is measured in this one process, against a database of its own that is thrown away.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import environment
from tests.databases import postgresql, postgresql_binaries, unwind_on_signals

ROUNDS = 25
LIVE = 45_000  # beside those of one person
PARTS = ("requests", "sign-ins", "endings", "served", "pages")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="What the session layer costs, beside Django's own."
    )
    parser.add_argument("--sqlite", action="store_true", help="instead of PostgreSQL; not judged")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} unless told")
    parser.add_argument(
        "--live", type=int, default=LIVE, help=f"sessions of the tenant of the pages; {LIVE:,}"
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"only these of {', '.join(PARTS)}"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"No part is called {', '.join(sorted(unknown))}.")
    if not options.sqlite and postgresql_binaries() is None:
        parser.error("PostgreSQL's server binaries are not installed; --sqlite does without.")
    unwind_on_signals()
    environment.fix()
    with _sqlite() if options.sqlite else postgresql(autovacuum=True) as url:
        os.environ["DATABASE_URL"] = url
        parts = [part for part in PARTS if part in (options.parts or PARTS)]
        return _measure(parts, options, judged=not options.sqlite)


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as directory:
        yield f"sqlite:///{Path(directory) / 'bench.sqlite3'}"


def _measure(parts: list[str], options: argparse.Namespace, *, judged: bool) -> int:
    import django

    django.setup()
    from bench import comparison  # needs the models

    return comparison.run(parts, max(1, options.rounds), options.live, judged=judged)


if __name__ == "__main__":
    sys.exit(main())

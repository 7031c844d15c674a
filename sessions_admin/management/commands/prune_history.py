"""manage.py prune_history: forgets what is older than history is kept."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from sessions_admin.lifecycle.retention import forget, outworn

DEFAULT_DAYS = 365
MOST_DAYS = 100 * 365  # further back than any session, and no overflow of dates


class Command(BaseCommand):
    help = (
        "Deletes sessions that ended long ago, with their sightings, old login attempts "
        "and notices; what the API keeps for repeated calls after a day; passes of applications "
        "that open nothing any more; "
        "ended sessions of anonymous visitors after a day. Never a live one. "
        "The audit log stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", type=days, default=DEFAULT_DAYS, metavar="DAYS",
            help=f"how long history is kept (default: {DEFAULT_DAYS})",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="count, and delete nothing")

    def handle(self, *_: object, **options: Any) -> None:
        verb = "Would delete" if options["dry_run"] else "Deleted"
        for kind in outworn(timezone.now(), timedelta(days=options["older_than"])):
            count = kind.rows.count() if options["dry_run"] else sum(forget(kind.rows))
            self.stdout.write(f"{verb} {count:,} {kind.name}.")


def days(text: str) -> int:
    """A sensible number of days: at least one."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_DAYS:
        raise ArgumentTypeError(f"{text!r} is not a number of days from 1 to {MOST_DAYS}.")
    return int(text)

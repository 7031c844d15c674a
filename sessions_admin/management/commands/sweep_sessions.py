"""manage.py sweep_sessions: writes down the ends of sessions whose time has come."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection

from sessions_admin.lifecycle import apply_due_plans, carry_on_unfinished, end_overdue
from sessions_admin.notices.outbox import keep_sending
from sessions_admin.tokens.signing_keys import rotate
from sessions_admin.vocabulary import EndReason

logger = logging.getLogger("latchkey.sweeper")

# Deadlines hold without a sweep; this is how late the lists and the history may be.
DEFAULT_SECONDS = 60
# How often it looks for mails, which should be there while one remembers what they are about.
MAIL_SECONDS = 5


class Command(BaseCommand):
    help = (
        "Ends the sessions whose deadline has passed, with the true reason and time. "
        "Enforcement does not need it: it keeps history and lists tidy. "
        "With --loop it also sends the mails that wait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument(
            "--every", type=seconds, default=DEFAULT_SECONDS, metavar="SECONDS",
            help=f"the pause between two sweeps of --loop (default: {DEFAULT_SECONDS})",
        )  # fmt: skip

    def handle(self, *_: object, **options: Any) -> None:
        self.stopped = threading.Event()
        if not options["loop"]:
            self.report(self.sweep(), quiet=False)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self.stdout.write(f"Sweeping every {options['every']:g} s.")
        self.stdout.flush()
        while not self.stopped.is_set():
            self.sweep_once_more()
            self.send_mails_for(options["every"])
        self.stdout.write("Stopped.")

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """The batch at hand is finished, then it is over."""
        self.stopped.set()

    def sweep_once_more(self) -> None:
        """A database that is restarting ends no loop: the next sweep finds what this one left."""
        try:
            rotate()
            self.report(self.sweep(), quiet=True)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The sweep failed and will be tried again: %s", error)
            connection.close()

    def send_mails_for(self, pause: float) -> None:
        """The pause between two sweeps: what is due meanwhile is mailed."""
        end = time.monotonic() + pause
        while not self.stopped.is_set() and (left := end - time.monotonic()) > 0:
            self.carry_on()
            keep_sending(self.stopped)
            self.stopped.wait(min(left, MAIL_SECONDS))

    def carry_on(self) -> None:
        """Log-outs of very many people that their process did not finish."""
        try:
            carry_on_unfinished(self.stopped.is_set)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("A log-out stopped and will be gone on with: %s", error)
            connection.close()

    def sweep(self) -> Counter[str]:
        """How many sessions were ended, by the reason; settings whose time has come apply first."""
        ended: Counter[str] = Counter()
        if carried := carry_on_unfinished(self.stopped.is_set):
            ended[EndReason.REVOKED_BY_ADMIN] += carried
        for change in apply_due_plans():
            ended.update(str(session.reason) for session in change.ended)
        for batch in end_overdue():
            ended.update(str(session.reason) for session in batch)
            if self.stopped.is_set():
                break
        return ended

    def report(self, ended: Counter[str], *, quiet: bool) -> None:
        if quiet and not ended:
            return
        reasons = ", ".join(f"{reason} {ended[reason]:,}" for reason in sorted(ended))
        noun = "session" if ended.total() == 1 else "sessions"
        self.stdout.write(f"Ended {ended.total():,} {noun}{reasons and f': {reasons}'}.")
        self.stdout.flush()


def seconds(text: str) -> float:
    """A pause that is one."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.1 <= value <= 86_400:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds from 0.1 to 86400.")
    return value

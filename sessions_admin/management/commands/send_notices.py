"""manage.py send_notices: mails what people are to be told."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from sessions_admin.management.commands.sweep_sessions import MAIL_SECONDS, seconds
from sessions_admin.notices.outbox import Delivery, keep_sending, send_due


class Command(BaseCommand):
    help = (
        "Sends the mails that wait: new ones, and those that a mail server did not take before. "
        "The loop of sweep_sessions does it as well; several senders do no harm."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument(
            "--every", type=seconds, default=MAIL_SECONDS, metavar="SECONDS",
            help=f"the pause between two looks of --loop (default: {MAIL_SECONDS})",
        )  # fmt: skip

    def handle(self, *_: object, **options: Any) -> None:
        if not options["loop"]:
            self.report(send_due(), quiet=False)
            return
        self.stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self.stopped.is_set():
            self.report(keep_sending(self.stopped), quiet=True)
            self.stopped.wait(options["every"])

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """The mail at hand is sent, then it is over."""
        self.stopped.set()

    def report(self, delivery: Delivery, *, quiet: bool) -> None:
        if quiet and not (delivery.sent or delivery.failed):
            return
        failed = f" {delivery.failed:,} will be tried again later." if delivery.failed else ""
        noun = "mail" if delivery.sent == 1 else "mails"
        self.stdout.write(f"Sent {delivery.sent:,} {noun}.{failed}")
        self.stdout.flush()

"""manage.py rotate_keys: makes the next signing key when it is time, or replaces all of them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sessions_admin.tokens.signing_keys import replace_all, rotate


class Command(BaseCommand):
    help = (
        "Makes the next key that signs tokens when it is time to publish it. The portal and "
        "sweep_sessions --loop do so by themselves; by hand it is for a key that has leaked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--replace-all", action="store_true",
            help="withdraw all keys at once: apps must refresh, and applications fetch the new key",
        )  # fmt: skip

    def handle(self, *_: object, **options: Any) -> None:
        if options["replace_all"]:
            count = replace_all()
            self.stdout.write(f"Withdrew {count} and made a new one.")
        elif rotate():
            self.stdout.write("Made the next key.")
        else:
            self.stdout.write("It is not time yet.")

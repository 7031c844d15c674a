"""manage.py demo: two companies and three months of their sign-ins, to look at."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from sessions_admin.demo import company
from sessions_admin.demo.cast import PASSWORD, ROLES, TENANTS

SEED = 9
FOREIGN = "This database has people or tenants that are not the demo's; they are left alone."


class Command(BaseCommand):
    help = (
        "Loads the demo: acme and globex, 47 people, 300 live and 5,000 ended sessions, findings, "
        "notices, devices, keys. "
        "An older demo is replaced. A database with other people or tenants is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="load it only where there is none")
        parser.add_argument("--seed", type=int, default=SEED, help="another number, other details")

    def handle(self, *_: object, **options: Any) -> None:
        if options["once"] and company.is_loaded():
            self.stdout.write("The demo is loaded already.")
            self.print_accounts()
            return
        if company.strangers():
            if not options["once"]:
                raise CommandError(f"{FOREIGN} Use an empty database for the demo.")
            self.stdout.write(f"{FOREIGN} The demo is not loaded.")
            return
        self.load(options["seed"])
        self.print_accounts()

    def load(self, seed: int) -> None:
        began = time.monotonic()
        self.stdout.write("Loading the demo …")
        with transaction.atomic():
            company.clear()
            company.load(seed, timezone.now(), self.report)
        self.stdout.write(self.style.SUCCESS(f"Done in {time.monotonic() - began:.0f} s."))

    def report(self, name: str, count: int) -> None:
        self.stdout.write(f"  {count:>6,} {name}")

    def print_accounts(self) -> None:
        width = max(len(role.email) for role in ROLES.values())
        self.stdout.write(f"\nSign in with the password {self.style.SUCCESS(PASSWORD)} as:\n\n")
        for role in ROLES.values():
            groups = ", ".join(f"{TENANTS[slug]}: {group}" for slug, group in role.groups)
            place = groups or "Operator: Django admin at /admin/"
            self.stdout.write(f"  {role.email:{width}}  {role.display_name:14}  {place}")
        self.stdout.write("\nEverybody knows this password: let nobody else reach this portal.\n\n")

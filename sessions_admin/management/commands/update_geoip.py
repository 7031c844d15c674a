"""manage.py update_geoip [FILE …]: databases of places and networks, downloaded or from files."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sessions_admin.geo import NotADatabaseError, Subject
from sessions_admin.geo.checking import subject_of
from sessions_admin.geo.fetching import Account, FetchError, TryLaterError
from sessions_admin.geo.sources import Source
from sessions_admin.geo.updating import (
    Paths,
    Shop,
    Update,
    UpdateError,
    update_from,
    update_from_files,
)

# Exit codes; 1 says that what came cannot be used.
NOT_SET_UP = 2
TRY_LATER = os.EX_TEMPFAIL  # 75: cron may just come again
SETTINGS = {Subject.CITY: "GEOIP_PATH", Subject.ASN: "GEOIP_ASN_PATH"}


class Command(BaseCommand):
    help = (
        "Downloads the City and ASN databases of GEOIP_SOURCE to GEOIP_PATH and GEOIP_ASN_PATH, "
        "if there are newer ones, or installs files (.mmdb). Running workers notice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, metavar="file",
            help="an unpacked .mmdb file, City or ASN; without one, databases are downloaded",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="check, and install nothing")

    def handle(self, *_: object, **options: Any) -> None:
        files: list[Path] = options["files"]
        dry_run: bool = options["dry_run"]
        try:
            if files:
                chosen = by_subject(files)
                updates = update_from_files(chosen, places_for(chosen), dry_run=dry_run)
            else:
                updates = update_from(shop(), targets(), timezone.now(), dry_run=dry_run)
        except TryLaterError as error:
            raise CommandError(f"{error} Nothing was changed.", returncode=TRY_LATER) from error
        except (FetchError, UpdateError) as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        except OSError as error:
            raise CommandError(f"It cannot be installed: {error}") from error
        for update in updates:
            self.report(update, dry_run=dry_run)

    def report(self, update: Update, *, dry_run: bool) -> None:
        data = f"{update.subject} data of {update.built:%Y-%m-%d}"
        if not update.is_new:
            self.stdout.write(f"The {data} is already installed.")
        elif dry_run:
            self.stdout.write(f"The {data} would be installed at {update.target}.")
        else:
            self.stdout.write(self.style.SUCCESS(f"Installed the {data}."))


def targets() -> Paths:
    """Where each database belongs that is wanted."""
    found = {subject: getattr(settings, name) for subject, name in SETTINGS.items()}
    wanted = {subject: Path(path) for subject, path in found.items() if path}
    if not wanted:
        text = "Set GEOIP_PATH and GEOIP_ASN_PATH to where the databases are to be."
        raise CommandError(text, returncode=NOT_SET_UP)
    return wanted


def shop() -> Shop:
    source = Source(settings.GEOIP_SOURCE)
    if source is Source.DBIP:
        return Shop(source, mirror=settings.GEOIP_MIRROR)
    if not (settings.MAXMIND_ACCOUNT_ID and settings.MAXMIND_LICENSE_KEY):
        text = "MaxMind gives GeoLite2 to account holders: set MAXMIND_ACCOUNT_ID and "
        raise CommandError(f"{text}MAXMIND_LICENSE_KEY.", returncode=NOT_SET_UP)
    account = Account(settings.MAXMIND_ACCOUNT_ID, settings.MAXMIND_LICENSE_KEY)
    return Shop(source, account, settings.GEOIP_MIRROR)


def by_subject(files: list[Path]) -> Paths:
    """Each file by what it tells."""
    found: Paths = {}
    for file in files:
        if not file.is_file():
            raise CommandError(f"{file} is not a file.")
        try:
            subject = subject_of(file)
        except NotADatabaseError as error:
            text = f"{file} cannot be used (it must be an unpacked City or ASN database): {error}"
            raise CommandError(text) from error
        if subject in found:
            raise CommandError(f"{found[subject]} and {file} are both {subject} databases.")
        found[subject] = file
    return found


def places_for(files: Paths) -> Paths:
    for subject in files:
        if not getattr(settings, SETTINGS[subject]):
            text = f"Set {SETTINGS[subject]} to where the {subject} database is to be."
            raise CommandError(text, returncode=NOT_SET_UP)
    return targets()

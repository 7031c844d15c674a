"""manage.py update_geoip FILE: install a City database that was downloaded elsewhere."""

import shutil
from argparse import ArgumentParser
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sessions_admin.geo import NotADatabaseError, install, open_database
from sessions_admin.geo.databases import READING_MODE

# How many records are read to find out whether the file is whole.
SAMPLE = 1000


class Command(BaseCommand):
    help = "Checks a City database (.mmdb) and puts it at GEOIP_PATH. Running workers notice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="an unpacked .mmdb file")
        parser.add_argument("--dry-run", action="store_true", help="check, and install nothing")

    def handle(self, *_: object, **options: Any) -> None:
        source: Path = options["file"]
        target = configured_path()
        built = checked(source)
        if present := build_time(target):
            refuse_older(built, present)
        if present == built:
            self.stdout.write(f"The data of {built:%Y-%m-%d} is already installed.")
            return
        if options["dry_run"]:
            self.stdout.write(f"The data of {built:%Y-%m-%d} would be installed at {target}.")
            return
        put(source, target)
        self.stdout.write(self.style.SUCCESS(f"Installed the data of {built:%Y-%m-%d}."))


def configured_path() -> Path:
    if not settings.GEOIP_PATH:
        raise CommandError("Set GEOIP_PATH to where the database is to be.")
    return Path(settings.GEOIP_PATH)


def checked(source: Path) -> datetime:
    """When the file was built; CommandError unless it is a whole City database."""
    if not source.is_file():
        raise CommandError(f"{source} is not a file.")
    try:
        open_database(source).close()
        read_sample(source)
    except (NotADatabaseError, maxminddb.InvalidDatabaseError, ValueError) as error:
        raise CommandError(
            f"{source} cannot be used (it must be an unpacked City database): {error}"
        ) from error
    built = build_time(source)
    assert built  # noqa: S101  it has just been opened
    return built


def read_sample(source: Path) -> None:
    with maxminddb.open_database(source, READING_MODE) as reader:
        records = sum(1 for _ in islice(reader, SAMPLE))
    if not records:
        raise NotADatabaseError("it holds no networks.")


def build_time(path: Path) -> datetime | None:
    """None when there is no usable file: then any is newer."""
    try:
        with open_database(path) as reader:
            return datetime.fromtimestamp(reader.metadata().build_epoch, UTC)
    except NotADatabaseError:
        return None


def refuse_older(built: datetime, present: datetime) -> None:
    if built < present:
        raise CommandError(
            f"The file is of {built:%Y-%m-%d}, older than the installed one "
            f"of {present:%Y-%m-%d}. To go back, remove that one first."
        )


def put(source: Path, target: Path) -> None:
    try:
        install(target, lambda name: shutil.copyfile(source, name))
    except OSError as error:
        raise CommandError(f"It cannot be installed: {error}") from error

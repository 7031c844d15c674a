"""Whether a file may take the place of the present one."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path

import maxminddb
from geoip2.errors import AddressNotFoundError

from sessions_admin.geo.databases import (
    READING_MODE,
    NotADatabaseError,
    Subject,
    built_at,
    open_database,
)

# How many records are read to find out whether the file is whole.
SAMPLE = 1000
# A third of the smallest there is: what is smaller is something else, whatever it says.
LEAST_BYTES = {Subject.CITY: 20_000_000, Subject.ASN: 2_000_000}
# Country and AS number of addresses that stay where they are: two resolvers of Google's, and the
# universities of Princeton, Cambridge and Berlin.
WELL_KNOWN = {
    "8.8.8.8": ("US", 15169),
    "2001:4860:4860::8888": ("US", 15169),
    "128.112.128.15": ("US", 88),
    "131.111.8.42": ("GB", 786),
    "130.133.8.114": ("DE", 680),
}
RIGHT_AT_LEAST = 3  # one or two may have moved since this was written


def subject_of(path: Path) -> Subject:
    """City or ASN; NotADatabaseError when it is neither."""
    try:
        open_database(path, Subject.ASN).close()
    except NotADatabaseError:
        open_database(path, Subject.CITY).close()
        return Subject.CITY
    return Subject.ASN


def examine(path: Path, subject: Subject) -> datetime:
    """When a database was built; NotADatabaseError unless its data can be read."""
    built = built_at(path, subject)
    try:
        with maxminddb.open_database(path, READING_MODE) as reader:
            records = sum(1 for _ in islice(reader, SAMPLE))
    except (ValueError, maxminddb.InvalidDatabaseError) as error:
        raise NotADatabaseError(str(error)) from error
    if not records:
        raise NotADatabaseError("it holds no networks.")
    return built


def examine_download(path: Path, subject: Subject) -> datetime:
    """The same for one that is to know the whole world."""
    built = examine(path, subject)
    if (size := path.stat().st_size) < LEAST_BYTES[subject]:
        raise NotADatabaseError(f"it has {size} bytes, too few to know the world.")
    if sum(_is_right(path, subject)) < RIGHT_AT_LEAST:
        raise NotADatabaseError("it does not know where well-known addresses are.")
    return built


def is_newer(path: Path, target: Path, subject: Subject) -> bool:
    """Whether the file is another one than the present; NotADatabaseError when it is older.

    Only of the same maker: DB-IP's of the month is older than MaxMind's of the week and may follow
    it. What cannot be read may be replaced by any.
    """
    try:
        with open_database(target, subject) as present, open_database(path, subject) as new:
            before, after = present.metadata(), new.metadata()
    except NotADatabaseError:
        return True
    if after.database_type != before.database_type:
        return True
    if after.build_epoch < before.build_epoch:
        raise NotADatabaseError(
            f"it is of {built_at(path, subject):%Y-%m-%d}, older than the installed one "
            f"of {built_at(target, subject):%Y-%m-%d}. To go back, remove that one first."
        )
    return after.build_epoch > before.build_epoch


def _is_right(path: Path, subject: Subject) -> list[bool]:
    with open_database(path, subject) as reader:
        found = []
        for ip, (country, asn) in WELL_KNOWN.items():
            try:
                if subject is Subject.CITY:
                    found.append(reader.city(ip).country.iso_code == country)
                else:
                    found.append(reader.asn(ip).autonomous_system_number == asn)
            except AddressNotFoundError:
                found.append(False)
        return found

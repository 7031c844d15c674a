"""The two kinds of database that are read, and opening a file as one of them."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import maxminddb
from geoip2.database import Reader

# Never mapped into memory: a mapped file that somebody overwrites in place kills the process.
READING_MODE = maxminddb.MODE_FILE


class Subject(StrEnum):
    """What a database tells."""

    CITY = "City"
    ASN = "ASN"


# Part of the type of every such file: “DBIP-City-Lite”, “DBIP-ASN-Lite (compat=GeoLite2-ASN)”.
MARKS = {Subject.CITY: "City", Subject.ASN: "GeoLite2-ASN"}


class NotADatabaseError(Exception):
    """The file cannot tell what it is asked for; the message says why."""


def open_database(path: str | Path, subject: Subject = Subject.CITY) -> Reader:
    """A reader of a database of this kind; NotADatabaseError when the file is none."""
    try:
        reader = Reader(path, mode=READING_MODE)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise NotADatabaseError(str(error)) from error
    kind = reader.metadata().database_type
    if MARKS[subject] not in kind:
        reader.close()
        # "a ASN" would be wrong, and these words are read by whoever runs the portal.
        article = {Subject.CITY: "a City", Subject.ASN: "an ASN"}[subject]
        raise NotADatabaseError(f"{path} is of type {kind}, not {article} database.")
    return reader


def built_at(path: str | Path, subject: Subject = Subject.CITY) -> datetime:
    """When the data of the file was put together; NotADatabaseError as above."""
    with open_database(path, subject) as reader:
        return datetime.fromtimestamp(reader.metadata().build_epoch, UTC)

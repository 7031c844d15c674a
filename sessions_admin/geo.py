"""Where an address approximately is, from a City database in MaxMind's format (or nowhere).

The file may be absent, broken or replaced at any time: then places are unknown or new, and nothing
else happens.
"""

import ipaddress
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings
from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError
from mmdb_writer import MMDBWriter
from netaddr import IPSet

logger = logging.getLogger(__name__)

# How long a replaced file may go unnoticed: nobody waits for it, and stat is not free.
LOOK_AGAIN_AFTER = 10.0
# Never mapped into memory: a mapped file that somebody overwrites in place kills the process.
READING_MODE = maxminddb.MODE_FILE
PUBLIC_FILE = 0o644  # nothing secret in it, and workers may run as somebody else
OUR_DATABASE = "Latchkey-City"
CITY = "City"  # part of the type in every City database: GeoLite2-City, DBIP-City-Lite …


@dataclass(frozen=True, slots=True)
class Place:
    """As far as it is known; empty when it is not."""

    city: str = ""
    country: str = ""
    country_code: str = ""
    latitude: float | None = None
    longitude: float | None = None
    accuracy_km: int | None = None  # the radius around it, when the database tells
    asn: int | None = None
    network: str = ""  # who runs it: the holder of the AS number


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A network and where it is, to be written into a database."""

    network: str
    city: str
    country: str
    country_code: str
    latitude: float
    longitude: float


class NotACityDatabaseError(Exception):
    """The file cannot tell cities; the message says why."""


def place_of(ip: str | None) -> Place:
    """The place of an address; never raises. Private addresses are in no public database."""
    if not ip:
        return NOWHERE
    return _atlas.place_of(ip)


def open_database(path: str | Path) -> Reader:
    """A reader of a City database; NotACityDatabaseError when it is none."""
    try:
        reader = Reader(path, mode=READING_MODE)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise NotACityDatabaseError(str(error)) from error
    kind = reader.metadata().database_type
    if CITY not in kind:
        reader.close()
        raise NotACityDatabaseError(f"{path} is a {kind} database, not a City database.")
    return reader


class Atlas:
    """The reader of the current file, exchanged when the file is another one."""

    def __init__(self) -> None:
        # Held while reading, so that no reader is closed under somebody. Lookups are rare: an
        # address is looked up when a session starts or moves.
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._version: tuple[object, ...] = ()
        self._path = ""
        self._look_again_at = 0.0

    def place_of(self, ip: str) -> Place:
        with self._lock:
            self._follow_file(settings.GEOIP_PATH)
            return self._read(ip) if self._reader else NOWHERE

    def _follow_file(self, path: str) -> None:
        now = time.monotonic()
        if path == self._path and now < self._look_again_at:
            return
        self._path, self._look_again_at = path, now + LOOK_AGAIN_AFTER
        version = file_version(path)
        if version != self._version:
            self._version = version
            self._reopen(path)

    def _reopen(self, path: str) -> None:
        if self._reader:
            self._reader.close()
        self._reader = None
        if not path:
            return
        try:
            self._reader = open_database(path)
        except NotACityDatabaseError as error:
            logger.warning("Places are unknown: %s", error)

    def _read(self, ip: str) -> Place:
        assert self._reader  # noqa: S101  the caller has looked
        try:
            found = self._reader.city(ip)
        except (AddressNotFoundError, ValueError):
            return NOWHERE  # not in it, or an IPv6 address and a file of IPv4 ones
        except Exception:
            # A file damaged in the middle fails in many ways, and nobody is locked out by one.
            logger.exception("Places are unknown: %s is damaged.", self._path)
            self._reader = None  # until it is another file
            return NOWHERE
        return Place(
            city=found.city.name or "",
            country=found.country.name or "",
            country_code=found.country.iso_code or "",
            latitude=found.location.latitude,
            longitude=found.location.longitude,
            accuracy_km=found.location.accuracy_radius,
        )


_atlas = Atlas()


def file_version(path: str) -> tuple[object, ...]:
    """Differs when the file is another one, or gone."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return (path,)
    return (path, found.st_ino, found.st_size, found.st_mtime_ns)


def write_city_database(path: str | Path, rows: Iterable[PlaceRow]) -> None:
    """Write a City database with these rows, IPv4 and IPv6, in place of the file in one step."""
    writer = MMDBWriter(
        ip_version=6,
        ipv4_compatible=True,
        database_type=OUR_DATABASE,
        languages=["en"],
        description="Places written by Latchkey",
    )
    # The widest first: what is inserted later wins, and the exception must.
    for row in sorted(rows, key=lambda row: ipaddress.ip_network(row.network).prefixlen):
        writer.insert_network(IPSet([str(ipaddress.ip_network(row.network))]), record(row))
    install(path, writer.to_db_file)


def record(row: PlaceRow) -> dict[str, Any]:
    """In the shape of MaxMind's City records."""
    return {
        "city": {"names": {"en": row.city}},
        "country": {"iso_code": row.country_code, "names": {"en": row.country}},
        "location": {"latitude": float(row.latitude), "longitude": float(row.longitude)},
    }


def install(path: str | Path, write: Callable[[str], object]) -> None:
    """Let `write` fill a file beside the path, then put it in place: readers see old or new."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        write(name)
        os.fchmod(handle, PUBLIC_FILE)
        os.fsync(handle)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    finally:
        os.close(handle)

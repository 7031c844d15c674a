"""Looking addresses up in the files of the moment."""

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError

from sessions_admin.geo.databases import NotADatabaseError, Subject, open_database

logger = logging.getLogger(__name__)

# How long a replaced file may go unnoticed: nobody waits for it, and stat is not free.
LOOK_AGAIN_AFTER = 10.0
WHAT_IS_UNKNOWN = {Subject.CITY: "Places", Subject.ASN: "Networks"}


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


def place_of(ip: str | None) -> Place:
    """The place and network of an address; never raises. Private addresses are in no public
    database."""
    if not ip:
        return NOWHERE
    return Place(**_where(ip), **_whose(ip))


def database_types() -> list[str]:
    """The types of the files in use, as they name themselves."""
    both = (
        _cities.type_of(settings.GEOIP_PATH),
        _networks.type_of(settings.GEOIP_ASN_PATH),
    )
    return [kind for kind in both if kind]


class Atlas:
    """The reader of one current file, exchanged when the file is another one."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        # Held while reading, so that no reader is closed under somebody. Lookups are rare: an
        # address is looked up when a session starts or moves.
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._type = ""
        self._version: tuple[object, ...] = ()
        self._path = ""
        self._look_again_at = 0.0

    def look_up(self, path: str, ip: str) -> Any:
        """geoip2's record of this address, or None."""
        with self._lock:
            self._follow_file(path)
            return self._read(ip) if self._reader else None

    def type_of(self, path: str) -> str:
        """What the file says it is; empty while there is none that can be read."""
        with self._lock:
            self._follow_file(path)
            return self._type if self._reader else ""

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
            self._reader = open_database(path, self._subject)
            self._type = self._reader.metadata().database_type
        except NotADatabaseError as error:
            logger.warning("%s are unknown: %s", WHAT_IS_UNKNOWN[self._subject], error)

    def _read(self, ip: str) -> Any:
        assert self._reader  # noqa: S101  the caller has looked
        try:
            if self._subject is Subject.CITY:
                return self._reader.city(ip)
            return self._reader.asn(ip)
        except (AddressNotFoundError, ValueError):
            return None  # not in it, or an IPv6 address and a file of IPv4 ones
        except Exception:
            # A file damaged in the middle fails in many ways, and nobody is locked out by one.
            unknown = WHAT_IS_UNKNOWN[self._subject]
            logger.exception("%s are unknown: %s is damaged.", unknown, self._path)
            self._reader = None  # until it is another file
            return None


_cities = Atlas(Subject.CITY)
_networks = Atlas(Subject.ASN)


def _where(ip: str) -> dict[str, Any]:
    found = _cities.look_up(settings.GEOIP_PATH, ip)
    if found is None:
        return {}
    return {
        "city": found.city.name or "",
        "country": found.country.name or "",
        "country_code": found.country.iso_code or "",
        "latitude": found.location.latitude,
        "longitude": found.location.longitude,
        "accuracy_km": found.location.accuracy_radius,
    }


def _whose(ip: str) -> dict[str, Any]:
    found = _networks.look_up(settings.GEOIP_ASN_PATH, ip)
    if found is None:
        return {}
    return {
        "asn": found.autonomous_system_number,
        "network": found.autonomous_system_organization or "",
    }


def file_version(path: str) -> tuple[object, ...]:
    """Differs when the file is another one, or gone."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return (path,)
    return (path, found.st_ino, found.st_size, found.st_mtime_ns)

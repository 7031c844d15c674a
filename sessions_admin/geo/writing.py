"""Writing databases of one's own, and putting a file in place of another."""

import ipaddress
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from sessions_admin.geo.databases import NotADatabaseError, Subject, open_database

PUBLIC_FILE = 0o644  # nothing secret in it, and workers may run as somebody else
OUR_TYPES = {
    Subject.CITY: "Latchkey-City",
    Subject.ASN: "Latchkey-ASN (compat=GeoLite2-ASN)",  # what geoip2 takes for one
}


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A network and where it is, to be written into a City database."""

    network: str
    city: str
    country: str
    country_code: str
    latitude: float
    longitude: float
    accuracy_km: int | None = None


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A network and who runs it, to be written into an ASN database."""

    network: str
    asn: int
    name: str


def write_city_database(path: str | Path, rows: Iterable[PlaceRow]) -> None:
    """Write a City database with these rows, IPv4 and IPv6, in place of the file in one step."""
    _write(path, Subject.CITY, {row.network: _city_record(row) for row in rows})


def write_network_database(path: str | Path, rows: Iterable[NetworkRow]) -> None:
    """The same for an ASN database."""
    _write(path, Subject.ASN, {row.network: _network_record(row) for row in rows})


def is_written_by_us(path: str | Path, subject: Subject) -> bool:
    try:
        with open_database(path, subject) as reader:
            return reader.metadata().database_type == OUR_TYPES[subject]
    except NotADatabaseError:
        return False


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


def _write(path: str | Path, subject: Subject, records: dict[str, dict[str, Any]]) -> None:
    writer = MMDBWriter(
        ip_version=6,
        ipv4_compatible=True,
        database_type=OUR_TYPES[subject],
        languages=["en"],
        description="Written by Latchkey",
    )
    networks = [(ipaddress.ip_network(text), record) for text, record in records.items()]
    # The widest first: what is inserted later wins, and the exception must.
    for network, record in sorted(networks, key=lambda pair: pair[0].prefixlen):
        writer.insert_network(IPSet([str(network)]), record)
    install(path, writer.to_db_file)


def _city_record(row: PlaceRow) -> dict[str, Any]:
    """In the shape of MaxMind's City records."""
    location: dict[str, Any] = {
        "latitude": float(row.latitude),
        "longitude": float(row.longitude),
    }
    if row.accuracy_km is not None:
        location["accuracy_radius"] = row.accuracy_km
    return {
        "city": {"names": {"en": row.city}},
        "country": {"iso_code": row.country_code, "names": {"en": row.country}},
        "location": location,
    }


def _network_record(row: NetworkRow) -> dict[str, Any]:
    return {
        "autonomous_system_number": row.asn,
        "autonomous_system_organization": row.name,
    }

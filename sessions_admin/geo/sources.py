"""Who gives such databases away, and where. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sessions_admin.geo.databases import Subject


class Source(StrEnum):
    """The values of GEOIP_SOURCE."""

    DBIP = "dbip"
    MAXMIND = "maxmind"


BASES = {
    Source.DBIP: "https://download.db-ip.com",
    Source.MAXMIND: "https://download.maxmind.com",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a database can be had. With a checksum it is a .tar.gz of MaxMind's, else a .gz."""

    subject: Subject
    url: str
    checksum_url: str = ""
    member: str = ""  # its name in the archive


def offers(source: Source, subject: Subject, now: datetime, mirror: str = "") -> Iterator[Offer]:
    """The newest first; the next one is for when that does not exist yet."""
    base = (mirror or BASES[source]).rstrip("/")
    if source is Source.MAXMIND:
        edition = f"GeoLite2-{subject}"
        url = f"{base}/geoip/databases/{edition}/download?suffix=tar.gz"
        yield Offer(subject, url, f"{url}.sha256", f"{edition}.mmdb")
        return
    # DB-IP's appear on the first of a month, some hours into it.
    for day in (now, now.replace(day=1) - timedelta(days=1)):
        yield Offer(subject, f"{base}/free/dbip-{subject.lower()}-lite-{day:%Y-%m}.mmdb.gz")

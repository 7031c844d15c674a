"""Whose data is shown, in the words that its licence asks for."""

from dataclasses import dataclass

from sessions_admin.geo.atlas import database_types


@dataclass(frozen=True, slots=True)
class Credit:
    """A sentence, as given by the licence and so in no other language, and where it must lead."""

    text: str
    url: str


DB_IP = Credit("IP Geolocation by DB-IP", "https://db-ip.com")
MAXMIND = Credit(
    "This product includes GeoLite2 Data created by MaxMind, available from "
    "https://www.maxmind.com.",
    "https://www.maxmind.com",
)
# How the types of a maker's databases begin. “DBIP-ASN-Lite (compat=GeoLite2-ASN)” is DB-IP's.
MAKERS = {"DBIP-": DB_IP, "GeoLite2-": MAXMIND, "GeoIP2-": MAXMIND}


def attribution() -> list[Credit]:
    """What a page that shows places or networks has to say; empty without such data."""
    found = (
        credit
        for kind in database_types()
        for beginning, credit in MAKERS.items()
        if kind.startswith(beginning)
    )
    return list(dict.fromkeys(found))

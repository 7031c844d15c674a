"""Where an address approximately is and who runs its network, by files in MaxMind's format.

Each file may be absent, broken or replaced at any time: then places are unknown or new, and nothing
else happens.
"""

from sessions_admin.geo.atlas import NOWHERE, Place, place_of
from sessions_admin.geo.credits import Credit, attribution
from sessions_admin.geo.databases import NotADatabaseError, Subject, built_at, open_database
from sessions_admin.geo.writing import (
    NetworkRow,
    PlaceRow,
    install,
    is_written_by_us,
    write_city_database,
    write_network_database,
)

__all__ = [
    "NOWHERE",
    "Credit",
    "NetworkRow",
    "NotADatabaseError",
    "Place",
    "PlaceRow",
    "Subject",
    "attribution",
    "built_at",
    "install",
    "is_written_by_us",
    "open_database",
    "place_of",
    "write_city_database",
    "write_network_database",
]

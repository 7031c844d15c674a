"""What an installed database was downloaded as, so that only another one is downloaded again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sessions_admin.geo.fetching import Version
from sessions_admin.geo.writing import install


@dataclass(frozen=True, slots=True)
class Receipt:
    """Kept beside the database: from where, as which version, and the archive's checksum where
    the server tells one."""

    url: str
    version: Version
    sha256: str = ""


def receipt_of(database: Path) -> Receipt | None:
    """None when there is none, or when the file came in another way since."""
    try:
        kept = json.loads(_path_of(database).read_text(encoding="utf-8"))
        if kept.pop("size") != database.stat().st_size:
            return None
        return Receipt(kept["url"], Version(**kept["version"]), kept["sha256"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def keep(receipt: Receipt, database: Path) -> None:
    text = json.dumps(asdict(receipt) | {"size": database.stat().st_size})
    install(_path_of(database), lambda name: Path(name).write_text(text, encoding="utf-8"))


def _path_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.receipt")

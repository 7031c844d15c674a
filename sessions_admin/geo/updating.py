"""Fetching the databases of the day and putting them in place: all that are new, or none."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sessions_admin.geo.checking import examine, examine_download, is_newer
from sessions_admin.geo.databases import NotADatabaseError, Subject, built_at
from sessions_admin.geo.fetching import (
    Account,
    FetchError,
    NotOfferedError,
    fetch,
    fetch_text,
)
from sessions_admin.geo.receipts import Receipt, keep, receipt_of
from sessions_admin.geo.sources import Offer, Source, offers
from sessions_admin.geo.unpacking import NotAnArchiveError, unpack_gzip, unpack_tar
from sessions_admin.geo.writing import PUBLIC_FILE

SHA256 = re.compile(r"[0-9a-f]{64}\b")

Paths = dict[Subject, Path]


@dataclass(frozen=True, slots=True)
class Shop:
    """Where to get databases: from whom, as whom, and by which copy of their server."""

    source: Source
    account: Account | None = None
    mirror: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """One database: new and checked at `path`, or installed already."""

    subject: Subject
    target: Path
    built: datetime
    path: Path | None = None
    receipt: Receipt | None = None  # when it was downloaded just now

    @property
    def is_new(self) -> bool:
        return self.path is not None


class UpdateError(Exception):
    """Nothing has changed; the message says what cannot be used, and why."""


def update_from(
    shop: Shop, targets: Paths, now: datetime, *, dry_run: bool = False
) -> list[Update]:
    """Downloads and installs what is new. UpdateError or FetchError: nothing has changed."""
    with ExitStack() as stack:
        rooms = {target: _room_beside(target, stack) for target in targets.values()}
        updates = [
            _download(shop, subject, target, rooms[target], now)
            for subject, target in targets.items()
        ]
        return _install(updates, dry_run=dry_run)


def update_from_files(files: Paths, targets: Paths, *, dry_run: bool = False) -> list[Update]:
    """Installs copies of files that were downloaded elsewhere."""
    with ExitStack() as stack:
        updates = []
        for subject, source in files.items():
            path = _room_beside(targets[subject], stack) / "new.mmdb"
            try:
                built = examine(source, subject)
                shutil.copyfile(source, path)
                is_new = is_newer(path, targets[subject], subject)
            except NotADatabaseError as error:
                raise UpdateError(f"{source} cannot be used: {error}") from error
            updates.append(Update(subject, targets[subject], built, path if is_new else None))
        return _install(updates, dry_run=dry_run)


def _room_beside(target: Path, stack: ExitStack) -> Path:
    """On the target's file system, so that taking its place is one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    room = TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent)
    return Path(stack.enter_context(room))


def _download(shop: Shop, subject: Subject, target: Path, room: Path, now: datetime) -> Update:
    present, missing = _readable_receipt(target, subject), None
    for offer in offers(shop.source, subject, now, shop.mirror):
        try:
            receipt = _fetch(offer, shop.account, present, room / "archive")
        except NotOfferedError as error:
            missing = missing or error
            continue
        if receipt is None:
            return Update(subject, target, built_at(target, subject))
        return _unpacked(offer, receipt, target, room)
    raise missing or NotOfferedError("Nothing is offered.")


def _readable_receipt(target: Path, subject: Subject) -> Receipt | None:
    """None when the installed file is damaged: then it is to be downloaded again."""
    with suppress(NotADatabaseError):
        built_at(target, subject)
        return receipt_of(target)
    return None


def _fetch(
    offer: Offer, account: Account | None, present: Receipt | None, archive: Path
) -> Receipt | None:
    """Writes the archive; None when it is the one that is installed."""
    checksum = _checksum(offer, account)
    if present and checksum and checksum == present.sha256:
        return None
    # A server that tells a checksum has just said that its file is another one.
    known = present.version if present and present.url == offer.url and not checksum else None
    version = fetch(offer.url, archive, account=account, known=known)
    if version is None:
        return None
    if checksum and checksum != _hash_of(archive):
        raise FetchError(f"{offer.url} does not match its checksum.")
    return Receipt(offer.url, version, checksum)


def _checksum(offer: Offer, account: Account | None) -> str:
    """Empty where none is published."""
    if not offer.checksum_url:
        return ""
    found = SHA256.match(fetch_text(offer.checksum_url, account=account).lower())
    if not found:
        raise FetchError(f"{offer.checksum_url} is no checksum.")
    return found[0]


def _hash_of(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpacked(offer: Offer, receipt: Receipt, target: Path, room: Path) -> Update:
    path, archive = room / "new.mmdb", room / "archive"
    try:
        if offer.member:
            unpack_tar(archive, offer.member, path)
        else:
            unpack_gzip(archive, path)
        archive.unlink()
        built = examine_download(path, offer.subject)
        is_new = is_newer(path, target, offer.subject)
    except (NotAnArchiveError, NotADatabaseError) as error:
        raise UpdateError(f"{offer.url} cannot be used: {error}") from error
    return Update(offer.subject, target, built, path if is_new else None, receipt)


def _install(updates: list[Update], *, dry_run: bool) -> list[Update]:
    """All that are new take their places, or none does."""
    if dry_run:
        return updates
    new = [(update.path, update.target) for update in updates if update.path]
    for path, _target in new:
        _make_lasting(path)
    with ExitStack() as undoing:
        for path, target in new:
            undoing.callback(_restore, _copy_of(target, path), target)
            os.replace(path, target)
        undoing.pop_all()  # all are in place: nothing is to be undone
    for update in updates:
        if update.receipt:
            keep(update.receipt, update.target)
    return updates


def _make_lasting(path: Path) -> None:
    path.chmod(PUBLIC_FILE)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _copy_of(target: Path, path: Path) -> Path | None:
    """The present file, to go back to; None when there is none."""
    if not target.is_file():
        return None
    copy = path.with_name("present.mmdb")
    shutil.copy2(target, copy)
    return copy


def _restore(copy: Path | None, target: Path) -> None:
    if copy:
        os.replace(copy, target)
    elif target.is_file():
        target.unlink()

"""Taking a database out of what was downloaded, which may be a trap."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

CHUNK = 1024 * 1024
MOST_BYTES = 1_000_000_000  # the largest free database has 130 MB


class NotAnArchiveError(Exception):
    """There is no database in it; the message says why."""


def unpack_gzip(archive: Path, target: Path) -> None:
    """The file that was compressed, to `target`."""
    try:
        with gzip.open(archive) as packed, target.open("wb") as file:
            _copy(_Capped(packed), file)
    except (OSError, EOFError, zlib.error) as error:
        raise NotAnArchiveError(f"It is no gzip file, or not a whole one: {error}") from error


def unpack_tar(archive: Path, name: str, target: Path) -> None:
    """The member of this name, in whatever folder of a .tar.gz, to `target`.

    Nothing else is written, and no path in the archive is ever one of ours.
    """
    try:
        with gzip.open(archive) as packed, _tar_of(_Capped(packed)) as tar:
            for member in tar:
                if PurePosixPath(member.name).name == name and member.isreg():
                    _extract(tar, member, target)
                    return
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise NotAnArchiveError(f"It is no .tar.gz file, or not a whole one: {error}") from error
    raise NotAnArchiveError(f"There is no {name} in it.")


def _tar_of(stream: Any) -> tarfile.TarFile:
    """Read from the front to the back: `read` is all that it takes."""
    return tarfile.open(fileobj=stream, mode="r|")


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if member.issparse() or member.size > MOST_BYTES:  # a hole is as large as it likes
        raise NotAnArchiveError(f"{member.name} is not as large as a database may be.")
    packed = tar.extractfile(member)
    assert packed  # noqa: S101  a regular file has content
    with packed, target.open("wb") as file:
        _copy(packed, file)


def _copy(packed: _Readable, file: IO[bytes]) -> None:
    while chunk := packed.read(CHUNK):
        file.write(chunk)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Capped:
    """Reads until more has been unpacked than may be: a gzip bomb ends here."""

    def __init__(self, packed: _Readable) -> None:
        self._packed = packed
        self._left = MOST_BYTES

    def read(self, size: int) -> bytes:
        chunk = self._packed.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise NotAnArchiveError(f"It unpacks to more than {MOST_BYTES // 1_000_000} MB.")
        return chunk

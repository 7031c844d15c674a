"""Getting a file from a server that need not be believed: it may fail, lie, redirect or drip."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

SILENCE = 30.0  # seconds without a byte
LONGEST = 1800.0  # seconds in all: 60 MB at 40 kB/s
CHUNK = 256 * 1024
MOST_ARCHIVE_BYTES = 400_000_000  # the largest free archive has 70 MB
MOST_TEXT_BYTES = 1000  # a checksum and a file's name
MOST_REDIRECTS = 5
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
NOT_MODIFIED, NOT_FOUND, TOO_MANY = 304, 404, 429
REFUSALS = {401, 402, 403}


class FetchError(Exception):
    """What came cannot be used; the message says why, and never holds a credential."""


class NotOfferedError(FetchError):
    """The server has no such file."""


class TryLaterError(FetchError):
    """The server cannot be reached, or is busy: nothing is wrong on our side."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a server calls a file's version (RFC 9110 §8.8): to ask for another one only."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """For the server that is asked, and never for one to which it redirects."""

    name: str
    key: str

    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.name}:{self.key}".encode()).decode()


def fetch(
    url: str, target: Path, *, account: Account | None = None, known: Version | None = None
) -> Version | None:
    """Writes what is there to `target` and returns its version; None when it is the known one."""
    with _asking(url, account, known) as answer:
        if answer is None:
            return None
        with target.open("wb") as file:
            _receive(answer, file, MOST_ARCHIVE_BYTES)
        return Version(answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""))


def fetch_text(url: str, *, account: Account | None = None) -> str:
    """A short text, for instance a checksum."""
    with _asking(url, account, None) as answer:
        text: bytes = answer.read(MOST_TEXT_BYTES)
        return text.decode("ascii", "replace")


def may_be_asked(url: str) -> bool:
    """By https; by http on this machine only."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or _is_local(url))


@contextmanager
def _asking(url: str, account: Account | None, known: Version | None) -> Iterator[Any]:
    """The answer while it is read (None: not modified); every failure is one of our errors."""
    host = urlsplit(url).hostname
    try:
        with within(LONGEST):
            try:
                answer = _opener().open(_request(url, account, known), timeout=SILENCE)
            except HTTPError as error:
                error.close()
                if error.code != NOT_MODIFIED:
                    raise
                yield None
                return
            with answer:
                yield answer
    except HTTPError as error:
        raise _meaning(error.code, url) from error
    except URLError as error:
        raise TryLaterError(f"{host} cannot be reached: {error.reason}") from error
    except ValueError as error:
        raise FetchError(f"{host} redirects to what is no address: {error}") from error
    except (OSError, HTTPException) as error:
        raise TryLaterError(f"{host} stopped answering: {error}") from error


def _request(url: str, account: Account | None, known: Version | None) -> Request:
    if not may_be_asked(url):
        raise FetchError(f"{url} is not an https address.")
    request = Request(url, headers={"User-Agent": "Latchkey", "Accept-Encoding": "identity"})  # noqa: S310  looked at above
    if account:
        # Not sent again when the server redirects: a signed address elsewhere needs none.
        request.add_unredirected_header("Authorization", account.header())
    if known and known.etag:
        request.add_header("If-None-Match", known.etag)
    if known and known.last_modified:
        request.add_header("If-Modified-Since", known.last_modified)
    return request


def _opener() -> OpenerDirector:
    """Web addresses and nothing else: the usual opener takes file: and ftp:, too."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(), HTTPHandler(), HTTPSHandler(), _Redirects(), HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


class _Redirects(HTTPRedirectHandler):
    max_redirections = MOST_REDIRECTS

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        downgraded = not newurl.startswith("https:") and not _is_local(req.full_url)
        if downgraded or not may_be_asked(newurl):
            raise FetchError(f"{req.host} redirects to an address that is not https.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _receive(answer: Any, file: IO[bytes], most: int) -> None:
    """The whole body, and no more than may be."""
    promised = answer.headers.get("Content-Length", "")
    received = 0
    while chunk := answer.read(CHUNK):
        received += len(chunk)
        if received > most:
            raise FetchError(f"The file has more than {most // 1_000_000} MB.")
        file.write(chunk)
    if promised.isdecimal() and received != int(promised):
        raise TryLaterError(f"Only {received} of {promised} bytes came.")


def _meaning(code: int, url: str) -> FetchError:
    parts = urlsplit(url)
    if code == NOT_FOUND:
        return NotOfferedError(f"{parts.hostname} has no {parts.path}.")
    if code in REFUSALS:
        return FetchError(f"{parts.hostname} refuses ({code}): check the account and its key.")
    if code == TOO_MANY or code >= 500:
        return TryLaterError(f"{parts.hostname} is busy or broken ({code}).")
    return FetchError(f"{parts.hostname} answers {code}.")


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Ends what takes longer, wherever it hangs: a server that sends a byte now and then never
    meets a socket's own time-out. In the main thread only, where commands run."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"it took more than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

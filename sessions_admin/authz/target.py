"""Addresses of applications: what was asked for, and where one may return to. Pure.

A proxy and the application behind it may read an odd address differently, so it is looked at once,
strictly: what no browser sends is refused, and what two readers could disagree about is never
public.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

# Longer than any address that browsers keep; what comes in a header is shorter still.
LONGEST_ADDRESS = 4096
LONGEST_RETURN = 2048
# Reading is a pure function and people ask for the same pages; under 4 MB at the worst.
ADDRESSES_REMEMBERED = 512
# No user information, no fragment, no backslash, nothing but printable ASCII.
ADDRESS = re.compile(
    r"(?P<scheme>https?|wss?)://"
    r"(?P<name>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/[!-\"$-\[\]-~]*)?"
)
SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
OWN_PORTS = {"http": "80", "https": "443"}
LAST_PORT = 65535
BAD_ESCAPE = re.compile(r"%(?![0-9a-f]{2})|%[01][0-9a-f]|%7f", re.IGNORECASE)  # broken; a control
# Two readers may disagree: an encoded slash, backslash, percent or separator, parameters of a
# segment, empty segments, and what joins two header values.
AMBIGUOUS = re.compile(r"%(?:2f|5c|25|3b|2c)|[;,]|//", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """What a browser asked an application for."""

    scheme: str
    host: str  # with the port unless it is the scheme's own
    path: str  # as it was sent, with the query

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def url(self) -> str:
        return self.origin + self.path


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def read_target(address: str) -> Target | None:
    """The target of an address that a proxy tells; None when no browser sends such a one."""
    scheme, colon, rest = address[:LONGEST_ADDRESS].partition("://")
    name, slash, path = rest.partition("/")
    # What a client typed into Host may have capitals; a path keeps its own.
    target = _parse(scheme.lower() + colon + name.lower() + slash + path, LONGEST_ADDRESS)
    return None if target is None or is_malformed(target.path) else target


def read_return(address: str) -> Target | None:
    """The target of an address that somebody wants to return to; None unless it is plain."""
    target = _parse(address, LONGEST_RETURN)
    if target is None or is_malformed(target.path):
        return None
    return target if address.startswith("http") else None


def is_malformed(path: str) -> bool:
    """Broken escapes, controls, and dot segments: browsers resolve those before they ask."""
    plain = path.partition("?")[0]
    if BAD_ESCAPE.search(plain):
        return True
    segments = re.split(r"[/\\]", unquote(plain))
    return any(segment.partition(";")[0] in {".", ".."} for segment in segments)


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def is_public(path: str, public_paths: tuple[str, ...]) -> bool:
    """Whether the path is one of these, or below one that ends with a slash.

    “/” is the start page alone: a slip of the pen must not open everything.
    """
    plain = path.partition("?")[0]
    if AMBIGUOUS.search(plain):
        return False
    try:
        decoded = unquote(plain, errors="strict")
    except UnicodeDecodeError:  # %c0%ae is a dot to who reads overlong UTF-8
        return False
    return any(
        decoded == entry or (len(entry) > 1 and entry.endswith("/") and decoded.startswith(entry))
        for entry in public_paths
        if entry.startswith("/")
    )


def origin_of(host: str) -> str:
    """The origin of an application's host: https everywhere but on this machine."""
    return f"{'http' if is_loopback(host) else 'https'}://{host}"


def is_loopback(host: str) -> bool:
    """Whether a host (with or without port) is this machine."""
    name = name_of(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def name_of(host: str) -> str:
    """The host without its port."""
    return host if host.endswith("]") else re.sub(r":[0-9]+\Z", "", host)


def _parse(address: str, longest: int) -> Target | None:
    match = ADDRESS.fullmatch(address) if len(address) <= longest else None
    if match is None:
        return None
    scheme, port = SCHEMES[match["scheme"]], match["port"]
    if port and int(port) > LAST_PORT:
        return None
    host = match["name"] + (f":{port}" if port and port != OWN_PORTS[scheme] else "")
    if scheme == "http" and not is_loopback(host):
        return None
    return Target(scheme, host, match["path"] or "/")

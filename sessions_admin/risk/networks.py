"""Which addresses say something about where a person is, and lists of those that do not."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Each list is read at a sign-in; a company's VPN exits and offices are a few dozen.
MOST_LINES = 200
LARGEST_ASN = 2**32 - 1  # RFC 6793
ASN_DIGITS = len(str(LARGEST_ASN))
# A household or a phone; addresses within it change for privacy (RFC 8981, RFC 6177).
IPV6_SITE = 64
# A trusted half of the Internet is a slip of the pen.
WIDEST = {4: 8, 6: 16}
# They say nothing about a place: RFC 1918, 3927, 4193, 4291, 6598 (carriers' NAT), loopback.
NOT_PLACES = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10",
        "ff00::/8",
    )
)  # fmt: skip


class NetworksError(ValueError):
    """A line that is no network. `line` counts from 1."""

    def __init__(self, line: int, text: str, problem: Problem) -> None:
        super().__init__(f"line {line}: {text!r} {problem.value}")
        self.line, self.text, self.problem = line, text, problem


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line; one of the constants below."""

    value: str


NOT_A_NETWORK = Problem("is neither a network (192.0.2.0/24) nor an AS number (AS64500)")
NO_AS_NUMBERS = Problem("is an AS number; only addresses can be listed here")
HOST_BITS = Problem("is an address within a network; write the network itself")
TOO_WIDE = Problem("is too wide to be trusted")
TOO_MANY = Problem("is one line too many")
PROBLEMS = (NOT_A_NETWORK, NO_AS_NUMBERS, HOST_BITS, TOO_WIDE, TOO_MANY)


@dataclass(frozen=True, slots=True)
class Networks:
    """A list of address ranges and AS numbers."""

    ranges: tuple[IPNetwork, ...] = ()
    asns: frozenset[int] = frozenset()

    def contains(self, ip: str | None, asn: int | None = None) -> bool:
        if asn is not None and asn in self.asns:
            return True
        address = parsed(ip) if self.ranges else None
        return address is not None and any(address in one for one in self.ranges)


def parse_networks(text: str, *, with_asns: bool = True) -> Networks:
    """One a line; blank lines and what follows a # are skipped. NetworksError names the line."""
    ranges, asns = [], set()
    for line, entry in _entries(text):
        found = _entry(line, entry, with_asns=with_asns)
        if isinstance(found, int):
            asns.add(found)
        else:
            ranges.append(found)
        if len(ranges) + len(asns) > MOST_LINES:
            raise NetworksError(line, entry, TOO_MANY)
    return Networks(tuple(ranges), frozenset(asns))


@lru_cache(maxsize=256)
def readable_networks(text: str, *, with_asns: bool = True) -> Networks:
    """The same of a text that is stored already: a line that is none is left out."""
    ranges, asns = [], set()
    for line, entry in _entries(text):
        try:
            found = _entry(line, entry, with_asns=with_asns)
        except NetworksError:
            continue
        if isinstance(found, int):
            asns.add(found)
        else:
            ranges.append(found)
    return Networks(tuple(ranges[:MOST_LINES]), frozenset(sorted(asns)[:MOST_LINES]))


def is_place(ip: str | None) -> bool:
    """Whether the address is one of the public Internet, whose place means something."""
    address = parsed(ip)
    return address is not None and not any(address in one for one in NOT_PLACES)


def same_site(one: str | None, other: str | None) -> bool:
    """The same IPv4 address, or the same /64 of IPv6."""
    first, second = parsed(one), parsed(other)
    if first is None or second is None or first.version != second.version:
        return False
    if first.version == 4:
        return first == second
    return int(first) >> IPV6_SITE == int(second) >> IPV6_SITE


@lru_cache(maxsize=2048)
def parsed(ip: str | None) -> IPAddress | None:
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _entries(text: str) -> Iterator[tuple[int, str]]:
    for line, content in enumerate(text.splitlines(), 1):
        if entry := content.partition("#")[0].strip():
            yield line, entry


def _entry(line: int, text: str, *, with_asns: bool) -> IPNetwork | int:
    number = text[2:].strip()
    if text[:2].upper() == "AS" and number.isascii() and number.isdigit():
        if not with_asns:
            raise NetworksError(line, text, NO_AS_NUMBERS)
        if len(number) > ASN_DIGITS or not 0 < int(number) <= LARGEST_ASN:
            raise NetworksError(line, text, NOT_A_NETWORK)
        return int(number)
    try:
        network = ipaddress.ip_network(text, strict=False)
        ipaddress.ip_network(text)
    except ValueError as error:
        problem = HOST_BITS if "host bits" in str(error) else NOT_A_NETWORK
        raise NetworksError(line, text, problem) from None
    if network.prefixlen < WIDEST[network.version]:
        raise NetworksError(line, text, TOO_WIDE)
    return network

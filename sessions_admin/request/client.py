"""Who is asking: the address that may be believed, the user agent, and what both tell.

Reading a client happens at every request and costs one dictionary lookup; describing it happens
only when the address or the agent has changed.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest

from sessions_admin.fields import USER_AGENT_LENGTH, AccessFields
from sessions_admin.geo import place_of
from sessions_admin.request.device import device_of

# More hops than any real chain of proxies; what is left of them is somebody's invention.
MAX_HOPS = 20
# Room for MAX_HOPS IPv6 addresses with ports. The rest of the header is on the left: not believed.
MAX_FORWARDED_LENGTH = MAX_HOPS * 60
IPV6_SITE = 64
# How much of a user agent is looked at: twice what is kept, as unprintable characters go.
MAX_RAW_AGENT_LENGTH = 2 * USER_AGENT_LENGTH
# Clients remembered in each process: under 8 MB even when every header is as long as it may be.
REMEMBERED_CLIENTS = 2048

COLUMN_LENGTHS = {field.name: field.max_length for field in AccessFields._meta.fields}
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Client:
    """From where and with what. `ip` is None when it is unknown: never a reason to skip a rule."""

    ip: str | None
    user_agent: str


def client_of(request: HttpRequest) -> Client:
    """The client of this request. Never raises, whatever the headers say."""
    return client_in(request.META)


def client_in(meta: dict[str, Any]) -> Client:
    """The same, of a WSGI environ."""
    return read(
        meta.get("REMOTE_ADDR") or "",
        forwarded_for(meta),
        (meta.get("HTTP_USER_AGENT") or "")[:MAX_RAW_AGENT_LENGTH],
    )


def customer_in(meta: dict[str, Any]) -> str:
    """Whose attempts are counted together: an address, of IPv6 the /64 that one customer has at
    will (RFC 6177); all unknown ones are one."""
    ip = client_in(meta).ip
    parsed = ipaddress.ip_address(ip) if ip else None
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed), IPV6_SITE), strict=False))
    return ip or "unknown"


def from_trusted_proxy(request: HttpRequest) -> bool:
    """Whether the socket's other end is a proxy of ours, whose X-Forwarded headers are true."""
    return bool(settings.TRUSTED_PROXIES) and is_proxy(request.META.get("REMOTE_ADDR") or "")


def forwarded_for(meta: dict[str, Any]) -> str:
    """X-Forwarded-For as far as it can matter; empty when there is none or no proxy is trusted."""
    header: str = meta.get("HTTP_X_FORWARDED_FOR") or ""
    if not header or not settings.TRUSTED_PROXIES:
        return ""
    if len(header) <= MAX_FORWARDED_LENGTH:
        return header
    # The first element may be cut in the middle and would still look like an address.
    return "cut," + header[-MAX_FORWARDED_LENGTH:].partition(",")[2]


@lru_cache(maxsize=REMEMBERED_CLIENTS)
def read(peer: str, forwarded: str, agent: str) -> Client:
    """The client behind these three raw strings, under the current TRUSTED_PROXIES."""
    ip = nearest_stranger(peer, forwarded)
    return Client(str(ip) if ip else None, readable(agent)[:USER_AGENT_LENGTH])


def nearest_stranger(peer: str, forwarded: str) -> IPAddress | None:
    """The first address, from the right, that is no proxy of ours.

    Each proxy appends whom it saw, so only what our own proxies wrote is evidence and everything
    further left may be forged. If all are ours, the leftmost is a machine of ours that asks.
    An element that is no address ends the walk: unknown, not the one beyond it.
    """
    ip = address(peer)
    if not forwarded or not is_proxy(peer):
        return ip
    for hop in reversed(forwarded.rsplit(",", MAX_HOPS)):
        ip = address(hop)
        if ip is None or not is_trusted(ip):
            return ip
    return ip


@lru_cache(maxsize=REMEMBERED_CLIENTS)
def is_proxy(peer: str) -> bool:
    """Whether a socket's other end is a proxy of ours.

    A unix socket has no address; only a process that the file's permissions let in can be there,
    so it is the local proxy, provided that TRUSTED_PROXIES says there is any.
    """
    if peer in {"", "unix:"}:
        return bool(settings.TRUSTED_PROXIES)
    ip = address(peer)
    return ip is not None and is_trusted(ip)


def is_trusted(ip: IPAddress) -> bool:
    return any(ip in network for network in settings.TRUSTED_PROXIES)


def address(text: str) -> IPAddress | None:
    """The address in one form only, without port, brackets and zone; None when it is not one."""
    try:
        ip = ipaddress.ip_address(host_part(text.strip()).partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return None if ip.is_unspecified else ip


def host_part(text: str) -> str:
    """'192.0.2.1:4711' and '[2001:db8::1]:443' without the port; empty if that is no number."""
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed or (port and not is_port(port.removeprefix(":"))):
            return ""
        return host
    host, colon, port = text.partition(":")
    if not colon or ":" in port:
        return text
    return host if is_port(port) else ""


def is_port(text: str) -> bool:
    return text.isascii() and text.isdigit()


def readable(text: str) -> str:
    """Without what no screen should show and no database takes: controls, NUL, surrogates."""
    if text.isprintable():
        return text
    return "".join(character for character in text if character.isprintable())


def describe(client: Client) -> dict[str, Any]:
    """The columns of AccessFields for this client; blank or None where nothing is known."""
    device = device_of(client.user_agent)
    place = place_of(client.ip)
    return {
        "ip": client.ip,
        "user_agent": client.user_agent,
        "browser": fitted("browser", device.browser),
        "system": fitted("system", device.system),
        "device_type": device.type,
        "city": fitted("city", place.city),
        "country": fitted("country", place.country),
        "country_code": fitted("country_code", place.country_code),
        "latitude": place.latitude,
        "longitude": place.longitude,
        "accuracy_km": place.accuracy_km,
        "asn": place.asn,
        "network": fitted("network", place.network),
    }


def fitted(column: str, text: str) -> str:
    """Cut to the column's length."""
    return readable(text)[: COLUMN_LENGTHS[column]]


def forget(*, setting: str, **_: object) -> None:
    """A test has changed who is trusted."""
    if setting == "TRUSTED_PROXIES":
        read.cache_clear()
        is_proxy.cache_clear()


setting_changed.connect(forget)

"""Reads the environment: typed, and an odd value stops the start with a clear message."""

import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

env = environ.Env()


def secret(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, default)
    if name in os.environ:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error


@contextmanager
def understanding(name: str) -> Iterator[None]:
    """Names the variable when its URL means nothing to the parser; never prints the URL."""
    try:
        yield
    except (KeyError, ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} cannot be understood: {error}") from error


def boolean(name: str, *, default: bool) -> bool:
    """True or False; anything but the usual words stops the start."""
    text = os.environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {text!r}; use true or false.")


def words(name: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def origins(name: str) -> list[str]:
    """A comma-separated list of scheme://host."""
    found = words(name)
    if odd := [origin for origin in found if "://" not in origin]:
        raise ImproperlyConfigured(f"{name} takes origins such as https://{odd[0]}.")
    return found


def origin(name: str, default: str) -> str:
    """One scheme://host, without a path."""
    found = os.environ.get(name, "").strip().rstrip("/") or default
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"{name} takes an origin such as https://latchkey.example.com.")
    return found


def hosts(name: str) -> list[str]:
    """A comma-separated list of host names, without scheme."""
    found = words(name)
    if odd := [host for host in found if "/" in host]:
        raise ImproperlyConfigured(f"{name} takes host names, not addresses such as {odd[0]}.")
    return found


def mirror(name: str) -> str:
    """An https address, or an http one of this machine; empty when there is none."""
    address = os.environ.get(name, "").strip()
    if not address:
        return ""
    with understanding(name):
        parts = urlsplit(address)
    loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not parts.hostname or parts.scheme not in ({"https", "http"} if loopback else {"https"}):
        raise ImproperlyConfigured(f"{name} takes an address such as https://mirror.example.com.")
    return address


def networks(name: str) -> tuple[Network, ...]:
    """Comma-separated CIDRs or addresses."""
    try:
        return tuple(ipaddress.ip_network(word) for word in words(name))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} takes addresses or CIDRs, separated by commas: {error}"
        ) from error


def choice(name: str, *, default: str, among: tuple[str, ...]) -> str:
    """One of a few words."""
    value = os.environ.get(name, "") or default
    if value not in among:
        raise ImproperlyConfigured(f"{name} is {value!r}; use one of: {', '.join(among)}.")
    return value

"""What faces the network: keys, hosts, proxies, cookies, TLS. Reads settings and nothing else."""

import ipaddress
from collections.abc import Iterable

from django.conf import settings

from sessions_admin.diagnosis.finding import Finding, ok, problem, warning

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Django's own measure (security.W009) for a key that was generated and not typed.
KEY_LENGTH = 50
KEY_DIFFERENT_CHARACTERS = 5
# The widest public networks that anybody rents proxies in; wider ones hold strangers.
WIDEST_PREFIX = {4: 8, 6: 16}
# What browsers ask of a site before they remember "https only" for good; less protects little.
HSTS_SECONDS = 30 * 24 * 60 * 60
LOOPBACK_NAMES = {"localhost", "[::1]", "::1", "testserver"}


def debug() -> Finding:
    if settings.DEBUG:
        return problem("Debug", "DEBUG is on: error pages show secrets.", fix="Unset DEBUG.")
    return ok("Debug", "DEBUG is off.")


def secret_key() -> Finding:
    key = str(settings.SECRET_KEY)
    fix = "Set SECRET_KEY (or SECRET_KEY_FILE) to at least 50 random characters."
    if key.startswith(("django-insecure-", "insecure-")):
        return problem("Secret key", "SECRET_KEY is one that is published.", fix=fix)
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_DIFFERENT_CHARACTERS:
        return problem("Secret key", "SECRET_KEY is short enough to be guessed.", fix=fix)
    return ok("Secret key", "SECRET_KEY is long enough.")


def hosts() -> Finding:
    if "*" in settings.ALLOWED_HOSTS:
        return problem(
            "Hosts",
            "ALLOWED_HOSTS takes any name: links in mails can be made to lead elsewhere.",
            fix="Name the hosts that people use in ALLOWED_HOSTS.",
        )
    if only_loopback():
        return ok("Hosts", "Only this machine is served: ALLOWED_HOSTS names loopback hosts.")
    return ok("Hosts", f"Served as {', '.join(settings.ALLOWED_HOSTS)}.")


def proxies() -> Finding:
    trusted: tuple[Network, ...] = settings.TRUSTED_PROXIES
    if trusts_everybody(trusted):
        return problem(
            "Proxies",
            "TRUSTED_PROXIES contains everybody: anyone can claim any address.",
            fix="List only the addresses of your proxies.",
        )
    if wide := [str(network) for network in trusted if is_wide(network)]:
        return warning(
            "Proxies",
            f"TRUSTED_PROXIES is wide enough to contain strangers: {', '.join(wide)}.",
            fix="List only the addresses of your proxies.",
        )
    if not trusted and settings.SECURE_SSL_REDIRECT:
        return warning(
            "Proxies",
            "No proxy is trusted. Behind one, every session would show the proxy's address, "
            "and https would be redirected to https for ever.",
            fix="If a proxy is in front, set TRUSTED_PROXIES to its addresses; else ignore this.",
        )
    if not trusted:
        return ok("Proxies", "None: the client is whoever connects.")
    return ok(
        "Proxies",
        f"Trusted: {', '.join(map(str, trusted))}. They must drop header names with underscores.",
    )


def trusts_everybody(networks: Iterable[Network]) -> bool:
    """Whether all addresses of a family are in, by one network or by several together."""
    listed = list(networks)
    v4 = (network for network in listed if isinstance(network, ipaddress.IPv4Network))
    v6 = (network for network in listed if isinstance(network, ipaddress.IPv6Network))
    merged: list[Network] = [*ipaddress.collapse_addresses(v4)]
    merged += ipaddress.collapse_addresses(v6)
    return any(network.prefixlen == 0 for network in merged)


def is_wide(network: Network) -> bool:
    return not network.is_private and network.prefixlen < WIDEST_PREFIX[network.version]


def cookies() -> Finding:
    if wrong := wrong_cookies():
        return problem(
            "Cookies",
            f"{'; '.join(wrong)}.",
            fix="Leave the cookie settings to config/settings.py, which derives them.",
        )
    if not settings.SESSION_COOKIE_SECURE:
        return ok("Cookies", "Not Secure, as loopback hosts are served over plain http.")
    return ok("Cookies", "Secure, HttpOnly, SameSite, and bound to this host by __Host-.")


def wrong_cookies() -> list[str]:
    """What is wrong with the two cookies, in words."""
    wrong = []
    for kind in ("SESSION", "CSRF"):
        name: str = getattr(settings, f"{kind}_COOKIE_NAME")
        secure = getattr(settings, f"{kind}_COOKIE_SECURE")
        if not secure and not only_loopback():
            wrong.append(f"{name} travels over plain http")
        if secure and not name.startswith("__Host-"):
            wrong.append(f"{name} lacks the __Host- prefix, so other subdomains can set it")
        if getattr(settings, f"{kind}_COOKIE_DOMAIN"):
            wrong.append(f"{name} goes to all subdomains")
        if not getattr(settings, f"{kind}_COOKIE_HTTPONLY"):
            wrong.append(f"{name} can be read by scripts")
        if getattr(settings, f"{kind}_COOKIE_SAMESITE") not in {"Lax", "Strict"}:
            wrong.append(f"{name} is sent with requests of other sites")
    return wrong


def tls() -> Finding:
    if only_loopback():
        return ok("TLS", "Plain http, as only loopback hosts are served.")
    if not settings.SECURE_SSL_REDIRECT:
        return problem(
            "TLS",
            "Plain http is answered on a public host.",
            fix="Set SECURE_SSL_REDIRECT, and terminate TLS in a proxy or in the server.",
        )
    if settings.SECURE_HSTS_SECONDS < HSTS_SECONDS:
        return warning(
            "TLS",
            "Browsers are not told to insist on https (HSTS is short or off).",
            fix="Set SECURE_HSTS_SECONDS to a year.",
        )
    return ok("TLS", "Plain http is redirected, and browsers insist on https.")


def only_loopback() -> bool:
    return all(is_loopback(host) for host in settings.ALLOWED_HOSTS)


def is_loopback(host: str) -> bool:
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

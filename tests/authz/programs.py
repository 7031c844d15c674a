"""The proxies that tests start, where they are installed."""

import shutil

PROGRAMS = {"nginx": ["nginx", "/usr/sbin/nginx"], "caddy": ["caddy"]}


def program(name: str) -> str | None:
    """Where this proxy is installed, if it is."""
    return next((found for one in PROGRAMS[name] if (found := shutil.which(one))), None)

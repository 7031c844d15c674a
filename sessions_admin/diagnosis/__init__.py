"""Is this installation in order? Each check looks at one thing and never changes any."""

from collections.abc import Callable, Iterable, Iterator

from sessions_admin.diagnosis import dependencies, feed, outbox, places, stores, web
from sessions_admin.diagnosis.finding import Finding, Level, problem

__all__ = ["Finding", "Level", "examine"]

Check = Callable[[], Finding | Iterable[Finding]]

# In the order in which somebody who sets up the portal meets them.
CHECKS: dict[str, Check] = {
    "Debug": web.debug,
    "Secret key": web.secret_key,
    "Hosts": web.hosts,
    "Proxies": web.proxies,
    "Cookies": web.cookies,
    "TLS": web.tls,
    "Database": stores.database,
    "Cache": stores.shared_cache,
    "Tasks": dependencies.tasks,
    "Mail": dependencies.mail,
    "Notices": outbox.notices,
    "Events": feed.events,
    "Places": places.places,
    "Networks": places.networks,
    "System checks": dependencies.system_checks,
}


def examine() -> Iterator[Finding]:
    """The findings of all checks, as they come."""
    for name, check in CHECKS.items():
        yield from outcome(name, check)


def outcome(name: str, check: Check) -> list[Finding]:
    """What the check found; that it broke, if it did: the others must still be heard."""
    try:
        found = check()
        return [found] if isinstance(found, Finding) else list(found)
    except Exception as error:  # whatever is broken is what the doctor is for
        return [
            problem(
                name,
                f"It cannot be checked: {stores.first_line(error)}",
                fix="Fix the problems above first.",
            )
        ]

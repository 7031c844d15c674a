"""The rules of applications, remembered for a moment. Sessions never are."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

from django.db.models.signals import m2m_changed, post_delete, post_save

from sessions_admin.authz.decision import Rules
from sessions_admin.models import Application

# How long a changed rule may go unnoticed by the other processes.
REMEMBERED_SECONDS = 5
# Hosts that nobody registered are remembered too, so there is a limit.
MOST_REMEMBERED = 512

_remembered: dict[str, tuple[float, Rules | None]] = {}
_generation = 0
_lock = Lock()


def rules_of(host: str) -> Rules | None:
    """The active application of this host, if there is one."""
    known = _remembered.get(host)
    if known is not None and time.monotonic() < known[0]:
        return known[1]
    generation = _generation
    rules = _read(host)
    with _lock:
        # What was read before somebody changed an application is not worth remembering.
        if generation == _generation:
            if len(_remembered) >= MOST_REMEMBERED:
                _remembered.clear()
            _remembered[host] = (time.monotonic() + REMEMBERED_SECONDS, rules)
    return rules


def forget(**_: Any) -> None:
    """An application was changed in this process."""
    global _generation  # noqa: PLW0603  one number a process
    with _lock:
        _generation += 1
        _remembered.clear()


def _read(host: str) -> Rules | None:
    application = Application.objects.filter(host=host, is_active=True).first()
    if application is None:
        return None
    return Rules(
        id=application.pk,
        name=application.name,
        host=application.host,
        tenants=frozenset(application.tenants.values_list("pk", flat=True)),
        groups=frozenset(application.groups.values_list("pk", flat=True)),
        minimum_aal=application.minimum_aal,
        public_paths=tuple(line.strip() for line in application.public_paths.splitlines()),
    )


post_save.connect(forget, sender=Application, dispatch_uid="forget_application")
post_delete.connect(forget, sender=Application, dispatch_uid="forget_application")
m2m_changed.connect(forget, sender=Application.tenants.through, dispatch_uid="forget_tenants")
m2m_changed.connect(forget, sender=Application.groups.through, dispatch_uid="forget_groups")

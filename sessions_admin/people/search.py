"""Finding people by what somebody types."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet


def matches(word: str, live: SessionQuerySet | None) -> Q:
    """The word is in the name or the address, or a live session comes from the IP."""
    if live is not None and (ip := _whole_ip(word)):
        return Q(user__in=live.filter(ip=ip).values("user"))  # nobody is called that
    matching = Q()
    for spelling in _spellings(word):
        matching |= Q(user__display_name__icontains=spelling) | Q(user__email__icontains=spelling)
    if live is not None and ("." in word or ":" in word):
        matching |= Q(user__in=live.filter(ip__istartswith=word).values("user"))
    return matching


def _whole_ip(word: str) -> str | None:
    """An IP address in its usual spelling; None for anything else."""
    try:
        return str(ipaddress.ip_address(word))
    except ValueError:
        return None


def _spellings(word: str) -> set[str]:
    """SQLite folds the case of ASCII only."""
    return {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}

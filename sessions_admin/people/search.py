"""Finding people by what somebody types."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet


def matches(word: str, live: SessionQuerySet | None) -> Q:
    """The word is in the name or the address, or a live session comes from the IP."""
    matching = Q()
    for spelling in _spellings(word):
        matching |= Q(user__display_name__icontains=spelling) | Q(user__email__icontains=spelling)
    if live is not None and ("." in word or ":" in word):
        matching |= Q(user__in=live.filter(_comes_from(word)).values("user"))
    return matching


def _comes_from(address: str) -> Q:
    """An IP in any spelling, or its beginning."""
    try:
        return Q(ip=str(ipaddress.ip_address(address)))
    except ValueError:
        return Q(ip__istartswith=address)


def _spellings(word: str) -> set[str]:
    """SQLite folds the case of ASCII only."""
    return {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}

"""Which requests count as activity, and noting that a session was used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.utils import timezone

from sessions_admin.lifecycle import see
from sessions_admin.policy import touch_interval
from sessions_admin.request.client import Client, client_of
from sessions_admin.vocabulary import Kind

if TYPE_CHECKING:
    from sessions_admin.request.lookup import FoundSession

# A page sends it with what it fetches by itself: polling, live updates, previews.
PASSIVE_HEADER = "X-Latchkey-Passive"


def passive(view: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a view that pages call by themselves: calling it is never activity."""
    view.passive = True  # type: ignore[attr-defined]
    return view


def note_presence(request: HttpRequest) -> None:
    """Moves last_seen_at when it is due, and records a sighting when the client changed."""
    found = request.session.found  # type: ignore[attr-defined]
    if found is not None and found.user_id is not None:
        note_use(found, client_of(request), lambda: is_passive(request))


def note_use(found: FoundSession, client: Client, passively: Callable[[], bool]) -> None:
    """The same, whoever asked about the session."""
    moved = client.ip != found.ip or client.user_agent != found.user_agent
    due = timezone.now() - found.last_seen_at >= touch_interval(found.policy)
    if not (moved or due):
        return
    active = due and not passively()
    if moved or active:
        see(found, client, active=active)
    if active and found.kind == Kind.SUPPORT and (own := found.asked_in):
        # Who acts as somebody else is there, though their own session waits.
        see(own, Client(own.ip, own.user_agent), active=True)


def note_move(request: HttpRequest) -> None:
    """The same before the view, for a session that comes from elsewhere: what the detectors make
    of it counts for this very request."""
    found = request.session.found  # type: ignore[attr-defined]
    if found is None:
        return
    client = client_of(request)
    if client.ip != found.ip or client.user_agent != found.user_agent:
        note_presence(request)


def is_passive(request: HttpRequest) -> bool:
    """The browser or the page asked by itself, not the person and so is never activity."""
    headers = request.headers
    if PASSIVE_HEADER in headers or "prefetch" in headers.get("Sec-Purpose", ""):
        return True
    match = request.resolver_match
    return bool(match and getattr(match.func, "passive", False))

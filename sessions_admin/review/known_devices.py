"""The browsers in which a person has signed in, as they review them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessions_admin.models import KnownDevice

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.review.inventory import Inventory

# Nobody reads more; a browser that forgets its cookies makes a new one at each sign-in.
LISTED = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A device, and whether it is this one or has a live session."""

    device: KnownDevice
    is_here: bool
    is_signed_in: bool


def devices_of(user: User, inventory: Inventory) -> list[Listed]:
    """The last used first, in one statement."""
    here = inventory.here.known_device_id if inventory.here else None
    signed_in = {session.known_device_id for session in inventory.others} | {here}
    rows = KnownDevice.objects.filter(user=user).order_by("-last_seen_at", "-pk")
    return [
        Listed(device, is_here=device.pk == here, is_signed_in=device.pk in signed_in)
        for device in rows.defer("browser_hash")[:LISTED]
    ]

"""Addresses that show many credentials which are none: not listened to for the rest of the minute.

Nobody guesses 256 bits; this bounds what trying costs us. Who has a good credential costs nothing
here: a wrong one is one write that all processes share, and an address that is held back costs a
look at a dictionary.
"""

from __future__ import annotations

import math
import time
from typing import Any

from sessions_admin.request.client import customer_in
from sessions_admin.tokens.usage import PERIOD, count_call

# Far above what expired tokens of a whole office behind one address come to.
FAILURES = 300
HELD_AT_MOST = 10_000  # addresses a process remembers; each one cost its owner FAILURES calls

_held: dict[str, float] = {}  # until when


def seconds_held(meta: dict[str, Any]) -> int:
    """How long the address behind this request must wait before it is listened to again."""
    if not _held:
        return 0
    address = customer_in(meta)
    wait = math.ceil(_held.get(address, 0) - time.time())
    if wait <= 0:
        _held.pop(address, None)
    return max(0, wait)


def note_failure(meta: dict[str, Any]) -> None:
    """The request came with a credential that is none."""
    address = customer_in(meta)
    period = int(time.time() // PERIOD)
    if count_call(f"stranger:{address}", period) < FAILURES:
        return
    if len(_held) >= HELD_AT_MOST:
        _held.clear()
    _held[address] = (period + 1) * PERIOD


def forget() -> None:
    """Holds nobody back any more, in this process."""
    _held.clear()

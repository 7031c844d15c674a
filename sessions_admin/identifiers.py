"""UUIDs that sort by time (RFC 9562 §5.7), so that order by id is order by age."""

import secrets
from datetime import datetime
from uuid import UUID

from django.utils import timezone

RANDOM_BITS = 74

# The same in PostgreSQL, for rows that it writes itself; {at} is a timestamptz. A random UUID
# (version 4), its first 48 bits replaced by the milliseconds and its version by 7.
UUID7_SQL = """encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send(floor(extract(epoch FROM {at}) * 1000)::bigint) FROM 3)
    FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid"""


def uuid7(at: datetime | None = None) -> UUID:
    """A new identifier for something that happened at this moment (default: now)."""
    milliseconds = int((at or timezone.now()).timestamp() * 1000)
    noise = secrets.randbits(RANDOM_BITS)
    high, low = noise >> 62, noise & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def earliest_uuid7(at: datetime) -> UUID:
    """The lowest identifier that something of this moment can have."""
    return UUID(int=int(at.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)


def millisecond_of(identifier: UUID) -> int:
    """When it was: milliseconds since 1970."""
    return identifier.int >> 80

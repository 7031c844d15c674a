"""What a refresh token is, and what of it is stored.

For which session it was given out and when, 256 random bits, and a MAC over both. The database
decides what a token is worth; the MAC tells one that was spent so long ago that its row is gone
from one that never was.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

# A secret scanner finds it by its beginning. It is never a cookie and a cookie is never one:
# the purpose goes into the hash.
PREFIX = "lkr_"
PURPOSE = b"latchkey refresh token\x00"
SEALING_PURPOSE = b"latchkey successor of a refresh token\x00"
SALT = "sessions_admin.tokens.refresh_tokens"
ID_BYTES, TIME_BYTES, RANDOM_BYTES = 16, 5, 32
MAC_BYTES = 16  # nobody can try out more than a server answers; NIST SP 800-107 r1 §5.3.4
NAMED = ID_BYTES + TIME_BYTES
SIGNED = NAMED + RANDOM_BYTES
NONCE_BYTES = 12  # NIST SP 800-38D
# What anybody sends us is not looked at beyond this.
LONGEST = 128


@dataclass(frozen=True, slots=True)
class Given:
    """What a token says of itself: for which session we gave it out, and when (to the second)."""

    session_id: UUID
    at: datetime


def new_token(session_id: UUID) -> str:
    """A value for the app that holds this session: stored nowhere."""
    seconds = int(timezone.now().timestamp()).to_bytes(TIME_BYTES)
    signed = session_id.bytes + seconds + secrets.token_bytes(RANDOM_BYTES)
    return _text(signed + _mac(signed, settings.SECRET_KEY))


def given(token: str) -> Given | None:
    """What we gave out as this token, whatever became of it; None if we never did."""
    try:
        raw = urlsafe_b64decode(token.removeprefix(PREFIX) + "==")
    except ValueError:
        return None
    if _text(raw) != token:  # one that lost or gained something on its way is another
        return None
    signed, mac = raw[:SIGNED], raw[SIGNED:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(constant_time_compare(mac, _mac(signed, key)) for key in keys):
        return None
    at = datetime.fromtimestamp(int.from_bytes(signed[ID_BYTES:NAMED]), UTC)
    return Given(UUID(bytes=signed[:ID_BYTES]), at)


def is_one(token: str) -> bool:
    """Whether it looks like a refresh token."""
    return token.startswith(PREFIX) and len(token) <= LONGEST and token.isascii()


def hash_of(token: str) -> bytes:
    """What its row is found by; a fast hash is a safe one for 256 random bits."""
    return hashlib.sha256(PURPOSE + token.encode()).digest()


def seal(successor: str, spent: str) -> bytes:
    """The successor, as bytes that only the holder of the spent token opens."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_sealing_key(spent)).encrypt(nonce, successor.encode(), None)


def unseal(sealed: bytes | memoryview, spent: str) -> str:
    """The successor again; cryptography's InvalidTag when it was changed in the database."""
    sealed = bytes(sealed)
    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    return AESGCM(_sealing_key(spent)).decrypt(nonce, text, None).decode()


def _text(raw: bytes) -> str:
    return PREFIX + urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(signed: bytes, key: str | bytes) -> bytes:
    return salted_hmac(SALT, signed, secret=key, algorithm="sha256").digest()[:MAC_BYTES]


def _sealing_key(token: str) -> bytes:
    return hashlib.sha256(SEALING_PURPOSE + token.encode()).digest()

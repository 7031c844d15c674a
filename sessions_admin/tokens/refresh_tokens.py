"""What a refresh token is: 256 random bits that an app holds, and what of it is stored."""

from __future__ import annotations

import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# A secret scanner finds it by its beginning. It is never a cookie and a cookie is never one:
# the purpose goes into the hash.
PREFIX = "lkr_"
PURPOSE = b"latchkey refresh token\x00"
SEALING_PURPOSE = b"latchkey successor of a refresh token\x00"
BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D
# What anybody sends us is not looked at beyond this.
LONGEST = 128


def new_token() -> str:
    """A value for the app: stored nowhere."""
    return PREFIX + secrets.token_urlsafe(BYTES)


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


def _sealing_key(token: str) -> bytes:
    return hashlib.sha256(SEALING_PURPOSE + token.encode()).digest()

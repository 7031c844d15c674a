"""Session data at rest, sealed with the cookie's value: a copy of the database opens none of it."""

import hashlib
import logging
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32  # 256 bits; ASVS 5.0 7.2.3 asks for 128
NONCE_BYTES = 12  # NIST SP 800-38D
# One-step key derivation, NIST SP 800-56C r2 §4.1: SHA-256 of the counter, the secret, the purpose.
COUNTER = b"\x00\x00\x00\x01"
PURPOSE = b"latchkey session data"

logger = logging.getLogger("django.security.SuspiciousSession")


def new_key() -> str:
    """A value for the cookie: the only usable credential, never stored."""
    return secrets.token_urlsafe(KEY_BYTES)


def hash_of(key: str) -> bytes:
    """What the row is found by. A key has 256 random bits, so a fast hash is a safe one."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def seal(data: dict[str, Any], key: str, serializer: Any) -> bytes:
    """The data as bytes that only the cookie's value opens; nothing for no data."""
    if not data:
        return b""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_data_key(key)).encrypt(nonce, serializer().dumps(data), None)


def unseal(sealed: bytes, key: str, serializer: Any) -> dict[str, Any]:
    """The data again; empty when it was changed in the database."""
    sealed = bytes(sealed)
    if not sealed:
        return {}
    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        data: dict[str, Any] = serializer().loads(AESGCM(_data_key(key)).decrypt(nonce, text, None))
    except (InvalidTag, ValueError):
        logger.warning("Session data corrupted")
        return {}
    return data


def _data_key(key: str) -> bytes:
    # An HMAC would do as well for a key of 256 random bits, and costs a request 15 µs more.
    return hashlib.sha256(COUNTER + key.encode("utf-8", "surrogatepass") + PURPOSE).digest()

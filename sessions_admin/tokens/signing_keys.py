"""The keys that sign the portal's tokens: made when needed, published before they sign.

The lives of two keys that follow each other:

    first    |== signs ==================|-- still published --|
    second                  |- published -|== signs ==============…

So whoever keeps a copy of the published keys for less than PUBLISHED_BEFORE knows every key by
the time it signs, and each token can be verified for as long as it lives.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connections, transaction
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from accounts.sealing import seal, unseal
from sessions_admin.identifiers import uuid7
from sessions_admin.models import SigningKey

ALGORITHM = "ES256"
SIGNS_FOR = timedelta(days=30)
PUBLISHED_BEFORE = timedelta(days=2)
# No token may live longer than this: its key must be there when it is verified.
PUBLISHED_AFTER = timedelta(days=1)
# How long a process goes by the keys that it has read, and believes one that was withdrawn.
REMEMBERED_SECONDS = 30
# An unknown key makes a process read again; not more often than this, whatever is sent to it.
READ_AGAIN_SECONDS = 1

logger = logging.getLogger("latchkey.signing")


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    kid: str
    private_key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Keyring:
    """All published keys, as read at one moment."""

    signer: Signer | None
    public: dict[str, ec.EllipticCurvePublicKey]  # by kid
    published: tuple[dict[str, Any], ...]  # as JWKs
    read_at: float  # time.monotonic()

    def is_older_than(self, seconds: float) -> bool:
        return time.monotonic() - self.read_at >= seconds


_remembered: Keyring | None = None


def keyring(*, at_most: float = REMEMBERED_SECONDS) -> Keyring:
    """The keys as they were at most so many seconds ago."""
    global _remembered  # noqa: PLW0603  one for the process
    ring = _remembered
    if ring is not None and not ring.is_older_than(at_most):
        return ring
    ring = _read()
    # What this transaction made may be undone yet; the next caller reads again.
    _remembered = None if connections[SigningKey.objects.db].in_atomic_block else ring
    return ring


def signing_keyring() -> Keyring:
    """A keyring that can sign; makes the key when there is none."""
    ring = keyring()
    if ring.signer is not None:
        return ring
    rotate()
    ring = keyring(at_most=0)
    if ring.signer is None:  # what there is was sealed with a SECRET_KEY that is gone
        _make(timezone.now())
        ring = keyring(at_most=0)
    return ring


def forget() -> None:
    """The next use reads the keys again."""
    global _remembered  # noqa: PLW0603
    _remembered = None


def rotate(now: datetime | None = None) -> bool:
    """Makes the next key when it is time to publish it, and removes what is over; True if it made
    one. Of two processes that do so, one makes it: the start of a key is unique."""
    now = now or timezone.now()
    SigningKey.objects.filter(published_until__lt=now).delete()
    latest = SigningKey.objects.order_by("-signs_until").first()
    if latest is None or latest.signs_until <= now:
        # It starts with the day, so that processes that start together agree on it.
        return _make(now.replace(hour=0, minute=0, second=0, microsecond=0))
    if latest.signs_until - now > PUBLISHED_BEFORE:
        return False
    return _make(latest.signs_until)


def replace_all() -> int:
    """A key has leaked: none that there are signs or verifies any more, and every token that they
    signed is worth nothing. Returns how many they were."""
    with transaction.atomic(using=SigningKey.objects.db):
        count, _ = SigningKey.objects.all().delete()
        _make(timezone.now())
    forget()
    return count


def _make(signs_from: datetime) -> bool:
    key = _new_key(signs_from)
    SigningKey.objects.bulk_create([key], ignore_conflicts=True)
    forget()
    return SigningKey.objects.filter(pk=key.pk).exists()


def _new_key(signs_from: datetime) -> SigningKey:
    private_key = ec.generate_private_key(ec.SECP256R1())
    pem = private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    identifier = uuid7()
    jwk = json.loads(ECAlgorithm.to_jwk(private_key.public_key()))
    return SigningKey(
        id=identifier,
        private_key=seal(pem.decode()),
        public_key={**jwk, "kid": str(identifier), "use": "sig", "alg": ALGORITHM},
        signs_from=signs_from,
        signs_until=signs_from + SIGNS_FOR,
        published_until=signs_from + SIGNS_FOR + PUBLISHED_AFTER,
    )


def _read() -> Keyring:
    now = timezone.now()
    keys = list(SigningKey.objects.filter(published_until__gt=now).order_by("signs_from"))
    return Keyring(
        signer=_signer(keys, now),
        public={str(key.id): _public_key(key) for key in keys},
        published=tuple(key.public_key for key in keys),
        read_at=time.monotonic(),
    )


def _signer(keys: Iterable[SigningKey], now: datetime) -> Signer | None:
    """The key whose time it is, if we can open it."""
    for key in keys:
        if not key.signs_from <= now < key.signs_until:
            continue
        try:
            pem = unseal(key.private_key)
        except InvalidToken:
            logger.error("Signing key %s was sealed with a SECRET_KEY that is gone.", key.id)
            continue
        private_key = serialization.load_pem_private_key(pem.encode(), password=None)
        assert isinstance(private_key, ec.EllipticCurvePrivateKey)  # noqa: S101  we made it
        return Signer(str(key.id), private_key)
    return None


def _public_key(key: SigningKey) -> ec.EllipticCurvePublicKey:
    public_key = ECAlgorithm.from_jwk(key.public_key)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)  # noqa: S101  we made it
    return public_key

"""Sealing secrets that must lie in the database readable: a copy of it alone opens nothing.

The key comes from SECRET_KEY, so rotating that through SECRET_KEY_FALLBACKS keeps old seals
readable; new ones are made with the new key.
"""

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Sets this key apart from everything else that is derived from SECRET_KEY.
PURPOSE = b"latchkey accounts.sealing v1"
KEY_BYTES = 32  # what Fernet takes: half encrypts, half authenticates


def seal(text: str) -> str:
    """The text, encrypted and authenticated; each call gives another result."""
    return _ring().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed; cryptography's InvalidToken when it was not sealed with a key of ours."""
    return _ring().decrypt(sealed.encode()).decode()


def _ring() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


@cache
def _key(secret: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return urlsafe_b64encode(derivation.derive(secret.encode()))

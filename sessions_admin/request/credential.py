"""Whether a session was made with the person's present credential: the second lock behind
`credential_changed`, for changes that nobody told the portal of."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.core.signals import setting_changed
from django.utils.crypto import constant_time_compare

# Bounded: one short string a signed-in person per process.
HASHES = 10_000
MARK = b"latchkey mark of a credential\x00"


def mark_of(user: Any) -> bytes:
    """What a session that no key opens, or a pass, keeps of the credential it was made with.

    A hash of the session hash, which must not lie open: who could write to the database would put
    it into a session of their own making.
    """
    return _mark(_current_hash(user))


def bears_mark(user: Any, mark: bytes | memoryview) -> bool:
    """Whether the session was made with the person's present credential, under our present or a
    former key."""
    hashes = (_current_hash(user), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(_mark(one), bytes(mark)) for one in hashes)


def held_credential(user: Any, stored: str) -> bool:
    """Whether a session hash is the person's present one, made with our present or a former key."""
    return is_current(user, stored) or any(
        constant_time_compare(stored, old) for old in user.get_session_auth_fallback_hash()
    )


def is_current(user: Any, stored: str) -> bool:
    """Whether a session hash was made with the person's present credential and our present key."""
    return constant_time_compare(stored, _current_hash(user))


def _mark(session_hash: str) -> bytes:
    return sha256(MARK + session_hash.encode()).digest()


def _current_hash(user: Any) -> str:
    model: Any = user.__class__  # request.user is a lazy object of another type
    return _hash(model, user.pk, getattr(user, "credential_version", user.password))


@lru_cache(maxsize=HASHES)
def _hash(model: Callable[..., Any], pk: Hashable, credential: Hashable) -> str:
    """The HMAC costs more than the rest of the check; it depends on nothing but these."""
    if isinstance(credential, int):
        return str(model(pk=pk, credential_version=credential).get_session_auth_hash())
    return str(model(pk=pk, password=credential).get_session_auth_hash())


def _forget_hashes(*, setting: str, **_: object) -> None:
    if setting in {"SECRET_KEY", "SECRET_KEY_FALLBACKS", "AUTH_USER_MODEL"}:
        _hash.cache_clear()


setting_changed.connect(_forget_hashes)

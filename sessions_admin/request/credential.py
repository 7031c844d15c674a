"""Whether a session was made with the person's present credential: the second lock behind
`credential_changed`, for changes that nobody told the portal of."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.crypto import constant_time_compare

# Bounded: one short string a signed-in person per process.
HASHES = 10_000


def mark_of(user: Any) -> bytes:
    """What a session that no key can open keeps of the credential it was made with: no secret."""
    return str(user.get_session_auth_hash()).encode()


def held_credential(user: Any, stored: str) -> bool:
    """Whether a session hash is the person's present one, made with our present or a former key."""
    return is_current(user, stored) or any(
        constant_time_compare(stored, old) for old in user.get_session_auth_fallback_hash()
    )


def is_current(user: Any, stored: str) -> bool:
    """Whether a session hash was made with the person's present credential and our present key."""
    return constant_time_compare(stored, _current_hash(user))


def _current_hash(user: Any) -> str:
    model: Any = type(user)
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

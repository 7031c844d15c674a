"""What the portal signs and others verify: JWTs, ES256 and nothing else (RFC 8725, ASVS 9.1)."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import jwt
from django.conf import settings

from sessions_admin.signing_keys import (
    ALGORITHM,
    READ_AGAIN_SECONDS,
    keyring,
    signing_keyring,
)

# How far the clocks of our own machines may be apart; ASVS 9.2.1 allows 60 s.
LEEWAY_SECONDS = 10
# Longer than any token of ours; the rest is not looked at.
LONGEST_TOKEN = 4096


def sign(claims: dict[str, Any], *, typ: str) -> str:
    """A JWT of this type with these claims, which say `aud` and `exp` (seconds since 1970).

    Adds `iss`, `iat` and `jti`.
    """
    signer = signing_keyring().signer
    if signer is None:
        raise RuntimeError("There is no key to sign with.")
    missing = {"aud", "exp"} - claims.keys()
    if missing:
        raise ValueError(f"A token needs {missing}.")
    ours = {"iss": issuer(), "iat": int(time.time()), "jti": str(uuid4())}
    headers = {"typ": typ, "kid": signer.kid}
    return jwt.encode(ours | claims, signer.private_key, algorithm=ALGORITHM, headers=headers)


def verify(token: str, *, typ: str, audience: str) -> dict[str, Any] | None:
    """The claims of a token that we signed as this type for this audience and that is in its time.

    None for anything else. The key is the one of ours that `kid` names; whatever else the header
    says about keys is not looked at.
    """
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != typ or header.get("alg") != ALGORITHM:
            return None
        key = _public_key(header.get("kid"))
        if key is None:
            return None
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[ALGORITHM], audience=audience, issuer=issuer(),
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "aud", "exp", "iat", "jti"], "strict_aud": True},
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, TypeError, UnicodeError):
        return None
    return claims


def jwks() -> dict[str, Any]:
    """The public keys, RFC 7517 §5: those that sign, signed or are going to."""
    return {"keys": list(signing_keyring().published)}


def issuer() -> str:
    """Who signs: the portal's own origin, as its metadata names it (RFC 8414 §2)."""
    return str(settings.PUBLIC_URL)


def _public_key(kid: object) -> Any:
    if not isinstance(kid, str):
        return None
    key = keyring().public.get(kid)
    # Another process may have made it since we read the keys.
    return key or keyring(at_most=READ_AGAIN_SECONDS).public.get(kid)

"""What the portal signs and others verify: JWTs, ES256 and nothing else (RFC 8725, ASVS 9.1)."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from functools import lru_cache
from typing import Any
from uuid import uuid4

import jwt
from django.conf import settings

from sessions_admin.tokens.signing_keys import (
    ALGORITHM,
    READ_AGAIN_SECONDS,
    keyring,
    signing_keyring,
)

# How far the clocks of our own machines may be apart; ASVS 9.2.1 allows 60 s.
LEEWAY_SECONDS = 10
# Longer than any token of ours; the rest is not looked at.
LONGEST_TOKEN = 4096
# Under 4 MB even when each is as long as it may be.
REMEMBERED_TOKENS = 512
REQUIRED = ["iss", "aud", "exp", "iat", "jti"]


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
    kid = _key_of(token, typ)
    if kid is None or _public_key(kid) is None:
        return None
    claims = _signed_claims(token, kid)
    if claims is None or claims["aud"] != audience or claims["iss"] != issuer():
        return None
    return dict(claims) if _is_in_time(claims) else None


def jwks() -> dict[str, Any]:
    """The public keys, RFC 7517 §5: those that sign, signed or are going to."""
    return {"keys": list(signing_keyring().published)}


def issuer() -> str:
    """Who signs: the portal's own origin, as its metadata names it (RFC 8414 §2)."""
    return str(settings.PUBLIC_URL)


def _key_of(token: str, typ: str) -> str | None:
    """The `kid` of something that says it is a token of this type, signed as ours are."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        header = json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))
    except ValueError:
        return None
    if not isinstance(header, dict) or header.get("alg") != ALGORITHM or header.get("typ") != typ:
        return None
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


# Who checks a token at each of its uses pays for the signature once. What a key has signed does
# not change; whether the key is still ours and the token in its time is asked each time.
@lru_cache(maxsize=REMEMBERED_TOKENS)
def _signed_claims(token: str, kid: str) -> dict[str, Any] | None:
    """What this key has signed; times are not looked at."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token, _public_key(kid), algorithms=[ALGORITHM],
            options={"require": REQUIRED, "verify_aud": False, "verify_iss": False,
                     "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    moments = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
    return claims if all(type(moment) is int for moment in moments) else None


def _is_in_time(claims: dict[str, Any]) -> bool:
    """RFC 7519 §4.1.4-6, with the clocks a little apart."""
    now = time.time()
    begins = max(claims["iat"], claims.get("nbf", 0))
    return bool(begins <= now + LEEWAY_SECONDS and now < claims["exp"] + LEEWAY_SECONDS)


def _public_key(kid: object) -> Any:
    if not isinstance(kid, str):
        return None
    key = keyring().public.get(kid)
    # Another process may have made it since we read the keys.
    return key or keyring(at_most=READ_AGAIN_SECONDS).public.get(kid)

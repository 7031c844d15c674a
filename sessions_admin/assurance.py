"""How a person proved themselves, in the field's terms: RFC 8176 methods, NIST assurance levels."""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

# allauth's methods → RFC 8176 §2 values
METHODS = {
    "password": "pwd", "totp": "otp", "recovery_codes": "otp", "webauthn": "hwk", "code": "otp",
}  # fmt: skip


def amr_of(request: HttpRequest, user: Any) -> str:
    """The methods of this sign-in, separated by blanks; without a record it was by password."""
    methods = [
        METHODS.get(str(record.get("type") or record.get("method")), "pwd")
        for record in get_authentication_records(request, user)
    ]
    return " ".join(dict.fromkeys(methods)) or "pwd"


def aal_of(amr: str) -> int:
    """NIST SP 800-63B-4 §2: one factor is level 1, two are level 2; a passkey is two by itself."""
    methods = set(amr.split())
    return 2 if "hwk" in methods or len(methods) > 1 else 1

"""An app signs out by showing a token of its session (RFC 7009)."""

from __future__ import annotations

from sessions_admin.lifecycle.ending import end_sessions
from sessions_admin.models import RefreshToken, Session
from sessions_admin.request.lookup import FoundSession, find_session_by_id
from sessions_admin.tokens import refresh_tokens
from sessions_admin.tokens.access_tokens import claimed_session, claims_of
from sessions_admin.vocabulary import EndReason


def sign_out(token: str) -> bool:
    """Ends the session of the token; False if it is none. A spent refresh token will do, for the
    answer that brought its successor may have been lost."""
    found = _session_of(token)
    if found is None:
        return False
    end_sessions(
        Session.objects.filter(pk=found.id), reason=EndReason.LOGGED_OUT, actor=found.actor
    )
    return True


def _session_of(token: str) -> FoundSession | None:
    if not refresh_tokens.is_one(token):
        return claimed_session(claims_of(token))
    rows = RefreshToken.objects.filter(token_hash=refresh_tokens.hash_of(token))
    session_id = rows.values_list("session_id", flat=True).first()
    return find_session_by_id(session_id) if session_id else None

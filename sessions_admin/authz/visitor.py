"""Who asks an application: the live session behind a cookie, by the one SELECT."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from sessions_admin.authz.decision import Rules, Visitor
from sessions_admin.authz.passes import hash_of_pass
from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle import is_over
from sessions_admin.models import ApplicationPass
from sessions_admin.request.authentication import vouches
from sessions_admin.request.credential import bears_mark
from sessions_admin.request.lookup import FoundSession, find_session
from sessions_admin.request.lookup_plan import Question
from sessions_admin.request.sealing import hash_of, unseal

# What `new_key` makes; anything else is not looked up.
KEY = re.compile(r"[A-Za-z0-9_-]{43}")
# A browser sends no more; a header full of cookies is not searched.
LONGEST_COOKIES = 8192

VOUCHING = (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)
# Some 8 MB in a process at the most; usual data is under 500 bytes.
VOUCHERS_REMEMBERED, LONGEST_REMEMBERED = 4096, 1024
_vouchers: dict[bytes, tuple[bytes, dict[str, Any]]] = {}

GROUPS = """
    (SELECT {list}({pair}(g.id, g.name)){as_text} FROM {membership_groups} mg
     JOIN {group} g ON g.id = mg.group_id WHERE mg.membership_id = m.id)
"""
ACTOR = "(SELECT a.email FROM {user} a WHERE a.{user_pk} = s.asked_by_id)"
BY_SESSION = Question("find_visitor", by="s.key_hash", expressions=(GROUPS, ACTOR))
BY_PASS = Question(
    "find_visitor_by_pass",
    by="e.key_hash",
    source="{pass} e JOIN {session} s ON s.id = e.session_id AND e.code_expires_at IS NULL",
    expressions=(GROUPS, ACTOR),
    fields=(("e", ApplicationPass, "application"), ("e", ApplicationPass, "mark")),
)


@dataclass(frozen=True, slots=True)
class Guest:
    """A live session and the names that go with it."""

    found: FoundSession
    group_ids: frozenset[int]
    group_names: tuple[str, ...]
    actor: str  # the e-mail address of who acts as the person, in a support session

    @property
    def visitor(self) -> Visitor | None:
        """What the decision needs; None when the session has ended meanwhile."""
        found = self.found
        if found.ended_at is not None:
            return None
        tenant = found.access.tenant
        return Visitor(
            tenant=tenant.id if tenant else None,
            groups=self.group_ids,
            aal=found.aal,
            suspected=found.suspected_at is not None,
            read_only=found.read_only,
        )


def guest_of(cookies: str, rules: Rules) -> Guest | None:
    """The live session of these cookies: by the application's own, else by the portal's.

    The portal's arrives where both are on one host, on this machine.
    """
    if len(cookies) > LONGEST_COOKIES:
        return None
    if key := key_in(cookies, settings.APPLICATION_COOKIE_NAME):
        found = find_session(hash_of_pass(key), BY_PASS)
        if found is not None and _is_pass_for(found, rules) and not is_over(found):
            return guest(found)
    if key := key_in(cookies, settings.SESSION_COOKIE_NAME):
        return guest_with(key)
    return None


def guest_with(key: str) -> Guest | None:
    """The live session of this key of the portal."""
    key_hash = hash_of(key)
    found = find_session(key_hash, BY_SESSION)
    if found is None or found.user_id is None or is_over(found):
        return None
    return guest(found) if vouches(_opened(found, key, key_hash), found.user) else None


def guest(found: FoundSession) -> Guest:
    group_ids, group_names = _groups(found.more[0] or "[]")
    return Guest(found, group_ids, group_names, found.more[1] or "")


def key_in(cookies: str, name: str) -> str | None:
    """The value of the one cookie of this name; None when it is odd or there are several."""
    values = {
        value
        for found, _, value in (part.strip().partition("=") for part in cookies.split(";"))
        if found == name
    }
    if len(values) != 1:
        return None
    [value] = values
    return value if KEY.fullmatch(value) else None


def _opened(found: FoundSession, key: str, key_hash: bytes) -> dict[str, Any]:
    """What vouches for the session, of its sealed data. The same bytes of the same session say the
    same again, so they are opened once; neither keys nor anything else is kept."""
    sealed = bytes(found.data)
    known = _vouchers.get(key_hash)
    if known is not None and known[0] == sealed:
        return known[1]
    data = unseal(sealed, key, SessionStore().serializer)
    voucher = {name: data[name] for name in VOUCHING if name in data}
    if len(sealed) <= LONGEST_REMEMBERED:
        if len(_vouchers) >= VOUCHERS_REMEMBERED:
            _vouchers.clear()
        _vouchers[key_hash] = sealed, voucher
    return voucher


def _is_pass_for(found: FoundSession, rules: Rules) -> bool:
    application_id, mark = found.more[2:]
    return application_id == rules.id and found.user_id is not None and bears_mark(found.user, mark)


@lru_cache(maxsize=1024)
def _groups(pairs: str) -> tuple[frozenset[int], tuple[str, ...]]:
    groups: list[list[Any]] = json.loads(pairs)
    return frozenset(pk for pk, _ in groups), tuple(sorted(name for _, name in groups))

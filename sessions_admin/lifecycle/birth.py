"""How sessions are born, and the one place where the limit holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle.arrival import Arrival, look_at
from sessions_admin.lifecycle.ending import end_sessions
from sessions_admin.lifecycle.planned_change import apply_due_plans
from sessions_admin.models import (
    PLATFORM_POLICY_ID,
    LoginAttempt,
    PlannedChange,
    Session,
    SessionPolicy,
)
from sessions_admin.policy import Contender, Policy, SignInEndedError, make_room
from sessions_admin.request.client import Client, describe
from sessions_admin.vocabulary import AuditAction, EndReason, Kind, LoginOutcome
from tenants.models import Membership, Tenant

if TYPE_CHECKING:
    from accounts.models import User

EMAIL_LENGTH = 254  # RFC 5321 §4.5.3.1


@dataclass(frozen=True, slots=True)
class Birth:
    """What a sign-in brings along."""

    user: User
    new_key_hash: bytes | None  # None: held by a refresh token instead of a cookie
    data: bytes
    client: Client
    amr: str
    aal: int
    persistent: bool
    expires_at: datetime | None = None
    browser_hash: bytes | None = None  # of the device cookie; None: it cannot keep one
    kind: Kind = Kind.BROWSER
    home: Tenant | None = None  # where it starts, if the person said so; else their only tenant


def create_session(key_hash: bytes, *, client: Client | None, **columns: Any) -> UUID:
    """A row for an anonymous visitor; IntegrityError when the key is taken."""
    session = Session(id=uuid7(), key_hash=key_hash, **columns, **_described(client))
    # A savepoint: on a collision the caller tries another key in the same transaction.
    with transaction.atomic(using=Session.objects.db):
        session.save(force_insert=True)
    return session.id


def start_session(birth: Birth, *, key_hash: bytes | None) -> UUID | None:
    """The session becomes the user's: a new row, or the visitor's own under a new key.

    Holds the limit for every road to login(): the user's row is locked before the live sessions
    are counted, so no interleaving leaves more than N. Under the same lock the detectors look at
    what else is live, so of two sign-ins at once the second sees the first. Returns its id; None
    when the visitor's row ended meanwhile. Raises LimitReachedError when the policy lets nobody
    else in, and SignInEndedError when the risk rules ended the sign-in at once.
    """
    apply_planned_for(birth.user)
    with transaction.atomic(using=Session.objects.db):
        lock_user(birth.user)
        row: Session | None = None
        if key_hash:
            row = Session.objects.open().filter(key_hash=key_hash).first()
        if key_hash and row is None:
            return None
        is_again = row is not None and row.user_id == birth.user.pk
        session = row or Session(id=uuid7())
        tenant = session.tenant if is_again else birth.home or home_of(birth.user)
        arrival = look_at(birth, session, tenant, is_again=is_again)
        columns = _proven(birth) if is_again else _first_proven(birth, tenant, arrival)
        if not _put(session, columns | arrival.columns, key_hash):
            return None
        _record(birth, session)
        arrival.conclude()
    if arrival.is_over:
        raise SignInEndedError
    return session.id


def apply_planned_for(user: User) -> None:
    """Settings whose time came, if no sweep did it yet. Before the lock of the user: a change of
    settings locks its own row first, and then the users."""
    theirs = PlannedChange.objects.filter(tenant__memberships__user=user.pk)
    for _change in apply_due_plans(theirs):
        pass


def lock_user(user: User) -> None:
    """Serialises what counts the user's sessions. FOR NO KEY UPDATE, and first: an INSERT takes
    KEY SHARE on this row through its foreign key, so a lock after it could deadlock."""
    manager = user.__class__._base_manager  # request.user is a proxy of its class
    manager.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk").first()


def home_of(user: User) -> Tenant | None:
    """The tenant that a session starts in: the only one; with several, the person chooses."""
    memberships = Membership.objects.select_related("tenant").filter(
        user=user, is_active=True, tenant__is_active=True
    )[:2]
    return memberships[0].tenant if len(memberships) == 1 else None


def policy_of(tenant: Tenant | None) -> Policy:
    policy_id = tenant.id if tenant else PLATFORM_POLICY_ID
    policy = SessionPolicy.objects.filter(pk=policy_id).first()
    return policy.rules() if policy else Policy()


def enforce_limit(user: User, tenant: Tenant | None, policy: Policy, *, arriving: int) -> None:
    """Ends what must leave so that the arriving sessions fit in; the user's row is locked."""
    if policy.max_live_sessions is None:
        return
    live = contenders(user, tenant)
    leaving = make_room(live, policy, arriving=arriving)
    if leaving:
        end_sessions(
            Session.objects.filter(pk__in=leaving), reason=EndReason.CONCURRENCY_LIMIT, actor=None
        )


def contenders(user: User, tenant: Tenant | None) -> list[Contender]:
    """The user's live sessions that count towards the tenant's limit."""
    # Nobody's limit shrinks because an administrator looks.
    live = Session.objects.live().of(user).filter(tenant=tenant).exclude(kind=Kind.SUPPORT)
    return [Contender(*row) for row in live.values_list("pk", "started_at", "last_seen_at")]


def _first_proven(birth: Birth, tenant: Tenant | None, arrival: Arrival) -> dict[str, Any]:
    """Somebody comes in: within the limit of where they start. Nobody makes room for a sign-in
    that is over at once."""
    if not arrival.is_doomed:
        enforce_limit(birth.user, tenant, policy_of(tenant), arriving=1)
    proven = _proven(birth)
    return proven | {
        "user": birth.user, "tenant": tenant, "kind": birth.kind,
        "started_at": proven["authenticated_at"],
    }  # fmt: skip


def _proven(birth: Birth) -> dict[str, Any]:
    """What each proof of identity sets; all there is to set when the same person signs in again
    in the same browser."""
    now = timezone.now()
    return {
        "key_hash": birth.new_key_hash, "authenticated_at": now, "last_seen_at": now,
        "persistent": birth.persistent, "expires_at": birth.expires_at,
        "amr": birth.amr, "aal": birth.aal, "data": birth.data, **_described(birth.client),
    }  # fmt: skip


def _put(session: Session, columns: dict[str, Any], key_hash: bytes | None) -> bool:
    """Writes the columns to a new row, or to the one that still has this key; False when it was
    ended, or given another key by a sign-in beside this one."""
    for name, value in columns.items():
        setattr(session, name, value)
    if key_hash is None:
        session.save(force_insert=True)
        return True
    return bool(Session.objects.open().filter(key_hash=key_hash).update(**columns))


def _described(client: Client | None) -> dict[str, Any]:
    return describe(client) if client else {}


def _record(birth: Birth, session: Session) -> None:
    """In the login history and the audit log."""
    note_attempt(birth.client, LoginOutcome.SUCCEEDED, user=birth.user, session=session,
                 tenant_id=session.tenant_id, amr=birth.amr, novelty=session.novelty)  # fmt: skip
    audit.record(
        AuditAction.SESSION_STARTED, actor_id=birth.user.pk, user_id=birth.user.pk,
        tenant_id=session.tenant_id, session_id=session.pk, amr=birth.amr,
    )  # fmt: skip


def note_attempt(
    client: Client,
    outcome: LoginOutcome,
    *,
    user: User | None = None,
    email: str = "",
    **facts: Any,
) -> None:
    """A line in the login history: of the user if known, of the address typed otherwise."""
    typed = email or (user.get_username() if user else "")
    LoginAttempt(
        outcome=outcome, user=user, email=printable(typed)[:EMAIL_LENGTH], **facts,
        **describe(client),
    ).save(force_insert=True)  # fmt: skip


def printable(text: str) -> str:
    """What somebody typed, without what a terminal or a database would choke on."""
    return "".join(character for character in text if character.isprintable())

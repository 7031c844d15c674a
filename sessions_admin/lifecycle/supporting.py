"""A support session: somebody who may, acts as another person for a while, with a reason.

It is made from a live session of that person, asked for in a session of the one who acts, and ends
with either (lifecycle.ending). It may do what both of them may, and nothing that asks for a proof
of who is there. The person is told, and can end it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from sessions_admin import audit
from sessions_admin.identifiers import uuid7
from sessions_admin.models import NOTE_LENGTH, Session, SessionPolicy
from sessions_admin.notices import notify
from sessions_admin.policy import deadline, verdict
from sessions_admin.request.client import Client, describe
from sessions_admin.request.credential import mark_of
from sessions_admin.request.lookup import FoundSession, find_session_by_id
from sessions_admin.vocabulary import AuditAction, Kind, NoticeKind
from tenants.permissions import Permission

if TYPE_CHECKING:
    from accounts.models import User

# A session that ends in this moment is no use to anybody.
SHORTEST = timedelta(seconds=30)


class SupportRefusal(StrEnum):
    """Why somebody may not act as another person."""

    SWITCHED_OFF = "switched_off"
    NOT_PERMITTED = "not_permitted"
    WITHIN_SUPPORT = "within_support"
    ONESELF = "oneself"
    OPERATOR = "operator"
    MAY_MORE = "may_more"  # the person may what the asker may not
    OVER = "over"  # the session that it would be made from, or the asker's own
    NO_REASON = "no_reason"


class SupportRefusedError(Exception):
    """Nothing was started."""

    def __init__(self, refusal: SupportRefusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Way(StrEnum):
    """How the support session is held."""

    TOKEN = "token"  # noqa: S105  a word, not a secret
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. Without a key it is held by access tokens alone."""

    reason: str
    read_only: bool
    client: Client
    key_hash: bytes | None = None
    data: bytes = b""

    @property
    def way(self) -> Way:
        return Way.BROWSER if self.key_hash else Way.TOKEN


def start_support(origin_id: UUID, asked_in_id: UUID, wish: Wish) -> UUID:
    """The new session's id. SupportRefusedError: it may not be.

    Both sessions and the tenant's settings are locked: an ending or a setting beside this one
    comes before, and refuses it, or after, and ends it.
    """
    with transaction.atomic(using=Session.objects.db):
        _lock(origin_id, asked_in_id)
        origin, asker = find_session_by_id(origin_id), find_session_by_id(asked_in_id)
        policy = _locked_policy(asker)
        if refusal := refusal_to_support(origin, asker, policy):
            raise SupportRefusedError(refusal)
        if not wish.reason:
            raise SupportRefusedError(SupportRefusal.NO_REASON)
        assert origin is not None and asker is not None and policy is not None  # noqa: S101, PT018
        session = _born(origin, asker, policy, wish)
        _record(session, asker.user, wish)
    return session.pk


def refusal_to_support(
    origin: FoundSession | None, asker: FoundSession | None, policy: SessionPolicy | None
) -> SupportRefusal | None:
    """Why the asker may not act as the person whose session the origin is; None: they may."""
    now = timezone.now()
    if origin is None or asker is None or policy is None or not _is_here(origin, asker):
        return SupportRefusal.OVER
    if Kind.SUPPORT in {origin.kind, asker.kind}:
        return SupportRefusal.WITHIN_SUPPORT
    if not policy.support_sessions_enabled:
        return SupportRefusal.SWITCHED_OFF
    if not asker.access.may(Permission.TOKENS_COPY):
        return SupportRefusal.NOT_PERMITTED
    if origin.user_id == asker.user_id:
        return SupportRefusal.ONESELF
    if origin.user.is_operator:
        return SupportRefusal.OPERATOR
    if not origin.access.permissions <= asker.access.permissions:
        return SupportRefusal.MAY_MORE
    is_short = ends_at(origin, asker, policy, now) - now < SHORTEST
    return SupportRefusal.OVER if is_short else None


def ends_at(
    origin: FoundSession, asker: FoundSession, policy: SessionPolicy, now: datetime
) -> datetime:
    """When a support session that starts now ends at the latest."""
    return min(
        now + policy.support_session_lifetime,
        deadline(origin.facts, origin.policy).at,
        deadline(asker.facts, asker.policy).at,
    )


def _lock(*session_ids: UUID) -> None:
    """In one order, as endings lock."""
    rows = Session.objects.select_for_update(of=("self",)).filter(pk__in=session_ids)
    list(rows.order_by("pk").values_list("pk"))


def _locked_policy(asker: FoundSession | None) -> SessionPolicy | None:
    tenant = asker.access.tenant if asker else None
    if tenant is None:
        return None
    return SessionPolicy.objects.select_for_update(of=("self",)).filter(pk=tenant.id).first()


def _is_here(origin: FoundSession, asker: FoundSession) -> bool:
    """Both live, and in the same tenant."""
    now = timezone.now()
    return (
        asker.access.tenant is not None
        and origin.access.tenant == asker.access.tenant
        and all(
            one.ended_at is None
            and one.suspected_at is None
            and verdict(one.facts, one.policy, now) is None
            for one in (origin, asker)
        )
    )


def _born(origin: FoundSession, asker: FoundSession, policy: SessionPolicy, wish: Wish) -> Session:
    now = timezone.now()
    session = Session(
        id=uuid7(now), kind=Kind.SUPPORT, key_hash=wish.key_hash,
        data=wish.data or mark_of(asker.user),
        user_id=origin.user_id, tenant_id=policy.pk,  # a tenant's settings have its id
        started_at=now, authenticated_at=now, last_seen_at=now,
        expires_at=ends_at(origin, asker, policy, now),
        amr=asker.amr, aal=asker.aal,  # what was proved is who the asker is
        made_from_id=origin.id, asked_in_id=asker.id, asked_by_id=asker.user_id,
        ask_reason=wish.reason[:NOTE_LENGTH], read_only=wish.read_only, **describe(wish.client),
    )  # fmt: skip
    session.save(force_insert=True)
    return session


def _record(session: Session, asker: User, wish: Wish) -> None:
    """In the audit log, and to the person."""
    audit.record(
        AuditAction.SUPPORT_STARTED, actor_id=asker.pk, user_id=session.user_id,
        tenant_id=session.tenant_id, session_id=session.pk, reason=session.ask_reason,
        way=wish.way, read_only=session.read_only, made_from=str(session.made_from_id),
        asked_in=str(session.asked_in_id),
        until=session.expires_at.isoformat() if session.expires_at else "",
    )  # fmt: skip
    notify(
        NoticeKind.SUPPORT_STARTED, user_id=session.user_id, tenant_id=session.tenant_id,
        session_id=session.pk, event=f"{NoticeKind.SUPPORT_STARTED}:{session.pk}",
    )  # fmt: skip

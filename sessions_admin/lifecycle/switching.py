"""A session moves to another tenant of the same person."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions_admin import audit
from sessions_admin.fields import AccessFields
from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle.birth import (
    apply_planned_for,
    enforce_limit,
    lock_user,
    policy_of,
)
from sessions_admin.models import LoginAttempt, Session
from sessions_admin.policy import Facts, LimitReachedError, Policy, verdict
from sessions_admin.vocabulary import AuditAction, EndReason, LoginOutcome
from tenants.belonging import TenantRefusedError
from tenants.models import Tenant

if TYPE_CHECKING:
    from accounts.models import User


def enter_tenant(
    session_id: UUID, user: User, tenant: Tenant, *, new_key_hash: bytes, data: bytes
) -> bool:
    """Moves the user's session to the tenant under a new key; False when it is over.

    TenantRefusedError: by the tenant's policy these facts are too old, or its limit is reached
    and ends none by itself. The tenant that is left keeps an ended row as the record of the stay.
    """
    apply_planned_for(user)
    with transaction.atomic(using=Session.objects.db):
        lock_user(user)
        session = Session.objects.open().of(user).filter(pk=session_id).first()
        if session is None:
            return False
        policy = policy_of(tenant)
        # The sign-in keeps its age: what ended a tenant's sessions then ends this one now.
        facts = Facts(
            session.started_at, session.authenticated_at, session.last_seen_at, session.expires_at
        )
        if verdict(facts, policy, timezone.now()):
            text = _("%s asks for a new sign-in. Log out and sign in again.")
            raise TenantRefusedError(text % tenant)
        _make_room(session, user, tenant, policy)
        moved = (
            Session.objects.open()
            .filter(pk=session_id)
            .update(tenant=tenant, key_hash=new_key_hash, data=data)
        )
        if moved and session.tenant_id != tenant.id:
            _record_sign_in(session, tenant)
            _record_stay(session, tenant)
    return bool(moved)


def _make_room(session: Session, user: User, tenant: Tenant, policy: Policy) -> None:
    try:
        enforce_limit(user, tenant, policy, arriving=0 if session.tenant_id == tenant.id else 1)
    except LimitReachedError as error:
        text = _("%s allows no more sessions of yours. Log out of another one there first.")
        raise TenantRefusedError(text % tenant) from error


def _record_sign_in(session: Session, tenant: Tenant) -> None:
    """The tenant that is entered finds the sign-in in its login history, once: the one that chose
    no tenant yet, or a line of its own."""
    attempts = LoginAttempt.objects.filter(session=session, outcome=LoginOutcome.SUCCEEDED)
    if attempts.filter(tenant=tenant).exists():
        return
    if attempts.filter(tenant=None).update(tenant=tenant):
        return
    access = {field.name: getattr(session, field.name) for field in AccessFields._meta.fields}
    LoginAttempt(
        outcome=LoginOutcome.SUCCEEDED, user_id=session.user_id, tenant=tenant, session=session,
        amr=session.amr, **access,
    ).save(force_insert=True)  # fmt: skip


def _record_stay(session: Session, tenant: Tenant) -> None:
    """The tenant that is left keeps a row without a key, ended now; both hear of it."""
    user_id, moved_id = session.user_id, session.pk
    if session.tenant_id:
        stay_id = _keep_stay(session)
        audit.record(
            AuditAction.SESSION_ENDED, actor_id=user_id, user_id=user_id,
            tenant_id=session.tenant_id, session_id=stay_id, reason=EndReason.TENANT_SWITCHED,
            initiator=EndReason.TENANT_SWITCHED.initiator,
        )  # fmt: skip
    audit.record(
        AuditAction.SESSION_STARTED, actor_id=user_id, user_id=user_id, tenant_id=tenant.id,
        session_id=moved_id,
    )  # fmt: skip


def _keep_stay(session: Session) -> UUID:
    session.pk, session.key_hash, session.data = uuid7(session.started_at), None, b""
    session.ended_at, session.end_reason = timezone.now(), EndReason.TENANT_SWITCHED
    session.ended_by_id = session.user_id
    session.save(force_insert=True)
    return session.pk

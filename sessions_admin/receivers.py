"""What the engine hears: Django's three auth signals, and what the lower layers send upward."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.signals import credential_changed, user_disabled
from sessions_admin import audit
from sessions_admin.assurance import aal_of, amr_of
from sessions_admin.engine import SessionStore
from sessions_admin.lifecycle import clear_suspicion, end_sessions, ensure_rules
from sessions_admin.lifecycle.birth import note_attempt
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import Session
from sessions_admin.policy import LimitReachedError, SignInEndedError
from sessions_admin.request.client import client_of
from sessions_admin.request.device_cookie import browser_of
from sessions_admin.tokens.app_sign_in import begin_app_session, is_app
from sessions_admin.vocabulary import AuditAction, EndReason, LoginOutcome
from tenants.models import Membership, Tenant
from tenants.signals import membership_removed, tenant_suspended


@receiver(user_logged_in)
def begin_session(request: HttpRequest, user: Any, **_: object) -> None:
    """Every road to login() comes by here: the session is born, or the limit refuses it."""
    session = getattr(request, "session", None)
    if not isinstance(session, SessionStore):
        return  # somebody else's session engine, or no session at all
    amr = amr_of(request, user)
    client, browser = client_of(request), browser_of(request)
    try:
        if is_app(request):
            begin_app_session(request, user, amr=amr, aal=aal_of(amr))
        else:
            session.begin(user, client, amr=amr, aal=aal_of(amr), browser_hash=browser.hash)
            session.browser = browser
    except SignInEndedError:
        request.user = AnonymousUser()
        raise
    except LimitReachedError:
        session.flush()
        request.user = AnonymousUser()
        note_attempt(client_of(request), LoginOutcome.DENIED, user=user, amr=amr)
        audit.record(AuditAction.LOGIN_DENIED, actor_id=user.pk, user_id=user.pk)
        raise


@receiver(user_login_failed)
def note_failure(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: object
) -> None:
    """A line in the login history; the password is not among the credentials that Django sends."""
    if not isinstance(request, HttpRequest):
        return  # not over the web: nothing to tell of
    email = str(credentials.get("email") or credentials.get("username") or "")
    model = get_user_model()
    user = model._default_manager.filter(**{f"{model.USERNAME_FIELD}__iexact": email}).first()
    note_attempt(client_of(request), LoginOutcome.FAILED, user=user, email=email)
    audit.record(AuditAction.LOGIN_FAILED, user_id=user and user.pk)


@receiver(authentication_step_completed)
def rotate_on_step_up(request: HttpRequest, user: User, method: str = "", **_: object) -> None:
    """The person proved themselves within a session: same row, new key."""
    session: Any = request.session
    if session.found is None or session.found.user_id != user.pk:
        return  # a step of a sign-in: the session is not born yet
    session.cycle_key()
    if session.found.suspected_at is not None:
        _end_suspicion(request, user, method)
    audit.record(
        AuditAction.SESSION_STEPPED_UP, actor_id=user.pk, user_id=user.pk,
        tenant_id=session.found.access.tenant and session.found.access.tenant.id,
        session_id=session.found.id,
    )  # fmt: skip


def _end_suspicion(request: HttpRequest, user: User, method: str) -> None:
    """Who has a second factor shows it: a thief who signed in has the password."""
    if method == "password" and is_mfa_enabled(user):
        return
    session: Any = request.session
    browser = browser_of(request)
    clear_suspicion(session.found, client_of(request), browser.hash)
    session.browser = browser


@receiver(credential_changed)
def end_other_sessions(
    user: User,
    request: HttpRequest | None,
    *,
    keep_others: bool,
    actor: User | None = None,
    **_: object,
) -> None:
    """The session that the change was made in survives; the others unless the person said so."""
    session: Any = getattr(request, "session", None)
    own = session.found if session is not None else None
    mine = own is not None and own.user_id == user.pk
    doer = actor or (user if mine else None)
    audit.record(AuditAction.CREDENTIAL_CHANGED, actor_id=doer and doer.pk, user_id=user.pk,
                 kept_others=keep_others)  # fmt: skip
    if keep_others:
        return
    others = Session.objects.of(user)
    if mine and own:
        others = others.exclude(pk=own.id)
    end_sessions(others, reason=EndReason.CREDENTIAL_CHANGED, actor=actor or user)


@receiver(user_disabled)
def end_sessions_of_user(user: User, actor: User | None, note: str, **_: object) -> None:
    """Each of the person's tenants reads in its own log that they were disabled."""
    tenant_ids = Membership.objects.filter(user=user).values_list("tenant_id", flat=True)
    audit.record_all(
        audit.event(AuditAction.USER_DISABLED, actor_id=actor and actor.pk, user_id=user.pk,
                    tenant_id=tenant_id, note=note)
        for tenant_id in tenant_ids or [None]
    )  # fmt: skip
    end_sessions(Session.objects.of(user), reason=EndReason.USER_DISABLED, actor=actor, note=note)


@receiver(post_save, sender=Tenant)
def give_rules(instance: Tenant, *, created: bool, raw: bool = False, **_: object) -> None:
    """A new tenant starts with the platform's session and risk rules, whoever makes it."""
    if created and not raw:
        ensure_policy(instance)
        ensure_rules(instance)


@receiver(membership_removed)
def end_sessions_of_member(
    membership: Membership, actor: User | None, note: str, **_: object
) -> None:
    sessions = Session.objects.within(membership.tenant).filter(user=membership.user)
    end_sessions(sessions, reason=EndReason.MEMBERSHIP_REMOVED, actor=actor, note=note)


@receiver(tenant_suspended)
def end_sessions_of_tenant(tenant: Tenant, actor: User | None, note: str, **_: object) -> None:
    sessions = Session.objects.within(tenant)
    end_sessions(sessions, reason=EndReason.TENANT_SUSPENDED, actor=actor, note=note)

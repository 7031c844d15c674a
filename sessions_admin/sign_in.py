"""Signing in where sessions have a limit: allauth's adapter, and the stage that asks."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import LoginStage
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode

from accounts.adapter import AccountAdapter
from accounts.models import User
from sessions_admin.identifiers import uuid7
from sessions_admin.lifecycle.birth import contenders, home_of, policy_of
from sessions_admin.notices import notify, seen
from sessions_admin.policy import LimitReachedError, SignInEndedError
from sessions_admin.request.client import client_of, customer_in
from sessions_admin.request.credential import held_credential
from sessions_admin.tokens.app_sign_in import (
    home_for_app,
    is_app,
    note_wanted_tenant,
    refuse_as_lapsed,
    refuse_as_suspicious,
    refuse_at_limit,
)
from sessions_admin.vocabulary import AtLimit, NoticeKind
from tenants.models import Tenant
from tenants.permissions import Section

# With which credential a sign-in was begun; it may wait for a second step for 15 minutes.
BEGUN_WITH = "latchkey_begun_with"


class SignInAdapter(AccountAdapter):
    """Our people, our limits, our idea of the client's address."""

    def get_client_ip(self, request: HttpRequest) -> str:
        # allauth counts attempts by it.
        return customer_in(request.META)

    def get_login_stages(self) -> list[str]:
        stages: list[str] = super().get_login_stages()
        return [
            *stages,
            "sessions_admin.tokens.app_sign_in.TenantStage",
            "sessions_admin.sign_in.LimitStage",
        ]

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        if is_app(request):
            note_wanted_tenant(request)
        request.session[BEGUN_WITH] = user.get_session_auth_hash()
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        if has_lapsed(request, user):
            _begin_again(request)
        request.session.pop(BEGUN_WITH, None)
        try:
            super().login(request, user)
        except LimitReachedError as error:
            if is_app(request):
                refuse_at_limit(request)
            raise ImmediateHttpResponse(redirect("sign-in-refused")) from error
        except SignInEndedError as error:
            if is_app(request):
                refuse_as_suspicious(request)
            raise ImmediateHttpResponse(redirect("signed-out")) from error

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """A changed password or factor is a notice like any other: kept and mailed once."""
        tell_change(self.request, user, template_prefix.rpartition("/")[2])

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where nobody said: My sessions, or the start page where that section is off; somebody
        of several tenants chooses first."""
        url = str(super().get_login_redirect_url(request))
        user: Any = request.user
        tenants = Tenant.objects.filter(
            memberships__user=user, memberships__is_active=True, is_active=True
        )[:2]
        if len(tenants) > 1:
            return f"/tenants/?{urlencode({'next': url})}"
        return "/" if any(Section.SESSIONS not in tenant.sections for tenant in tenants) else url


def has_lapsed(request: HttpRequest, user: User) -> bool:
    """Whether the person's password was changed since they (or a thief) began to sign in."""
    return not held_credential(user, request.session.get(BEGUN_WITH, ""))


def _begin_again(request: HttpRequest) -> None:
    if is_app(request):
        refuse_as_lapsed(request)
    request.session.flush()
    raise ImmediateHttpResponse(redirect("account_login"))


def tell_change(request: HttpRequest, user: User, change: str) -> None:
    """Tells the person of a change to how they sign in; by an operator, without saying where."""
    doer: Any = request.user
    session: Any = getattr(request, "session", None)
    by_oneself = not doer.is_authenticated or doer.pk == user.pk
    here = session.found if by_oneself and doer.is_authenticated else None
    notify(
        NoticeKind.CREDENTIAL_CHANGED, user_id=user.pk,
        event=f"{NoticeKind.CREDENTIAL_CHANGED}:{uuid7()}", change=change,
        session_id=here and here.id,
        **({"seen": seen(client_of(request))} if by_oneself else {"by_operator": True}),
    )  # fmt: skip


class LimitStage(LoginStage):
    """Before the session exists: with “ask”, the person picks which sessions to end."""

    key = "session_limit"
    urlname = "session-limit"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user: Any = self.login.user
        by_app = is_app(self.request)
        tenant = home_for_app(self.request, user) if by_app else home_of(user)
        policy = policy_of(tenant)
        if policy.max_live_sessions is None or policy.at_limit not in {AtLimit.ASK, AtLimit.DENY}:
            return None, True
        if len(contenders(user, tenant)) < policy.max_live_sessions:
            return None, True
        if by_app:
            refuse_at_limit(self.request)
        if policy.at_limit == AtLimit.DENY:
            return redirect("sign-in-refused"), False
        return redirect(self.urlname), True

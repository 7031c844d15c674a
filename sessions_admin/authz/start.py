"""The portal's page between an application and its pass: it asks who is there and sends back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from sessions_admin import audit
from sessions_admin.authz.answers import DOORSTEP, with_query
from sessions_admin.authz.applications import rules_of
from sessions_admin.authz.decision import Answer, Decision, Rules, decide
from sessions_admin.authz.doorstep import portal_shares_host
from sessions_admin.authz.passes import issue_code
from sessions_admin.authz.target import Target, origin_of, read_return
from sessions_admin.authz.visitor import guest_with
from sessions_admin.request.credential import mark_of
from sessions_admin.vocabulary import AuditAction

if TYPE_CHECKING:
    from tenants.access import PortalRequest

STATE = re.compile(r"[0-9a-f]{64}")  # SHA-256 of what the application's host keeps in the browser
TROUBLES = {"loop", "browser", "late"}


@require_safe
def start(request: PortalRequest) -> HttpResponse:
    """On to the application if the person may enter it; a page that says why not otherwise."""
    back = read_return(request.GET.get("rd", ""))
    rules = rules_of(back.host) if back else None
    if back is None or rules is None or back.origin != origin_of(rules.host):
        return redirect("/")
    guest = guest_with(request.session.session_key or "")
    decision = decide(rules, "GET", guest.visitor if guest else None)
    if decision.answer is not Answer.ALLOW:
        return _refused(request, rules, decision)
    trouble = request.GET.get("trouble")
    if trouble in TROUBLES:
        return _stopped(request, rules, back, str(trouble))
    if portal_shares_host(rules.host):
        return _onward(request, rules, back.url)
    state = request.GET.get("state", "")
    if not STATE.fullmatch(state):
        return _stopped(request, rules, back, "browser")
    return _onward(request, rules, _way_back(request, rules, back, state))


def _onward(request: PortalRequest, rules: Rules, url: str) -> HttpResponse:
    """A page that goes on by itself. Browsers hold a redirect to `form-action` when it comes after
    a form, which the sign-in was."""
    context = {"application": rules.name, "url": url}
    response = render(request, "sessions_admin/application_onward.html", context)
    response.headers["Refresh"] = f"0; url={url}"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _way_back(request: PortalRequest, rules: Rules, back: Target, state: str) -> str:
    session: Any = request.session
    with transaction.atomic():
        code = issue_code(session.found.id, rules.id, mark=mark_of(request.user), state=state)
        tenant = request.access.tenant
        audit.record(
            AuditAction.APPLICATION_ENTERED, actor_id=session.found.actor_id,
            user_id=request.user.pk, tenant_id=tenant.id if tenant else None,
            session_id=session.found.id, application=rules.name,
        )  # fmt: skip
    values = [("code", code), ("state", state), ("rd", back.path)]
    return with_query(f"{origin_of(rules.host)}{DOORSTEP}callback", values)


def _refused(request: PortalRequest, rules: Rules, decision: Decision) -> HttpResponse:
    context = {"application": rules.name, "why": str(decision.why), "host": rules.host}
    return render(request, "sessions_admin/application_refused.html", context, status=403)


def _stopped(request: PortalRequest, rules: Rules, back: Target, trouble: str) -> HttpResponse:
    context = {"application": rules.name, "trouble": trouble, "again": back.url}
    return render(request, "sessions_admin/application_stopped.html", context)

"""What an administrator does about a finding: dismiss it, end its sessions, trust the network."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.step_up import ADMINISTRATIVE, OWN_SESSIONS, step_up
from sessions_admin import lifecycle
from sessions_admin.models import Risk, Session
from sessions_admin.suspicious import evidence
from sessions_admin.suspicious.findings import finding_of
from sessions_admin.suspicious.story import chosen, story_of
from sessions_admin.views.risks import finding_page
from sessions_admin.views.users.asking import back, note_of
from sessions_admin.vocabulary import EndReason, RiskState
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest

acts = requires(Section.RISKS, Permission.SESSIONS_END)


@require_POST
@acts
@step_up(OWN_SESSIONS)
def dismiss(request: TenantRequest, risk_id: UUID) -> HttpResponse:
    """It was harmless, for a reason that colleagues and the audit log keep."""
    risk = _finding(request, risk_id)
    note = note_of(request)
    if not note:
        problem = _("Say why it is harmless: the next one may ask.")
        return finding_page(request, risk, note_error=problem, status=422)
    if lifecycle.decide(risk, RiskState.DISMISSED, request.user, note):
        messages.success(request, _("Dismissed."))
    else:
        messages.info(request, _("Somebody has decided about it already."))
    return redirect("risk", risk.pk)


@require_POST
@acts
@step_up(OWN_SESSIONS)
def dismiss_many(request: TenantRequest) -> HttpResponse:
    """Dismisses the ticked ones, for one reason; another tenant's are as if not ticked."""
    chosen = [pk for pk in map(_uuid, request.POST.getlist("risk")) if pk]
    note = note_of(request)
    if not chosen:
        messages.warning(request, _("Tick the findings to dismiss first."))
    elif not note:
        messages.warning(request, _("Say why they are harmless: the next one may ask."))
    else:
        risks = Risk.objects.filter(tenant_id=request.tenant.id, pk__in=chosen)
        count = len(lifecycle.settle(risks, RiskState.DISMISSED, request.user, note))
        words = ngettext("Dismissed %d finding.", "Dismissed %d findings.", count)
        messages.success(request, words % count)
    return back(request, "/risks/")


@require_POST
@acts
@step_up(ADMINISTRATIVE)
def end(request: TenantRequest, risk_id: UUID) -> HttpResponse:
    """Ends the newer session, the older one, or both; the person is told what was seen."""
    risk = _finding(request, risk_id)
    sessions = chosen(risk, request.POST.get("which", ""))
    if not sessions:
        messages.warning(request, _("Choose the session to log out first."))
        return redirect("risk", risk.pk)
    with transaction.atomic():
        ended = lifecycle.end_sessions(
            Session.objects.within(request.tenant).filter(pk__in=sessions),
            reason=EndReason.REVOKED_BY_ADMIN,
            actor=request.user,
            note=_words_for(risk),
        )
        lifecycle.decide(risk, RiskState.ACTED_ON, request.user)
    if any(one.id == request.session.found.id for one in ended):  # type: ignore[attr-defined]
        return redirect("signed-out")
    _tell(request, risk, len(ended))
    return redirect("risk", risk.pk)


@require_POST
@requires(Section.RISKS, Permission.SESSION_SETTINGS_EDIT)
@step_up(ADMINISTRATIVE)
def trust(request: TenantRequest, risk_id: UUID) -> HttpResponse:
    """Nothing that comes from this network of the finding is suspicious from now on."""
    if not request.access.may(Permission.SESSIONS_VIEW):
        raise PermissionDenied
    networks = {one.line: one for one in story_of(_finding(request, risk_id)).networks}
    network = networks.get(request.POST.get("network", ""))
    if network is None:
        messages.warning(request, _("Choose one of the networks of this finding."))
    elif lifecycle.trust_network(request.tenant, network.line, network.remark, request.user):
        messages.success(request, _("From now on %s is trusted.") % network.line)
    else:
        messages.info(request, _("%s was trusted already.") % network.line)
    return redirect("risk", risk_id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _finding(request: TenantRequest, risk_id: UUID) -> Risk:
    return get_object_or_404(finding_of(request.tenant, risk_id))


def _words_for(risk: Risk) -> str:
    """What was seen, in the language of the person."""
    with translation.override(risk.user.language):
        return evidence.words(risk)


def _tell(request: TenantRequest, risk: Risk, count: int) -> None:
    if not count:
        messages.info(request, _("It had ended already."))
        return
    words = ngettext(
        "%(name)s: %(count)d session ended.", "%(name)s: %(count)d sessions ended.", count
    )
    messages.success(request, words % {"name": risk.user.name, "count": count})

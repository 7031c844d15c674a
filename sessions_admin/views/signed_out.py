"""The page that says why one is signed out, who did it, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from sessions_admin.models import Session
from sessions_admin.request.destination import destination
from sessions_admin.review import endings
from sessions_admin.review.display import ended_rows
from sessions_admin.support import is_waited_for
from sessions_admin.vocabulary import EndReason, Kind

if TYPE_CHECKING:
    from tenants.access import PortalRequest

TEMPLATE = "sessions_admin/signed_out.html"
# Signing in again does not help these; somebody has to let them in first.
SHUT_OUT = {EndReason.USER_DISABLED, EndReason.TENANT_SUSPENDED, EndReason.MEMBERSHIP_REMOVED}
BACK_IN = "/sessions/"


@login_not_required
@require_safe
def signed_out(request: PortalRequest) -> HttpResponse:
    """Tells of the session that the dead cookie names; without one, who is signed in, if any."""
    back = destination(request, "")
    if request.user.is_authenticated:  # signed in again meanwhile, in another tab
        return render(request, TEMPLATE, {"signed_in": True, "next": back or BACK_IN})
    session = _ended(request)
    if session is None:
        return render(request, TEMPLATE, {"next": back})
    with timezone.override(session.user.time_zone), translation.override(session.user.language):
        return render(request, TEMPLATE, _story(request, session) | {"next": back})


def _ended(request: PortalRequest) -> Any:
    """The ended session of this browser; `request.user` has read the cookie already."""
    store: Any = request.session
    if store.ended_id is None:
        return None
    return ended_rows(Session.objects.filter(pk=store.ended_id, user__isnull=False)).first()


def _story(request: PortalRequest, session: Session) -> dict[str, Any]:
    return {
        "session": session,
        "title": endings.title(session),
        "text": endings.text(session),
        "note": endings.note(session),
        "advice": endings.advice(session),
        "shut_out": session.end_reason in SHUT_OUT,
        "waiting": session.kind == Kind.SUPPORT and is_waited_for(request),
        "reset": session.end_reason == EndReason.CREDENTIAL_CHANGED,
    }

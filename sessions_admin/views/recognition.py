"""“Was this you?”: a person's answer about a session of theirs, and the devices they use."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.step_up import OWN_SESSIONS, step_up
from sessions_admin import lifecycle
from sessions_admin.models import KnownDevice, Session
from sessions_admin.notices import answers
from sessions_admin.request.destination import destination
from sessions_admin.templatetags.sessions import name_and_place
from sessions_admin.views.my_sessions import HERE, own_section

if TYPE_CHECKING:
    from tenants.access import PortalRequest


@require_POST
@own_section
@step_up(OWN_SESSIONS)
def recognise(request: PortalRequest, session_id: UUID) -> HttpResponse:
    """“It was me”: dismisses what was found about another session of one's own."""
    session = _another(request, session_id)
    answers.recognise(session, request.user)
    messages.success(request, _("Thank you. We will not ask about this session again."))
    return redirect(destination(request, HERE))


@require_POST
@own_section
@step_up(OWN_SESSIONS)
def disown(request: PortalRequest, session_id: UUID) -> HttpResponse:
    """“Not me”: ends another session of one's own and forgets its device; then the password."""
    session = _another(request, session_id)
    what = name_and_place(session)
    if answers.disown(session, request.user):
        messages.success(request, _("Logged out %s, and its device is forgotten.") % what)
    else:
        messages.info(request, _("%s had ended already.") % what)
    messages.warning(request, _("Change your password now: somebody else may know it."))
    return redirect("account_change_password")


@require_POST
@own_section
@step_up(OWN_SESSIONS)
def forget(request: PortalRequest, device_id: UUID) -> HttpResponse:
    """The next sign-in with this device counts as one with a new device."""
    device = get_object_or_404(KnownDevice, pk=device_id, user=request.user)
    lifecycle.forget_device(device, request.user)
    messages.success(request, _("Forgotten: %s.") % device.device)
    return redirect(destination(request, f"{HERE}#devices"))


def _another(request: PortalRequest, session_id: UUID) -> Session:
    """One's own session, but not the one that asks: nobody vouches for themselves."""
    here = request.session.found.id  # type: ignore[attr-defined]
    mine = Session.objects.of(request.user).exclude(pk=here)
    session: Session = get_object_or_404(mine, pk=session_id)
    return session

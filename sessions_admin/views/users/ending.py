"""Logging people out: one of them everywhere in the tenant, or many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Session
from sessions_admin.views.users.asking import (
    Question,
    back,
    member_or_404,
    members,
    note_of,
    render_question,
    tell,
    this_session,
)
from sessions_admin.views.users.ending_many import log_out
from sessions_admin.views.users.ending_matching import end_sessions_of_matching
from sessions_admin.vocabulary import EndReason
from tenants.access import requires
from tenants.models import Membership
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest

# More people than that are not logged out by a slip: their number has to be typed.
CONFIRM_ABOVE = 25
NAMES_LISTED = 5  # the number is what matters; it stays in sight on a phone


@require_POST
@requires(Section.USERS, Permission.SESSIONS_END)
@step_up(ADMINISTRATIVE)
def end_sessions_of(request: TenantRequest, user_id: UUID) -> HttpResponse:
    """Ends the person's sessions in this tenant; one's own current one only if asked for."""
    membership = member_or_404(request, user_id)
    own = this_session(request).id
    including_own = membership.user_id == request.user.pk and bool(request.POST.get("include_this"))
    sessions = Session.objects.live_within(request.tenant).of(membership.user)
    if not including_own:
        sessions = sessions.exclude(pk=own)
    ended = end_sessions(
        sessions, reason=EndReason.REVOKED_BY_ADMIN, actor=request.user, note=note_of(request)
    )
    if any(session.id == own for session in ended):
        return redirect("signed-out")
    tell(request, membership.user.name, len(ended))
    return back(request, f"/users/{user_id}/")


@require_POST
@requires(Section.USERS, Permission.SESSIONS_END)
@step_up(ADMINISTRATIVE)
def end_sessions_of_many(request: TenantRequest) -> HttpResponse:
    """Ends the sessions of the selected people in this tenant, never the one this comes from.

    With `ask` it asks first; with more than CONFIRM_ABOVE people it always does, and for their
    number. `matching`: everybody whom this query of the list finds, instead.
    """
    if "matching" in request.POST or "matched" in request.POST:
        return end_sessions_of_matching(request)
    selected = _selected(request)
    if not selected:
        messages.warning(request, _("Nobody was selected."))
        return back(request, "/users/")
    user_ids = [member.user_id for member in selected]
    sessions = Session.objects.live_within(request.tenant).filter(user__in=user_ids)
    sessions = sessions.exclude(pk=this_session(request).id)
    if "ask" in request.POST or not _is_confirmed(request, len(selected)):
        return _ask(request, selected, sessions.count())
    people = ngettext("%(count)d person", "%(count)d people", len(selected))
    who = people % {"count": len(selected)}
    response = log_out(request, sessions, who, started_by=timezone.now())
    if request.user.pk in user_ids:
        messages.info(request, _("The session that you are in was kept."))
    return response


def _selected(request: TenantRequest) -> list[Membership]:
    """The chosen people who are members of the tenant; others are as if not chosen."""
    chosen = {user_id for text in request.POST.getlist("user") if (user_id := _uuid(text))}
    return list(members(request).filter(user__in=chosen).order_by("user__display_name", "pk"))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_confirmed(request: TenantRequest, count: int) -> bool:
    return count <= CONFIRM_ABOVE or request.POST.get("confirm_count", "").strip() == str(count)


def _ask(request: TenantRequest, selected: list[Membership], session_count: int) -> HttpResponse:
    is_wrong = "confirm_count" in request.POST
    sessions = ngettext("%(count)d session", "%(count)d sessions", session_count)
    title = ngettext(
        "Log %(count)d person out of all sessions?", "Log %(count)d people out of all sessions?",
        len(selected),
    )  # fmt: skip
    question = Question(
        title % {"count": len(selected)},
        "/users/end-sessions/",
        _("Log out %(sessions)s") % {"sessions": sessions % {"count": session_count}},
    )
    context = {
        "members": selected,
        "people_count": len(selected),
        "listed": selected[:NAMES_LISTED],
        "unlisted": max(0, len(selected) - NAMES_LISTED),
        "wants_count": len(selected) > CONFIRM_ABOVE,
        "is_wrong": is_wrong,
        "note": note_of(request),
        "includes_own": any(member.user_id == request.user.pk for member in selected),
    }
    status = 422 if is_wrong else 200
    return render_question(request, question, "ask_many.html", context, status=status)

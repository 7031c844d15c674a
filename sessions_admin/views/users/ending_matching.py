"""Logging out everybody whom the list's search and filter find, on whatever page they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_admin.models import Session
from sessions_admin.people.matching import Matching
from sessions_admin.views.users.asking import (
    Question,
    back,
    note_of,
    render_question,
    this_session,
)
from sessions_admin.views.users.ending_many import log_out
from tenants.permissions import Permission

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet
    from tenants.access import TenantRequest

NAMES_LISTED = 5


def end_sessions_of_matching(request: TenantRequest) -> HttpResponse:
    """Asks first, always for the number of people; then ends the sessions that were there when it
    asked, if no more people match by now. The caller has authorised the request."""
    asked = Matching.answer(request.tenant, request.POST.get("matched", ""))
    if asked is None:
        return _ask(request, request.POST.get("matching", ""))
    people = asked.people(request.tenant, sees_sessions=_sees_sessions(request))
    if request.POST.get("confirm_count", "").strip() != str(asked.count):
        return _ask(request, asked.query, is_wrong=True)
    if people.count() > asked.count:
        messages.warning(request, _("More people match by now. Look again before you go on."))
        return _ask(request, asked.query)
    sessions = _sessions(request).filter(user__in=people.values("user"), started_at__lte=asked.at)
    who = ngettext("%(count)d person", "%(count)d people", asked.count) % {"count": asked.count}
    return log_out(request, sessions, who, started_by=asked.at)


def _ask(request: TenantRequest, query: str, *, is_wrong: bool = False) -> HttpResponse:
    sees = _sees_sessions(request)
    asked = Matching.ask(request.tenant, query, sees_sessions=sees)
    if not asked.count:
        messages.warning(request, _("Nobody was selected."))
        return back(request, "/users/")
    people = asked.people(request.tenant, sees_sessions=sees)
    count = _sessions(request).filter(user__in=people.values("user")).count()
    sessions = ngettext("%(count)d session", "%(count)d sessions", count) % {"count": count}
    title = ngettext(
        "Log %(count)d person out of all sessions?", "Log %(count)d people out of all sessions?",
        asked.count,
    )  # fmt: skip
    question = Question(
        title % {"count": asked.count},
        "/users/end-sessions/",
        _("Log out %(sessions)s") % {"sessions": sessions},
    )
    named = people.select_related("user").order_by("user__display_name", "pk")[:NAMES_LISTED]
    context = {
        "matched": asked.token,
        "people_count": asked.count,
        "listed": named,
        "unlisted": max(0, asked.count - NAMES_LISTED),
        "wants_count": True,
        "is_wrong": is_wrong,
        "note": note_of(request),
        "includes_own": people.filter(user=request.user).exists(),
    }
    status = 422 if is_wrong else 200
    return render_question(request, question, "ask_many.html", context, status=status)


def _sessions(request: TenantRequest) -> SessionQuerySet:
    """All of the tenant's, but the one that this comes from."""
    live: SessionQuerySet = Session.objects.live_within(request.tenant)
    return live.exclude(pk=this_session(request).id)


def _sees_sessions(request: TenantRequest) -> bool:
    return request.access.may(Permission.SESSIONS_VIEW)

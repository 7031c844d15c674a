"""One person of the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from sessions_admin.keyset import Order, page_of
from sessions_admin.models import Session
from sessions_admin.people.login_history import LATEST_FIRST, attempts_at
from sessions_admin.people.members import refusal_to_disable, refusal_to_end
from sessions_admin.people.people_list import Person, described, people_of
from sessions_admin.request.destination import page_of_htmx
from sessions_admin.review.display import ended_rows, load_sightings
from sessions_admin.views.users.asking import Question, members, render_question, this_session
from sessions_admin.views.users.options import options
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest

LIVE_LISTED = 25  # nobody reads more cards; the rest is a number, and ends with the others
FEW_LISTED = 5  # in a row of the list, or in a dialog about what would end
PAGE_SIZE = 25
LAST_ENDED_FIRST = Order("ended", F("ended_at"), descending=True)


@require_safe
@requires(Section.USERS, Permission.USERS_VIEW)
def user(request: TenantRequest, user_id: UUID) -> HttpResponse:
    """Who they are, and what they hold and held open here.

    With ?ask= a question about them, with ?part=live a row of the list with their sessions.
    """
    membership = get_object_or_404(described(members(request), request.tenant), user_id=user_id)
    ask, part, tab = (request.GET.get(name, "") for name in ("ask", "part", "tab"))
    whole = not (ask in QUESTIONS or part in PARTS or tab in TABS)
    sees_sessions = request.access.may(Permission.SESSIONS_VIEW)
    few = FEW_LISTED + (membership.user_id == request.user.pk)  # this one is not asked about
    listed = (LIVE_LISTED if whole else few) if sees_sessions else 0
    [person] = people_of(request.tenant, [membership], timezone.now(), listed=listed)
    if ask in QUESTIONS:
        return QUESTIONS[ask](request, person)
    if part in PARTS:
        return PARTS[part](request, person)
    context = {
        "person": person,
        "options": options(request, person),
        "tab": tab if tab in TABS else "sessions",
        "sees_sessions": sees_sessions,
        "limit": this_session(request).policy.max_live_sessions,
    }
    if sees_sessions:
        context["may_see_risks"] = _may_see_risks(request)
        context |= TABS.get(tab, _sessions)(request, person)
    return render(request, "sessions_admin/user.html", context)


def _sessions(request: TenantRequest, person: Person) -> dict[str, Any]:
    ended = ended_rows(Session.objects.within(request.tenant).of(person.user))
    page = page_of(ended, LAST_ENDED_FIRST, request.GET, size=PAGE_SIZE)
    return _cards(request, person) | {"ended": page}


def _cards(request: TenantRequest, person: Person) -> dict[str, Any]:
    """What session_card.html wants."""
    load_sightings(person.live)
    own = this_session(request).id
    return {
        "here": next((session for session in person.live if session.pk == own), None),
        "may_end": request.access.may(Permission.SESSIONS_END),
        "may_copy": request.access.may(Permission.TOKENS_COPY)
        and person.user.pk != request.user.pk,
        "may_see_risks": _may_see_risks(request),
    }


def _may_see_risks(request: TenantRequest) -> bool:
    """For those who see sessions, as all of these pages' readers do."""
    return Section.RISKS in request.access.sections


def _history(request: TenantRequest, person: Person) -> dict[str, Any]:
    attempts = attempts_at(request.tenant, person.user)
    return {"attempts": page_of(attempts, LATEST_FIRST, request.GET, size=PAGE_SIZE)}


def _row(request: TenantRequest, person: Person) -> HttpResponse:
    if not request.access.may(Permission.SESSIONS_VIEW):
        raise PermissionDenied
    context = {"person": person, "next": page_of_htmx(request) or "/users/"}
    return render(request, "sessions_admin/users_expanded.html", context | _cards(request, person))


def _ask_to_end(request: TenantRequest, person: Person) -> HttpResponse:
    if refusal_to_end(request.access):
        raise PermissionDenied
    ends = options(request, person).ends
    is_self = person.user.pk == request.user.pk
    others = [session for session in person.live if session.pk != this_session(request).id]
    title = (
        _("Log out of your other sessions?")
        if is_self
        else _("Log %(name)s out of all sessions?") % {"name": person.user.name}
    )
    submit = ngettext("Log out %(count)d session", "Log out %(count)d sessions", ends)
    context = {
        "person": person,
        "is_self": is_self,
        "listed": others,
        "unlisted": max(0, ends - len(others)),
    }
    question = _question(
        person, "end-sessions", title, submit % {"count": ends} if ends else _("Log out")
    )
    return render_question(request, question, "ask_end.html", context)


def _ask_to_disable(request: TenantRequest, person: Person) -> HttpResponse:
    if refusal_to_disable(request.access, request.user, person.membership):
        raise PermissionDenied
    title = _("Disable %(name)s?") % {"name": person.user.name}
    question = _question(person, "disable", title, _("Disable"))
    return render_question(request, question, "ask_disable.html", {"person": person})


def _question(person: Person, verb: str, title: str, submit: str) -> Question:
    page = f"/users/{person.user.pk}/"
    return Question(title, f"{page}{verb}/", submit, cancel=page)


TABS = {"history": _history}
PARTS = {"live": _row}
QUESTIONS = {"end-sessions": _ask_to_end, "disable": _ask_to_disable}

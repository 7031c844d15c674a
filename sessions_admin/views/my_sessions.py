"""“Where you're signed in”: a person's own sessions, and ending them.

Ending one session is also what an administrator does on the Users pages: one address, two people.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.step_up import ADMINISTRATIVE, OWN_SESSIONS, View, step_up
from sessions_admin import lifecycle
from sessions_admin.models import LABEL_LENGTH, NOTE_LENGTH, Session
from sessions_admin.notices import reading
from sessions_admin.notices.words import telling
from sessions_admin.request.client import readable
from sessions_admin.request.destination import destination
from sessions_admin.review.inventory import page_after, recently_ended, take_stock, with_details
from sessions_admin.review.known_devices import devices_of
from sessions_admin.review.own_endings import end_own
from sessions_admin.review.traits import Trait
from sessions_admin.support import own_sessions
from sessions_admin.templatetags.sessions import name_and_place
from sessions_admin.vocabulary import EndReason, Kind
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from datetime import datetime

    from sessions_admin.live import SessionQuerySet
    from sessions_admin.request.lookup import FoundSession
    from tenants.access import PortalRequest

HERE = "/sessions/"
# What a person is told, and the devices they use, are their own: not of who acts as them.
NOT_TOLD: dict[str, Any] = {"told": set()}


def own_section(view: View) -> View:
    """The view is about one's own sessions: they need no permission and no tenant."""

    @wraps(view)
    def checked(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if Section.SESSIONS not in request.access.sections:
            raise Http404("This section is switched off.")
        return view(request, *args, **kwargs)

    return checked


@require_safe
@own_section
def my_sessions(request: PortalRequest) -> HttpResponse:
    """All live sessions of the person, and what ended lately."""
    now, found = timezone.now(), _found(request)
    mine, by_oneself = own_sessions(found), found.kind != Kind.SUPPORT
    inventory = take_stock(mine, found.id, now, for_tenant=not by_oneself)
    shown = _trait(request.GET.get("show", ""))
    page = page_after(inventory.having(shown), request.GET.get("after", ""))
    with_details(inventory, page)
    ended = recently_ended(mine, now)
    template = "sessions_admin/my_sessions.html"
    return render(request, f"{template}#sessions" if request.htmx else template, {
        "inventory": inventory,
        "shown": shown,
        "chips": [(trait, inventory.count(trait)) for trait in Trait],
        "page": page,
        "ended": ended,
        **(_strip(request, now) if by_oneself else NOT_TOLD),
        "devices": devices_of(request.user, inventory) if by_oneself else [],
        "show_tenant": len(inventory.tenants | {one.tenant_id for one in ended}) > 1,
    })  # fmt: skip


def _strip(request: PortalRequest, now: datetime) -> dict[str, Any]:
    """The latest news, and which sessions it tells of: those are not asked about twice."""
    fresh = reading.fresh(request.user, _here(request), now)
    shown = fresh[: reading.STRIP]
    return {
        "strip": [(notice, telling(notice)) for notice in shown],
        "strip_more": len(fresh) > len(shown),
        "told": {notice.session_id for notice in fresh},
    }


@require_POST
def end(request: PortalRequest, session_id: UUID) -> HttpResponse:
    """Ends one session: by the person whose it is, or by an administrator of its tenant."""
    sessions = Session.objects.filter(user__isnull=False).select_related("user", "tenant")
    session = get_object_or_404(sessions, pk=session_id)
    if session.user_id == request.user.pk:
        return _end_own(request, session)
    tenant = request.access.tenant
    if tenant is None or session.tenant_id != tenant.id:
        raise Http404
    if Section.USERS not in request.access.sections:
        raise Http404("This section is switched off.")
    is_asker = session.kind == Kind.SUPPORT and session.asked_by_id == request.user.pk
    if not (is_asker or request.access.may(Permission.SESSIONS_END)):
        raise PermissionDenied
    return _end_of_member(request, session)


@own_section
@step_up(OWN_SESSIONS)
def _end_own(request: PortalRequest, session: Session) -> HttpResponse:
    if session.pk == _here(request):
        logout(request)
        return redirect("signed-out")
    ended = _end_others(request, Session.objects.filter(pk=session.pk))
    _tell(request, session, name_and_place(session), ended)
    return redirect(destination(request, HERE))


@step_up(ADMINISTRATIVE)
def _end_of_member(request: PortalRequest, session: Session) -> HttpResponse:
    ended = lifecycle.end_sessions(
        Session.objects.filter(pk=session.pk, tenant=session.tenant),
        reason=EndReason.REVOKED_BY_ADMIN,
        actor=request.user,
        note=readable(request.POST.get("note", "").strip())[:NOTE_LENGTH],
    )
    what = _("%(person)s: %(session)s") % {
        "person": session.user, "session": name_and_place(session),
    }  # fmt: skip
    _tell(request, session, what, ended)
    return redirect(destination(request, f"/users/{session.user_id}/"))


@require_POST
@own_section
@step_up(OWN_SESSIONS)
def end_selected(request: PortalRequest) -> HttpResponse:
    """Ends the ticked sessions; this one is ended by its own button only."""
    chosen = [pk for pk in map(_uuid, request.POST.getlist("session")) if pk]
    if not chosen:
        messages.warning(request, _("Tick the sessions to log out first."))
        return redirect(destination(request, HERE))
    _tell_count(request, _end_others(request, Session.objects.filter(pk__in=chosen)))
    return redirect(destination(request, HERE))


@require_POST
@own_section
@step_up(OWN_SESSIONS)
def end_others(request: PortalRequest) -> HttpResponse:
    """Ends all of the person's sessions but this one."""
    _tell_count(request, _end_others(request, Session.objects.all()))
    return redirect(destination(request, HERE))


@require_POST
@own_section
@step_up(OWN_SESSIONS)
def end_all(request: PortalRequest) -> HttpResponse:
    """Ends all of the person's sessions, this one last."""
    _end_others(request, Session.objects.all())
    logout(request)
    return redirect("signed-out")


@require_POST
@own_section
def rename(request: PortalRequest, session_id: UUID) -> HttpResponse:
    """Gives one's own session a name; an empty one takes it away."""
    session = get_object_or_404(own_sessions(_found(request)).open(), pk=session_id)
    label = readable(request.POST.get("label", "")).strip()
    if len(label) > LABEL_LENGTH:
        messages.error(request, _("A name has at most %d characters.") % LABEL_LENGTH)
        return redirect(destination(request, HERE))
    lifecycle.rename(session.pk, label, owner=request.user, actor_id=_found(request).actor_id)
    messages.success(request, _("Name saved: %s.") % (label or session.device))
    return redirect(destination(request, HERE))


def _here(request: PortalRequest) -> UUID:
    """The session that asks."""
    return _found(request).id


def _found(request: PortalRequest) -> FoundSession:
    return cast("FoundSession", request.session.found)  # type: ignore[attr-defined]


def _end_others(request: PortalRequest, sessions: SessionQuerySet) -> list[lifecycle.EndedSession]:
    return end_own(sessions, user=request.user, here=_here(request))


def _tell(
    request: PortalRequest, session: Session, what: str, ended: list[lifecycle.EndedSession]
) -> None:
    if ended:
        messages.success(request, _("Logged out %s.") % what)
    else:
        messages.info(request, _("%s had ended already.") % what)


def _tell_count(request: PortalRequest, ended: list[lifecycle.EndedSession]) -> None:
    count = len(ended)
    if count:
        words = ngettext("Logged out %d session.", "Logged out %d sessions.", count)
        messages.success(request, words % count)
    else:
        messages.info(request, _("There was no other session to log out."))


def _trait(value: str) -> Trait | None:
    return Trait(value) if value in list(Trait) else None


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None

"""One session of a person: how it is used, and acting as that person for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.lifecycle.supporting import (
    SupportRefusal,
    SupportRefusedError,
    Wish,
    refusal_to_support,
    start_support,
)
from sessions_admin.models import NOTE_LENGTH, RefreshToken, Session, SessionPolicy
from sessions_admin.request.client import client_of, readable
from sessions_admin.request.lookup import find_session_by_id
from sessions_admin.review.display import card_rows, load_sightings
from sessions_admin.support import (
    come_back,
    forget_waiting_cookie,
    open_as,
    send_waiting_cookie,
)
from sessions_admin.tokens.access_tokens import issue
from sessions_admin.views.users.asking import member_or_404, this_session
from sessions_admin.vocabulary import Kind
from tenants.access import requires
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest

REFUSALS = {
    SupportRefusal.SWITCHED_OFF: gettext_lazy(
        "Support sessions are switched off in the session settings."
    ),
    SupportRefusal.NOT_PERMITTED: gettext_lazy("You lack the permission “Copy a token”."),
    SupportRefusal.WITHIN_SUPPORT: gettext_lazy("This is a support session itself."),
    SupportRefusal.ONESELF: gettext_lazy("This is a session of your own."),
    SupportRefusal.OPERATOR: gettext_lazy("They are a Latchkey operator. Nobody acts as one."),
    SupportRefusal.MAY_MORE: gettext_lazy("They may do things here that you may not."),
    SupportRefusal.OVER: gettext_lazy("The session is over, or as good as over."),
    SupportRefusal.NO_REASON: gettext_lazy("Say why: they will read it."),
}


@require_safe
@requires(Section.USERS, Permission.TOKENS_COPY)
def session(request: TenantRequest, user_id: UUID, session_id: UUID) -> HttpResponse:
    """When and how it is used, by which tokens it is held, and what one may do with it."""
    return _render(request, _session_or_404(request, user_id, session_id))


@require_POST
@requires(Section.USERS, Permission.TOKENS_COPY)
@step_up(ADMINISTRATIVE)
def copy_token(request: TenantRequest, user_id: UUID, session_id: UUID) -> HttpResponse:
    """A token that acts as the person, shown this once."""
    shown = _session_or_404(request, user_id, session_id)
    wish = Wish(_reason(request), _wants_to_look(request), client_of(request))
    try:
        support_id = start_support(shown.pk, this_session(request).id, wish)
    except SupportRefusedError as error:
        return _render(request, shown, refused=error.refusal, status=422)
    found = find_session_by_id(support_id)
    if found is None:
        raise Http404
    context = {"session": shown, "person": shown.user, "token": issue(found), "support": found}
    return render(request, "sessions_admin/support_token.html", context)


@require_POST
@requires(Section.USERS, Permission.TOKENS_COPY)
@step_up(ADMINISTRATIVE)
def open_portal(request: TenantRequest, user_id: UUID, session_id: UUID) -> HttpResponse:
    """This browser goes on as the person, until one stops or time is up."""
    shown = _session_or_404(request, user_id, session_id)
    assert shown.user is not None  # noqa: S101  it is a member's
    reason, read_only = _reason(request), _wants_to_look(request)
    try:
        waiting = open_as(request, shown.user, shown.pk, reason=reason, read_only=read_only)
    except SupportRefusedError as error:
        return _render(request, shown, refused=error.refusal, status=422)
    response = redirect("home")
    send_waiting_cookie(response, waiting)
    return response


@require_POST
@login_not_required
def stop_support(request: HttpRequest) -> HttpResponse:
    """Back to oneself, also when the support session is over already."""
    is_signed_in, person_id = request.user.is_authenticated, request.user.pk
    if come_back(request):
        messages.success(request, _("You are yourself again."))
        response = redirect("user", person_id) if is_signed_in else redirect("home")
    else:
        response = redirect("home" if is_signed_in else "signed-out")
    forget_waiting_cookie(response)
    return response


def _session_or_404(request: TenantRequest, user_id: UUID, session_id: UUID) -> Session:
    """A live session of a member in this tenant."""
    if not request.access.may(Permission.SESSIONS_VIEW):
        raise PermissionDenied
    user = member_or_404(request, user_id).user
    rows = card_rows(Session.objects.live_within(request.tenant).of(user))
    found: Session | None = (
        rows.select_related("user", "tenant", "asked_by").filter(pk=session_id).first()
    )
    if found is None:
        raise Http404
    return found


def _render(
    request: TenantRequest,
    shown: Session,
    *,
    refused: SupportRefusal | None = None,
    status: int = 200,
) -> HttpResponse:
    load_sightings([shown])
    policy = SessionPolicy.objects.filter(pk=request.tenant.id).first()
    own = this_session(request)
    refusal = refusal_to_support(find_session_by_id(shown.pk), own, policy)
    context: dict[str, Any] = {
        "session": shown,
        "person": shown.user,
        "here": None,
        "refusal": REFUSALS[refusal] if refusal else "",
        "refused": REFUSALS[refused] if refused and not refusal else "",
        "reason": _reason(request),
        "note_length": NOTE_LENGTH,
        "lifetime": policy.support_session_lifetime if policy else None,
        "tokens": _tokens_of(shown),
        "support": Session.objects.live().filter(made_from=shown.pk).select_related("asked_by"),
    }
    return render(request, "sessions_admin/session_of.html", context, status=status)


def _tokens_of(shown: Session) -> dict[str, Any] | None:
    """The facts of an app's refresh tokens; a browser holds a cookie, and nobody can show it."""
    if shown.kind != Kind.APP:
        return None
    rows = RefreshToken.objects.filter(session=shown.pk)
    current = rows.filter(spent_at=None).first()
    return {"current": current, "spent": rows.exclude(spent_at=None).count()}


def _reason(request: TenantRequest) -> str:
    return readable(" ".join(request.POST.get("reason", "").split())).strip()[:NOTE_LENGTH]


def _wants_to_look(request: TenantRequest) -> bool:
    """Read-only unless asked otherwise."""
    return not request.POST.get("write")

"""Signing in with as many sessions open as the tenant allows: refused, or asked which to end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.account.stages import LoginStageController
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from sessions_admin import lifecycle
from sessions_admin.lifecycle.birth import contenders, home_of, policy_of
from sessions_admin.models import Session
from sessions_admin.request.client import client_of, describe
from sessions_admin.review.display import card_rows
from sessions_admin.sign_in import LimitStage, has_lapsed
from sessions_admin.templatetags.sessions import name_and_place
from sessions_admin.vocabulary import EndReason

if TYPE_CHECKING:
    from accounts.models import User
    from tenants.access import PortalRequest


@dataclass(frozen=True)
class Room:
    """What somebody who has proved who they are, but is not in yet, could end to get in."""

    user: User

    @cached_property
    def tenant(self) -> Any:
        return home_of(self.user)

    @cached_property
    def limit(self) -> int | None:
        return policy_of(self.tenant).max_live_sessions

    @cached_property
    def sessions(self) -> list[Session]:
        """The live sessions that count, the least recently used first: nobody misses those."""
        counting = [contender.id for contender in contenders(self.user, self.tenant)]
        rows = card_rows(Session.objects.filter(pk__in=counting))
        return list(rows.order_by("last_seen_at", "pk"))

    @property
    def excess(self) -> int:
        """How many must end so that one more fits in; the limit may have been changed meanwhile."""
        return max(0, len(self.sessions) + 1 - self.limit) if self.limit else 0


@login_not_required
@require_safe
def refused(request: PortalRequest) -> HttpResponse:
    """No room and nobody is asked; says nothing about anybody, as nobody is signed in."""
    return render(request, "sessions_admin/sign_in_refused.html")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: PortalRequest) -> HttpResponse:
    """A step of a pending sign-in: the person ends enough of their sessions, and is in."""
    stage = LoginStageController.enter(request, LimitStage.key)
    if stage is None:
        return redirect("account_login")
    user = stage.login.user
    if has_lapsed(request, user):
        request.session.flush()
        return redirect("account_login")
    with timezone.override(user.time_zone), translation.override(user.language):
        if request.method == "POST":
            return _go_on(request, stage)
        return _ask(request, Room(user))


def _go_on(request: PortalRequest, stage: Any) -> HttpResponse:
    if "cancel" in request.POST:
        left: HttpResponse = stage.abort()
        return left
    room = Room(stage.login.user)
    chosen = set(request.POST.getlist("session"))
    leaving = [session.pk for session in room.sessions if str(session.pk) in chosen]
    if len(leaving) < room.excess:
        return _ask(request, room, chosen=leaving, is_short=True)
    _end(request, room.user, leaving)
    # Another browser may have taken the room meanwhile: then the birth refuses, and says so.
    entered: HttpResponse = stage.exit()
    return entered


def _end(request: PortalRequest, user: User, leaving: list[UUID]) -> None:
    arriving = Session(**describe(client_of(request)))
    lifecycle.end_sessions(
        Session.objects.of(user).filter(pk__in=leaving),
        reason=EndReason.REVOKED_BY_USER,
        actor=user,
        note=name_and_place(arriving),
    )


def _ask(
    request: PortalRequest, room: Room, *, chosen: list[UUID] | None = None, is_short: bool = False
) -> HttpResponse:
    words = ngettext(
        "Choose at least %d session to log out.", "Choose at least %d sessions to log out.",
        room.excess,
    )  # fmt: skip
    context = {"room": room, "chosen": chosen, "error": words % room.excess if is_short else ""}
    status = 422 if is_short else 200
    return render(request, "sessions_admin/session_limit.html", context, status=status)

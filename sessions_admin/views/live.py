"""What open pages ask by themselves, and how a person says that they are still there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from sessions_admin.request.presence import passive
from sessions_admin.review.pulse import (
    Topic,
    absolute_limit,
    idle_limit,
    latest_changes,
    milliseconds,
)
from tenants.permissions import Permission, Section

if TYPE_CHECKING:
    from sessions_admin.request.lookup import FoundSession
    from tenants.access import PortalRequest

SECTIONS = {
    Topic.SESSIONS: Section.SESSIONS,
    Topic.USERS: Section.USERS,
    Topic.RISKS: Section.RISKS,
}
# As for the page; one's own sessions need none.
PERMISSIONS = {Topic.USERS: Permission.USERS_VIEW, Topic.RISKS: Permission.SESSIONS_VIEW}


@passive
@require_safe
def live(request: PortalRequest) -> JsonResponse:
    """When the lists (`topic`, any number) last changed, and how long this session lasts.

    A session that is over is answered before: 401, see leaving.leave_for. No 304 for what is
    the same as before: an answer is smaller than its headers, and holds the server's clock.
    """
    found: FoundSession = request.session.found  # type: ignore[attr-defined]
    owners = {topic: _owner(request, topic) for topic in _topics(request)}
    return JsonResponse({
        "now": milliseconds(timezone.now()),
        "idle": idle_limit(found.facts, found.policy),
        "absolute": absolute_limit(found.facts, found.policy),
        "settings": found.settings_due_at and milliseconds(found.settings_due_at),
        "changes": latest_changes(owners),
    })  # fmt: skip


@passive
@require_safe
def planned(request: PortalRequest) -> HttpResponse:
    """The strip that warns of settings to come, for a page that was open before; maybe empty."""
    return render(request, "components/planned_ending.html")


@require_POST
def stay(request: PortalRequest) -> HttpResponse:
    """Somebody is there: an active request like any other, so presence notes it."""
    return HttpResponse(status=204)


def _topics(request: PortalRequest) -> set[Topic]:
    try:
        return {Topic(topic) for topic in request.GET.getlist("topic")}
    except ValueError as error:
        raise Http404 from error


def _owner(request: PortalRequest, topic: Topic) -> Any:
    """Whose list that is; refused where its page is."""
    access = request.access
    if SECTIONS[topic] not in access.sections:
        raise Http404("This section is switched off.")
    if topic is Topic.SESSIONS:
        return request.user.pk
    if access.tenant is None or not access.may(PERMISSIONS[topic]):
        raise PermissionDenied
    return access.tenant.id

"""What the views of people read from a request, and how they ask before they act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_admin.models import NOTE_LENGTH
from sessions_admin.request.client import readable
from sessions_admin.request.destination import destination, page_of_htmx
from tenants.models import Membership

if TYPE_CHECKING:
    from sessions_admin.request.lookup import FoundSession
    from tenants.access import TenantRequest


def members(request: TenantRequest) -> QuerySet[Membership]:
    """Everybody whom this administrator may know of."""
    return Membership.objects.filter(tenant_id=request.tenant.id).select_related("user")


def member_or_404(request: TenantRequest, user_id: UUID) -> Membership:
    """The person's membership in the request's tenant, with the user and the groups."""
    return get_object_or_404(members(request).prefetch_related("groups"), user_id=user_id)


def this_session(request: HttpRequest) -> FoundSession:
    """The session that the request itself came with."""
    return cast("FoundSession", request.session.found)  # type: ignore[attr-defined]


def note_of(request: HttpRequest) -> str:
    """The administrator's words to the person: one line, bounded, nothing unprintable."""
    return readable(" ".join(request.POST.get("note", "").split())).strip()[:NOTE_LENGTH]


def back(request: HttpRequest, default: str) -> HttpResponse:
    """To the page that the form was on, if it says so."""
    return redirect(destination(request, default))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before it is done: the words, and where "yes" is posted to."""

    title: str
    action: str
    submit: str
    cancel: str = "/users/"  # where "no" leads without script


def render_question(
    request: TenantRequest,
    question: Question,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """The question as a dialog within the page, for htmx; as a page of its own otherwise."""
    wrapper = "ask_dialog" if request.htmx else "ask_page"
    context |= {
        "wrapper": f"sessions_admin/{wrapper}.html",
        "question": question,
        "next": page_of_htmx(request) or request.POST.get("next", ""),
        "note_length": NOTE_LENGTH,
    }
    return render(request, f"sessions_admin/{template}", context, status=status)


def tell(request: TenantRequest, who: str, count: int) -> None:
    """How many sessions ended, and whose."""
    if not count:
        messages.info(request, _("%(who)s: no live session to end.") % {"who": who})
        return
    ended = ngettext(
        "%(who)s: %(count)d session ended.", "%(who)s: %(count)d sessions ended.", count
    )
    messages.success(request, ended % {"who": who, "count": count})

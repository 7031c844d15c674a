"""One's own notices: the list, the strip on My sessions, dismissing and answering them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.step_up import OWN_SESSIONS, step_up
from sessions_admin.keyset import Order, page_of
from sessions_admin.models import Notice
from sessions_admin.notices import answers, reading
from sessions_admin.notices.words import telling
from sessions_admin.request.destination import destination
from sessions_admin.views.my_sessions import own_section
from sessions_admin.vocabulary import NoticeAnswer

if TYPE_CHECKING:
    from tenants.access import PortalRequest

PAGE_SIZE = 25  # each is a paragraph
NEWEST_FIRST = Order("notices", by="id", descending=True)
HERE = "/notices/"


@require_safe
@own_section
def notices(request: PortalRequest) -> HttpResponse:
    """All that the person was told, the newest first."""
    rows = reading.notices_of(request.user)
    page = page_of(rows, NEWEST_FIRST, request.GET, size=PAGE_SIZE)
    here = _here(request)
    return render(request, "notices/notices.html", {
        "page": page,
        "rows": [(notice, telling(notice)) for notice in page.rows],
        "may_dismiss": any(one.seen_at is None and one.session_id != here for one in page.rows),
        "here": here,
    })  # fmt: skip


@require_POST
@own_section
def dismiss(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    """Takes one off the strip; the list keeps it."""
    notice = get_object_or_404(Notice.objects.filter(user=request.user), pk=notice_id)
    unseen = reading.dismissible(request.user, _here(request)).filter(pk=notice.pk)
    unseen.update(seen_at=timezone.now())
    return redirect(destination(request, HERE))


@require_POST
@own_section
def dismiss_all(request: PortalRequest) -> HttpResponse:
    """Takes all off the strip."""
    unseen = reading.dismissible(request.user, _here(request))
    count = unseen.update(seen_at=timezone.now())
    words = ngettext("%d notice dismissed.", "%d notices dismissed.", count)
    messages.success(request, words % count)
    return redirect(destination(request, HERE))


@require_POST
@own_section
@step_up(OWN_SESSIONS)
def answer(request: PortalRequest, notice_id: UUID) -> HttpResponse:
    """“It was me”, “It wasn't me”: as by the link in the mail, though this session stays."""
    said = request.POST.get("answer", "")
    if said not in list(NoticeAnswer):
        return HttpResponseBadRequest("answer is “me” or “not_me”.", content_type="text/plain")
    here = _here(request)
    # A session must not speak for itself: its own sign-in is what the question is about.
    others = Notice.objects.filter(user=request.user).exclude(session_id=here)
    notice = get_object_or_404(others.select_related("user"), pk=notice_id)
    if not answers.answer(notice, NoticeAnswer(said), spared=here):
        messages.info(request, _("You had answered already."))
        return redirect(destination(request, HERE))
    if said == NoticeAnswer.ME:
        messages.success(request, _("Thank you. That was you, so there is nothing to do."))
        return redirect(destination(request, HERE))
    messages.success(request, _("Logged out. Now choose a new password."))
    return redirect("account_change_password")


def _here(request: PortalRequest) -> UUID:
    """The session that asks."""
    store: Any = request.session
    here: UUID = store.found.id
    return here

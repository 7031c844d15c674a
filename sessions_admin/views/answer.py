"""The page behind the links of a mail: “This was me”, “This wasn't me”. Open to all.

Looking changes nothing, as mail scanners follow links; the answer is a POST. The token is a bearer
of one answer: it is kept out of search engines, caches and referrers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.password_link import send_password_link
from sessions_admin.models import Notice
from sessions_admin.notices import answers, links, reading
from sessions_admin.notices.words import answer_words, telling
from sessions_admin.vocabulary import NoticeAnswer

if TYPE_CHECKING:
    from tenants.access import PortalRequest

TEMPLATE = "notices/answer.html"
# The origin alone: Django's CSRF check on https wants some of it, and the rest is a secret.
HEADERS = {"Referrer-Policy": "strict-origin", "X-Robots-Tag": "noindex, nofollow"}


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: PortalRequest, token: str) -> HttpResponse:
    """Asks to confirm; then takes the answer, and says what became of it."""
    if not ratelimit.consume(request, action="answer_notice"):
        too_many: HttpResponse = ratelimit.respond_429(request)
        return too_many
    link = links.read(token)
    notice = link and _notice(link.notice_id)
    if not link or not notice or not link.fits(notice):
        return _page(request, {"is_unknown": True}, status=404)
    with _words_of(notice):
        return _answer(request, notice, link.answer)


def _notice(pk: UUID) -> Notice | None:
    every = reading.with_facts(Notice.objects.filter(pk=pk))
    return every.select_related("user").first()


@contextmanager
def _words_of(notice: Notice) -> Iterator[None]:
    user = notice.user
    with timezone.override(ZoneInfo(user.time_zone)), translation.override(user.language):
        yield


def _answer(request: PortalRequest, notice: Notice, said: NoticeAnswer) -> HttpResponse:
    if notice.answer:
        return _page(request, _answered(notice))
    if links.is_expired(notice, timezone.now()):
        return _page(request, {"is_expired": True}, status=410)
    if request.method == "POST":
        return _take(request, notice, said)
    context = {
        "notice": notice,
        "telling": telling(notice),
        "is_me": said == NoticeAnswer.ME,
        "other_url": links.path(notice, _other(said)),
    }
    return _page(request, context)


def _take(request: PortalRequest, notice: Notice, said: NoticeAnswer) -> HttpResponse:
    everywhere = "everywhere" in request.POST
    taken = answers.answer(notice, said, everywhere=everywhere)
    if taken and said == NoticeAnswer.NOT_ME and notice.user.is_active:
        send_password_link(request, notice.user)
    return redirect(request.path, headers=HEADERS)


def _answered(notice: Notice) -> dict[str, Any]:
    return {
        "notice": notice,
        "is_answered": True,
        "is_me": notice.answer == NoticeAnswer.ME,
        "answer_words": answer_words(notice.answer),
    }


def _other(said: NoticeAnswer) -> NoticeAnswer:
    return NoticeAnswer.NOT_ME if said == NoticeAnswer.ME else NoticeAnswer.ME


def _page(request: PortalRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = render(request, TEMPLATE, context, status=status)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response

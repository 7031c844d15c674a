"""What people were told, in Django admin: what waits to be mailed, since when and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.admin.history import link_to_session
from sessions_admin.admin.listing import (
    RecordAdmin,
    TenantFilter,
    WordFilter,
    at_a_glance,
    people_named,
)
from sessions_admin.models import Notice
from sessions_admin.vocabulary import NoticeAnswer, NoticeKind

KINDS = {
    NoticeKind.NEW_SIGN_IN: _("New sign-in"),
    NoticeKind.SESSION_ENDED: _("Session ended"),
    NoticeKind.CREDENTIAL_CHANGED: _("Sign-in changed"),
    NoticeKind.RISK_DETECTED: _("Suspicious session"),
    NoticeKind.SUPPORT_STARTED: _("Support access"),
    NoticeKind.SETTINGS_PLANNED: _("New session settings"),
}
ANSWERS = {NoticeAnswer.ME: _("It was them"), NoticeAnswer.NOT_ME: _("It was not them")}
WAITS = Q(mailed_at=None, mail_due_at__isnull=False)
MAILS = {
    "waiting": (_("Waits"), WAITS & Q(mail_attempts=0)),
    "failing": (_("Fails, and is tried again"), WAITS & Q(mail_attempts__gt=0)),
    "sent": (_("Sent"), Q(mailed_at__isnull=False)),
    "none": (_("Not to be sent"), Q(mailed_at=None, mail_due_at=None)),
}


class MailFilter(admin.SimpleListFilter):
    title = _("mail")
    parameter_name = "mail"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(name, label) for name, (label, _condition) in MAILS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = MAILS.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class NoticeKindFilter(WordFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(kind), label) for kind, label in KINDS.items()]


@admin.register(Notice)
class NoticeAdmin(RecordAdmin):
    """The outbox. Nothing is to be done here: what waits leaves by itself."""

    list_display = ("time", "person", "about", "tenant", "mail", "error", "seen", "answered")
    list_filter = (MailFilter, NoticeKindFilter, TenantFilter)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email",)  # shows the box; get_search_results does the search
    search_help_text = _("The e-mail address of the person, or its beginning.")
    fieldsets = (
        (None, {"fields": (("time", "about"), ("person", "tenant"), "session_link")}),
        (_("Mail"), {"fields": ("mail", "error")}),
        (_("In the portal"), {"fields": (("seen", "answered"),)}),
    )
    readonly_fields = (
        "time", "about", "person", "session_link", "mail", "error", "seen", "answered",
    )  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return queryset.filter(user__in=people_named(term)) if term else queryset, False

    @admin.display(description=_("time"))
    def time(self, notice: Notice) -> str:
        return at_a_glance(notice.at)

    @admin.display(description=_("person"))
    def person(self, notice: Notice) -> str:
        return str(notice.user.email)

    @admin.display(description=_("about"))
    def about(self, notice: Notice) -> str:
        return str(KINDS[NoticeKind(notice.kind)])

    @admin.display(description=_("session"))
    def session_link(self, notice: Notice) -> str:
        return link_to_session(notice.session_id)

    @admin.display(description=_("mail"))
    def mail(self, notice: Notice) -> str:
        if notice.mailed_at:
            return gettext("Sent %s") % at_a_glance(notice.mailed_at)
        if notice.mail_due_at is None:
            return gettext("None is sent")
        if notice.mail_attempts:
            tries = notice.mail_attempts
            failed = ngettext("Failed %d time", "Failed %d times", tries) % tries
            again = gettext("next try %s") % at_a_glance(notice.mail_due_at)
            return f"{failed}; {again}"
        if notice.mail_due_at > timezone.now():
            return gettext("Leaves %s") % at_a_glance(notice.mail_due_at)
        return gettext("Waits since %s") % at_a_glance(notice.mail_due_at)

    @admin.display(description=_("last error"))
    def error(self, notice: Notice) -> str:
        return notice.mail_error or "–"

    @admin.display(description=_("dismissed"))
    def seen(self, notice: Notice) -> str:
        return at_a_glance(notice.seen_at)

    @admin.display(description=_("answer"))
    def answered(self, notice: Notice) -> str:
        return str(ANSWERS[NoticeAnswer(notice.answer)]) if notice.answer else "–"

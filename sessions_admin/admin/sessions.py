"""Any session of the platform: found, looked at, ended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.acts import Act, ActsAdmin, operator_of
from sessions_admin.admin.listing import (
    RecordAdmin,
    TenantFilter,
    WordFilter,
    as_uuid,
    at_a_glance,
    people_named,
    seen_from,
)
from sessions_admin.lifecycle import end_sessions
from sessions_admin.live import has_access
from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason, Kind

SIGHTINGS_SHOWN = 20  # the latest; a phone on a train has hundreds


def end(modeladmin: Any, request: HttpRequest, sessions: QuerySet[Session], note: str) -> str:
    actor = operator_of(request)
    chosen = Session.objects.filter(pk__in=[session.pk for session in sessions])
    done = len(end_sessions(chosen, reason=EndReason.REVOKED_BY_OPERATOR, actor=actor, note=note))
    return ngettext("%d session was ended.", "%d sessions were ended.", done) % done


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("live", _("Live")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "live":
            return queryset.live()
        return queryset.ended() if self.value() == "ended" else queryset


class KindFilter(WordFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(kind), kind) for kind in Kind]


@admin.register(Session)
class SessionAdmin(RecordAdmin, ActsAdmin):
    """Facts to read. The only thing to be done to a session is to end it."""

    list_display = ("person", "tenant", "device", "seen_from", "started", "last_active", "state")
    list_filter = (StateFilter, KindFilter, TenantFilter)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email",)  # shows the box; get_search_results does the search
    search_help_text = _(
        "An e-mail address or its beginning, an IP address or its beginning with the dot "
        "(203.0.113.), or the ID of a session."
    )
    fieldsets = (
        (None, {"fields": (("user", "tenant"), ("state", "kind"), "identifier")}),
        (_("Device and place"), {"fields": (
            ("device", "label"), ("ip", "place"), "user_agent", "seen_with",
        )}),
        (_("Time"), {"fields": (
            ("started", "last_active", "deadline"), ("proof", "signed_in", "persistent"),
        )}),
        (_("End"), {"fields": (("ended", "end_reason"), ("ended_by", "end_note"))}),
    )  # fmt: skip
    readonly_fields = (
        "identifier", "state", "device", "place", "seen_with", "started", "last_active", "deadline",
        "proof", "signed_in", "ended",
    )  # fmt: skip
    acts: tuple[Act, ...] = (
        Act(
            "end", _("End session"),
            _("The person is logged out at the next click. They read the note and that an operator "
              "did it."),
            end, plural=_("End sessions"),
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """Each with `is_live`, by the one definition of it."""
        live = Q(has_access(), ended_at=None, deadline__gt=timezone.now())
        is_live = Case(When(live, then=Value(True)), default=Value(False))  # noqa: FBT003
        sessions: Any = super().get_queryset(request)
        return sessions.with_deadlines().annotate(is_live=is_live).defer("key_hash", "data")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        if not term:
            return queryset, False
        if found := as_uuid(term):
            return queryset.filter(pk=found), False
        if (seen := seen_from(term)) is not None:
            return queryset.filter(seen), False
        people = people_named(term)
        # Both halves on their own: each has an index by person that holds nothing else.
        theirs = Q(user__in=people, ended_at=None) | Q(user__in=people, ended_at__isnull=False)
        return queryset.filter(theirs), False

    def describe(self, row: Any) -> str:
        return ", ".join(str(part) for part in (self.person(row), row.tenant, row.place) if part)

    @admin.display(description=_("person"))
    def person(self, session: Session) -> str:
        return session.user.email if session.user else gettext("A visitor")

    @admin.display(description="ID")
    def identifier(self, session: Session) -> str:
        return str(session.pk)

    @admin.display(description=_("from"))
    def seen_from(self, session: Session) -> SafeString:
        return format_html("{}<br>{}", session.ip or "–", session.place)

    @admin.display(description=_("started"))
    def started(self, session: Session) -> str:
        return at_a_glance(session.started_at)

    @admin.display(description=_("last active"))
    def last_active(self, session: Session) -> str:
        return at_a_glance(session.last_seen_at)

    @admin.display(description=_("state"))
    def state(self, session: Any) -> str:
        if session.is_live:
            return gettext("Live")
        return " · ".join(part for part in (gettext("Ended"), session.end_reason) if part)

    @admin.display(description=_("ends without activity"))
    def deadline(self, session: Any) -> str:
        return at_a_glance(session.deadline if session.is_live else None)

    @admin.display(description=_("signed in"))
    def signed_in(self, session: Session) -> str:
        return at_a_glance(session.authenticated_at)

    @admin.display(description=_("ended"))
    def ended(self, session: Session) -> str:
        return at_a_glance(session.ended_at)

    @admin.display(description=_("proof"))
    def proof(self, session: Session) -> str:
        """The methods (RFC 8176) and the assurance level (NIST SP 800-63B)."""
        return f"{session.amr} (AAL{session.aal})" if session.amr else gettext("None")

    @admin.display(description=_("seen with"))
    def seen_with(self, session: Session) -> str | SafeString:
        latest = session.sightings.order_by("-last_seen_at")[:SIGHTINGS_SHOWN]
        lines = [
            (
                sighting.device,
                sighting.ip or "–",
                sighting.place,
                at_a_glance(sighting.last_seen_at),
            )
            for sighting in latest
        ]
        if not lines:
            return gettext("This device and place only")
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} · {} · {} · {}</li>", lines))

"""The words and pictures of a session's row: `{% load sessions %}`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.review import endings, lifelines
from sessions_admin.review.traits import Trait, traits_of
from sessions_admin.suspicious.suspicions import Suspicion, suspicion_of
from sessions_admin.vocabulary import DeviceType, EndReason, Kind, Novelty

register = template.Library()

ICONS = {
    DeviceType.DESKTOP: "laptop",
    DeviceType.PHONE: "phone",
    DeviceType.TABLET: "tablet",
    DeviceType.BOT: "bot",
    DeviceType.APP: "terminal",
}
NOVELTIES = {
    Novelty.DEVICE: _("device"),
    Novelty.COUNTRY: _("country"),
    Novelty.NETWORK: _("network"),
}
METHODS = {"pwd": _("password"), "otp": _("one-time code"), "hwk": _("passkey")}


@dataclass(frozen=True, slots=True)
class Badge:
    """Text in a pill; see components/badge.html for the tones."""

    text: str | Promise
    tone: str = ""


TRAIT_BADGES = {
    Trait.SUSPICIOUS: Badge(_("Suspicious"), "danger"),
    Trait.ACTIVE: Badge(_("Active now"), "live"),
    Trait.NEW: Badge(_("New"), "info"),
    Trait.INACTIVE: Badge(_("Inactive 30+ days"), "warn"),
    Trait.ABROAD: Badge(_("Other country"), "warn"),
    Trait.ONE_FACTOR: Badge(_("One factor only"), "warn"),
}
KIND_BADGES = {Kind.APP: Badge(_("App")), Kind.SUPPORT: Badge(_("Support access"), "danger")}


@register.filter
def device_icon(device_type: str) -> str:
    """The icon of a DeviceType: {{ session.device_type|device_icon }}."""
    return ICONS.get(DeviceType(device_type), "globe")


@register.filter
def badges(session: Any, here: Any = None) -> list[Badge]:
    """What to notice about a live session; `here` is the session that looks at it, if any."""
    traits = [TRAIT_BADGES[trait] for trait in traits_of(session, timezone.now(), here)]
    kind = KIND_BADGES.get(Kind(session.kind))
    return [kind, *traits] if kind else traits


@register.filter
def suspicion(session: Any) -> Suspicion | None:
    """What was found about a live session and nobody has judged yet."""
    return suspicion_of(session)


@register.filter
def novelty_words(novelty: Iterable[str]) -> str:
    """“device and country”: what a person had never signed in with before."""
    words = [str(NOVELTIES[one]) for one in Novelty if one in novelty]
    return gettext(" and ").join(words)


@register.filter
def name_and_place(session: Any) -> str:
    """“Firefox 145 on Linux, Lyon”: what a button that acts on the session is called."""
    return ", ".join(part for part in (session.name, session.city or session.country) if part)


@register.filter
def short_id(session_id: object) -> str:
    """The random end of a public id, enough to tell a person's sessions apart."""
    return str(session_id)[-12:]


@register.filter
def ending_words(session: Any) -> str:
    """“Ends in 26 min if idle, at the latest …”, for rows of Session.objects.live()."""
    return lifelines.ending_words(session, timezone.now())


@register.filter
def duration_words(duration: timedelta) -> str:
    """“15 min”."""
    return lifelines.duration_words(duration)


@register.filter
def moment(at: datetime) -> str:
    """“26 Nov, 09:14” in the person's time zone."""
    return lifelines.moment_words(at, timezone.now())


@register.filter
def amr_words(amr: str) -> str:
    """“password and one-time code” for the RFC 8176 values "pwd otp"."""
    words = [str(METHODS.get(method, method)) for method in amr.split()]
    return gettext(" and ").join(words)


@register.filter
def how_it_ended(session: Any, viewer: Any = None) -> str:
    """One line on an ended session, for rows of display.ended_rows()."""
    return endings.line(session, viewer)


@register.filter
def ending_note(session: Any) -> str:
    """What the one who ended the session wrote to the person."""
    return endings.note(session)


@register.filter
def ending_icon(session: Any) -> str:
    """A clock for what time does, a lock for what somebody does."""
    return "clock" if EndReason(session.end_reason) in endings.BY_THE_CLOCK else "lock"


@register.filter
def trait_label(trait: Trait) -> str | Promise:
    """The words of the badge, for a filter."""
    return TRAIT_BADGES[trait].text


@register.inclusion_tag("sessions_admin/lifeline.html")
def lifeline(session: Any) -> dict[str, Any]:
    """A small drawing of the session's start, now, idle deadline and last possible end."""
    now = timezone.now()
    return {
        "line": lifelines.lifeline(session, now),
        "width": lifelines.WIDTH,
        "id": f"lifeline-{session.pk}",
        "title": gettext("Signed in %(start)s. %(end)s.") % {
            "start": lifelines.moment_words(session.started_at, now),
            "end": lifelines.ending_words(session, now),
        },
    }  # fmt: skip

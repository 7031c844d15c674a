"""`{% load live %}`: parts of a page that keep themselves up to date."""

from datetime import datetime
from math import ceil

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from sessions_admin.review.pulse import Topic, milliseconds
from sessions_admin.session_settings.planned import ends_then

register = template.Library()


@register.simple_tag
def live(topic: str) -> SafeString:
    """The attributes of the one element that shows this topic: `<div {% live "users" %}>`.

    Changes from the moment of this rendering on are news to the page.
    """
    read = milliseconds(timezone.now())
    return format_html('data-live="{}" data-live-read="{}"', Topic(topic), read)


@register.simple_tag(takes_context=True)
def planned_ending(context: Context) -> datetime | None:
    """When settings to come will end the session that looks; None: not, as far as is known."""
    found = context["request"].session.found
    return found.settings_due_at if ends_then(found) else None


@register.simple_tag(takes_context=True)
def settings_due(context: Context) -> datetime | None:
    """When other settings will apply to the session that looks, whatever they do to it."""
    due_at: datetime | None = context["request"].session.found.settings_due_at
    return due_at


@register.filter(name="milliseconds")
def since_1970(at: datetime) -> int:
    """As scripts count."""
    return milliseconds(at)


@register.filter
def soon(at: datetime) -> str:
    """“in 12 minutes”; the last one is rounded up."""
    minutes = max(1, ceil((at - timezone.now()).total_seconds() / 60))
    return ngettext("in %d minute", "in %d minutes", minutes) % minutes

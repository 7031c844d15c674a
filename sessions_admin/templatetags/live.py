"""`{% load live %}`: a part of a page that keeps itself up to date."""

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sessions_admin.pulse import Topic, milliseconds

register = template.Library()


@register.simple_tag
def live(topic: str) -> SafeString:
    """The attributes of the one element that shows this topic: `<div {% live "users" %}>`.

    Changes from the moment of this rendering on are news to the page.
    """
    read = milliseconds(timezone.now())
    return format_html('data-live="{}" data-live-read="{}"', Topic(topic), read)

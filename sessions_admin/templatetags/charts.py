"""Drawings on the server: `{% load charts %}`."""

from typing import Any

from django import template
from django.utils import timezone

from sessions_admin.drawing.timeline import timeline
from sessions_admin.review.inventory import Inventory

register = template.Library()

# In pixels; the templates draw by them.
DAYS_HEIGHT = 28
LANE_HEIGHT = 40
BAR_HEIGHT = 36


@register.inclusion_tag("sessions_admin/timeline.html")
def last_week(inventory: Inventory, ended: list[Any], viewer: Any) -> dict[str, Any]:
    """The last seven days of the sessions that the page has read already: no statement more."""
    here = [inventory.here] if inventory.here else []
    sessions = [*here, *inventory.others, *ended]
    zone = timezone.get_current_timezone()
    return {
        "timeline": timeline(sessions, inventory.now, zone),
        "here": inventory.here,
        "viewer": viewer,
        "zone": zone,
    }


@register.filter
def lane_offset(index: int) -> int:
    """How far down a lane begins: below the days, in pixels."""
    return DAYS_HEIGHT + LANE_HEIGHT * index


@register.filter
def lanes_height(count: int) -> int:
    """How high a drawing of so many lanes is, in pixels."""
    return DAYS_HEIGHT + LANE_HEIGHT * count


@register.filter
def bars_height(count: int) -> int:
    """How high so many bars are, in pixels: also how far down the next one begins."""
    return BAR_HEIGHT * count

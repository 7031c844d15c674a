"""`{% load credits %}`: whose data a page shows."""

from django import template

from sessions_admin.geo import Credit, attribution

register = template.Library()


@register.simple_tag
def place_credits() -> list[Credit]:
    """{% place_credits as credits %}: what to say where places or networks are shown."""
    return attribution()

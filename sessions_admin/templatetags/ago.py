"""`{% load ago %}`: how long ago something was.

Django's naturaltime, with the words that Django's own German gets wrong (“1 Tage her”) among our
messages.
"""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext_lazy

register = template.Library()


class _Ago(NaturalTimeFormatter):
    time_strings: dict[str, Any] = {
        **NaturalTimeFormatter.time_strings,
        "past-day": _("%(delta)s ago"),
    }
    # fmt: off
    past_substrings: dict[str, Any] = {
        "year": npgettext_lazy("naturaltime-past", "%(num)d year", "%(num)d years", "num"),
        "month": npgettext_lazy("naturaltime-past", "%(num)d month", "%(num)d months", "num"),
        "week": npgettext_lazy("naturaltime-past", "%(num)d week", "%(num)d weeks", "num"),
        "day": npgettext_lazy("naturaltime-past", "%(num)d day", "%(num)d days", "num"),
        "hour": npgettext_lazy("naturaltime-past", "%(num)d hour", "%(num)d hours", "num"),
        "minute": npgettext_lazy("naturaltime-past", "%(num)d minute", "%(num)d minutes", "num"),
    }
    # fmt: on


@register.filter
def ago(moment: datetime) -> str:
    """“26 minutes ago”, “1 day, 6 hours ago”."""
    return str(_Ago.string_for(moment))

"""`{% load ago %}`: how long ago something was.

Within a day Django's naturaltime. Before that one unit and no second one, so that it fits a
column; its words stand here because Django's own German gets them wrong (“1 Tage her”).
"""

from datetime import datetime, timedelta

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.translation import gettext, npgettext_lazy

register = template.Library()

# The largest unit of which there are two: “11 days”, not “1 week”, which might be 13 days.
SPANS = (
    (365, npgettext_lazy("naturaltime-past", "%(num)d year", "%(num)d years", "num")),
    (30, npgettext_lazy("naturaltime-past", "%(num)d month", "%(num)d months", "num")),
    (7, npgettext_lazy("naturaltime-past", "%(num)d week", "%(num)d weeks", "num")),
    (1, npgettext_lazy("naturaltime-past", "%(num)d day", "%(num)d days", "num")),
)


@register.filter
def ago(moment: datetime) -> str:
    """“just now”, “26 minutes ago”, “11 days ago”."""
    passed = timezone.now() - moment
    if timedelta() <= passed < timedelta(minutes=1):
        return gettext("just now")
    if passed < timedelta(days=1):
        return str(naturaltime(moment))
    days = passed.days
    span = next(
        words % {"num": days // size} for size, words in SPANS if days >= 2 * size or size == 1
    )
    return gettext("%(delta)s ago") % {"delta": span}

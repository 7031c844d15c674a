"""How long a session has got: as a drawing's numbers and in words.

Both come from the two deadlines that `Session.objects.live()` annotates, so the screen says what
the engine enforces.
"""

from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

WIDTH = 120  # units of the drawing
# Below these a part of the line could not be seen beside the dot that marks now.
LEAST_PAST = 3.5
LEAST_LEFT = 8.0


@dataclass(frozen=True, slots=True)
class Lifeline:
    """Where things are on a line of WIDTH units from a session's start to its last possible end."""

    now: float
    deadline: float  # it ends here if the person does nothing
    has_limit: bool  # the line's end is a moment that no activity moves


def lifeline(session: Any, now: datetime) -> Lifeline:
    """The line of a session with its deadlines annotated."""
    limit = limit_of(session)
    total = (limit or session.deadline) - session.started_at
    past = max(LEAST_PAST, _along(now - session.started_at, total))
    past = min(past, WIDTH - LEAST_LEFT)
    deadline = _along(session.deadline - session.started_at, total)
    return Lifeline(
        round(past, 1), round(max(deadline, past + LEAST_LEFT), 1), has_limit=limit is not None
    )


def limit_of(session: Any) -> datetime | None:
    """The moment that no activity moves, if there is one."""
    limit: datetime = session.absolute_deadline
    return None if limit.year == MAXYEAR else limit


def ending_words(session: Any, now: datetime) -> str:
    """“Ends in 26 min if idle, at the latest 26 Nov, 09:14 (Force re-login)”."""
    limit = limit_of(session)
    words = {"time": duration_words(session.deadline - now)}
    if limit is None:
        return gettext("Ends in %(time)s if idle") % words
    words |= {"moment": moment_words(limit, now), "reason": _limit_words(session, limit)}
    if session.deadline < limit:
        return gettext("Ends in %(time)s if idle, at the latest %(moment)s (%(reason)s)") % words
    return gettext("Ends in %(time)s, on %(moment)s (%(reason)s)") % words


def duration_words(duration: timedelta) -> str:
    """One number and its unit: “26 min”, “5 hours”, “14 days”."""
    minutes = round(duration.total_seconds() / 60)
    if minutes < 1:
        return gettext("less than a minute")
    if minutes < 120:
        return gettext("%d min") % minutes
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("%d hour", "%d hours", hours) % hours
    days = round(hours / 24)
    return ngettext("%d day", "%d days", days) % days


def moment_words(moment: datetime, now: datetime) -> str:
    """In the person's time zone; with the year only when it is another one."""
    local = timezone.localtime(moment)
    same_year = local.year == timezone.localtime(now).year
    return date_format(local, gettext("j M, H:i") if same_year else gettext("j M Y, H:i"))


def _along(part: timedelta, total: timedelta) -> float:
    return WIDTH * part / total if total else 0.0


def _limit_words(session: Any, limit: datetime) -> str:
    if session.expires_at == limit:
        return gettext("a limit of this session")
    return gettext("Force re-login")

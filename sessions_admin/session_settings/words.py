"""Session settings in words: how long, what changed, and what a change would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.policy import IDLE_TIMEOUT_OFF, Policy
from sessions_admin.session_settings.impact import Impact
from sessions_admin.session_settings.replay import Replay
from sessions_admin.vocabulary import AtLimit, EndReason

IDLE_TIMEOUT = _("Idle session timeout")
ABSOLUTE_TIMEOUT = _("Force re-login")
MAX_LIVE_SESSIONS = _("Maximum concurrent sessions")
AT_LIMIT = _("When the limit is reached")
ACCESS_TOKENS = _("Access token lifetime")
REFRESH_TOKENS = _("Refresh token lifetime")
SUPPORT_SESSIONS = _("Support sessions")
SUPPORT_LIFETIME = _("Support session lifetime")

AT_LIMIT_LABELS = {
    AtLimit.END_OLDEST: _("End the oldest session"),
    AtLimit.END_LEAST_RECENTLY_USED: _("End the least recently used session"),
    AtLimit.DENY: _("Refuse the new sign-in"),
    AtLimit.ASK: _("Ask the person which session to end"),
}

FATES = {
    EndReason.IDLE_TIMEOUT: _("Idle too long"),
    EndReason.ABSOLUTE_TIMEOUT: _("Signed in too long"),
    EndReason.CONCURRENCY_LIMIT: _("Above the limit"),
}

# The same of sessions of the past.
PAST_FATES = {
    EndReason.IDLE_TIMEOUT: _("%d left idle"),
    EndReason.ABSOLUTE_TIMEOUT: _("%d signed in for too long"),
    EndReason.CONCURRENCY_LIMIT: _("%d above the limit"),
}

UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
# Somebody who reads or writes slowly needs 20 minutes, or a warning and a way to go on.
SHORT_IDLE_TIMEOUT = timedelta(minutes=20)


def number_and_unit(duration: timedelta) -> tuple[int, str]:
    """In the largest unit that says it exactly, but a single day in hours."""
    for unit in ("days", "hours"):
        number, rest = divmod(duration, UNITS[unit])
        if not rest and number > (unit == "days"):
            return number, unit
    return max(1, round(duration / UNITS["minutes"])), "minutes"


def in_words(duration: timedelta) -> str:
    """“30 minutes”, “24 hours”, “14 days”."""
    number, unit = number_and_unit(duration)
    if unit == "minutes":
        return ngettext("%d minute", "%d minutes", number) % number
    if unit == "hours":
        return ngettext("%d hour", "%d hours", number) % number
    return ngettext("%d day", "%d days", number) % number


def in_short(duration: timedelta) -> str:
    """“30 min”, “24 h”, “14 d”."""
    number, unit = number_and_unit(duration)
    short = {"minutes": gettext("%d min"), "hours": gettext("%d h"), "days": gettext("%d d")}
    return short[unit] % number


def between(least: timedelta, most: timedelta) -> str:
    """“5 min – 24 h”."""
    return gettext("%(least)s – %(most)s") % {"least": in_short(least), "most": in_short(most)}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting in words. `kept` tells the value of a switch that is off, too."""

    label: str | Promise
    words: str
    kept: str


@dataclass(frozen=True, slots=True)
class Line:
    """A setting that changed."""

    label: str | Promise
    old: str
    new: str


def settings_in_words(settings: Mapping[str, Any]) -> list[Setting]:
    """All of them, in the order of the screen."""
    at_limit = str(AT_LIMIT_LABELS[AtLimit(settings["at_limit"])])
    return [
        _switch(settings, IDLE_TIMEOUT, "idle_timeout"),
        _switch(settings, ABSOLUTE_TIMEOUT, "absolute_timeout"),
        _switch(settings, MAX_LIVE_SESSIONS, "max_live_sessions"),
        Setting(AT_LIMIT, at_limit, at_limit),
        _lifetime(settings, ACCESS_TOKENS, "access_token_lifetime"),
        _lifetime(settings, REFRESH_TOKENS, "refresh_token_lifetime"),
        _support(settings),
    ]


def changed_lines(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Line]:
    """What is different."""
    pairs = zip(settings_in_words(old), settings_in_words(new), strict=True)
    return [
        Line(now.label, was.words, now.words)
        if was.words != now.words
        else Line(now.label, was.kept, now.kept)
        for was, now in pairs
        if was.kept != now.kept
    ]


def _switch(settings: Mapping[str, Any], label: Promise, name: str) -> Setting:
    value = settings[name]
    words = in_words(value) if isinstance(value, timedelta) else str(value)
    if settings[f"{name}_enabled"]:
        return Setting(label, words, words)
    return Setting(label, gettext("off"), gettext("off (%(value)s)") % {"value": words})


def _lifetime(settings: Mapping[str, Any], label: Promise, name: str) -> Setting:
    words = in_words(settings[name])
    return Setting(label, words, words)


def _support(settings: Mapping[str, Any]) -> Setting:
    words = in_words(settings["support_session_lifetime"])
    if settings["support_sessions_enabled"]:
        return Setting(SUPPORT_SESSIONS, words, words)
    return Setting(SUPPORT_SESSIONS, gettext("off"), gettext("off (%(value)s)") % {"value": words})


def impact_in_words(impact: Impact, policy: Policy, *, tried: bool) -> str:
    """“Applies to 37 live sessions of 21 people. 4 would end now: 2 idle over 30 minutes, …”

    `tried`: these are not the stored settings, so that it is worth saying that nothing would end.
    """
    sessions = ngettext("%d live session", "%d live sessions", impact.sessions) % impact.sessions
    people = ngettext("%d person", "%d people", impact.people) % impact.people
    sentences = [
        gettext("Applies to %(sessions)s of %(people)s.") % {"sessions": sessions, "people": people}
    ]
    if impact.total:
        causes = [_cause(reason, number, policy) for reason, number in impact.ending.items()]
        sentences.append(
            gettext("%(total)d would end now: %(causes)s.")
            % {"total": impact.total, "causes": ", ".join(causes)}
        )
    elif tried:
        sentences.append(gettext("None would end now."))
    if impact.mine:
        sentences.append(gettext("This session is included."))
    elif impact.total:
        sentences.append(gettext("This session stays."))
    return " ".join(sentences)


def _cause(reason: EndReason, number: int, policy: Policy) -> str:
    if reason == EndReason.IDLE_TIMEOUT:
        return gettext("%(number)d idle over %(time)s") % {
            "number": number, "time": in_words(policy.idle_timeout),
        }  # fmt: skip
    if reason == EndReason.ABSOLUTE_TIMEOUT:
        return gettext("%(number)d older than %(time)s") % {
            "number": number, "time": in_words(
                policy.absolute_timeout or policy.refresh_token_lifetime or timedelta()
            ),
        }  # fmt: skip
    return gettext("%(number)d above the limit of %(limit)d") % {
        "number": number, "limit": policy.max_live_sessions or 0,
    }  # fmt: skip


def replay_in_words(replay: Replay) -> str:
    """“In the last 30 days they would have ended 112 sessions of 40 people early: …”"""
    if not replay.sessions:
        return gettext("In the last 30 days they would have ended no session early.")
    sessions = ngettext("%d session", "%d sessions", replay.sessions) % replay.sessions
    people = ngettext("%d person", "%d people", replay.people) % replay.people
    causes = [str(PAST_FATES[reason]) % number for reason, number in replay.reasons.items()]
    at_least = gettext("at least %s") % sessions
    sentences = [
        gettext("In the last 30 days they would have ended %(sessions)s of %(people)s early: "
                "%(causes)s.")
        % {"sessions": sessions if replay.is_complete else at_least, "people": people,
           "causes": ", ".join(causes)}
    ]  # fmt: skip
    if replay.half_within:
        words = gettext("Half of them within %s of the sign-in.")
        sentences.append(words % in_words(replay.half_within))
    return " ".join(sentences)


def warnings_of(impact: Impact, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What to think of before saving; yourself first."""
    warnings = []
    if impact.mine:
        warnings.append(gettext("Your own session would end. You can sign in again at once."))
    if new["idle_timeout_enabled"] and new["idle_timeout"] < SHORT_IDLE_TIMEOUT:
        warnings.append(
            gettext(
                "Less than 20 minutes without activity is short for people who read or write "
                "slowly (WCAG 2.2.1). The portal warns them before and lets them stay."
            )
        )
    if looser := _loosened(old, new):
        warnings.append(
            gettext("This is looser than now: %(settings)s.") % {"settings": ", ".join(looser)}
        )
    return warnings


def _loosened(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, after = _reach(old), _reach(new)
    return [str(label) for label in before if after[label] > before[label]]


def _reach(settings: Mapping[str, Any]) -> dict[Promise, float]:
    """How much each setting allows, off being what it means."""

    def reach(name: str, off: float) -> float:
        value = settings[name]
        if not settings.get(f"{name}_enabled", True):
            return off
        return value.total_seconds() if isinstance(value, timedelta) else float(value)

    return {
        IDLE_TIMEOUT: reach("idle_timeout", IDLE_TIMEOUT_OFF.total_seconds()),
        ABSOLUTE_TIMEOUT: reach("absolute_timeout", inf),
        MAX_LIVE_SESSIONS: reach("max_live_sessions", inf),
        ACCESS_TOKENS: reach("access_token_lifetime", inf),
        REFRESH_TOKENS: reach("refresh_token_lifetime", inf),
        SUPPORT_SESSIONS: reach("support_session_lifetime", inf)
        if settings.get("support_sessions_enabled", True)
        else 0.0,
    }

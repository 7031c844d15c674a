"""What was seen, in words: on screens, in mails, and for the person who was signed out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from sessions_admin.risk.facts import Occasion
from sessions_admin.vocabulary import Detector

Evidence = Mapping[str, Any]


def words(risk: Any) -> str:
    """One sentence for a Risk row."""
    return sentence(risk.detector, risk.evidence)


def sentence(detector: str, evidence: Evidence) -> str:
    """“Signed in from Bangkok and from London within 4 minutes: 9,530 km, 142,950 km/h.”

    Also for evidence that an earlier version wrote: what is missing is left unsaid.
    """
    return SENTENCES[Detector(detector)](evidence)


def place_words(seen: Evidence) -> str:
    """“Bangkok”, the country where no city is known, or that it is unknown."""
    place: str = seen.get("city") or seen.get("country") or gettext("an unknown place")
    return place


def full_place_words(seen: Evidence) -> str:
    """“Bangkok, Thailand”."""
    parts = [seen.get("city"), seen.get("country")]
    return ", ".join(part for part in parts if part) or gettext("an unknown place")


def agent_words(seen: Evidence) -> str:
    """“Firefox 145 on Linux”, as far as it is known."""
    browser, system = seen.get("browser"), seen.get("system")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return str(browser or system or gettext("an unknown device"))


def network_words(seen: Evidence) -> str:
    """“Deutsche Telekom AG (AS3320)”, or the address."""
    name, number = seen.get("network"), seen.get("asn")
    if name and number:
        return f"{name} (AS{number})"
    return str(name or (f"AS{number}" if number else seen.get("ip") or ""))


def time_words(seconds: int) -> str:
    """“4 minutes”: how long somebody had for a way."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return gettext("a minute")
    if minutes < 120:
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    hours = round(minutes / 60)
    return ngettext("%d hour", "%d hours", hours) % hours


def _travel(evidence: Evidence) -> str:
    facts = _way(evidence)
    if evidence.get("kmh") is None:
        return _how(evidence)[1] % facts
    return _how(evidence)[0] % facts


def _how(evidence: Evidence) -> tuple[str, str]:
    """With a speed, and for the same moment."""
    if evidence.get("occasion") == Occasion.SIGN_IN:
        return (
            gettext(
                "Signed in from %(from)s and from %(to)s within %(time)s: %(km)s km, %(kmh)s km/h."
            ),
            gettext("Signed in from %(from)s and from %(to)s at the same moment: %(km)s km apart."),
        )
    return (
        gettext("Used in %(from)s and in %(to)s within %(time)s: %(km)s km, %(kmh)s km/h."),
        gettext("Used in %(from)s and in %(to)s at the same moment: %(km)s km apart."),
    )


def _far_apart(evidence: Evidence) -> str:
    return gettext("In use in %(from)s and in %(to)s at once: %(km)s km apart.") % _way(evidence)


def _way(evidence: Evidence) -> dict[str, str]:
    return {
        "from": place_words(evidence.get("from", {})),
        "to": place_words(evidence.get("to", {})),
        "time": time_words(evidence.get("seconds", 0)),
        "km": _number(evidence.get("km")),
        "kmh": _number(evidence.get("kmh")),
    }


def _new_device(evidence: Evidence) -> str:
    now = evidence.get("now", {})
    return gettext("First sign-in with %(device)s, from %(place)s.") % {
        "device": agent_words(now), "place": place_words(now),
    }  # fmt: skip


def _new_country(evidence: Evidence) -> str:
    place = full_place_words(evidence.get("now", {}))
    return gettext("First sign-in from this country: %(place)s.") % {"place": place}


def _agent_changed(evidence: Evidence) -> str:
    return gettext("The session went from %(before)s to %(now)s.") % {
        "before": agent_words(evidence.get("before", {})),
        "now": agent_words(evidence.get("now", {})),
    }


def _network_jump(evidence: Evidence) -> str:
    before, now = evidence.get("before", {}), evidence.get("now", {})
    return gettext(
        "The session went from %(before)s in %(country)s to %(now)s in %(new_country)s."
    ) % {
        "before": network_words(before), "country": before.get("country", ""),
        "now": network_words(now), "new_country": now.get("country", ""),
    }  # fmt: skip


def _guessed_password(evidence: Evidence) -> str:
    failures = evidence.get("failures", 0)
    return ngettext(
        "Signed in with a new device after %(count)s failed attempt within %(time)s.",
        "Signed in with a new device after %(count)s failed attempts within %(time)s.",
        failures,
    ) % {"count": failures, "time": time_words(evidence.get("seconds", 0))}


def _dormant_return(evidence: Evidence) -> str:
    facts = {"days": evidence.get("days", 0), "place": full_place_words(evidence.get("now", {}))}
    if evidence.get("occasion") == Occasion.MOVE:
        return gettext("Used again after %(days)s days, from elsewhere: %(place)s.") % facts
    return gettext("Signed in again after %(days)s days, from elsewhere: %(place)s.") % facts


def _number(value: Any) -> str:
    return number_format(value or 0, decimal_pos=0, use_l10n=True, force_grouping=True)


SENTENCES: dict[Detector, Callable[[Evidence], str]] = {
    Detector.IMPOSSIBLE_TRAVEL: _travel,
    Detector.FAR_APART: _far_apart,
    Detector.NEW_DEVICE: _new_device,
    Detector.NEW_COUNTRY: _new_country,
    Detector.AGENT_CHANGED: _agent_changed,
    Detector.NETWORK_JUMP: _network_jump,
    Detector.GUESSED_PASSWORD: _guessed_password,
    Detector.DORMANT_RETURN: _dormant_return,
}

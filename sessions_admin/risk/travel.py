"""Detectors of a person in two places."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sessions_admin.risk.facts import Event, Finding, History, Seen, as_evidence, place_label
from sessions_admin.risk.geometry import Trip, trip
from sessions_admin.risk.rules import Rules
from sessions_admin.vocabulary import Detector

# Two sessions that were used within an hour are in use at once.
AT_ONCE = timedelta(hours=1)


def impossible_travel(event: Event, history: History, rules: Rules) -> Finding | None:
    """Two sightings that nobody can travel between: of two live sessions, or of one session.

    The fastest is told; on a tie the one with the longer way.
    """
    too_fast = [way for way in _trips(event, history, rules) if _is_impossible(way, rules)]
    if not too_fast:
        return None
    return _finding(Detector.IMPOSSIBLE_TRAVEL, max(too_fast, key=_speed), event)


def far_apart(event: Event, history: History, rules: Rules) -> Finding | None:
    """Two live sessions in use at once, far from each other, however fast an aeroplane is."""
    others = (trip(other, event.now, rules) for other in history.others)
    ways = [way for way in others if way and way.time <= AT_ONCE]
    if not ways:
        return None
    return _finding(Detector.FAR_APART, max(ways, key=lambda way: way.km), event)


def _trips(event: Event, history: History, rules: Rules) -> Iterator[Trip]:
    for seen in (*history.others, *([event.before] if event.before else [])):
        if way := trip(seen, event.now, rules):
            yield way


def _is_impossible(way: Trip, rules: Rules) -> bool:
    return way.is_faster_than(rules.top_speed_kmh)


def _speed(way: Trip) -> tuple[float, float]:
    return (float("inf") if way.kmh is None else way.kmh, way.km)


def _finding(detector: Detector, way: Trip, event: Event) -> Finding:
    here = event.now.session
    other = next((end.session for end in (way.start, way.end) if end.session != here), None)
    places = sorted(_place(seen) for seen in (way.start, way.end))
    return Finding(detector, " – ".join(places), _evidence(way, event), other)


def _evidence(way: Trip, event: Event) -> dict[str, Any]:
    return {
        "from": as_evidence(way.start),
        "to": as_evidence(way.end),
        "km": round(way.km),
        "seconds": round(way.time.total_seconds()),
        "kmh": None if way.kmh is None else round(way.kmh),
        "occasion": str(event.occasion),
        "within_session": way.start.session == way.end.session,
    }


def _place(seen: Seen) -> str:
    return f"{seen.country_code} {place_label(seen)}".strip()

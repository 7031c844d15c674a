"""All detectors over one event."""

from collections.abc import Callable, Iterable

from sessions_admin.risk.changes import agent_changed, network_jump
from sessions_admin.risk.facts import Event, Finding, History, Judgement, Occasion
from sessions_admin.risk.guessing import guessed_password
from sessions_admin.risk.novelty import dormant_return, new_country, new_device, novelty_of
from sessions_admin.risk.rules import STRENGTH, Rules
from sessions_admin.risk.travel import far_apart, impossible_travel
from sessions_admin.vocabulary import Detector, Response

DETECTORS: dict[Detector, Callable[[Event, History, Rules], Finding | None]] = {
    Detector.IMPOSSIBLE_TRAVEL: impossible_travel,
    Detector.FAR_APART: far_apart,
    Detector.NEW_DEVICE: new_device,
    Detector.NEW_COUNTRY: new_country,
    Detector.AGENT_CHANGED: agent_changed,
    Detector.NETWORK_JUMP: network_jump,
    Detector.GUESSED_PASSWORD: guessed_password,
    Detector.DORMANT_RETURN: dormant_return,
}


def judge(event: Event, history: History, rules: Rules) -> Judgement:
    """What the detectors that are on find, and what is new at a sign-in."""
    found = [
        finding
        for detector, detect in DETECTORS.items()
        if rules.response(detector) != Response.OFF and (finding := detect(event, history, rules))
    ]
    is_sign_in = event.occasion == Occasion.SIGN_IN
    novelty = novelty_of(event, history, rules) if is_sign_in else frozenset()
    return Judgement(tuple(_without_repetition(found, rules)), novelty)


def _without_repetition(found: Iterable[Finding], rules: Rules) -> list[Finding]:
    """Impossible travel says all that “far apart” says of the same two sessions: the one with
    the stronger response stays."""
    by_detector = {finding.detector: finding for finding in found}
    travel = by_detector.get(Detector.IMPOSSIBLE_TRAVEL)
    apart = by_detector.get(Detector.FAR_APART)
    if travel and apart and travel.other == apart.other:
        weaker = min((apart, travel), key=lambda one: STRENGTH[rules.response(one.detector)])
        del by_detector[weaker.detector]
    return list(by_detector.values())

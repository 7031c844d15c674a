"""The words and pictures of suspicious sessions: `{% load risks %}`."""

from typing import Any

from django import template
from django.utils.functional import Promise

from sessions_admin.review.traits import NEWS
from sessions_admin.suspicious import evidence, words
from sessions_admin.vocabulary import Detector, RiskState

register = template.Library()

STATE_TONES = {RiskState.OPEN: "warn", RiskState.ACTED_ON: "ok", RiskState.DISMISSED: ""}


@register.filter
def detector_name(detector: str) -> str | Promise:
    """“Impossible travel”."""
    return words.DETECTORS[Detector(detector)].name


@register.filter
def detector_sentence(detector: str) -> str | Promise:
    """What it looks for, in one sentence."""
    return words.DETECTORS[Detector(detector)].sentence


@register.filter
def detector_icon(detector: str) -> str:
    """The icon of a Detector."""
    return words.DETECTORS[Detector(detector)].icon


@register.filter
def detector_tone(detector: str) -> str:
    """As in a session's row: what is merely new is no alarm."""
    return "warn" if Detector(detector) in NEWS else "danger"


@register.filter
def state_name(state: str) -> str | Promise:
    """“Open”, “Acted on”, “Dismissed”."""
    return words.STATES[RiskState(state)]


@register.filter
def state_tone(state: str) -> str:
    """The tone of its badge."""
    return STATE_TONES[RiskState(state)]


@register.filter
def what_was_done(risk: Any) -> str:
    """“Ended the newer session”, or what report-only held back."""
    return words.done(risk)


@register.filter
def decision(risk: Any) -> str:
    """“Dismissed by Ann Lee”; empty while it is open."""
    return words.decision(risk)


@register.filter
def evidence_words(risk: Any) -> str:
    """What was seen, in one sentence."""
    return evidence.words(risk)

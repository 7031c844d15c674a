"""Suspicious sessions in words: what each detector looks for, what follows, what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.risk.rules import PAIRS
from sessions_admin.risk.rules import responses_to as possible_responses
from sessions_admin.vocabulary import Detector, Response, RiskState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words


class Told(NamedTuple):
    """A detector by name, and in one sentence."""

    name: Words
    sentence: Words
    icon: str


DETECTORS: dict[Detector, Told] = {
    Detector.IMPOSSIBLE_TRAVEL: Told(
        _("Impossible travel"),
        _("One person is seen in two places, sooner than anybody gets from one to the other."),
        "globe",
    ),
    Detector.FAR_APART: Told(
        _("Used in far places at once"),
        _("Two sessions of one person are in use at the same time, far from each other."),
        "globe",
    ),
    Detector.NEW_DEVICE: Told(
        _("New device"),
        _("A sign-in from a browser in which the person has never signed in before."),
        "laptop",
    ),
    Detector.NEW_COUNTRY: Told(
        _("New country"),
        _("A sign-in from a country from which the person has never signed in before."),
        "pin",
    ),
    Detector.AGENT_CHANGED: Told(
        _("Browser changed inside a session"),
        _(
            "A session goes on in another browser or system, as a copied one does. Updates do "
            "not count."
        ),
        "switch",
    ),
    Detector.NETWORK_JUMP: Told(
        _("Network changed inside a session"),
        _(
            "A session goes on from another network, far away. Roaming inside a country does "
            "not count."
        ),
        "switch",
    ),
    Detector.GUESSED_PASSWORD: Told(
        _("Sign-in after many failures"),
        _("A sign-in works right after many that failed, as happens when passwords are guessed."),
        "key",
    ),
    Detector.DORMANT_RETURN: Told(
        _("Back after a long time, from elsewhere"),
        _("What was not used for 30 days comes back from a place that is new."),
        "clock",
    ),
}

# As an administrator chooses it.
RESPONSES: dict[Response, Words] = {
    Response.OFF: _("Off"),
    Response.RECORD: _("Record"),
    Response.NOTIFY: _("Record and tell the person"),
    Response.STEP_UP: _("Ask for a new proof"),
    Response.END_NEW: _("End the newer session"),
    Response.END_OLD: _("End the older session"),
    Response.END_BOTH: _("End both sessions"),
}
DONE: dict[Response, Words] = {
    Response.OFF: _("Recorded"),
    Response.RECORD: _("Recorded"),
    Response.NOTIFY: _("The person was told"),
    Response.STEP_UP: _("Asked for a new proof"),
    Response.END_NEW: _("Ended the newer session"),
    Response.END_OLD: _("Ended the older session"),
    Response.END_BOTH: _("Ended both sessions"),
}
HELD_BACK: dict[Response, Words] = {
    Response.STEP_UP: _("Would have asked for a new proof"),
    Response.END_NEW: _("Would have ended the newer session"),
    Response.END_OLD: _("Would have ended the older session"),
    Response.END_BOTH: _("Would have ended both sessions"),
}
STATES: dict[RiskState, Words] = {
    RiskState.OPEN: _("Open"),
    RiskState.ACTED_ON: _("Acted on"),
    RiskState.DISMISSED: _("Dismissed"),
}


def responses_to(detector: Detector) -> dict[Response, Words]:
    """What can be chosen for it."""
    single = {} if detector in PAIRS else {Response.END_NEW: _("End the session")}
    return {one: single.get(one, RESPONSES[one]) for one in possible_responses(detector)}


def done(risk: Any) -> str:
    """“Ended the newer session”, or “Would have ended it” when report-only held it back."""
    words = HELD_BACK if risk.held_back else DONE
    response = Response(risk.response)
    if response == Response.END_NEW and Detector(risk.detector) not in PAIRS:
        return (
            gettext("Would have ended the session")
            if risk.held_back
            else gettext("Ended the session")
        )
    return str(words.get(response, DONE[response]))


def decision(risk: Any) -> str:
    """“Dismissed by Ann Lee”; empty while it is open. For rows of findings.findings_in()."""
    state = RiskState(risk.state)
    if state == RiskState.OPEN:
        return ""
    if risk.decided_by is None:
        return gettext("Settled by the rules")
    who = {"name": _decider(risk)}
    is_own = risk.decided_by_id == risk.user_id
    if is_own and state == RiskState.ACTED_ON:
        if risk.response == Response.STEP_UP:
            return gettext("%(name)s proved that it was them") % who
        return gettext("%(name)s said that it was not them") % who
    if state == RiskState.ACTED_ON:
        return gettext("Acted on by %(name)s") % who
    if is_own:
        return gettext("Dismissed: %(name)s said that it was them") % who
    return gettext("Dismissed by %(name)s") % who


def _decider(risk: Any) -> str:
    """By name only people of the tenant: operators keep theirs."""
    by = risk.decided_by
    if by.is_operator and not risk.decider_is_colleague:
        return gettext("a Latchkey operator")
    return str(by.name)

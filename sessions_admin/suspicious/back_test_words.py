"""What risk rules would have found in the last weeks, as their page tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_admin.risk.rules import ENDING, INTRUSIVE, Rules
from sessions_admin.suspicious.back_test import BackTest, Fired, Person, back_test
from sessions_admin.suspicious.evidence import sentence
from sessions_admin.suspicious.words import DETECTORS

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words

    from tenants.access import CurrentTenant

DAYS = 30
# Once a week is a rule that somebody has to explain to people again and again.
OFTEN = 5
PEOPLE_NAMED = 5


@dataclass(frozen=True, slots=True)
class Example:
    person: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Detected:
    """One detector; `acts` when somebody would have been asked or logged out."""

    name: Words
    count: int
    sentence: str
    acts: bool
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class Trial:
    """A back-test in words."""

    sentence: str
    warnings: list[str]
    detectors: list[Detected]
    limits: str


def trial_of(tenant: CurrentTenant, rules: Rules, *, names_people: bool) -> Trial:
    """Tries the rules on the tenant's last DAYS; without names for those who may not see people."""
    result = back_test(tenant, rules, days=DAYS)
    fired = sorted(result.fired, key=lambda one: one.count, reverse=True)
    return Trial(
        _summary(result, rules),
        [_warning(one) for one in fired if _acts(one, rules) and one.count >= OFTEN],
        [_detected(one, rules, names_people=names_people) for one in fired],
        _limits(result),
    )


def _summary(result: BackTest, rules: Rules) -> str:
    if not result.fired:
        return _("Every detector is off: nothing would have been found.")
    sign_ins = ngettext("%d sign-in", "%d sign-ins", result.sign_ins) % result.sign_ins
    moves = ngettext("%d move", "%d moves", result.moves) % result.moves
    seen = {"sign_ins": sign_ins, "moves": moves}
    if not result.count:
        return _("Nothing would have been found in %(sign_ins)s and %(moves)s.") % seen
    found = ngettext("%d finding", "%d findings", result.count) % result.count
    words = _("%(found)s in %(sign_ins)s and %(moves)s to another address or browser.")
    told = words % {"found": found, **seen}
    if rules.report_only and any(one.response in INTRUSIVE for one in result.fired):
        return told + " " + _("Nobody would have been asked or logged out: report only is on.")
    return told


def _warning(one: Fired) -> str:
    facts = {
        "detector": DETECTORS[one.detector].name,
        "times": _times(one.count),
        "people": _people(len(one.people)),
    }
    if one.response in ENDING:
        words = _("“%(detector)s” would have logged people out %(times)s: %(people)s.")
    else:
        words = _("“%(detector)s” would have asked people for a new proof %(times)s: %(people)s.")
    return words % facts


def _detected(one: Fired, rules: Rules, *, names_people: bool) -> Detected:
    names = {person.id: person.name for person in one.people}
    examples = [
        Example(names[firing.user_id], firing.at, sentence(one.detector, firing.finding.evidence))
        for firing in one.examples
        if names_people
    ]
    return Detected(
        DETECTORS[one.detector].name,
        one.count,
        _fired_words(one, names_people=names_people),
        _acts(one, rules),
        examples,
    )


def _fired_words(one: Fired, *, names_people: bool) -> str:
    """“Would have fired 12 times, for 3 people: Ann Lee (9), …”"""
    if not one.count:
        return _("Would not have fired.")
    words = _("Would have fired %(times)s, for %(people)s") % {
        "times": _times(one.count), "people": _people(len(one.people)),
    }  # fmt: skip
    if not names_people:
        return f"{words}."
    more = len(one.people) - PEOPLE_NAMED
    named = ", ".join(_named(person) for person in one.people[:PEOPLE_NAMED])
    others = ngettext(" and %d more", " and %d more", more) % more if more > 0 else ""
    return f"{words}: {named}{others}."


def _named(person: Person) -> str:
    return f"{person.name} ({person.count})" if person.count > 1 else person.name


def _acts(one: Fired, rules: Rules) -> bool:
    return one.response in INTRUSIVE and not rules.holds_back(one.response)


def _times(count: int) -> str:
    return ngettext("%d time", "%d times", count) % count


def _people(count: int) -> str:
    return ngettext("%d person", "%d people", count) % count


def _limits(result: BackTest) -> str:
    """What the history cannot tell; the numbers are too low, never too high."""
    words = _("The history knows less than the moment itself did: there may have been more.")
    if result.is_complete:
        return words
    return _("Only the newest sessions were looked at.") + " " + words

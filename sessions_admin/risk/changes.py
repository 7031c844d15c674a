"""Detectors of a session that changes hands: another browser, another network."""

import re

from sessions_admin.risk.facts import Event, Finding, History, Occasion, Seen, as_evidence
from sessions_admin.risk.networks import same_site
from sessions_admin.risk.rules import Rules
from sessions_admin.vocabulary import Detector

VERSION = re.compile(r"\s+(\d+)(?:\.\d+)*$")
# “Request desktop site” makes a phone or tablet claim to be a computer, and back.
DESKTOP_SITE = frozenset({frozenset({"Android", "Linux"}), frozenset({"iOS", "macOS"})})


def agent_changed(event: Event, history: History, rules: Rules) -> Finding | None:
    """A live session comes with another browser or system. A newer version of the same is none,
    nor is one that is unknown; an older version is."""
    before, now = _moved(event), event.now
    if before is None or not _is_another_agent(before, now) or rules.trusts(now):
        return None
    thing = " – ".join(sorted((_agent(before), _agent(now))))
    evidence = {"before": as_evidence(before), "now": as_evidence(now)}
    return Finding(Detector.AGENT_CHANGED, thing, evidence)


def network_jump(event: Event, history: History, rules: Rules) -> Finding | None:
    """A live session goes on in another network of another country."""
    before, now = _moved(event), event.now
    if before is None or same_site(before.ip, now.ip):
        return None
    if not (rules.knows_place(before) and rules.knows_place(now)):
        return None
    if not _both_differ(before.country_code, now.country_code):
        return None
    if before.asn is not None and before.asn == now.asn:
        return None
    thing = " – ".join(sorted((before.country_code, now.country_code)))
    evidence = {"before": as_evidence(before), "now": as_evidence(now)}
    return Finding(Detector.NETWORK_JUMP, thing, evidence)


def _moved(event: Event) -> Seen | None:
    """Where the session was, unless the person has just proved who they are."""
    return event.before if event.occasion == Occasion.MOVE else None


def _is_another_agent(before: Seen, now: Seen) -> bool:
    if not (before.browser and now.browser):
        return False
    browser, version = _name_and_version(before.browser)
    new_browser, new_version = _name_and_version(now.browser)
    if browser != new_browser:
        return True
    if _is_another_system(before, now, same_version=version == new_version):
        return True
    return None not in (version, new_version) and (new_version or 0) < (version or 0)


def _is_another_system(before: Seen, now: Seen, *, same_version: bool) -> bool:
    systems = {_name_and_version(before.system)[0], _name_and_version(now.system)[0]}
    if len(systems) == 1 or "" in systems:
        return False
    return not (same_version and frozenset(systems) in DESKTOP_SITE)


def _name_and_version(text: str) -> tuple[str, int | None]:
    """“Firefox 145” is Firefox, 145."""
    found = VERSION.search(text)
    return (text[: found.start()], int(found[1])) if found else (text, None)


def _agent(seen: Seen) -> str:
    names = (_name_and_version(text)[0] for text in (seen.browser, seen.system))
    return " ".join(name for name in names if name)


def _both_differ(one: object, other: object) -> bool:
    return bool(one) and bool(other) and one != other

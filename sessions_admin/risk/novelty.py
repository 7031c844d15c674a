"""What a person had never signed in with before, and the detectors that go by it."""

from datetime import timedelta

from sessions_admin.risk.facts import Event, Finding, History, Occasion, as_evidence
from sessions_admin.risk.networks import same_site
from sessions_admin.risk.rules import Rules
from sessions_admin.vocabulary import Detector, Novelty

# As traits.INACTIVE_AFTER: easily a device that was sold, lost or forgotten.
DORMANT_AFTER = timedelta(days=30)


def novelty_of(event: Event, history: History, rules: Rules) -> frozenset[Novelty]:
    """The first sign-in ever is not new: there is nothing that it differs from. Nor is one of
    which neither address nor user agent is known: it came by no browser."""
    now = event.now
    is_unknown = now.ip is None and not now.user_agent
    if not history.signed_in_before or is_unknown or rules.trusts(now):
        return frozenset()
    known_place = rules.knows_place(now)
    found = {
        Novelty.DEVICE: history.has_devices and not history.device_known,
        Novelty.COUNTRY: known_place and _is_news(now.country_code, history.countries),
        Novelty.NETWORK: known_place and _is_news(now.asn, history.networks),
    }
    return frozenset(one for one, is_new in found.items() if is_new)


def new_device(event: Event, history: History, rules: Rules) -> Finding | None:
    """A sign-in in a browser that this person never signed in with."""
    if event.occasion != Occasion.SIGN_IN:
        return None
    if Novelty.DEVICE not in novelty_of(event, history, rules):
        return None
    thing = f"{event.now.browser} {event.now.system}".strip()
    return Finding(Detector.NEW_DEVICE, thing, {"now": as_evidence(event.now)})


def new_country(event: Event, history: History, rules: Rules) -> Finding | None:
    """A sign-in in a country that this person never signed in from."""
    if event.occasion != Occasion.SIGN_IN:
        return None
    if Novelty.COUNTRY not in novelty_of(event, history, rules):
        return None
    now = event.now
    return Finding(Detector.NEW_COUNTRY, now.country_code, {"now": as_evidence(now)})


def dormant_return(event: Event, history: History, rules: Rules) -> Finding | None:
    """A session, or at sign-in an account, that nobody used for long is used from a new place."""
    since = event.before.at if event.before else history.last_active_at
    if (
        since is None
        or event.now.at - since < DORMANT_AFTER
        or not _is_elsewhere(event, history, rules)
    ):
        return None
    evidence = {
        "now": as_evidence(event.now),
        "days": (event.now.at - since).days,
        "occasion": str(event.occasion),
    } | ({"before": as_evidence(event.before)} if event.before else {})
    return Finding(Detector.DORMANT_RETURN, event.now.country_code, evidence)


def _is_elsewhere(event: Event, history: History, rules: Rules) -> bool:
    """Another country or network, as far as both are known."""
    now, before = event.now, event.before
    if before is None:
        return bool(novelty_of(event, history, rules) & {Novelty.COUNTRY, Novelty.NETWORK})
    if not (rules.knows_place(now) and rules.knows_place(before)) or same_site(now.ip, before.ip):
        return False
    countries = frozenset({before.country_code} - {""})
    networks = frozenset({before.asn} - {None})
    return _is_news(now.country_code, countries) or _is_news(now.asn, networks)


def _is_news[T: (str, int, int | None)](value: T, known: frozenset[T]) -> bool:
    """Nothing is news to somebody of whom nothing is known, nor is the unknown."""
    return bool(value and known) and value not in known

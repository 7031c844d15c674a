"""The detector of a password that was guessed."""

from datetime import timedelta

from sessions_admin.risk.facts import Event, Finding, History, Occasion, as_evidence
from sessions_admin.risk.rules import Rules
from sessions_admin.vocabulary import Detector

# People mistype a password two or three times, and then ask for a new one.
BURST = 5
BURST_WITHIN = timedelta(minutes=30)


def guessed_password(event: Event, history: History, rules: Rules) -> Finding | None:
    """Many failed attempts, then a success in a browser that this person never signed in with.

    On a known device it is the person who mistyped, or who comes while somebody else guesses.
    """
    now = event.now
    if event.occasion != Occasion.SIGN_IN or history.device_known or rules.trusts(now):
        return None
    earliest = now.at - BURST_WITHIN
    burst = [
        one for one in history.failures
        if earliest <= one.at <= now.at and not rules.trusted.contains(one.ip)
    ]  # fmt: skip
    if len(burst) < BURST:
        return None
    seconds = round((now.at - min(one.at for one in burst)).total_seconds())
    evidence = {
        "now": as_evidence(now),
        "failures": len(burst),
        "addresses": len({one.ip for one in burst}),
        "seconds": seconds,
    }
    return Finding(Detector.GUESSED_PASSWORD, str(now.ip or ""), evidence)

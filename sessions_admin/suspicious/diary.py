"""One person's stored sign-ins and moves, judged in the order in which they happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sessions_admin.risk.facts import Event, Failure, Finding, History, Occasion, Seen
from sessions_admin.risk.guessing import BURST_WITHIN
from sessions_admin.risk.judging import judge
from sessions_admin.risk.rules import INTRUSIVE, Rules, doomed

# As many as seen.MOST_OTHERS and the rate limit let the detectors see.
MOST_OTHERS = 100
MOST_FAILURES = 100
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stay:
    """A session in one place: `seen.at` is its first moment there."""

    seen: Seen
    until: datetime  # the last moment that is known
    is_sign_in: bool
    ended_at: datetime | None  # of the session
    is_new_device: bool = False

    def as_known_at(self, moment: datetime) -> Seen:
        """As it was last seen before the moment, as far as that is certain."""
        return replace(self.seen, at=self.until) if self.until <= moment else self.seen


@dataclass(frozen=True, slots=True)
class Attempt:
    """A line of the login history."""

    at: datetime
    succeeded: bool
    ip: str | None
    country_code: str
    asn: int | None


@dataclass(frozen=True, slots=True)
class Firing:
    """A detector would have fired."""

    at: datetime
    user_id: Any
    finding: Finding


def fire(
    user_id: Any, stays: list[Stay], attempts: list[Attempt], rules: Rules, since: datetime
) -> Iterator[Firing]:
    """Each time from `since` on, once within the cool-down unless somebody were asked or ended."""
    diary = Diary(sorted(attempts, key=lambda one: one.at))
    told: dict[tuple[str, str], datetime] = {}
    for stay in sorted(stays, key=lambda one: one.seen.at):
        at = stay.seen.at
        event, history = diary.turn_to(stay)
        if event is None or at < since:
            continue
        for finding in judge(event, history, rules).findings:
            response = rules.response(finding.detector)
            diary.end(doomed(response, event.now.session, finding.other))
            thing = (str(finding.detector), finding.thing)
            if response in INTRUSIVE or at - told.get(thing, LONG_AGO) >= rules.cool_down:
                told[thing] = at
                yield Firing(at, user_id, finding)


class Diary:
    """What was known of the person, as the days go by."""

    def __init__(self, attempts: list[Attempt]) -> None:
        self._attempts = deque(attempts)
        self._latest: dict[UUID, Stay] = {}  # of each session that may be live, last moved last
        self._ended: set[UUID] = set()
        self._failures: deque[Failure] = deque(maxlen=MOST_FAILURES)
        self._countries: set[str] = set()
        self._networks: set[int] = set()
        self._last_used_at: datetime | None = None
        self._signed_in = False

    def turn_to(self, stay: Stay) -> tuple[Event | None, History]:
        """The next stay, and what was known before it; no event for a session that had ended."""
        session, now = stay.seen.session, stay.seen.at
        if session in self._ended:
            return None, History()
        self._read_attempts(now)
        before = self._latest.pop(session, None)
        history = self._history(stay, now)
        self._latest[session] = stay
        self._last_used_at = now
        occasion = Occasion.SIGN_IN if stay.is_sign_in else Occasion.MOVE
        event = Event(occasion, stay.seen, before.as_known_at(now) if before else None)
        return event, history

    def end(self, sessions: set[UUID]) -> None:
        """The rules would have ended them: what they did after did not happen."""
        self._ended |= sessions
        for session in sessions:
            self._latest.pop(session, None)

    def _read_attempts(self, until: datetime) -> None:
        """Those before the sign-in itself, which is noted a moment after the session began."""
        while self._attempts and self._attempts[0].at < until:
            attempt = self._attempts.popleft()
            if not attempt.succeeded:
                self._failures.append(Failure(attempt.at, attempt.ip))
                continue
            self._signed_in = True
            self._countries |= {attempt.country_code} - {""}
            self._networks |= {attempt.asn} - {None}  # type: ignore[arg-type]

    def _history(self, stay: Stay, now: datetime) -> History:
        over = [key for key, one in self._latest.items() if one.ended_at and one.ended_at <= now]
        for key in over:
            self._note_use(self._latest.pop(key).until)
        others = [
            one.as_known_at(now) for one in islice(reversed(self._latest.values()), MOST_OTHERS)
        ]
        return History(
            others=tuple(others),
            signed_in_before=self._signed_in,
            last_active_at=max(
                [one.at for one in others] + ([self._last_used_at] if self._last_used_at else []),
                default=None,
            ),
            countries=frozenset(self._countries),
            networks=frozenset(self._networks),
            has_devices=True,
            device_known=not stay.is_new_device,
            failures=tuple(one for one in self._failures if one.at >= now - BURST_WITHIN),
        )

    def _note_use(self, at: datetime) -> None:
        self._last_used_at = max(at, self._last_used_at or at)

"""The rules of a session's life, as pure functions: facts and policy in, a verdict out.

Deadlines are computed and never stored, so a changed setting applies to live sessions at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sessions_admin.vocabulary import AtLimit, EndReason

# What "off" means for the idle timeout: nobody stays signed in for ever on a lost device.
IDLE_TIMEOUT_OFF = timedelta(hours=24)
# last_seen_at moves at most this often: one write a minute for somebody who clicks all day.
TOUCH_AT_MOST_EVERY = timedelta(seconds=60)
# ... and often enough that a short idle timeout is honest: a tenth of it at the most.
TOUCHES_PER_IDLE_TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class Policy:
    """What applies now, switches resolved: None means no limit."""

    idle_timeout: timedelta = IDLE_TIMEOUT_OFF
    absolute_timeout: timedelta | None = None
    max_live_sessions: int | None = None
    at_limit: AtLimit = AtLimit.END_OLDEST
    # An app's session has it as its explicit cap; here it is for seeing what a change would do.
    refresh_token_lifetime: timedelta | None = field(default=None, compare=False)
    # Sessions that started before this moment are over, whatever their number: O(1) bulk ending.
    ended_before: datetime | None = None
    ended_before_reason: EndReason = EndReason.REVOKED_BY_OPERATOR


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one session that nobody has ended."""

    started_at: datetime
    authenticated_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None = None  # an explicit cap (Django's set_expiry), rarely there
    user_active: bool = True
    tenant_active: bool = True
    member: bool = True
    # A support session stands on two others, and on the right of who asked for it.
    backed: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The session is over: why, and since when."""

    reason: EndReason
    at: datetime


def verdict(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    """None for a live session; otherwise why it is over and the true moment that it ended."""
    if lost := lost_access(facts, policy):
        return Verdict(lost, now)
    first = deadline(facts, policy)
    if now < first.at:
        return None
    # A new policy may have had its deadline before a session that came from another tenant began.
    return Verdict(first.reason, max(first.at, facts.started_at))


def lost_access(facts: Facts, policy: Policy) -> EndReason | None:
    """Why the session may go on no longer whatever the time, if so."""
    if not facts.user_active:
        return EndReason.USER_DISABLED
    if not facts.tenant_active:
        return EndReason.TENANT_SUSPENDED
    if not facts.member:
        return EndReason.MEMBERSHIP_REMOVED
    if not facts.backed:
        return EndReason.SUPPORT_ENDED
    if policy.ended_before and facts.started_at < policy.ended_before:
        return policy.ended_before_reason
    return None


def deadline(facts: Facts, policy: Policy) -> Verdict:
    """The deadline that will bite first if the person does nothing."""
    return min(deadlines(facts, policy), key=lambda limit: limit.at)


def deadlines(facts: Facts, policy: Policy) -> Iterator[Verdict]:
    """All deadlines of the session; on a tie the first one named is the reason."""
    if limit := absolute_deadline(facts, policy):
        yield limit
    yield Verdict(EndReason.IDLE_TIMEOUT, facts.last_seen_at + policy.idle_timeout)


def absolute_deadline(facts: Facts, policy: Policy) -> Verdict | None:
    """The moment that no activity moves: Force re-login, or an explicit cap."""
    moments = [facts.expires_at] if facts.expires_at else []
    if policy.absolute_timeout is not None:
        moments.append(facts.authenticated_at + policy.absolute_timeout)
    return Verdict(EndReason.ABSOLUTE_TIMEOUT, min(moments)) if moments else None


def touch_interval(policy: Policy) -> timedelta:
    """How old last_seen_at may get before an active request moves it."""
    return min(TOUCH_AT_MOST_EVERY, policy.idle_timeout / TOUCHES_PER_IDLE_TIMEOUT)


@dataclass(frozen=True, slots=True)
class Contender:
    """A live session that counts towards the limit."""

    id: UUID
    started_at: datetime
    last_seen_at: datetime


class LimitReachedError(Exception):
    """One more session would be too many, and the policy ends none by itself."""


class SignInEndedError(Exception):
    """The sign-in succeeded and the risk rules ended its session at once."""


def make_room(live: Sequence[Contender], policy: Policy, *, arriving: int = 1) -> list[UUID]:
    """The sessions to end so that `arriving` more fit in.

    LimitReachedError: the policy ends none by itself.
    """
    if policy.max_live_sessions is None:
        return []
    excess = len(live) + arriving - policy.max_live_sessions
    if excess <= 0:
        return []
    if policy.at_limit in {AtLimit.DENY, AtLimit.ASK} and arriving:
        raise LimitReachedError
    return [contender.id for contender in leaving_first(live, policy.at_limit)[:excess]]


def leaving_first(live: Iterable[Contender], at_limit: AtLimit) -> list[Contender]:
    """In the order in which the limit ends them; ids break ties, so every caller agrees."""
    if at_limit == AtLimit.END_LEAST_RECENTLY_USED:
        return sorted(live, key=lambda contender: (contender.last_seen_at, contender.id))
    return sorted(live, key=lambda contender: (contender.started_at, contender.id))

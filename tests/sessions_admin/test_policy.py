"""The rules of a session's life, by tables."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sessions_admin.policy import (
    IDLE_TIMEOUT_OFF,
    Contender,
    Facts,
    LimitReachedError,
    Policy,
    Verdict,
    deadline,
    make_room,
    touch_interval,
    verdict,
)
from sessions_admin.vocabulary import AtLimit, EndReason, Initiator

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def facts(*, started=HOUR, signed_in=HOUR, seen=MINUTE, **others) -> Facts:
    """A session that started, proved itself and was seen this long ago."""
    return Facts(NOW - started, NOW - signed_in, NOW - seen, **others)


@pytest.mark.parametrize(
    ("session", "policy", "expected"),
    [
        (facts(), Policy(), None),
        # idle: on, off, and exactly at the deadline
        (facts(seen=29 * MINUTE), Policy(idle_timeout=30 * MINUTE), None),
        (facts(seen=30 * MINUTE), Policy(idle_timeout=30 * MINUTE), (EndReason.IDLE_TIMEOUT, NOW)),
        (
            facts(seen=50 * MINUTE),
            Policy(idle_timeout=30 * MINUTE),
            (EndReason.IDLE_TIMEOUT, NOW - 20 * MINUTE),
        ),
        (facts(seen=IDLE_TIMEOUT_OFF - MINUTE), Policy(), None),
        (facts(seen=IDLE_TIMEOUT_OFF), Policy(), (EndReason.IDLE_TIMEOUT, NOW)),
        # force re-login: counts from the last sign-in and no activity moves it
        (facts(signed_in=13 * DAY), Policy(absolute_timeout=14 * DAY), None),
        (
            facts(signed_in=14 * DAY, seen=MINUTE),
            Policy(absolute_timeout=14 * DAY),
            (EndReason.ABSOLUTE_TIMEOUT, NOW),
        ),
        (facts(started=90 * DAY, signed_in=HOUR), Policy(absolute_timeout=14 * DAY), None),
        # the earlier deadline is the reason; on a tie the absolute one
        (
            facts(started=3 * HOUR, signed_in=3 * HOUR, seen=2 * HOUR),
            Policy(idle_timeout=HOUR, absolute_timeout=HOUR),
            (EndReason.ABSOLUTE_TIMEOUT, NOW - 2 * HOUR),
        ),
        (
            facts(signed_in=2 * HOUR, seen=2 * HOUR),
            Policy(idle_timeout=HOUR, absolute_timeout=HOUR),
            (EndReason.ABSOLUTE_TIMEOUT, NOW - HOUR),
        ),
        # a session that came from another tenant does not end before it began there
        (
            facts(started=MINUTE, signed_in=3 * HOUR),
            Policy(absolute_timeout=HOUR),
            (EndReason.ABSOLUTE_TIMEOUT, NOW - MINUTE),
        ),
        # an explicit cap
        (facts(expires_at=NOW + MINUTE), Policy(), None),
        (facts(expires_at=NOW), Policy(), (EndReason.ABSOLUTE_TIMEOUT, NOW)),
        # access lost, whatever the time
        (facts(user_active=False), Policy(), (EndReason.USER_DISABLED, NOW)),
        (facts(tenant_active=False), Policy(), (EndReason.TENANT_SUSPENDED, NOW)),
        (facts(member=False), Policy(), (EndReason.MEMBERSHIP_REMOVED, NOW)),
        # the epoch: strictly before it is over, at it and after it lives
        (facts(started=HOUR), Policy(ended_before=NOW - HOUR), None),
        (
            facts(started=HOUR + MINUTE),
            Policy(ended_before=NOW - HOUR, ended_before_reason=EndReason.REVOKED_BY_ADMIN),
            (EndReason.REVOKED_BY_ADMIN, NOW),
        ),
    ],
)
def test_it_decides_whether_a_session_is_over(session, policy, expected):
    assert verdict(session, policy, NOW) == (expected and Verdict(*expected))


def test_the_deadline_names_what_bites_first():
    session = facts(signed_in=HOUR, seen=MINUTE)
    policy = Policy(idle_timeout=30 * MINUTE, absolute_timeout=8 * HOUR)
    assert deadline(session, policy) == Verdict(EndReason.IDLE_TIMEOUT, NOW + 29 * MINUTE)


@pytest.mark.parametrize(
    ("idle", "interval"),
    [
        (timedelta(hours=24), timedelta(seconds=60)),
        (timedelta(minutes=10), timedelta(seconds=60)),
        (timedelta(minutes=5), timedelta(seconds=30)),
    ],
)
def test_last_seen_moves_often_enough_for_a_short_timeout(idle, interval):
    assert touch_interval(Policy(idle_timeout=idle)) == interval


def contender(number: int, *, started: int, seen: int) -> Contender:
    return Contender(UUID(int=number), NOW - started * MINUTE, NOW - seen * MINUTE)


LIVE = [
    contender(1, started=10, seen=1),
    contender(2, started=30, seen=2),
    contender(3, started=20, seen=9),
]


@pytest.mark.parametrize(
    ("at_limit", "maximum", "leaving"),
    [
        (AtLimit.END_OLDEST, None, []),
        (AtLimit.END_OLDEST, 4, []),
        (AtLimit.END_OLDEST, 3, [2]),
        (AtLimit.END_OLDEST, 1, [2, 3, 1]),
        (AtLimit.END_LEAST_RECENTLY_USED, 3, [3]),
        (AtLimit.END_LEAST_RECENTLY_USED, 2, [3, 2]),
        (AtLimit.DENY, 4, []),
        (AtLimit.ASK, 4, []),
    ],
)
def test_it_makes_room_for_one_more(at_limit, maximum, leaving):
    policy = Policy(max_live_sessions=maximum, at_limit=at_limit)
    assert [contender_id.int for contender_id in make_room(LIVE, policy)] == leaving


@pytest.mark.parametrize("at_limit", [AtLimit.DENY, AtLimit.ASK])
def test_it_lets_nobody_in_where_none_may_be_ended(at_limit):
    with pytest.raises(LimitReachedError):
        make_room(LIVE, Policy(max_live_sessions=3, at_limit=at_limit))


@pytest.mark.parametrize("at_limit", list(AtLimit))
def test_a_lowered_limit_ends_the_excess_whatever_the_behaviour(at_limit):
    policy = Policy(max_live_sessions=1, at_limit=at_limit)
    assert len(make_room(LIVE, policy, arriving=0)) == 2


def test_each_reason_has_one_initiator():
    assert {reason.initiator for reason in EndReason} <= set(Initiator)
    assert EndReason.REVOKED_BY_ADMIN.initiator == Initiator.ADMIN

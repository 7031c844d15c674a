"""The drawing of how long sessions have been idle."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from sessions_admin.policy import IDLE_TIMEOUT_OFF, Policy
from sessions_admin.session_settings.idle_histogram import (
    HEIGHT,
    LEAST_HEIGHT,
    SLOT,
    idle_histogram,
)
from sessions_admin.session_settings.impact import IDLE_AGES, impact_of
from tests.holdings import hold

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.django_db
def test_every_live_session_is_in_one_bar(cast):
    with time_machine.travel(timezone.now(), tick=False):
        for idle in (MINUTE, 5 * MINUTE, 14 * MINUTE, HOUR, 7 * HOUR, 9 * HOUR, 23 * HOUR):
            hold(cast.member, cast.acme, age=48 * HOUR, idle=idle)
        hold(cast.member, cast.acme, age=48 * HOUR, idle=25 * HOUR)  # over
        mine = hold(cast.admin, cast.acme, age=2 * HOUR, idle=40 * MINUTE)  # active by asking
        impact = impact_of(Policy(), cast.acme, using=mine.pk)
    assert impact.idle_ages == [2, 2, 0, 0, 1, 0, 1, 2]
    assert sum(impact.idle_ages) == impact.sessions
    assert IDLE_AGES[-1] == IDLE_TIMEOUT_OFF  # nothing live is older


@pytest.mark.parametrize(
    ("timeout", "x"),
    [
        (5 * MINUTE, SLOT),
        (10 * MINUTE, 1.5 * SLOT),
        (90 * MINUTE, 4.5 * SLOT),
        (24 * HOUR, 8 * SLOT),
        (90 * 24 * HOUR, 8 * SLOT),
    ],
)
def test_the_timeout_stands_where_it_cuts(timeout, x):
    histogram = idle_histogram([1] * 8, timeout)
    assert histogram.timeout_x == x
    assert histogram.width == 8 * SLOT
    assert [bar.ends for bar in histogram.bars] == [bar.x >= x for bar in histogram.bars]


def test_bars_are_as_high_as_their_numbers():
    bars = idle_histogram([0, 1, 500, 1000, 0, 0, 0, 0], HOUR).bars
    assert [bar.height for bar in bars[:4]] == [0, LEAST_HEIGHT, HEIGHT / 2, HEIGHT]
    assert [bar.label for bar in bars[:2]] == ["less than 5 min", "5 min – 15 min"]


def test_a_tenant_without_sessions_has_a_drawing_too():
    assert all(bar.height == 0 for bar in idle_histogram([0] * 8, HOUR).bars)

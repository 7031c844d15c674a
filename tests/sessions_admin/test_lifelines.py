"""How long a session has got, as a drawing and in words."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.review.lifelines import (
    LEAST_LEFT,
    WIDTH,
    duration_words,
    ending_words,
    lifeline,
    moment_words,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def session(*, age=HOUR, left=30 * MINUTE, limit=None, cap=None):
    """A live session that ends in `left` and has a limit in `limit`, both from now."""
    absolute = NOW + limit if limit is not None else NEVER
    return SimpleNamespace(
        started_at=NOW - age,
        deadline=min(NOW + left, absolute),
        absolute_deadline=absolute,
        expires_at=NOW + cap if cap else None,
    )


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (session(left=26 * MINUTE), "Ends in 26 min if idle"),
        (
            session(left=26 * MINUTE, limit=6 * DAY),
            "Ends in 26 min if idle, at the latest 26 Nov, 12:00 (Force re-login)",
        ),
        (
            session(left=8 * HOUR, limit=3 * HOUR),
            "Ends in 3 hours, on 20 Nov, 15:00 (Force re-login)",
        ),
        (
            session(left=8 * HOUR, limit=60 * DAY),
            "Ends in 8 hours if idle, at the latest 19 Jan 2027, 12:00 (Force re-login)",
        ),
        (
            session(left=8 * HOUR, limit=HOUR, cap=HOUR),
            "Ends in 60 min, on 20 Nov, 13:00 (a limit of this session)",
        ),
    ],
)
def test_the_words_name_what_bites_first(held, words):
    with timezone.override("UTC"):
        assert ending_words(held, NOW) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(seconds=-5), "less than a minute"),
        (MINUTE, "1 min"),
        (119 * MINUTE, "119 min"),
        (2 * HOUR, "2 hours"),
        (47 * HOUR, "47 hours"),
        (14 * DAY, "14 days"),
        (90 * DAY, "90 days"),
    ],
)
def test_a_duration_is_one_number_and_a_unit(duration, words):
    assert duration_words(duration) == words


def test_a_moment_is_told_in_the_time_zone_of_the_reader():
    with timezone.override("Asia/Tokyo"):
        assert moment_words(NOW, NOW) == "20 Nov, 21:00"


spans = st.timedeltas(min_value=timedelta(0), max_value=400 * DAY)


@given(age=spans, left=spans, limit=st.none() | spans)
def test_the_drawing_never_leaves_its_frame(age, left, limit):
    line = lifeline(session(age=age, left=left, limit=limit), NOW)
    assert 0 < line.now <= WIDTH - LEAST_LEFT
    assert line.now < line.deadline <= WIDTH
    assert line.has_limit is (limit is not None)


def test_the_drawing_is_to_scale():
    line = lifeline(session(age=5 * DAY, left=DAY, limit=5 * DAY), NOW)
    assert (line.now, line.deadline) == (WIDTH / 2, WIDTH * 6 / 10)

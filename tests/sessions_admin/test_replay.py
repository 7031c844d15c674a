"""What settings would have done in the last 30 days."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.policy import Policy
from sessions_admin.session_settings.replay import (
    SESSIONS_AT_MOST,
    Replay,
    Stay,
    crowded_out,
    replay,
)
from sessions_admin.session_settings.words import replay_in_words
from sessions_admin.vocabulary import AtLimit, EndReason
from tests.holdings import hold

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
IDLE, FORCED, LIMIT = (
    EndReason.IDLE_TIMEOUT, EndReason.ABSOLUTE_TIMEOUT, EndReason.CONCURRENCY_LIMIT,
)  # fmt: skip
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def past(user, tenant, *, began, lasted, idle=0 * HOUR, **columns):
    """A session that began so long ago and ended after it lasted; unused for a while by then."""
    row = hold(user, tenant, age=began, idle=began - lasted + idle, **columns)
    row.ended_at, row.end_reason = timezone.now() - began + lasted, EndReason.LOGGED_OUT
    row.save()
    return row


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(timezone.now(), tick=False):
        yield


def told(cast, **policy) -> dict[EndReason, int]:
    return dict(replay(Policy(**policy), cast.acme).reasons)


@pytest.mark.django_db
def test_what_lasted_longer_than_the_timeouts_counts(cast):
    past(cast.member, cast.acme, began=5 * DAY, lasted=9 * HOUR)
    past(cast.member, cast.acme, began=4 * DAY, lasted=8 * HOUR)  # to the minute
    past(cast.owner, cast.acme, began=3 * DAY, lasted=2 * HOUR, idle=HOUR)
    past(cast.owner, cast.acme, began=60 * DAY, lasted=20 * DAY)  # longer ago
    past(cast.outsider, cast.globex, began=3 * DAY, lasted=20 * HOUR)  # somebody else's
    hold(cast.admin, cast.acme, age=2 * DAY)  # is still open
    assert told(cast, absolute_timeout=8 * HOUR) == {FORCED: 2}
    assert told(cast, idle_timeout=30 * MINUTE) == {IDLE: 1}
    found = replay(Policy(idle_timeout=30 * MINUTE, absolute_timeout=8 * HOUR), cast.acme)
    assert (found.sessions, found.people, found.is_complete) == (3, 3, True)
    assert found.half_within == 8 * HOUR


@pytest.mark.django_db
def test_of_two_timeouts_the_first_is_the_reason(cast):
    past(cast.member, cast.acme, began=5 * DAY, lasted=9 * HOUR, idle=4 * HOUR)
    assert told(cast, idle_timeout=HOUR, absolute_timeout=6 * HOUR) == {FORCED: 1}
    assert told(cast, idle_timeout=HOUR, absolute_timeout=7 * HOUR) == {IDLE: 1}


@pytest.mark.django_db
def test_the_limit_counts_what_was_open_at_once(cast):
    past(cast.member, cast.acme, began=20 * DAY, lasted=19 * DAY)
    for day in range(2, 12):  # one a day beside it, never two
        past(cast.member, cast.acme, began=day * DAY, lasted=HOUR)
    assert told(cast, max_live_sessions=2) == {}
    found = replay(Policy(max_live_sessions=1), cast.acme)
    assert found.reasons == {LIMIT: 1}  # the long one, at the first of the days
    assert (found.sessions, found.people) == (1, 1)


@pytest.mark.django_db
def test_a_session_counts_once_whatever_would_have_ended_it(cast):
    past(cast.member, cast.acme, began=5 * DAY, lasted=4 * DAY)
    past(cast.member, cast.acme, began=5 * DAY - HOUR, lasted=2 * HOUR)
    found = replay(Policy(absolute_timeout=3 * HOUR, max_live_sessions=1), cast.acme)
    assert found.reasons == {FORCED: 1}
    assert (found.sessions, found.people) == (1, 1)


@pytest.mark.django_db
def test_it_takes_one_statement_and_with_a_limit_three(cast, django_assert_num_queries):
    for day in range(1, 9):
        past(cast.member, cast.acme, began=9 * DAY, lasted=day * DAY)
    with django_assert_num_queries(1):
        replay(Policy(), cast.acme)
    with django_assert_num_queries(3):
        assert told(cast, max_live_sessions=1) == {LIMIT: 7}


# Minutes: begin and length.
spans = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), max_size=8)


@given(spans, st.integers(1, 3), st.sampled_from([AtLimit.END_OLDEST, AtLimit.DENY]))
def test_without_those_that_leave_nobody_ever_has_too_many(spans, limit, at_limit):
    stays = [
        Stay(EPOCH + begin * MINUTE, EPOCH + (begin + length) * MINUTE, was_cut=False)
        for begin, length in spans
    ]
    out = crowded_out(stays, limit, at_limit)
    staying = [stay for stay in stays if not any(stay is one for one in out)]
    for minute in range(41):
        at = EPOCH + minute * MINUTE
        assert sum(stay.started_at <= at < stay.until for stay in staying) <= limit
        everybody = sum(stay.started_at <= at < stay.until for stay in stays)
        assert everybody <= limit or out  # and none leaves without need
    if max((sum(s.started_at <= o.started_at < s.until for s in stays) for o in stays),
           default=0) <= limit:  # fmt: skip
        assert not out


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Replay(0, 0, {}, None, is_complete=True), "would have ended no session early"),
        (
            Replay(112, 40, {IDLE: 80, FORCED: 30, LIMIT: 2}, 8 * HOUR, is_complete=True),
            "In the last 30 days they would have ended 112 sessions of 40 people early: "
            "80 left idle, 30 signed in for too long, 2 above the limit. "
            "Half of them within 8 hours of the sign-in.",
        ),
        (
            Replay(1, 1, {FORCED: 1}, DAY, is_complete=False),
            "they would have ended at least 1 session of 1 person early",
        ),
    ],
)
def test_in_words(found, words):
    with translation.override("en"):
        assert words in replay_in_words(found)


@pytest.mark.django_db
def test_there_is_a_bound(cast, monkeypatch):
    monkeypatch.setattr("sessions_admin.session_settings.replay.SESSIONS_AT_MOST", 3)
    for day in range(1, 9):
        past(cast.member, cast.acme, began=9 * DAY, lasted=day * DAY)
    found = replay(Policy(absolute_timeout=HOUR), cast.acme)
    assert (found.sessions, found.is_complete) == (3, False)
    assert SESSIONS_AT_MOST >= 100_000


# --- the page ------------------------------------------------------------------------------------

FIELDS = {"absolute_timeout_enabled": "on", "absolute_timeout_value": "8",
          "absolute_timeout_unit": "hours", "refresh_token_lifetime": "8"}  # fmt: skip


@pytest.mark.django_db
def test_the_page_asks_for_it_beside_the_preview(cast, browser_of):
    past(cast.member, cast.acme, began=5 * DAY, lasted=9 * HOUR)
    browser = browser_of(cast.admin)
    htmx = {"HX-Request": "true"}
    preview = browser.post("/settings/sessions/preview/", FIELDS, headers=htmx).text
    assert 'hx-post="/settings/sessions/replay/"' in preview
    assert "1 session of 1 person early" not in preview
    found = browser.post("/settings/sessions/replay/", FIELDS, headers=htmx)
    assert "1 session of 1 person early" in found.text
    assert not browser.post("/settings/sessions/replay/", {"idle_timeout_enabled": "on",
                            "idle_timeout_value": "x"}, headers=htmx).text.strip()  # fmt: skip


@pytest.mark.django_db
def test_without_script_the_preview_has_it(cast, browser_of):
    past(cast.member, cast.acme, began=5 * DAY, lasted=9 * HOUR)
    page = browser_of(cast.admin).post("/settings/sessions/preview/", FIELDS).text
    assert "1 session of 1 person early" in page
    assert 'hx-post="/settings/sessions/replay/"' not in page


@pytest.mark.django_db
def test_looking_back_is_no_activity(cast, browser_of):
    browser = browser_of(cast.admin)
    before = browser.session_row.last_seen_at
    with time_machine.travel(timezone.now() + 5 * MINUTE, tick=False):
        browser.post("/settings/sessions/replay/", FIELDS)
        assert browser.session_row.last_seen_at == before

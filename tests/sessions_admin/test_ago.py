"""How long ago something was: one unit, which fits a column."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone, translation

from sessions_admin.templatetags.ago import ago

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):  # a request of a test before may have left its own
        yield


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (0 * MINUTE, "just now"), (0.9 * MINUTE, "just now"), (MINUTE, "a minute ago"),
        (26 * MINUTE, "26 minutes ago"), (23.9 * HOUR, "23 hours ago"), (30 * HOUR, "1 day ago"),
        (13 * DAY, "13 days ago"), (14 * DAY, "2 weeks ago"), (59 * DAY, "8 weeks ago"),
        (60 * DAY, "2 months ago"), (729 * DAY, "24 months ago"), (730 * DAY, "2 years ago"),
    ],
)  # fmt: skip
def test_it_tells_one_unit_of_which_there_are_two(passed, words):
    with time_machine.travel("2026-11-21 08:00Z", tick=False):
        assert ago(timezone.now() - passed).replace("\xa0", " ") == words


def test_what_is_to_come_is_not_ago():
    with time_machine.travel("2026-11-21 08:00Z", tick=False):
        assert ago(timezone.now() + HOUR).replace("\xa0", " ") == "an hour from now"


def test_german_declines():
    with translation.override("de"), time_machine.travel("2026-11-21 08:00Z", tick=False):
        assert ago(timezone.now() - 11 * DAY).replace("\xa0", " ") == "vor 11 Tagen"

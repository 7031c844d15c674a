"""How long the live sessions have been idle, as a drawing: where an idle timeout would cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext

from sessions_admin.session_settings.impact import IDLE_AGES
from sessions_admin.session_settings.words import between, in_short

# In the units of the drawing; session_settings_histogram.html draws by them.
SLOT = 30
GAP = 4
HEIGHT = 64
LEAST_HEIGHT = 2  # one session among thousands is still to be seen


@dataclass(frozen=True, slots=True)
class Bar:
    """The sessions that were last used between two ages."""

    label: str
    number: int
    x: int
    y: float
    height: float
    ends: bool  # all of them are beyond the timeout


@dataclass(frozen=True, slots=True)
class Histogram:
    bars: list[Bar]
    timeout: str
    timeout_x: float
    ticks: list[tuple[int, str]]

    @property
    def width(self) -> int:
        return SLOT * len(self.bars)


def idle_histogram(numbers: Sequence[int], timeout: timedelta) -> Histogram:
    """The drawing of Impact.idle_ages; ages beyond the last are in no live session."""
    edges = [timedelta(), *IDLE_AGES]
    tallest = max([*numbers, 1])
    bars = []
    for index, number in enumerate(numbers):
        height = max(HEIGHT * number / tallest, LEAST_HEIGHT) if number else 0
        bars.append(
            Bar(
                label=between(edges[index], edges[index + 1]) if index else _first(edges[1]),
                number=number,
                x=SLOT * index + GAP // 2,
                y=round(HEIGHT - height, 1),
                height=round(height, 1),
                ends=edges[index] >= timeout,
            )
        )
    return Histogram(bars, in_short(timeout), _along(timeout, edges), _ticks())


def _first(age: timedelta) -> str:
    return gettext("less than %(time)s") % {"time": in_short(age)}


def _along(timeout: timedelta, edges: Sequence[timedelta]) -> float:
    """Each slot is as wide as the next, however long its time."""
    for index, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
        if timeout <= end:
            return round(SLOT * (index + (timeout - start) / (end - start)), 1)
    return float(SLOT * (len(edges) - 1))


def _ticks() -> list[tuple[int, str]]:
    """Every other edge: there is no room for more."""
    return [(SLOT * (index + 1), in_short(age)) for index, age in enumerate(IDLE_AGES) if index % 2]

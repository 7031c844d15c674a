"""Measuring: CPU time in interleaved rounds, and what does not depend on the machine's mood."""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.stacks import Stack

# Before anything is counted: import caches, the driver's prepared statement, the plan.
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU microseconds a request: of this process, and of PostgreSQL's for our connection."""

    application: float
    database: float

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.application - other.application, self.database - other.database)


@dataclass(frozen=True, slots=True)
class Tax:
    """What a layer costs above the bare stack: medians of the rounds."""

    cost: Cost
    ratio: float  # of the application's CPU time, to the first layer's


def measure(
    bare: Stack, layers: Sequence[Stack], *, rounds: int, requests: int,
    between: Callable[[], object] = lambda: None,
) -> list[Tax]:  # fmt: skip
    """The tax of each layer; ratios are to the first one.

    Every round asks all of them, so that whatever else the machine does meets all alike; a ratio
    is taken within a round. `between` is called before each round, unmeasured.
    """
    for stack in [bare, *layers]:
        _ask(stack, WARM_UP)
    # The collector stays on: each layer pays for its own garbage and for nothing older.
    gc.collect()
    gc.freeze()
    taxes: list[list[Cost]] = []
    try:
        for _ in range(rounds):
            between()
            costs = [_ask(stack, requests) for stack in [bare, *layers]]
            taxes.append([cost - costs[0] for cost in costs[1:]])
    finally:
        gc.unfreeze()
    return [_median_tax(taxes, index) for index in range(len(layers))]


def statements(stack: Stack) -> list[str]:
    """The first words of the statements of one request."""
    with CaptureQueriesContext(connection) as queries:
        stack.ask()
    return [query["sql"].split(None, 1)[0] for query in queries.captured_queries]


def calls(stack: Stack) -> int:
    """The function calls of one request, of Python and of C: the same at every run."""
    for _ in range(WARM_UP):
        stack.ask()
    counted = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # what it finalises would be counted
    sys.setprofile(count)
    try:
        stack.ask()
    finally:
        sys.setprofile(before)
        gc.enable()
    return counted


def cost_of(ask: Callable[[], object], times: int = 1) -> Cost:
    """Of one of so many requests."""
    database, application = _database_cpu(), time.process_time_ns()
    for _ in range(times):
        ask()
    application = time.process_time_ns() - application
    return Cost(application / times / 1e3, (_database_cpu() - database) / times / 1e3)


def _ask(stack: Stack, requests: int) -> Cost:
    gc.collect()  # what the layer before has left
    return cost_of(stack.ask, requests)


def _database_cpu() -> int:
    """Nanoseconds that the server's process for our connection has used; 0 when nobody tells."""
    if connection.vendor != "postgresql" or connection.connection is None:
        return 0
    statistics = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(statistics.read_text().split()[0]) if statistics.exists() else 0


def _median_tax(taxes: list[list[Cost]], index: int) -> Tax:
    application = median(row[index].application for row in taxes)
    database = median(row[index].database for row in taxes)
    ratio = median(row[index].application / row[0].application for row in taxes)
    return Tax(Cost(application, database), ratio)

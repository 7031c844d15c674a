"""The tables that `make bench` prints."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bench import meter
from bench.bulk import Times
from bench.meter import Tax
from bench.pages import Timing
from bench.served import Speed
from bench.stacks import Stack


def taxes(bare: Stack, layers: Sequence[Stack], taxes: Sequence[Tax]) -> str:
    """What each layer costs above the bare one."""
    floor = meter.calls(bare)
    heads = ["", "tax µs", "ratio", "database µs", "calls", "statements"]
    rows = [
        [
            layer.name,
            f"{tax.cost.application:,.0f}",
            f"{tax.ratio:.2f}",
            f"{tax.cost.database:,.0f}" if tax.cost.database else "–",
            f"{meter.calls(layer) - floor:,}",
            statement_words(meter.statements(layer)),
        ]
        for layer, tax in zip(layers, taxes, strict=True)
    ]
    return _table(heads, rows)


def times(sizes: Sequence[str], measured: Iterable[Times]) -> str:
    heads = ["", "Django", *sizes]
    rows = [[one.name, *map(_milliseconds, (one.djangos, *one.ours))] for one in measured]
    return _table(heads, [row + [""] * (len(heads) - len(row)) for row in rows])


def speeds(speeds: Sequence[Speed]) -> str:
    """Requests through a server."""
    heads = ["", "requests/s", "times", "worker's CPU µs", "times", "ended meanwhile"]
    rows = [
        [
            one.name,
            f"{one.a_second:,.0f}",
            f"{one.times:.1f}",
            f"{one.cpu:,.0f}",
            f"{one.thrift:.1f}",
            f"{one.ended:,}",
        ]
        for one in speeds
    ]
    return _table(heads, rows)


def pages(timings: Sequence[Timing]) -> str:
    """Each page; a mark at those that miss what they are held to."""
    heads = ["", "CPU ms", "ms", "worst", "asked", "at most", ""]
    rows = [
        [
            f"{one.page.who}: {one.page.path}",
            f"{one.cpu:,.0f}",
            f"{one.median:,.0f}",
            f"{one.worst:,.0f}",
            str(one.statements),
            str(one.page.statements),
            "" if one.is_good else f"<<< {one.status}",
        ]
        for one in timings
    ]
    return _table(heads, rows)


def statement_words(statements: Sequence[str]) -> str:
    """“2 SELECT, 1 INSERT”."""
    counted = Counter(statements).items()
    return ", ".join(f"{number} {word}" for word, number in counted) or "no statement"


def _milliseconds(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they must be; words to the left, numbers to the right."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    words = {0, *(column for column, head in enumerate(heads) if head == "statements")}
    return "\n".join(
        "  ".join(
            text.ljust(width) if column in words else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )

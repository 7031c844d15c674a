"""Pages of a long list, cut by the key of a row: page 1,000 costs what page 1 costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from django.core import signing
from django.db.models import F, Model, Q, QuerySet

# A longer cursor is none of ours: names and addresses have bounds.
CURSOR_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """By an expression that is never NULL; the primary key breaks ties, in the same direction."""

    name: str  # a cursor of one order means nothing in another
    by: Any
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page[Row: Model]:
    """Some rows, and the cursors of the pages around them (empty: there is none)."""

    rows: list[Row]
    before: str = ""
    after: str = ""


class UnknownCursorError(Exception):
    """The cursor is none of ours, or of another list."""


def page_after[Row: Model](
    queryset: QuerySet[Row], order: Order, cursor: str, *, size: int
) -> Page[Row]:
    """For programs: the page after the cursor, the first one without. One that leads beyond the
    list (its rows are gone) gives an empty page; UnknownCursorError for one that is none."""
    start = _read(cursor, order) if cursor else None
    if cursor and not start:
        raise UnknownCursorError
    return _page(_keyed(queryset, order), order, start, size)


def page_of[Row: Model](
    queryset: QuerySet[Row], order: Order, query: Mapping[str, str], *, size: int
) -> Page[Row]:
    """The page that `before` or `after` of the URL names; the first one without, or with odd ones.

    Cursors are signed, so what comes back is what went out. One that leads beyond the list (its
    rows are gone) leads to the first page, too.
    """
    keyed = _keyed(queryset, order)
    if start := _read(query.get("before", ""), order):
        page = _page(keyed, order, start, size, towards="before")
    elif start := _read(query.get("after", ""), order):
        page = _page(keyed, order, start, size, towards="after")
    else:
        return _page(keyed, order, None, size)
    return page if page.rows else _page(keyed, order, None, size)


def _keyed[Row: Model](queryset: QuerySet[Row], order: Order) -> QuerySet[Row]:
    key = F(order.by) if isinstance(order.by, str) else order.by
    return cast("QuerySet[Row]", queryset.annotate(page_key=key))


def _page[Row: Model](
    keyed: QuerySet[Row],
    order: Order,
    start: tuple[str, str] | None,
    size: int,
    towards: Literal["before", "after"] = "after",
) -> Page[Row]:
    backwards = towards == "before"
    descending = order.descending != backwards
    sign = "-" if descending else ""
    if start:
        keyed = keyed.filter(_beyond(start, descending=descending))
    rows = list(keyed.order_by(f"{sign}page_key", f"{sign}pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([])
    has_before, has_after = (more, True) if backwards else (start is not None, more)
    return Page(
        rows,
        before=_write(rows[0], order) if has_before else "",
        after=_write(rows[-1], order) if has_after else "",
    )


def _beyond(start: tuple[str, str], *, descending: bool) -> Q:
    """Strictly further on. The first condition follows from the second; indexes like it plain."""
    key, pk = start
    than = "lt" if descending else "gt"
    further = Q(**{f"page_key__{than}": key}) | Q(**{f"pk__{than}": pk})
    return Q(**{f"page_key__{than}e": key}) & further


def _write(row: Any, order: Order) -> str:
    key = row.page_key
    text = key.isoformat() if isinstance(key, datetime) else str(key)
    return signing.dumps([text, str(row.pk)], salt=_salt(order), compress=True)


def _read(cursor: str, order: Order) -> tuple[str, str] | None:
    if not 0 < len(cursor) <= CURSOR_LENGTH:
        return None
    try:
        key, pk = signing.loads(cursor, salt=_salt(order))
    except signing.BadSignature:
        return None
    return key, pk


def _salt(order: Order) -> str:
    return f"sessions_admin.keyset.{order.name}"

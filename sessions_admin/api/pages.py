"""Pages of lists: opaque keyset cursors (sessions_admin.keyset)."""

from typing import Any

from django.db.models import Model, QuerySet

from sessions_admin.api.problems import ProblemError, invalid
from sessions_admin.api.shapes import Paging
from sessions_admin.keyset import Order, Page, UnknownCursorError, page_after

UNKNOWN_CURSOR = "No cursor of this list. Begin again without one."


def page_of[Row: Model](queryset: QuerySet[Row], order: Order, paging: Paging) -> Page[Row]:
    try:
        return page_after(queryset, order, paging.after, size=paging.limit)
    except UnknownCursorError as error:
        raise unknown_cursor() from error


def unknown_cursor() -> ProblemError:
    return invalid(parameter="after", detail=UNKNOWN_CURSOR)


def out(page: Page[Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "after": page.after}

"""Two places and the way between them on the map of sessions_admin.drawing.world. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import acos, asin, atan2, cos, degrees, radians, sin

from sessions_admin.drawing.world import COLUMNS, ROWS, STEP, spot

KM_A_DEGREE = 111.2  # of latitude
POINTS = 48  # along the way: so many that it looks bent
# The part of the map that is shown: never closer than that, and with room around the places.
LEAST_WIDTH = 42.0
MARGIN = 8.0
NEAR_EDGE = 22.0  # percent: a label that is centred there would stick out
LEAST_RADIUS = 0.4  # of an accuracy circle, in dots of land: below that it is hidden by the marker


@dataclass(frozen=True, slots=True)
class Point:
    """A place; `accuracy_km` is the radius in which it truly is."""

    label: str
    latitude: float
    longitude: float
    accuracy_km: int | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A place in the drawing: `x`, `y` in percent of it, the rest in the map's units."""

    label: str
    x: float
    y: float
    cx: float
    cy: float
    rx: float  # of the circle of accuracy: an ellipse, as the map stretches the north
    ry: float
    anchor: str  # where the label begins, middles or ends
    above: bool  # the label stands above the marker


@dataclass(frozen=True, slots=True)
class Journey:
    """What is drawn: a window of the map, the way as a path, and its two ends."""

    view_box: str
    way: str
    markers: tuple[Marker, Marker]


@dataclass(frozen=True, slots=True)
class _Window:
    x: float
    y: float
    width: float
    height: float


def journey(start: Point, end: Point) -> Journey:
    """The shortest way between two places, on the part of the map where it is."""
    way = [spot(latitude, longitude) for latitude, longitude in _great_circle(start, end)]
    window = _window(way)
    first, last = (_marker(point, window) for point in (start, end))
    above = first.y <= last.y
    return Journey(
        f"{_short(window.x)} {_short(window.y)} {_short(window.width)} {_short(window.height)}",
        _path(way),
        (replace(first, above=above), replace(last, above=not above)),
    )


def _great_circle(start: Point, end: Point) -> list[tuple[float, float]]:
    """Latitudes and longitudes along it, by the slerp of two vectors."""
    first, last = _vector(start), _vector(end)
    angle = acos(min(1.0, max(-1.0, sum(a * b for a, b in zip(first, last, strict=True)))))
    if sin(angle) < 1e-6:  # the same place, or exactly opposite ones: any way is as short
        return [(point.latitude, point.longitude) for point in (start, end)]
    return [_between(first, last, angle, step / POINTS) for step in range(POINTS + 1)]


def _vector(point: Point) -> tuple[float, float, float]:
    latitude, longitude = radians(point.latitude), radians(point.longitude)
    return (
        cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude),
    )  # fmt: skip


def _between(
    first: Sequence[float], last: Sequence[float], angle: float, share: float
) -> tuple[float, float]:
    near, far = sin((1 - share) * angle) / sin(angle), sin(share * angle) / sin(angle)
    x, y, z = (near * a + far * b for a, b in zip(first, last, strict=True))
    return degrees(asin(min(1.0, max(-1.0, z)))), degrees(atan2(y, x))


def _path(way: Sequence[tuple[float, float]]) -> str:
    """Lines between the points; a new one beyond the date line."""
    parts, previous = [], None
    for x, y in way:
        jumps = previous is None or abs(x - previous) > COLUMNS / 2
        parts.append(f"{'M' if jumps else 'L'}{_short(x)} {_short(y)}")
        previous = x
    return "".join(parts)


def _window(way: Sequence[tuple[float, float]]) -> _Window:
    """In the map's proportions, around the way, within the map."""
    left, right = min(x for x, _ in way), max(x for x, _ in way)
    top, bottom = min(y for _, y in way), max(y for _, y in way)
    proportion = COLUMNS / ROWS
    wanted = max(LEAST_WIDTH, right - left + 2 * MARGIN, (bottom - top + 2 * MARGIN) * proportion)
    width = min(wanted, COLUMNS)
    height = width / proportion
    x = min(max((left + right - width) / 2, 0.0), COLUMNS - width)
    y = min(max((top + bottom - height) / 2, 0.0), ROWS - height)
    return _Window(x, y, width, height)


def _marker(point: Point, window: _Window) -> Marker:
    cx, cy = spot(point.latitude, point.longitude)
    x, y = 100 * (cx - window.x) / window.width, 100 * (cy - window.y) / window.height
    radius = (point.accuracy_km or 0) / KM_A_DEGREE / STEP
    stretch = max(cos(radians(point.latitude)), 0.2)
    shown = radius if radius >= LEAST_RADIUS else 0.0
    anchor = "start" if x < NEAR_EDGE else "end" if x > 100 - NEAR_EDGE else "middle"
    return Marker(
        point.label, _short(x), _short(y), cx, cy, _short(shown / stretch), _short(shown),
        anchor, above=True,
    )  # fmt: skip


def _short(number: float) -> float:
    return round(number, 2)

"""The way between two places on the map: where it is drawn."""

import re

from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.drawing.journey import LEAST_WIDTH, Point, journey
from sessions_admin.drawing.world import COLUMNS, ROWS

LONDON = Point("London", 51.5, -0.12, 50)
BANGKOK = Point("Bangkok", 13.75, 100.5, 20)
TOKYO = Point("Tokyo", 35.7, 139.7)
LIMA = Point("Lima", -12.0, -77.0)
places = st.builds(
    Point,
    st.just("x"),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.one_of(st.none(), st.integers(0, 20_000)),
)


def box_of(drawn) -> tuple[float, ...]:
    return tuple(float(number) for number in drawn.view_box.split())


def test_it_begins_and_ends_at_the_places():
    drawn = journey(LONDON, BANGKOK)
    numbers = re.findall(r"[\d.]+", drawn.way)
    first, last = drawn.markers
    assert (float(numbers[0]), float(numbers[1])) == (first.cx, first.cy)
    assert (float(numbers[-2]), float(numbers[-1])) == (last.cx, last.cy)


def test_it_bends_to_the_north_there():
    """As the great circle does between two places of the northern half."""
    ys = [float(pair.split()[1]) for pair in re.split("[ML]", journey(LONDON, TOKYO).way)[1:]]
    assert min(ys) < min(ys[0], ys[-1])


def test_it_goes_over_the_date_line_in_two_parts():
    assert journey(TOKYO, LIMA).way.count("M") == 2
    assert journey(LONDON, BANGKOK).way.count("M") == 1


def test_the_northern_place_has_its_label_above():
    assert [marker.above for marker in journey(LONDON, BANGKOK).markers] == [True, False]
    assert [marker.above for marker in journey(BANGKOK, LONDON).markers] == [False, True]


def test_a_small_circle_of_accuracy_is_not_drawn_and_a_large_one_widens_in_the_north():
    far_north = Point("Tromsø", 69.6, 18.9, 800)
    near, north = journey(LONDON, far_north).markers
    assert near.ry == 0
    assert north.rx > 2 * north.ry > 0


@given(places, places)
def test_both_places_are_within_the_window_and_that_within_the_map(start, end):
    drawn = journey(start, end)
    x, y, width, height = box_of(drawn)
    assert x >= 0
    assert y >= 0
    assert LEAST_WIDTH <= width <= COLUMNS
    assert x + width <= COLUMNS + 0.01
    assert y + height <= ROWS + 0.02
    for marker in drawn.markers:
        assert -0.1 <= marker.x <= 100.1
        assert -0.1 <= marker.y <= 100.1

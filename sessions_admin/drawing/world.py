"""The land of the world as a grid of dots, and where a place is on it. Pure.

Made of Natural Earth's 1:110m land (public domain; the npm package world-atlas 2.0.2): a dot is
land when four of nine points in it are.
"""

from base64 import b85decode
from functools import cache
from itertools import groupby
from zlib import decompress

STEP = 3  # degrees, both ways
NORTH = 84  # the upper edge; Antarctica, where nobody signs in, is left out
COLUMNS, ROWS = 120, 47  # the drawing's units: one a dot
# One bit a dot, row by row from the north-west.
LAND = decompress(b85decode(
    b"c-n1|F;2rk5JkV^$W9R@ktm>uVh{%)9TW&h;t(8w3#0-H#ID2zDCu$mZUBWl=%7!*mXsC+7-2HZ%x*A5Okw$X|IV"
    b"NJ1`yT#5>54qYVd~*PdoQi$xB+ub98GBV=JP!0penJUgafv$cd;p<MZRfkezl!x<>SMGeksMi<GDucM(4;*3l(Z2"
    b"f+5DkedKRIj}VoEZE8rSsba>S%|?zU5I4Xj27}xu_Di8>QlxmMb=EsCy7eXF|ISdZt8w~C5Lp9yD9s?%o%mfxU@3"
    b"Mdq4?-H~8?j+=dlIMq6^7bmVl=pZVxUdV1H(GyuekWs>^SC=+p&L?P&0j4HI-0UZw6r91X$9IG7?7qDV1ki1xr#F"
    b"s5vGEjrCd%jh`r4h$K4?Mt=VkUUaLHG?*!9jyHx8oV|+W&vv`y%xC2YI^vU&w(<#DjBhv>ajB3h9Je!LDk4P{Z56"
    b"pIX6o^ZE^&<j@i"
))  # fmt: skip


@cache
def land() -> str:
    """A path along the land of each row: with round caps and the dashes `0 1` it is dots."""
    bits = f"{int.from_bytes(LAND, 'big'):0{COLUMNS * ROWS}b}"
    rows = (bits[start : start + COLUMNS] for start in range(0, len(bits), COLUMNS))
    return "".join(_runs(row, y) for y, row in enumerate(rows))


def spot(latitude: float, longitude: float) -> tuple[float, float]:
    """Where a place is in the drawing; what is off the map is at its edge."""
    x = (longitude + 180) / STEP
    y = (NORTH - latitude) / STEP
    return round(min(max(x, 0.0), COLUMNS), 2), round(min(max(y, 0.0), ROWS), 2)


def _runs(row: str, y: int) -> str:
    path, x = "", 0
    for is_land, dots in groupby(row):
        length = len(list(dots))
        if is_land == "1":
            # A little longer than to the middle of the last dot, or it would not be drawn.
            path += f"M{x}.5 {y}.5h{length - 1}.1"
        x += length
    return path

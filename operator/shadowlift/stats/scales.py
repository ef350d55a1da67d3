"""Where continuous values are counted: 64 bins between fixed points, and an unbiased way to round a value to one of them.

Called by the ledger when a unit closes; turns a loss difference or a reward into the place of one point. The mean of what is
counted is the mean of what was measured, exactly, so a bet on the counts is a bet on the values: nothing is approximated, and the
counts are integers that add up in any order.

The points lie closest around 0 (their distance grows in proportion to the root of the value): most differences between two good
models are small parts of the range, and evenly spaced points would drown them in rounding.
"""

import hashlib
import math
from collections.abc import Sequence

_BINS = 64
_SIDE = _BINS // 2

SIGNED = tuple(k * abs(k) / _SIDE**2 for k in range(-_SIDE, _SIDE + 1))
"""Edges of 64 bins of [-1, 1]; exact in binary, symmetric, with 0 among them."""

UNSIGNED = tuple(k * k / _BINS**2 for k in range(_BINS + 1))
"""Edges of 64 bins of [0, 1]; exact in binary."""


def place(value: float, points: Sequence[float], chance: float) -> int:
    """The place of one of the two points around a value; on average over `chance`, the point is the value.

    Args:
        value: from the first to the last point.
        points: ascending.
        chance: a number in [0, 1) that does not depend on the value, see `dither`.

    Raises:
        ValueError: the value is outside the points or not a number, or the chance is not one; never clipped silently.
    """
    if not points[0] <= value <= points[-1]:  # also false for NaN
        raise ValueError(f"value must be in [{points[0]:g}, {points[-1]:g}], got {value!r}")
    if not 0 <= chance < 1:
        raise ValueError(f"chance must be in [0, 1), got {chance!r}")
    low, high = 0, len(points) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if points[middle] <= value else (low, middle)
    share = (value - points[low]) / (points[high] - points[low])
    return high if chance < share else low


def dither(name: str) -> float:
    """The chance of one unit, in [0, 1): fixed by its name, so that counting it again, elsewhere, gives the same."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) * math.ldexp(1.0, -53)

"""Quantiles as events: a threshold beyond which an answer is slow, and how many times the current share of slow ones is still allowed.

Called when a trial's warm-up is over, with the current process's histogram; gives what `events` needs to compare a quantile of two
arms from bucket counts. The candidate's quantile is above the threshold exactly where more than 1 - quantile of its values are: where
its share of slow ones is at least `null_ratio` times the current share.

The current share is taken as it was measured before the trial. If it is wrong by a tenth, so is the ratio: it may say how much is worth
finding, but a tolerance is tested with a limit for each arm, and no ratio.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from shadowlift.stats.counts import require_count

LARGEST_STEP = 1.1
"""Largest factor from one boundary to the next around the threshold: a coarser histogram would move the margin by more than it is."""

_ROUNDING = 1 + 1e-9

LADDER = tuple(250 * LARGEST_STEP**step for step in range(131))
"""Upper ends of the buckets in which times are counted, in microseconds: from 0.25 ms to a minute, each a tenth above the one before."""


def ladder_place(microseconds: int) -> int:
    """The bucket of a time; a time on a boundary belongs below it, and `len(LADDER)` is the bucket of those above all."""
    return bisect_left(LADDER, microseconds)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Frozen before the first counted event.

    Attributes:
        limit: values above it are slow; a boundary of the histogram, in its units.
        null_ratio: share of slow ones, in multiples of the current one, at which the quantile is as large as the limit; >= 1.
    """

    limit: float
    null_ratio: float


def threshold(boundaries: Sequence[float], amounts: Sequence[int], quantile: float, margin: float) -> Threshold:
    """The threshold (1 + margin) times the quantile of these values, moved down to a boundary.

    The quantile is the upper boundary of the bucket that it is in, so the threshold may be up to `LARGEST_STEP` times as lenient, or
    as strict, as asked for.

    Args:
        boundaries: upper ends of the buckets, ascending, > 0; a value on a boundary belongs below it.
        amounts: values of the current process in each bucket, and last those above all boundaries.
        quantile: in (0, 1); 0.99 for the slowest hundredth.
        margin: tolerated relative increase of the quantile, >= 0; with 0 the null is "not larger than now".

    Raises:
        ValueError: an argument is out of its range, the buckets are too coarse for the margin, or nothing is above the threshold;
            the message names the field.
    """
    _require_histogram(boundaries, amounts)
    if not 0 < quantile < 1:
        raise ValueError(f"quantile must be above 0 and below 1, got {quantile!r}")
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"margin must be finite and >= 0, got {margin!r}")
    n, below = sum(amounts), list(accumulate(amounts))
    place = next(index for index, amount in enumerate(below) if amount >= quantile * n)
    if place == len(boundaries):
        raise ValueError(f"boundaries must reach beyond the quantile {quantile:g}, got {boundaries[-1]!r} as the last")
    most = boundaries[place] * (1 + margin) * _ROUNDING
    moved = max(index for index, boundary in enumerate(boundaries) if boundary <= most)
    _require_step(boundaries[place - 1] if place else 0.0, boundaries[place])
    _require_step(boundaries[moved], most)
    if margin and moved == place:
        raise ValueError(f"margin must reach the next boundary after {boundaries[place]:g}, got {margin!r}")
    if below[moved] == n:
        raise ValueError(f"amounts must have values above the threshold {boundaries[moved]:g}, got none of {n}")
    return Threshold(float(boundaries[moved]), max(1.0, (1 - quantile) * n / (n - below[moved])))


def _require_histogram(boundaries: Sequence[float], amounts: Sequence[int]) -> None:
    if not boundaries or not all(math.isfinite(boundary) and boundary > 0 for boundary in boundaries):
        raise ValueError(f"boundaries must be finite and > 0, one at least, got {boundaries!r}")
    if any(low >= high for low, high in pairwise(boundaries)):
        raise ValueError(f"boundaries must ascend, got {boundaries!r}")
    if len(amounts) != len(boundaries) + 1:
        raise ValueError(f"amounts must be one more than boundaries ({len(boundaries)}), got {len(amounts)}")
    for amount in amounts:
        require_count("amounts", amount)
    if not sum(amounts):
        raise ValueError("amounts must have values, got none")


def _require_step(low: float, high: float) -> None:
    """Refuse a bucket around the quantile, or a move of the threshold, that is too wide."""
    if high > low * LARGEST_STEP * _ROUNDING:
        raise ValueError(
            f"boundaries must be at most {LARGEST_STEP:g} times apart between {low:g} and {high:g}, with one below"
        )

"""Odds between two arms: what a ratio does to the chance of an arm, and the ratio that explains counts best.

Called by `events` and `sample_ratio`, whose counts are two numbers for each epoch. With weight p and ratio r the next of the counted
is the candidate's with probability p r / (p r + 1 - p): at r = 1 the weight itself.
"""

import math
from collections.abc import Callable, Iterable

from shadowlift.stats.arm_counts import ByArm
from shadowlift.stats.epochs import Epoch

WIDEST = 1024.0
"""A log ratio beyond which every chance is 0 or 1 to a float."""

_STEPS = 200
_FINE = 1e-11
"""Width, in log ratio, at which a root is found: a hundred thousand millionth of the ratio."""


def tilted(share: float, log_ratio: float) -> float:
    """The chance of an arm of this share, in (0, 1), when its odds are multiplied by exp(log_ratio); nothing overflows."""
    if log_ratio < 0:
        odds = share * math.exp(log_ratio)
        return odds / (odds + 1 - share)
    return share / (share + (1 - share) * math.exp(-log_ratio))


def likeliest(epochs: Iterable[Epoch[ByArm]]) -> float | None:
    """The log ratio under which these counts are most likely, for weights inside (0, 1000); None without counts.

    Solves sum_e (candidate_e - n_e chance_e(r)) = 0, whose left side falls in r. -inf where only the current process was counted, inf
    where only the candidate was.
    """
    each = [(epoch.candidate_share, epoch.counts.candidate, epoch.counts.n) for epoch in epochs]
    candidate, n = sum(one[1] for one in each), sum(one[2] for one in each)
    if not n:
        return None
    if candidate in (0, n):
        return math.inf if candidate else -math.inf

    def surplus(log_ratio: float) -> float:
        return candidate - math.fsum(amount * tilted(share, log_ratio) for share, _, amount in each)

    return falling_root(surplus, *bracket(surplus))


def bracket(function: Callable[[float], float]) -> tuple[float, float]:
    """Two places around the root of a falling function, which is >= 0 at -`WIDEST` and < 0 at `WIDEST`: steps from 0, doubled."""
    sign = 1.0 if function(0.0) >= 0 else -1.0
    near, far = 0.0, 1.0
    while far < WIDEST and (function(sign * far) >= 0) == (sign > 0):
        near, far = far, 2 * far
    return (near, far) if sign > 0 else (-far, -near)


def falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """The place where a function falls below 0, given that it is >= 0 at `low` and < 0 at `high`; from below, so >= 0 there.

    False position (Illinois: an end that stays is made lighter), with a halving after each step that did not halve the bracket: quick
    where the function is smooth, and never slower than twice bisection.
    """
    at_low, at_high = function(low), function(high)
    halve, rose = False, None
    for _ in range(_STEPS):
        width = high - low
        if width <= _FINE:
            break
        # Inside by a hair at least: a secant that ends on an end would never let go of it.
        share = 0.5 if halve else min(max(at_low / (at_low - at_high), 1e-6), 1 - 1e-6)
        middle = low + share * width
        value = function(middle)
        if value >= 0:
            low, at_low, at_high = middle, value, at_high / 2 if rose is True else at_high
        else:
            high, at_high, at_low = middle, value, at_low / 2 if rose is False else at_low
        halve, rose = high - low > width / 2, value >= 0
    return low


def log_sum(logs: Iterable[float]) -> float:
    """log(sum(exp(logs))), finite where the sum itself overflows or vanishes."""
    each = list(logs)
    largest = max(each)
    return largest + math.log(sum([math.exp(one - largest) for one in each]))

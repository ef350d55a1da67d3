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

_FINE = 1e-11
"""Width, in log ratio, at which a root is found: a hundred thousand millionth of the ratio."""

_PULL = 0.2
"""How far a secant is pulled to the middle of the first bracket, as a part of it; the authors' choice."""


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

    The secant, pulled a little over the root so that the bracket closes from both sides, and never so far from the middle that one
    step more than bisection's would be needed (I. Oliveira, R. Takahashi, 2021, An enhancement of the bisection method average
    performance, ACM Trans. Math. Softw. 47: ITP).
    """
    at_low, at_high, whole = function(low), function(high), high - low
    most = 1 + max(0, math.ceil(math.log2(whole / _FINE)))
    for step in range(most):
        width = high - low
        if width <= _FINE:
            break
        middle = low + width / 2
        to_middle = middle - (low + width * at_low / (at_low - at_high))
        pull = max(_PULL * width * width / whole, _FINE / 2)
        pulled = to_middle - math.copysign(min(pull, abs(to_middle)), to_middle)
        freedom = max(0.0, _FINE * 2.0 ** (most - step - 1) - width / 2)
        place = middle - math.copysign(min(abs(pulled), freedom), pulled)
        value = function(place)
        if value >= 0:
            low, at_low = place, value
        else:
            high, at_high = place, value
    return low


def log_sum(logs: Iterable[float]) -> float:
    """log(sum(exp(logs))), finite where the sum itself overflows or vanishes."""
    each = list(logs)
    largest = max(each)
    return largest + math.log(sum([math.exp(one - largest) for one in each]))

"""How far it still is to the bar: the expected further observations of a test that is under way.

Called by `verdict` and by planning displays; turns wealth and an assumed growth into a number of observations. A forecast only:
nothing is decided by it.
"""

import math
from collections.abc import Sequence

from shadowlift.stats import paired
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.wealth import Wealth, solve_to_one

_COARSE = 0.1
"""Excess of the sum at which one step more is enough: within 1 in 1000 of the number, far finer than the forecast is."""


def further_observations(wealth: Wealth, growth: Sequence[float], error_rate: float) -> int | None:
    """Observations until E >= 1 / error_rate, if each one adds `growth` to the log wealth of each bet.

    Follows the mean path of the mixture (Wald's bar / drift, for all bets at once). Before the first pair that is about a tenth above
    the mean number at the bar, as luck helps a mixture more than it hurts.
    0 if the bar is reached already, None if no bet grows.
    """
    if wealth.rejects(error_rate):
        return 0
    shift = math.log(error_rate)
    terms = [share + shift for share in wealth.log_shares]
    starts = [-term / slope for term, slope in zip(terms, growth, strict=True) if slope > 0]
    return math.ceil(solve_to_one(terms, growth, min(starts), _COARSE)) if starts else None


def further_pairs(wealth: Wealth, effect: float, second_moment: float, error_rate: float) -> int | None:
    """`further_observations` for pairs with this mean of D and this mean of D squared.

    Reckoned for D of -1, 0 and 1 with these two moments, which is exact for right and wrong; a small bet on another D grows by the
    same two moments. The second is at least the size of the first, so that takes its place where it is smaller.
    """
    rate = max(second_moment, abs(effect))
    amounts = ((rate - effect) / 2, 1 - rate, (rate + effect) / 2)
    growth = paired.log_growth(amounts, PairedCounts.points, wealth.bets, wealth.reference)
    return further_observations(wealth, growth, error_rate)

"""How many pairs still: close to the exact expectation, and honest where nothing can be said."""

import functools
import math

import pytest

from shadowlift.stats import forecast, paired
from shadowlift.stats.bets import log_grid
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.wealth import Wealth
from tests.unit.stats import exact

BETS = log_grid(0.02, 0.06, 1.0)


def further(counts: PairedCounts, lift: float, disagreement: float, alpha: float = 0.05) -> int | None:
    return forecast.further_pairs(paired.wealth(counts, BETS, 0.0), lift, disagreement, alpha)


@pytest.mark.parametrize("seen", [PairedCounts(), PairedCounts(12, 6, 282), PairedCounts(6, 12, 282)])
def test_the_forecast_is_near_the_exact_expectation(seen: PairedCounts) -> None:
    """At the start, in good and in bad times: within a fifth of the mean number of pairs until the bar."""

    @functools.cache
    def proven(counts: PairedCounts) -> bool:
        return paired.log_e_value(seen + counts, BETS, 0.0) >= math.log(20)

    expected = exact.follow([2 / 3] * 900, proven).mean_looks / 0.06
    assert further(seen, 0.02, 0.06) == pytest.approx(expected, rel=0.2)


def test_the_mean_path_meets_the_bar_at_the_forecast() -> None:
    """That many average pairs more reach the bar; one in five hundred fewer do not."""
    seen = PairedCounts(12, 10, 378)
    needed = further(seen, 0.02, 0.06)
    assert needed is not None

    def log_e(pairs: float) -> float:
        amounts = (seen.losses + 0.02 * pairs, seen.ties + 0.94 * pairs, seen.wins + 0.04 * pairs)
        return Wealth(BETS, paired.log_growth(amounts, PairedCounts.points, BETS, 0.0), 1.0, 0.0).log_e_value

    assert log_e(needed * 0.998) < math.log(20) <= log_e(needed)


def test_at_the_bar_nothing_more_is_needed() -> None:
    """Zero, also where the assumed lift would never get there."""
    assert further(PairedCounts(wins=100), -0.02, 0.06) == 0


def test_a_lift_that_is_none_is_never_proven() -> None:
    """No bet grows without a lift."""
    assert further(PairedCounts(10, 10, 100), 0.0, 0.06) is None
    assert further(PairedCounts(10, 10, 100), -0.01, 0.06) is None


def test_a_larger_lift_and_a_weaker_promise_need_less() -> None:
    """The forecast moves the right way."""
    seen = PairedCounts(6, 6, 188)
    by_lift = [further(seen, lift, 0.06) or 0 for lift in (0.01, 0.02, 0.04)]
    by_alpha = [further(seen, 0.02, 0.06, alpha) or 0 for alpha in (0.001, 0.01, 0.1)]
    assert min(by_lift + by_alpha) > 0
    assert by_lift == sorted(by_lift, reverse=True)
    assert by_alpha == sorted(by_alpha, reverse=True)


def test_fewer_disagreements_than_the_lift_are_taken_as_the_lift() -> None:
    """A mean of 0.1 needs at least one pair in ten to disagree."""
    assert further(PairedCounts(), 0.1, 0.01) == further(PairedCounts(), 0.1, 0.1)

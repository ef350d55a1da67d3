"""The promises of the engine, computed exactly over all outcomes: no simulation, no tolerance but rounding."""

import functools
import math

import pytest

from shadowlift.stats import paired
from shadowlift.stats.bets import Bets, log_grid
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.terms import PairedTest, Rates
from tests.unit.stats import exact

REQUESTS = 20_000
DISAGREEMENT = 0.06
ALPHA = 0.05
REFERENCE_TEST = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(ALPHA), second_moment=DISAGREEMENT)


def proven(bets: Bets, error_rate: float, counts: PairedCounts) -> bool:
    return paired.log_e_value(counts, bets, 0.0) >= -math.log(error_rate)


def expected_e_value(n: int, bets: Bets, reference: float, win: float, loss: float) -> float:
    """E[E] after n pairs, over all outcomes."""
    return math.fsum(
        exact.probability(counts, win, loss) * math.exp(paired.log_e_value(counts, bets, reference))
        for counts in exact.all_counts(n)
    )


@pytest.mark.parametrize("n", [1, 2, 7, 20])
@pytest.mark.parametrize(("reference", "disagreement"), [(0.0, 0.06), (0.0, 1.0), (0.02, 0.06), (0.3, 0.5)])
def test_at_the_bar_the_mean_e_value_is_one(n: int, reference: float, disagreement: float) -> None:
    """A fair game: a true lift of exactly the bar earns nothing on average, at any number of pairs."""
    bets = log_grid(0.02, 0.06, 1 + reference)
    win, loss = (disagreement + reference) / 2, (disagreement - reference) / 2
    assert expected_e_value(n, bets, reference, win, loss) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("n", [1, 7, 20])
@pytest.mark.parametrize(("reference", "win", "loss"), [(0.0, 0.02, 0.04), (0.02, 0.03, 0.03), (0.3, 0.5, 0.4)])
def test_below_the_bar_the_mean_e_value_is_below_one(n: int, reference: float, win: float, loss: float) -> None:
    """A losing game for everything that is not good enough."""
    bets = log_grid(0.02, 0.06, 1 + reference)
    assert expected_e_value(n, bets, reference, win, loss) < 1 - 1e-4


@functools.cache
def follow_reference(lift: float) -> exact.Path:
    """The reference case, looked at after every disagreement of 20,000 requests."""
    win_rate = (DISAGREEMENT + lift) / (2 * DISAGREEMENT)
    looks = int(REQUESTS * DISAGREEMENT)
    return exact.follow([win_rate] * looks, functools.partial(proven, REFERENCE_TEST.bets, ALPHA))


def test_looking_all_the_time_keeps_the_false_promotion_rate() -> None:
    """No lift, 1,200 looks: promoted with probability <= alpha; and >= 0.015, or the engine would be dead, not careful."""
    assert 0.015 <= follow_reference(0.0).crossed <= ALPHA


def test_a_worse_candidate_is_promoted_more_rarely() -> None:
    """One point below is almost never promoted."""
    assert follow_reference(-0.01).crossed < 0.003


def test_the_target_lift_is_proven_soon() -> None:
    """0.80 -> 0.82 at 6 % disagreement: always proven, after about 1,092 requests on average (within 10 %)."""
    path = follow_reference(0.02)
    assert path.crossed > 0.998
    assert path.mean_looks / DISAGREEMENT == pytest.approx(1092, rel=0.1)


@pytest.mark.parametrize(("believed", "most"), [(0.01, 1.45), (0.04, 1.45), (0.005, 1.65), (None, 1.75)])
def test_a_wrong_target_costs_speed_only(believed: float | None, most: float) -> None:
    """Within these factors of the least possible (log(1/alpha) / divergence), and never above alpha without a lift."""
    bets = log_grid(believed, DISAGREEMENT, 1.0)
    crosses = functools.partial(proven, bets, ALPHA)
    best = math.log(1 / ALPHA) / (0.04 * math.log(0.04 / 0.03) + 0.02 * math.log(0.02 / 0.03))
    assert exact.follow([2 / 3] * 600, crosses).mean_looks / DISAGREEMENT <= most * best
    assert exact.follow([1 / 2] * 600, crosses).crossed <= ALPHA


@pytest.mark.parametrize("half_cycle", [5, 20, 60])
def test_a_swinging_lift_that_is_never_above_zero_on_average_is_not_promoted(half_cycle: int) -> None:
    """Bad half-cycle, good half-cycle, and so on: the average so far stays <= 0, and so does the promise (weak null)."""
    cycle = [0.35] * half_cycle + [0.65] * half_cycle
    rates = (cycle * 60)[:600]
    assert exact.follow(rates, functools.partial(proven, REFERENCE_TEST.bets, ALPHA)).crossed <= ALPHA


@pytest.mark.parametrize("mean", [-0.2, 0.1, 0.3])
def test_the_bounds_cover_the_true_mean_at_all_looks_together(mean: float) -> None:
    """Also far from the reference, each side misses at some look of 120 with a probability of its error rate at most."""
    bets, error_rate, rates = log_grid(0.1, 1.0, 1.0), 0.1, [(1 + mean) / 2] * 120

    def lower_misses(counts: PairedCounts) -> bool:
        return paired.lower_bound(counts, bets, 0.0, error_rate) > mean

    def upper_misses(counts: PairedCounts) -> bool:
        return paired.upper_bound(counts, bets, 0.0, error_rate) < mean

    assert 0 < exact.follow(rates, lower_misses).crossed <= error_rate
    assert 0 < exact.follow(rates, upper_misses, upwards=False).crossed <= error_rate

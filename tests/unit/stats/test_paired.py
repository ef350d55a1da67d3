"""The paired e-value and its bounds: what moves them, that they agree with each other, and that no count breaks them."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import paired
from shadowlift.stats.bets import Bets, log_grid
from shadowlift.stats.counts import PairedCounts
from tests.unit.stats.given import bets_for, counts, error_rates, minimum_lifts, repeatable

WIN, LOSS, TIE = PairedCounts(wins=1), PairedCounts(losses=1), PairedCounts(ties=1)
BETS = log_grid(0.02, 0.06, 1.0)

cases = minimum_lifts.flatmap(lambda lift: st.tuples(counts, bets_for(lift), st.just(lift)))
Case = tuple[PairedCounts, Bets, float]


def betting(outcomes: tuple[int, ...], bets: Bets, reference: float) -> Fraction:
    """The definition, in exact arithmetic: the wealth of each bet multiplied out, observation by observation."""
    wealths = []
    for fraction, weight in zip(bets.fractions, bets.weights, strict=True):
        wealth = Fraction(weight)
        for outcome in outcomes:
            wealth *= 1 + Fraction(fraction) * (outcome - Fraction(reference))
        wealths.append(wealth)
    return sum(wealths, Fraction(0))


def counted(outcomes: tuple[int, ...]) -> PairedCounts:
    return PairedCounts(outcomes.count(1), outcomes.count(-1), outcomes.count(0))


@pytest.mark.parametrize("reference", [0.0, 0.05, -0.3])
def test_the_e_value_is_the_wealth_of_betting_one_by_one(reference: float) -> None:
    """Counters lose nothing: every sequence of up to 3 pairs has exactly the wealth that betting on it in turn would give."""
    bets = log_grid(0.02, 0.06, 1.05)
    for n in range(4):
        for outcomes in itertools.product((1, 0, -1), repeat=n):
            expected = float(betting(outcomes, bets, reference))
            assert math.exp(paired.log_e_value(counted(outcomes), bets, reference)) == pytest.approx(
                expected, rel=1e-12
            )


@repeatable
@given(cases, st.integers(1, 1000))
def test_a_win_is_evidence_and_a_loss_is_against(case: Case, more: int) -> None:
    """Wins raise the e-value and the lower bound on it, losses lower it; ties lower it only against a bar above 0."""
    given_counts, bets, reference = case
    now = paired.log_e_value(given_counts, bets, reference)
    rounding = 1e-9 * max(1.0, abs(now))
    assert paired.log_e_value(given_counts + PairedCounts(wins=more), bets, reference) >= now - rounding
    assert paired.log_e_value(given_counts + PairedCounts(losses=more), bets, reference) <= now + rounding
    tied = paired.log_e_value(given_counts + PairedCounts(ties=more), bets, reference)
    assert tied == now if reference == 0 else tied <= now + rounding


@pytest.mark.parametrize("reference", [0.0, 0.1])
def test_single_pairs_move_the_e_value_strictly(reference: float) -> None:
    """A dead engine would pass a test of "not less"."""
    bets, start = log_grid(0.02, 0.06, 1.1), PairedCounts(50, 40, 900)
    now = paired.log_e_value(start, bets, reference)
    assert paired.log_e_value(start + WIN, bets, reference) > now + 1e-3
    assert paired.log_e_value(start + LOSS, bets, reference) < now - 1e-3


@repeatable
@given(cases, error_rates)
def test_the_lower_bound_and_the_e_value_say_the_same(case: Case, error_rate: float) -> None:
    """The bound is above the reference exactly where the null falls, to the last bit, at any counts."""
    given_counts, bets, reference = case
    falls = paired.log_e_value(given_counts, bets, reference) >= -math.log(error_rate)
    assert (paired.lower_bound(given_counts, bets, reference, error_rate) > reference) == falls


@pytest.mark.parametrize("seen", [PairedCounts(20, 9, 500), PairedCounts(31, 14, 0), PairedCounts(700, 600, 10**6)])
def test_they_say_the_same_also_a_rounding_away_from_the_bar(seen: PairedCounts) -> None:
    """Where the e-value all but meets the bar, the bound is on the side that the decision is on."""
    log_e = paired.log_e_value(seen, BETS, 0.0)
    assert log_e > 1
    for offset in range(-40, 41):
        error_rate = math.exp(-log_e) * (1 + offset * 2**-52)
        falls = log_e >= -math.log(error_rate)
        assert (paired.lower_bound(seen, BETS, 0.0, error_rate) > 0) == falls


@repeatable
@given(cases, error_rates)
def test_the_upper_bound_is_the_lower_bound_of_the_other_side(case: Case, error_rate: float) -> None:
    """Exchanging the two processes turns every interval around."""
    given_counts, bets, reference = case
    upper = paired.upper_bound(given_counts, bets, -reference, error_rate)
    assert upper == -paired.lower_bound(given_counts.mirrored(), bets, reference, error_rate)
    falls = paired.log_e_value(given_counts.mirrored(), bets, reference) >= -math.log(error_rate)
    assert (upper < -reference) == falls


@repeatable
@given(cases, error_rates)
def test_the_bounds_enclose_the_estimate(case: Case, error_rate: float) -> None:
    """The observed mean is never outside, and the bounds never leave the range of a difference of accuracies."""
    given_counts, bets, reference = case
    lower = paired.lower_bound(given_counts, bets, reference, error_rate)
    upper = paired.upper_bound(given_counts, bets, -reference, error_rate)
    assert -1 <= lower <= 1
    assert -1 <= upper <= 1
    seen = paired.estimate(given_counts)
    if seen is not None:
        assert lower <= seen + 1e-9
        assert upper >= seen - 1e-9


def definition_of_the_bound(given_counts: PairedCounts, bets: Bets, reference: float, error_rate: float) -> float:
    """The smallest d with sum_j w_j exp(log W_j - f_j n (d - reference)) < 1 / error_rate, by bisection on the formula itself."""
    wins, losses, ties = (x - reference for x in (1, -1, 0))

    def is_covered(d: float) -> bool:
        total = 0.0
        for f, weight in zip(bets.fractions, bets.weights, strict=True):
            log_wealth = given_counts.wins * math.log1p(f * wins) + given_counts.losses * math.log1p(f * losses)
            log_wealth += given_counts.ties * math.log1p(f * ties)
            total += weight * math.exp(min(700.0, log_wealth - f * given_counts.n * (d - reference)))
        return total < 1 / error_rate

    low, high = -60.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if is_covered(middle) else (middle, high)
    return max(-1.0, high)


@pytest.mark.parametrize(
    "given_counts", [PairedCounts(1, 0, 0), PairedCounts(30, 20, 900), PairedCounts(900, 700, 20000)]
)
@pytest.mark.parametrize(("reference", "error_rate"), [(0.0, 0.05), (0.0, 0.001), (0.01, 0.05), (-0.02, 0.025)])
def test_the_bound_is_the_root_of_its_definition(
    given_counts: PairedCounts, reference: float, error_rate: float
) -> None:
    """Bisection on the written formula finds the same bound; what differs is on the careful side."""
    bets = log_grid(0.02, 0.06, 1.01)
    expected = definition_of_the_bound(given_counts, bets, reference, error_rate)
    found = paired.lower_bound(given_counts, bets, reference, error_rate)
    assert found == pytest.approx(expected, abs=1e-7)
    assert found <= expected + 1e-12


def test_a_smaller_error_rate_asks_for_more() -> None:
    """The bound falls as the promise gets stronger."""
    rates = [0.2, 0.05, 0.01, 1e-3, 1e-6]
    bounds = [paired.lower_bound(PairedCounts(60, 20, 900), BETS, 0.0, rate) for rate in rates]
    assert bounds == sorted(bounds, reverse=True)
    assert len(set(bounds)) == len(rates)


def test_ever_more_pairs_close_in_on_the_truth() -> None:
    """With a constant mean of 0.02 and 6 % disagreement the interval shrinks around it."""
    widths = []
    for n in (10**3, 10**4, 10**5):
        seen = PairedCounts(4 * n // 100, 2 * n // 100, 94 * n // 100)
        lower = paired.lower_bound(seen, BETS, 0.0, 0.025)
        upper = paired.upper_bound(seen, BETS, 0.02, 0.025)
        assert lower < 0.02 < upper
        widths.append(upper - lower)
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("n", [1_000, 10_000, 100_000])
def test_the_interval_is_less_than_twice_as_wide_as_for_a_single_look(n: int) -> None:
    """The price of looking at any time: at most 1.85 times the width of the classical interval at a fixed n."""
    seen = PairedCounts(3 * n // 100, 3 * n // 100, 94 * n // 100)
    classical = 2 * 1.959964 * math.sqrt(0.06 / n)
    width = paired.upper_bound(seen, BETS, 0.0, 0.025) - paired.lower_bound(seen, BETS, 0.0, 0.025)
    assert classical < width <= 1.85 * classical


class TestEdges:
    """Counts at the edge of what can be counted."""

    def test_nothing_counted_says_nothing(self) -> None:
        """E is 1, the bounds are the whole range, and there is no estimate."""
        assert paired.log_e_value(PairedCounts(), BETS, 0.0) == pytest.approx(0, abs=1e-12)
        assert paired.lower_bound(PairedCounts(), BETS, 0.0, 0.05) == -1
        assert paired.upper_bound(PairedCounts(), BETS, 0.0, 0.05) == 1
        assert paired.estimate(PairedCounts()) is None

    def test_ties_only_leave_the_e_value_at_one(self) -> None:
        """Against 0 agreement carries no information; the bounds still close in on 0."""
        ties = PairedCounts(ties=10**9)
        assert paired.log_e_value(ties, BETS, 0.0) == pytest.approx(0, abs=1e-12)
        assert -1e-4 < paired.lower_bound(ties, BETS, 0.0, 0.05) < 0
        assert paired.estimate(ties) == 0

    def test_a_thousand_million_wins_overflow_nothing(self) -> None:
        """The e-value itself has hundreds of millions of digits; its logarithm is a number."""
        assert 1e8 < paired.log_e_value(PairedCounts(wins=10**9), BETS, 0.0) < 1e9
        assert 0.9 < paired.lower_bound(PairedCounts(wins=10**9), BETS, 0.0, 0.05) <= 1

    def test_a_thousand_million_losses_underflow_nothing(self) -> None:
        """The least of the bets sets the pace of the loss."""
        assert -1e9 < paired.log_e_value(PairedCounts(losses=10**9), BETS, 0.0) < -1e6
        assert paired.lower_bound(PairedCounts(losses=10**9), BETS, 0.0, 0.05) == -1

    @pytest.mark.parametrize("reference", [1.5, -1.5, math.nan])
    def test_a_reference_out_of_range_is_refused(self, reference: float) -> None:
        """A difference of accuracies lies in [-1, 1]."""
        with pytest.raises(ValueError, match=r"^reference must be in"):
            paired.log_e_value(WIN, BETS, reference)

    def test_a_bet_that_could_lose_all_is_refused(self) -> None:
        """At a bar of 0.5 a loss costs 1.5 of the stake."""
        with pytest.raises(ValueError, match=r"^bets must stake fractions below"):
            paired.log_e_value(WIN, BETS, 0.5)

    @pytest.mark.parametrize("error_rate", [0.0, 0.5, 1.0, -0.1, math.nan, 1])
    def test_an_error_rate_out_of_range_is_refused(self, error_rate: float) -> None:
        """A half or more is no promise at all."""
        with pytest.raises(ValueError, match=r"^error_rate must be"):
            paired.lower_bound(WIN, BETS, 0.0, error_rate)

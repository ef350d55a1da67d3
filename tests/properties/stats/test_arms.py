"""The lift between two arms: what moves the e-value and its bounds, that they agree, and that no count breaks them."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shadowlift.stats import arms
from shadowlift.stats.arm_counts import ArmCounts, ArmRewards
from shadowlift.stats.bets import GRID_SIZE, LARGEST_STAKE, Bets, log_grid
from shadowlift.stats.counts import Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from tests.unit.stats.given import bets_for, error_rates, repeatable
from tests.unit.stats.given_arms import TERMS, arm_counts, epoch, outcome_epochs

BETS = arms.planned_bets(0.0, 0.01, 0.09)
references = st.one_of(st.just(0.0), st.floats(-0.9, 0.9))
cases = st.tuples(outcome_epochs, bets_for(0.0), references)
Case = tuple[Epochs, Bets, float]


def one_epoch(counts: ArmCounts | ArmRewards, weight: int = 500, baseline: float = 0.1) -> Epochs:
    return Epochs((Epoch(1, weight, baseline, counts),))


def betting(units: tuple, bets: Bets, reference: float) -> Fraction:
    """The definition, in exact arithmetic: the score of each unit in turn, and the wealth of each bet multiplied out."""
    total = Fraction(0)
    for fraction, weight in zip(bets.fractions, bets.weights, strict=True):
        wealth = Fraction(weight)
        for number, arm, outcome in units:
            share, baseline = Fraction(TERMS[number][0], 1000), Fraction(TERMS[number][1])
            score = (outcome - baseline) * (arm - share) - share * (1 - share) * Fraction(reference)
            wealth *= 1 + Fraction(fraction) * score
        total += wealth
    return total


def counted(units: tuple) -> Epochs:
    single = {
        (1, 1): ArmCounts(1, 1, 0, 0),
        (1, 0): ArmCounts(1, 0, 0, 0),
        (0, 1): ArmCounts(0, 0, 1, 1),
        (0, 0): ArmCounts(0, 0, 1, 0),
    }
    return sum((epoch(number, single[arm, outcome]) for number, arm, outcome in units), Epochs())


@pytest.mark.parametrize("reference", [0.0, 0.05, -0.3])
def test_the_e_value_is_the_wealth_of_betting_one_by_one(reference: float) -> None:
    """Counters lose nothing: every sequence of up to 3 units of two epochs has the wealth that betting on it in turn would give."""
    kinds = list(itertools.product((1, 2), (0, 1), (0, 1)))
    for n in range(4):
        for units in itertools.combinations_with_replacement(kinds, n):
            expected = float(betting(units, BETS, reference))
            assert math.exp(arms.log_e_value(counted(units), BETS, reference)) == pytest.approx(expected, rel=1e-12)


@repeatable
@given(arm_counts(), references)
def test_successes_are_rewards_of_all_or_nothing(counts: ArmCounts, reference: float) -> None:
    """The histogram of rewards and the counts of successes are the same test."""
    assume(counts.n)
    candidate, current = (
        Rewards.from_json({"0": amounts[0], "64": amounts[1]})
        for amounts in (counts.candidate_amounts, counts.current_amounts)
    )
    same = one_epoch(ArmRewards(candidate, current))
    log_e = arms.log_e_value(one_epoch(counts), BETS, reference)
    assert arms.log_e_value(same, BETS, reference) == pytest.approx(log_e, rel=1e-9, abs=1e-9)
    assert arms.estimate(same) == pytest.approx(arms.estimate(one_epoch(counts)), abs=1e-12)


@repeatable
@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_the_shards_never_shows(case: Case, chance: object) -> None:
    """Epochs split into two shards each and merged in any order give the same e-value, to the last bit."""
    epochs, bets, reference = case
    shards = [Epochs((one,)) for one in epochs.epochs] + [epochs]
    chance.shuffle(shards)
    forth, back = sum(shards, Epochs()), sum(reversed(shards), Epochs())
    assert arms.log_e_value(forth, bets, reference) == arms.log_e_value(back, bets, reference)


@repeatable
@given(cases)
def test_logs_add_as_counts_do(case: Case) -> None:
    """Twice the counts are twice the log wealth of each bet, and twice the information."""
    epochs, bets, reference = case
    once, twice = (arms.wealth(some, bets, reference) for some in (epochs, epochs + epochs))
    assert twice.logs == pytest.approx([2 * log for log in once.logs], rel=1e-12, abs=1e-12)
    assert twice.information == pytest.approx(2 * once.information)


@repeatable
@given(arm_counts(), bets_for(0.0), references, st.sampled_from([1, 2, 3, 4, 9]))
def test_a_success_speaks_for_its_arm(counts: ArmCounts, bets: Bets, reference: float, number: int) -> None:
    """One more success in place of a failure: evidence for the candidate on its arm, against it on the other."""
    now = arms.log_e_value(epoch(number, counts + ArmCounts(1, 0, 1, 0)), bets, reference)
    better = arms.log_e_value(epoch(number, counts + ArmCounts(1, 1, 1, 0)), bets, reference)
    worse = arms.log_e_value(epoch(number, counts + ArmCounts(1, 0, 1, 1)), bets, reference)
    rounding = 1e-9 * max(1.0, abs(now))
    assert worse - rounding <= now <= better + rounding


def test_single_successes_move_the_e_value_strictly() -> None:
    """A dead engine would pass a test of "not less"."""
    now, better, worse = (
        arms.log_e_value(one_epoch(ArmCounts(500, 50 + more, 500, 50 + less)), BETS, 0.0)
        for more, less in ((0, 0), (1, 0), (0, 1))
    )
    assert worse + 1e-3 < now < better - 1e-3


@repeatable
@given(cases, error_rates)
def test_the_lower_bound_and_the_e_value_say_the_same(case: Case, error_rate: float) -> None:
    """The bound is above the reference exactly where the null falls, to the last bit, at any counts."""
    epochs, bets, reference = case
    falls = arms.log_e_value(epochs, bets, reference) >= -math.log(error_rate)
    assert (arms.lower_bound(epochs, bets, reference, error_rate) > reference) == falls


@repeatable
@given(cases, error_rates)
def test_the_upper_bound_is_the_lower_bound_of_the_other_side(case: Case, error_rate: float) -> None:
    """Exchanging the arms turns every interval and every estimate around."""
    epochs, bets, reference = case
    mirrored = epochs.mirrored()
    upper = arms.upper_bound(epochs, bets, -reference, error_rate)
    assert upper == -arms.lower_bound(mirrored, bets, reference, error_rate)
    assert (upper < -reference) == arms.wealth(mirrored, bets, reference).rejects(error_rate)
    seen = arms.estimate(epochs)
    assert seen is None or arms.estimate(mirrored) == pytest.approx(-seen, abs=1e-12)


@repeatable
@given(cases, error_rates)
def test_the_bounds_enclose_the_estimate(case: Case, error_rate: float) -> None:
    """The estimate is never outside, and nothing leaves the range of a lift."""
    epochs, bets, reference = case
    lower = arms.lower_bound(epochs, bets, reference, error_rate)
    upper = arms.upper_bound(epochs, bets, reference, error_rate)
    assert -1 <= lower <= 1
    assert -1 <= upper <= 1
    seen = arms.estimate(epochs)
    if seen is not None:
        assert lower - 1e-9 <= seen <= upper + 1e-9


def test_the_bound_is_the_root_of_its_definition() -> None:
    """The smallest d with sum_j w_j exp(log W_j - f_j I (d - reference)) < 1 / error_rate, I being the sum of p (1 - p)."""
    epochs = epoch(1, ArmCounts(50, 9, 950, 90)) + epoch(3, ArmCounts(500, 90, 520, 60))
    wealth = arms.wealth(epochs, BETS, 0.01)
    information = 1000 * 0.05 * 0.95 + 1020 * 0.25
    low, high = -2.0, 1.0
    for _ in range(80):
        d = (low + high) / 2
        each = zip(BETS.weights, BETS.fractions, wealth.logs, strict=True)
        total = sum(weight * math.exp(log - f * information * (d - 0.01)) for weight, f, log in each)
        low, high = (low, d) if total < 1 / 0.05 else (d, high)
    assert wealth.information == pytest.approx(information)
    assert arms.lower_bound(epochs, BETS, 0.01, 0.05) == pytest.approx(high, abs=1e-7)


class TestEstimate:
    """The overlap-weighted score."""

    def test_it_is_the_difference_of_the_rates_where_arms_are_as_designed(self) -> None:
        """Half and half, whatever the baseline: 0.2 - 0.1."""
        for baseline in (0.0, 0.1, 1.0):
            found = arms.estimate(one_epoch(ArmCounts(100, 20, 100, 10), baseline=baseline))
            assert found == pytest.approx(0.1)

    def test_a_ramp_with_better_outcomes_is_no_lift(self) -> None:
        """Equal arms at 8 % and then, at a higher weight, at 12 %: pooled they differ, here they do not."""
        ramp = Epochs((Epoch(0, 50, 0.1, ArmCounts(50, 4, 950, 76)), Epoch(1, 500, 0.1, ArmCounts(500, 60, 500, 60))))
        assert 64 / 550 - 136 / 1450 > 0.02
        assert arms.estimate(ramp) == pytest.approx(0.0, abs=1e-12)

    def test_epochs_weigh_by_their_overlap(self) -> None:
        """1,000 units at 10 % say 0.09 / 0.25 of what 1,000 units at 50 % say."""
        both = Epochs((Epoch(0, 100, 0.0, ArmCounts(100, 100, 900, 0)), Epoch(1, 500, 0.0, ArmCounts(500, 0, 500, 0))))
        assert arms.estimate(both) == pytest.approx(0.09 / (0.09 + 0.25))

    def test_few_units_cannot_throw_it_out_of_range(self) -> None:
        """One success of the candidate at a weight of 5 %: the score says 20, no lift is above 1."""
        assert arms.estimate(one_epoch(ArmCounts(1, 1, 0, 0), 50, 0.0)) == 1
        assert arms.estimate(one_epoch(ArmCounts(0, 0, 1, 1), 950, 0.0)) == -1

    def test_the_variance_is_that_of_the_outcome_about_the_baseline(self) -> None:
        """At the right baseline r (1 - r); a wrong baseline adds its distance squared."""
        assert arms.variance(one_epoch(ArmCounts(500, 50, 500, 50))) == pytest.approx(0.09)
        assert arms.variance(one_epoch(ArmCounts(100, 10, 900, 90), 100, 0.3)) == pytest.approx(0.09 + 0.04)
        assert arms.variance(one_epoch(ArmCounts(1, 1, 0, 0), 50, 0.0)) == 1

    def test_a_baseline_is_learned_from_the_current_process(self) -> None:
        """Over all epochs so far, also those that do not tell; what the candidate did is not in it."""
        assert arms.learned_baseline(Epochs(), 0.5) == 0.5
        some = epoch(0, ArmCounts(0, 0, 100, 20)) + epoch(3, ArmCounts(50, 50, 100, 10))
        assert arms.learned_baseline(some, 0.5) == pytest.approx(0.15)
        rewards = one_epoch(ArmRewards(Rewards.empty(), Rewards.from_json({"32": 3, "64": 1})))
        assert arms.learned_baseline(rewards, 0.5) == pytest.approx((3 * 0.25 + 1) / 4)


class TestPlan:
    """Bets for two arms."""

    def test_bets_are_placed_at_lift_over_variance_whatever_the_weight(self) -> None:
        """Mean p (1 - p) lift, mean square p (1 - p) variance: the weight cancels."""
        assert log_grid(0.01, 0.09, 1.0) == BETS
        assert arms.planned_bets(-0.02, 0.0, 0.09) == log_grid(0.02, 0.09, 1.0)

    def test_an_impossible_variance_is_taken_as_the_least_possible(self) -> None:
        """A rate of 0 has none, and a target above it would."""
        assert arms.planned_bets(0.0, 0.2, 0.0) == log_grid(0.2, 0.01, 1.0)
        assert arms.planned_bets(-0.8, 0.7, 0.0) == log_grid(0.7 + 0.8, (0.7 + 0.8) ** 2 / 4, 1.0)

    def test_an_unknown_variance_gives_the_wide_grid(self) -> None:
        """As everywhere without the scale."""
        assert set(arms.planned_bets(0.0, 0.01, None).weights) == {1 / GRID_SIZE}

    @pytest.mark.parametrize(
        ("arguments", "name"),
        [
            ((1.0, 1.0, 0.1), "reference"),
            ((-1.0, 0.0, 0.1), "reference"),
            ((math.nan, 0.1, 0.1), "reference"),
            ((0.1, 0.1, 0.1), "target"),
            ((0.0, 1.1, 0.1), "target"),
            ((0.0, math.nan, 0.1), "target"),
            ((0.0, 0.1, -0.1), "variance"),
            ((0.0, 0.1, 1.1), "variance"),
            ((0.0, 0.1, math.nan), "variance"),
            ((0.0, 0.1, math.inf), "variance"),
        ],
    )
    def test_a_bad_argument_is_refused_by_name(self, arguments: tuple, name: str) -> None:
        """Nothing is planned from what cannot be."""
        with pytest.raises(ValueError, match=f"^{name} must be"):
            arms.planned_bets(*arguments)


class TestEdges:
    """Counts at the edge of what can be counted."""

    @repeatable
    @given(arm_counts(), st.sampled_from([0, 5]), references, error_rates)
    def test_a_weight_without_chance_says_nothing(
        self, counts: ArmCounts, number: int, reference: float, error_rate: float
    ) -> None:
        """At weights 0 and 1000 nothing moves, whatever is counted there and whatever the reference is."""
        some = epoch(number, counts)
        assert arms.log_e_value(some, BETS, reference) == pytest.approx(0, abs=1e-12)
        assert arms.lower_bound(some, BETS, reference, error_rate) == -1
        assert arms.upper_bound(some, BETS, reference, error_rate) == 1
        assert arms.estimate(some) is None
        more = epoch(2, ArmCounts(10, 5, 30, 9))
        assert arms.wealth(some + more, BETS, reference) == arms.wealth(more, BETS, reference)

    @pytest.mark.parametrize("counts", [ArmCounts(), ArmRewards.empty()])
    def test_nothing_counted_says_nothing(self, counts: ArmCounts | ArmRewards) -> None:
        """E is 1, the bounds are the whole range, and there is no estimate; with an epoch and without."""
        for nothing in (Epochs(), one_epoch(counts)):
            assert arms.log_e_value(nothing, BETS, 0.1) == pytest.approx(0, abs=1e-12)
            assert arms.lower_bound(nothing, BETS, 0.1, 0.05) == -1
            assert arms.upper_bound(nothing, BETS, 0.1, 0.05) == 1
            assert arms.estimate(nothing) is None
            assert arms.variance(nothing) is None

    @pytest.mark.parametrize("counts", [ArmCounts(1000, 100, 0, 0), ArmCounts(0, 0, 1000, 100)])
    def test_one_arm_alone_at_its_baseline_proves_nothing(self, counts: ArmCounts) -> None:
        """Without the other arm there is nothing to compare with, and nothing to divide by."""
        assert arms.log_e_value(one_epoch(counts), BETS, 0.0) < math.log(20)
        assert arms.estimate(one_epoch(counts)) == pytest.approx(0, abs=1e-12)

    @pytest.mark.parametrize("outcome", [0, 1])
    @pytest.mark.parametrize("weight", [1, 100, 500, 999])
    def test_outcomes_that_are_all_the_same_prove_nothing(self, outcome: int, weight: int) -> None:
        """No variance, no difference: at the right baseline E stays 1, at a wrong one it stays below the bar."""
        candidate, current = 1000 * weight, 1000 * (1000 - weight)
        counts = ArmCounts(candidate, candidate * outcome, current, current * outcome)
        right, wrong = (one_epoch(counts, weight, baseline) for baseline in (float(outcome), 0.5))
        assert arms.log_e_value(right, BETS, 0.0) == pytest.approx(0, abs=1e-12)
        assert arms.variance(right) == 0
        assert arms.log_e_value(wrong, BETS, 0.0) < math.log(20)
        assert arms.estimate(wrong) == pytest.approx(0, abs=1e-9)

    @pytest.mark.parametrize(
        ("counts", "low", "high"),
        [(ArmCounts(10**9, 10**9, 10**9, 0), 700, 1e9), (ArmCounts(10**9, 0, 10**9, 10**9), -1e9, -700)],
    )
    def test_huge_evidence_is_a_number(self, counts: ArmCounts, low: float, high: float) -> None:
        """The e-value itself overflows, or vanishes; its logarithm and the bounds are numbers."""
        epochs = one_epoch(counts, 500, 0.5)
        assert low < arms.log_e_value(epochs, BETS, 0.0) < high
        bounds = (arms.lower_bound(epochs, BETS, 0.0, 0.05), arms.upper_bound(epochs, BETS, 0.0, 0.05))
        assert -1 <= bounds[0] < bounds[1] <= 1

    @pytest.mark.parametrize("reference", [-0.999999, 0.0, 0.999999])
    def test_the_largest_stake_survives_the_worst_unit(self, reference: float) -> None:
        """A bet of all but nothing, at the weights and baselines where a unit costs most."""
        bets = Bets((math.nextafter(1.0, 0.0),), (1.0,))
        for weight, baseline, counts in itertools.product(
            (1, 999), (0.0, 1.0), (ArmCounts(1, 0, 0, 0), ArmCounts(0, 0, 1, 1))
        ):
            assert math.isfinite(arms.log_e_value(one_epoch(counts, weight, baseline), bets, reference))

    @repeatable
    @given(st.integers(0, 1000), st.floats(0, 1), st.floats(-0.999999, 0.999999), st.booleans(), st.floats(0, 1))
    def test_no_unit_loses_more_than_the_largest_loss(
        self, weight: int, baseline: float, reference: float, candidate: bool, outcome: float
    ) -> None:
        """(1 - p) (1 + p reference) < 1, and the same with the arms exchanged."""
        share = weight / 1000
        score = (outcome - baseline) * (candidate - share) - share * (1 - share) * reference
        assert score >= -arms.LARGEST_LOSS

    @pytest.mark.parametrize("reference", [1.001, -1.001, 1.5, math.nan, math.inf])
    def test_a_reference_out_of_range_is_refused(self, reference: float) -> None:
        """Nobody is proven to be more than 1 better."""
        with pytest.raises(ValueError, match=r"^reference must be in \[-1, 1\]"):
            arms.log_e_value(Epochs(), BETS, reference)

    @pytest.mark.parametrize("fraction", [1.0, 1.5])
    def test_a_bet_that_could_lose_all_is_refused(self, fraction: float) -> None:
        """At some weight it would."""
        with pytest.raises(ValueError, match=r"^bets must stake fractions below 1"):
            arms.log_e_value(Epochs(), Bets((LARGEST_STAKE, fraction), (0.5, 0.5)), 0.0)

    @pytest.mark.parametrize("error_rate", [0.0, 0.5, 1.0, -0.1, math.nan, 1])
    def test_an_error_rate_out_of_range_is_refused(self, error_rate: float) -> None:
        """A half or more is no promise at all."""
        with pytest.raises(ValueError, match=r"^error_rate must be"):
            arms.lower_bound(Epochs(), BETS, 0.0, error_rate)
        with pytest.raises(ValueError, match=r"^error_rate must be"):
            arms.upper_bound(Epochs(), BETS, 0.0, error_rate)

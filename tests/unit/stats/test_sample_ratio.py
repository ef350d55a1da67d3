"""The sample ratio: published figures, what it finds, and that bound and decision agree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import sample_ratio
from shadowlift.stats.arm_counts import ArmUnits
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.sample_ratio import ERROR_RATE, SampleRatio
from tests.unit.stats.given import error_rates, repeatable
from tests.unit.stats.given_arms import arm_units, epoch, unit_epochs


def one_epoch(candidate: int, current: int, weight: int = 500) -> Epochs:
    return Epochs((Epoch(1, weight, 0.0, ArmUnits(candidate, current)),))


def test_the_figures_of_other_implementations_are_met() -> None:
    """savvi: odds of 500 and 520 units at a half each; ssrm-test: three kinds of unit, an even prior."""
    assert math.exp(SampleRatio(one_epoch(500, 520)).log_e_value) == pytest.approx(0.3564742920067939, rel=1e-12)
    three = sample_ratio.log_bayes_factor((2, 2, 1), (0.4, 0.4, 0.2), (1.0, 1.0, 1.0))
    assert three == pytest.approx(-1.1711189794548584, rel=1e-12)


def one_by_one(arms: tuple[int, ...], share: float) -> float:
    """The definition: each unit's chance under what was learned so far, over its chance by design."""
    seen, value = [0, 0], 1.0
    for arm in arms:
        designed = (1 - share, share)[arm]
        learned = (sample_ratio.PRIOR_STRENGTH * designed + seen[arm]) / (sample_ratio.PRIOR_STRENGTH + sum(seen))
        value *= learned / designed
        seen[arm] += 1
    return value


@pytest.mark.parametrize("weight", [1, 100, 500])
def test_the_e_value_is_learned_unit_by_unit(weight: int) -> None:
    """Counters lose nothing, and the order of the units does not show."""
    for arms in ((), (1,), (0, 0, 1), (1, 0, 0), (1,) * 9, (0, 1) * 20):
        found = SampleRatio(one_epoch(sum(arms), len(arms) - sum(arms), weight)).log_e_value
        assert math.exp(found) == pytest.approx(one_by_one(arms, weight / 1000), rel=1e-10)


@repeatable
@given(unit_epochs, st.randoms(use_true_random=False))
def test_the_order_of_the_shards_never_shows(epochs: Epochs, chance: object) -> None:
    """Any order of merging gives the same e-value, to the last bit."""
    shards = [Epochs((one,)) for one in epochs.epochs] + [epochs]
    chance.shuffle(shards)
    forth, back = sum(shards, Epochs()), sum(reversed(shards), Epochs())
    assert SampleRatio(forth).log_e_value == SampleRatio(back).log_e_value


@repeatable
@given(arm_units, arm_units)
def test_epochs_multiply(some: ArmUnits, more: ArmUnits) -> None:
    """The evidence of two weights is the sum of the logs, and exchanging the arms changes nothing."""
    both = epoch(1, some) + epoch(3, more)
    parts = SampleRatio(epoch(1, some)).log_e_value + SampleRatio(epoch(3, more)).log_e_value
    assert SampleRatio(both).log_e_value == pytest.approx(parts, rel=1e-9, abs=1e-6)
    assert SampleRatio(both.mirrored()).log_e_value == pytest.approx(parts, rel=1e-9, abs=1e-6)


@repeatable
@given(unit_epochs, error_rates)
def test_the_bound_and_the_e_value_say_the_same(epochs: Epochs, error_rate: float) -> None:
    """Above 0 exactly where the design falls, and never farther off than the epoch that is farthest off."""
    test = SampleRatio(epochs)
    bound = test.lower_bound(error_rate)
    assert (bound > 0) == test.rejects(error_rate)
    assert math.isfinite(bound)
    each = [sample_ratio.estimate(Epochs((one,))) for one in epochs.telling]
    assert bound <= max((abs(math.log(seen)) if seen else math.inf for seen in each), default=0.0) + 1e-9


def test_epochs_that_are_off_to_both_sides_are_off() -> None:
    """Together they are as designed; each of them is not, and the bound says by how much the worse one is at least."""
    both = one_epoch(1500, 1000) + Epochs((Epoch(2, 500, 0.0, ArmUnits(1000, 1500)),))
    assert sample_ratio.estimate(both) == pytest.approx(1)
    assert 0.2 < SampleRatio(both).lower_bound(ERROR_RATE) < math.log(1.5)


@pytest.mark.parametrize("sides", [(600, 400), (400, 600), (300, 0), (0, 300)])
def test_the_bound_is_the_nearest_ratio_that_does_not_fall(sides: tuple[int, int]) -> None:
    """Bisection on the written likelihood finds the same."""
    test = SampleRatio(one_epoch(*sides))
    bound, sign = test.lower_bound(ERROR_RATE), 1 if sides[0] > sides[1] else -1

    def log_e_value(distance: float) -> float:
        odds = math.exp(sign * distance)
        shares = (odds / (1 + odds), 1 / (1 + odds))
        return sample_ratio.log_bayes_factor(sides, shares, (50.0, 50.0))

    low, high = 0.0, abs(math.log(sides[0] / sides[1])) if all(sides) else 30.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if log_e_value(middle) >= math.log(1000) else (low, middle)
    assert bound == pytest.approx(low, rel=1e-8)


@pytest.mark.parametrize(
    ("counts", "weight", "is_off"),
    [
        ((100_000, 100_000), 500, False),
        ((100_300, 99_700), 500, False),
        ((1_100, 900), 500, True),
        ((51_500, 48_500), 500, True),
        ((9_000, 91_000), 100, True),
        ((10_050, 89_950), 100, False),
    ],
)
def test_a_ratio_that_is_off_is_found(counts: tuple[int, int], weight: int, is_off: bool) -> None:
    """At the default error rate: what is off by chance is let be."""
    assert SampleRatio(one_epoch(*counts, weight)).rejects(ERROR_RATE) is is_off


def test_the_estimate_is_the_ratio_of_odds() -> None:
    """1 as designed; 0 and infinity where an arm is missing."""
    assert sample_ratio.estimate(one_epoch(100, 900, 100)) == pytest.approx(1)
    assert sample_ratio.estimate(one_epoch(55, 45)) == pytest.approx(55 / 45)
    assert sample_ratio.estimate(one_epoch(0, 5)) == 0
    assert sample_ratio.estimate(one_epoch(5, 0)) == math.inf
    assert sample_ratio.estimate(Epochs()) is None


class TestEdges:
    """Counts at the edge of what can be counted."""

    @repeatable
    @given(arm_units, st.sampled_from([0, 5]), error_rates)
    def test_a_weight_without_chance_says_nothing(self, counts: ArmUnits, number: int, error_rate: float) -> None:
        """At weights 0 and 1000 the e-value stays 1; the units that should not be there are counted on their own."""
        some = epoch(number, counts)
        assert SampleRatio(some).log_e_value == 0
        assert SampleRatio(some).lower_bound(error_rate) == 0
        assert sample_ratio.units_without_chance(some) == (counts.candidate if number == 0 else counts.current)
        more = epoch(2, ArmUnits(30, 10))
        assert SampleRatio(some + more).log_e_value == SampleRatio(more).log_e_value
        assert sample_ratio.units_without_chance(more) == 0

    def test_nothing_counted_says_nothing(self) -> None:
        """E is 1."""
        for nothing in (Epochs(), one_epoch(0, 0)):
            assert SampleRatio(nothing).log_e_value == 0
            assert SampleRatio(nothing).lower_bound(0.05) == 0

    @pytest.mark.parametrize("weight", [1, 500, 999])
    def test_huge_evidence_is_a_number(self, weight: int) -> None:
        """One arm is missing, a thousand million times; or none is."""
        for counts in ((10**9, 0), (0, 10**9)):
            assert 700 < SampleRatio(one_epoch(*counts, weight)).log_e_value < 1e11
            assert 0 < SampleRatio(one_epoch(*counts, weight)).lower_bound(ERROR_RATE) < 100
        even = SampleRatio(one_epoch(weight * 10**6, (1000 - weight) * 10**6, weight))
        assert -20 < even.log_e_value < 0

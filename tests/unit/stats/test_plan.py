"""What a trial will want: the figures of the textbooks, and of simulations made elsewhere, from the frozen test alone."""

import pytest

from shadowlift.stats.pairs import Losses, Pairs, RightOrWrong, independent_disagreement
from shadowlift.stats.plan import Planned, Traffic, plan
from shadowlift.stats.power import classical_sample, promotion_probability
from shadowlift.stats.terms import PairedTest, Rates

SIX_PERCENT = RightOrWrong(0.06)


def a_test(alpha: float = 0.01, share: float = 0.6, pairs: Pairs = SIX_PERCENT, **lifts: float) -> PairedTest:
    """0.80 -> 0.82 by default."""
    both = {"minimum_lift": 0.0, "target_lift": 0.02, **lifts}
    return PairedTest.planned(rates=Rates(alpha, deadline_share=share), second_moment=pairs.second_moment, **both)


def planned(per_day: float = 1000.0, deadline: float = 7.0, alpha: float = 0.01, share: float = 0.6) -> Planned:
    return plan(a_test(alpha, share), SIX_PERCENT, Traffic(per_day, deadline, maturity=1.0, warm_up=100))


@pytest.mark.parametrize(
    ("alpha", "disagreement", "expected"),
    [
        (0.10, 0.06, 672),
        (0.05, 0.06, 921),
        (0.01, 0.06, 1495),
        (0.001, 0.06, 2303),
        (0.05, 0.03, 458),
        (0.05, 0.10, 1539),
        (0.05, 0.20, 3085),
    ],
)
def test_the_classical_sample_is_that_of_the_tables(alpha: float, disagreement: float, expected: int) -> None:
    """(z + z)^2 variance / lift^2: 921 pairs at 6 % disagreement and alpha 0.05, and its neighbours; right to one in a thousand."""
    pairs = RightOrWrong(disagreement)
    assert classical_sample(a_test(alpha, pairs=pairs), pairs) == pytest.approx(expected, rel=1e-3)


def test_the_classical_sample_of_a_loss_is_that_of_the_table() -> None:
    """Mean 0.02, standard deviation 0.30, alpha 0.05: 1,391 pairs by the same formula (the table's 1,403 is the information bound)."""
    pairs = Losses(0.02**2 + 0.30**2)
    assert classical_sample(a_test(0.05, 0.0, pairs), pairs) == 1391


@pytest.mark.parametrize(
    ("alpha", "mean"), [(0.10, 855), (0.05, 1075), (0.01, 1600), (0.001, 2324)]
)  # fmt: skip
def test_the_average_is_that_of_simulations(alpha: float, mean: int) -> None:
    """The e-process alone with all of alpha: within a tenth or so of the mean number of pairs in 2,000 simulated trials."""
    seen = planned(alpha=alpha, share=0.0).on_average
    assert seen is not None
    assert mean * 0.98 <= seen <= mean * 1.12


@pytest.mark.parametrize(("lift", "spread", "mean"), [(0.02, 0.30, 1741), (0.01, 0.10, 828)])
def test_the_average_of_a_loss_is_that_of_simulations(lift: float, spread: float, mean: int) -> None:
    """Also where the best bet would be larger than any may be, as in the second: within a tenth."""
    pairs = Losses(lift**2 + spread**2)
    seen = plan(a_test(0.05, 0.0, pairs, target_lift=lift), pairs, Traffic(1000.0, 7.0)).on_average
    assert seen == pytest.approx(mean, rel=0.1)


def test_the_power_of_a_loss_is_that_of_the_whole_rule() -> None:
    """10 minutes apart of 240, a target of 1: 0.99, and 0.30 at half of it, in 1,000 simulated trials each."""
    pairs = Losses((10 / 240) ** 2)
    test = a_test(0.01, 0.0, pairs, target_lift=1 / 240)
    chances = [promotion_probability(test, pairs, minutes / 240, 20_000) for minutes in (0.5, 1.0)]
    assert chances == pytest.approx([0.30, 0.99], abs=0.03)


@pytest.mark.parametrize(
    ("share", "samples", "simulated"),
    [(0.0, 1.0, 0.50), (0.0, 1.5, 0.72), (0.0, 2.0, 0.86), (0.0, 3.0, 0.97), (0.6, 1.25, 0.80), (0.6, 2.0, 0.94)],
)
def test_the_power_is_that_of_simulations(share: float, samples: float, simulated: float) -> None:
    """By so many classical samples, without and with an exact look at the deadline: within 0.06."""
    test = a_test(0.05, share)
    assert promotion_probability(test, SIX_PERCENT, 0.02, round(921 * samples)) == pytest.approx(simulated, abs=0.06)


def test_without_a_lift_promotion_is_rarer_than_alpha() -> None:
    """By any deadline, for either kind of pairs, with and without the exact look."""
    for share, pairs in ((0.0, SIX_PERCENT), (0.6, SIX_PERCENT), (0.0, Losses(0.01))):
        test = a_test(0.05, share, pairs)
        chances = [promotion_probability(test, pairs, 0.0, n) for n in (10, 1000, 100_000)]
        assert max(chances) <= 0.05


def test_a_candidate_of_half_the_target_is_mostly_given_up() -> None:
    """However long the deadline: it is proven or given up, whichever comes first."""
    chances = [promotion_probability(a_test(), SIX_PERCENT, 0.01, n) for n in (10_000, 1_000_000)]
    assert chances == pytest.approx([0.33, 0.33], abs=0.03)


def test_more_of_anything_helps_in_the_right_direction() -> None:
    """More time and a larger lift make promotion more probable; a stricter alpha and more disagreement want more pairs."""
    by_time = [promotion_probability(a_test(), SIX_PERCENT, 0.02, n) for n in (0, 1, 500, 1000, 2000, 4000)]
    by_lift = [promotion_probability(a_test(), SIX_PERCENT, lift, 2000) for lift in (-0.02, 0.0, 0.01, 0.02, 0.04)]
    by_alpha = [planned(alpha=alpha).wanted for alpha in (0.1, 0.05, 0.01)]
    by_disagreement = [classical_sample(a_test(pairs=pairs), pairs) for pairs in map(RightOrWrong, (0.03, 0.06, 0.3))]
    for rising in (by_time, by_lift, by_alpha, by_disagreement):
        assert rising == sorted(rising)
        assert rising[0] < rising[-1]


def test_days_count_from_the_first_request() -> None:
    """Warm-up and maturity are part of the wait: (1,899 + 100) / 1,000 a day and one day more; room is what is left of the deadline."""
    seen = planned()
    assert seen.wanted == 1899
    assert seen.days_wanted == pytest.approx(2.999)
    assert seen.countable == 5900
    assert not seen.is_short


def test_a_deadline_is_short_by_the_planning_formula() -> None:
    """One pair too few is too few; without an exact look at the deadline half as many again are wanted."""
    assert not planned(deadline=2.999).is_short
    assert planned(deadline=2.998).is_short
    assert planned(share=0.0).wanted == pytest.approx(1495 * 1.9, abs=1)


def test_a_deadline_before_the_warm_up_is_over_promotes_nothing() -> None:
    """There is nothing to be counted."""
    seen = planned(per_day=10.0, deadline=2.0)
    assert (seen.countable, seen.power.at_target) == (0, 0.0)


def test_independent_models_disagree_most() -> None:
    """0.80 and 0.82, independently: 0.8 x 0.18 + 0.2 x 0.82 = 0.308."""
    assert independent_disagreement(0.80, 0.02) == pytest.approx(0.308)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (lambda: Traffic(0.0, 7.0), "per_day"),
        (lambda: Traffic(float("inf"), 7.0), "per_day"),
        (lambda: Traffic(float("nan"), 7.0), "per_day"),
        (lambda: Traffic(10.0, -1.0), "deadline"),
        (lambda: Traffic(10.0, 7.0, maturity=7.0), "maturity"),
        (lambda: Traffic(10.0, 7.0, warm_up=-1), "warm_up"),
        (lambda: plan(a_test(), RightOrWrong(0.01), Traffic(10.0, 7.0)), "target_lift"),
        (lambda: plan(a_test(share=0.0), Losses(0.0004), Traffic(10.0, 7.0)), "target_lift"),
        (lambda: promotion_probability(a_test(), SIX_PERCENT, 0.07, 100), "lift"),
        (lambda: independent_disagreement(1.1, 0.0), "accuracy"),
        (lambda: independent_disagreement(0.99, 0.02), "accuracy"),
    ],
)
def test_what_cannot_be_names_its_field(given, field: str) -> None:
    """A caller is told which of its numbers is wrong."""
    with pytest.raises(ValueError, match=f"^{field} must"):
        given()

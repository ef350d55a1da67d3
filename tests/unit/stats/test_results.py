"""What one unit came to: a number between 0 and 1 in which more is better, whatever it is made of."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.losses import AbsoluteError, Brier, Loss
from shadowlift.stats.results import Reward, of_loss
from shadowlift.stats.scales import UNSIGNED, place
from tests.unit.stats.given import repeatable

MINUTES, CHANCE, SPENT = AbsoluteError(-60.0, 180.0), Brier(), Reward(-20.0, 80.0)
minutes, happened = st.floats(-60, 180), st.sampled_from([0.0, 1.0])
predictions = st.one_of(
    st.tuples(st.just(MINUTES), minutes, minutes, minutes),
    st.tuples(st.just(CHANCE), st.floats(0, 1), st.floats(0, 1), happened),
)
amounts = st.floats(-20, 1e300)


class TestLoss:
    """A loss counts as what is left of the largest one."""

    @pytest.mark.parametrize(
        ("loss", "prediction", "outcome", "left"),
        [
            (MINUTES, 30.0, 30.0, 1.0),
            (MINUTES, 30.0, 90.0, 0.75),
            (MINUTES, -60.0, 180.0, 0.0),
            (MINUTES, 180.0, -60.0, 0.0),
            (CHANCE, 1.0, 1.0, 1.0),
            (CHANCE, 0.5, 1.0, 0.75),
            (CHANCE, 1.0, 0.0, 0.0),
        ],
    )
    def test_what_is_left(self, loss: Loss, prediction: float, outcome: float, left: float) -> None:
        """1 for a perfect prediction, 0 for the worst there can be."""
        assert of_loss(loss, prediction, outcome) == left

    @repeatable
    @given(predictions)
    def test_it_is_one_less_the_loss_as_a_part_of_the_largest(self, case: tuple[Loss, float, float, float]) -> None:
        """By the definition of the loss, within the range of a result, and so on its scale."""
        loss, prediction, _, outcome = case
        lost = (prediction - outcome) ** 2 if loss is CHANCE else abs(prediction - outcome)
        left = of_loss(loss, prediction, outcome)
        assert 0 <= left <= 1
        assert left == pytest.approx(1 - lost / loss.largest, abs=1e-12)
        place(left, UNSIGNED, 0.5)

    @repeatable
    @given(predictions)
    def test_two_arms_and_pairs_measure_the_same(self, case: tuple[Loss, float, float, float]) -> None:
        """The lift between arms is the mean of what a pair would show: a difference of two results is D."""
        loss, candidate, current, outcome = case
        lift = of_loss(loss, candidate, outcome) - of_loss(loss, current, outcome)
        assert lift == pytest.approx(loss.difference(current, candidate, outcome), abs=1e-12)

    @repeatable
    @given(predictions)
    def test_the_nearer_prediction_never_counts_less(self, case: tuple[Loss, float, float, float]) -> None:
        """Rounding does not turn two predictions around."""
        loss, one, other, outcome = case
        nearer, farther = sorted((one, other), key=lambda prediction: abs(prediction - outcome))
        assert of_loss(loss, nearer, outcome) >= of_loss(loss, farther, outcome)


class TestReward:
    """A value counts as a part of its declared cap."""

    @pytest.mark.parametrize(
        ("value", "part"),
        [(-20.0, 0.0), (5.0, 0.25), (30.0, 0.5), (80.0, 1.0), (80.01, 1.0), (1e308, 1.0)],
    )
    def test_a_value_is_a_part_of_the_cap(self, value: float, part: float) -> None:
        """What is above the cap counts as the cap, which bounds how much one unit can weigh."""
        assert SPENT.of(value) == part

    @repeatable
    @given(st.lists(amounts, min_size=2, max_size=6))
    def test_more_never_counts_less(self, values: list[float]) -> None:
        """And never leaves the range of a result."""
        parts = [SPENT.of(value) for value in sorted(values)]
        assert all(0 <= low <= high <= 1 for low, high in pairwise(parts))

    @repeatable
    @given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.floats(0, 1))
    def test_no_range_makes_a_result_leave_its_scale(self, minimum: float, width: float, part: float) -> None:
        """Rounding at either end, of any range."""
        reward = Reward(minimum, minimum + width)
        for value in (minimum, minimum + part * width, minimum + width, math.nextafter(minimum + width, math.inf)):
            place(reward.of(value), UNSIGNED, 0.5)
        assert (reward.of(reward.minimum), reward.of(reward.cap)) == (0, 1)

    @pytest.mark.parametrize(
        ("value", "admitted"),
        [
            (-20.0, True),
            (0.0, True),
            (80.0, True),
            (1e308, True),
            (math.nextafter(-20.0, -math.inf), False),
            (-math.inf, False),
            (math.inf, False),
            (math.nan, False),
        ],
    )
    def test_only_a_value_that_can_be_is_admitted(self, value: float, admitted: bool) -> None:
        """Above the cap one can; below the declared minimum, without end or not a number none can."""
        assert SPENT.admits(value) is admitted

    @pytest.mark.parametrize(
        ("minimum", "cap"),
        [(0.0, 0.0), (1.0, 0.0), (0.0, math.inf), (-math.inf, 0.0), (math.nan, 1.0), (0.0, math.nan), (-1e308, 1e308)],
    )
    def test_an_empty_or_endless_range_is_refused(self, minimum: float, cap: float) -> None:
        """Its parts would be no numbers."""
        with pytest.raises(ValueError, match=r"^minimum must be below cap, both finite"):
            Reward(minimum, cap)

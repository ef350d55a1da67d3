"""How wrong two predictions were: exact differences, bounds that no outcome leaves, and a range that is kept."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.losses import AbsoluteError, Brier, Loss
from tests.unit.stats.given import repeatable

MINUTES, CHANCE = AbsoluteError(-60.0, 180.0), Brier()
minutes, chances = st.floats(-60, 180), st.floats(0, 1)
predicted = st.one_of(st.none(), minutes)


@pytest.mark.parametrize(
    ("loss", "current", "candidate", "outcome", "difference"),
    [
        (MINUTES, 0.0, 10.0, 10.0, 10 / 240),
        (MINUTES, 10.0, 0.0, 10.0, -10 / 240),
        (MINUTES, -60.0, 180.0, 180.0, 1.0),
        (MINUTES, 180.0, 180.0, 0.0, 0.0),
        (MINUTES, 0.0, None, 0.0, -1.0),
        (MINUTES, -60.0, None, 180.0, 0.0),  # both as wrong as can be
        (CHANCE, 1.0, 0.0, 0.0, 1.0),
        (CHANCE, 0.5, 0.75, 1.0, 0.1875),
        (CHANCE, 0.0, None, 0.0, -1.0),
        (CHANCE, 1.0, None, 0.0, 0.0),
    ],
)
def test_the_difference_is_how_much_less_was_lost(
    loss: Loss, current: float, candidate: float | None, outcome: float, difference: float
) -> None:
    """As a part of the largest possible loss; a prediction that was not made loses all of it."""
    assert loss.difference(current, candidate, outcome) == pytest.approx(difference)


@repeatable
@given(minutes, predicted, minutes)
def test_no_outcome_leaves_the_bounds_of_a_distance(current: float, candidate: float | None, outcome: float) -> None:
    """Whatever happens: what a missing outcome counts as is never too kind and never too harsh."""
    worst, best = MINUTES.bounds(current, candidate)
    assert -1 <= worst <= best <= 1
    assert worst - 1e-12 <= MINUTES.difference(current, candidate, outcome) <= best + 1e-12


@repeatable
@given(minutes, predicted)
def test_the_bounds_of_a_distance_are_reached(current: float, candidate: float | None) -> None:
    """They are the tightest there are: some outcome gives each."""
    outcomes = [current, -60.0, 180.0, *([] if candidate is None else [candidate])]
    seen = [MINUTES.difference(current, candidate, outcome) for outcome in outcomes]
    worst, best = MINUTES.bounds(current, candidate)
    assert min(seen) == pytest.approx(worst, abs=1e-12)
    assert max(seen) == pytest.approx(best, abs=1e-12)


@repeatable
@given(chances, st.one_of(st.none(), chances))
def test_the_bounds_of_a_probability_are_its_two_outcomes(current: float, candidate: float | None) -> None:
    """It happened or it did not."""
    seen = [CHANCE.difference(current, candidate, outcome) for outcome in (0.0, 1.0)]
    assert CHANCE.bounds(current, candidate) == (min(seen), max(seen))
    assert all(-1 <= value <= 1 for value in seen)


@repeatable
@given(minutes, minutes, minutes)
def test_exchanging_the_two_turns_the_sign(a: float, b: float, outcome: float) -> None:
    """Neither side is favoured."""
    assert MINUTES.difference(a, b, outcome) == -MINUTES.difference(b, a, outcome)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 180.1, -60.1])
def test_what_is_outside_the_range_is_not_admitted(value: float) -> None:
    """NaN is in no range."""
    assert not MINUTES.admits(value)
    assert not CHANCE.admits(value)


@pytest.mark.parametrize("value", [-60.0, 180.0, -0.0])
def test_the_ends_are_admitted(value: float) -> None:
    """A range includes its ends."""
    assert MINUTES.admits(value)


@pytest.mark.parametrize("limits", [(0.0, 0.0), (1.0, 0.0), (0.0, math.inf), (math.nan, 1.0)])
def test_a_range_without_width_is_refused(limits: tuple[float, float]) -> None:
    """Nothing could be measured in it."""
    with pytest.raises(ValueError, match="minimum must be below maximum"):
        AbsoluteError(*limits)

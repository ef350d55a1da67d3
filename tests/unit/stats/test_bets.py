"""The grid of bets: where it lies, that it can never ruin itself, and that it is stored exactly."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.bets import GRID_SIZE, LARGEST_STAKE, UNTARGETED_SPAN, Bets, log_grid
from tests.unit.stats.given import repeatable

positive = st.floats(1e-6, 1e6)


def test_the_grid_is_geometric_around_the_best_bet() -> None:
    """Target 1 point at a mean square of 0.1: best bet 0.1, grid from a 16th of it to the cap, most weight beside it."""
    bets = log_grid(0.01, 0.1, 1.0)
    ratios = [high / low for low, high in zip(bets.fractions, bets.fractions[1:], strict=False)]
    assert len(bets.fractions) == GRID_SIZE
    assert bets.fractions[0] == pytest.approx(0.1 / 16)
    assert bets.fractions[-1] == LARGEST_STAKE
    assert ratios == pytest.approx([ratios[0]] * (GRID_SIZE - 1))
    heaviest = bets.fractions[bets.weights.index(max(bets.weights))]
    assert abs(math.log(heaviest / 0.1)) <= math.log(ratios[0]) / 2
    assert min(bets.weights) >= 0.5 / GRID_SIZE


def test_a_small_best_bet_leaves_room_above_it() -> None:
    """The grid ends 16 times above the best bet where the cap is further away."""
    assert log_grid(0.001, 0.5, 1.0).fractions[-1] == pytest.approx(0.002 * 16)


def test_a_target_out_of_proportion_is_capped() -> None:
    """A best bet above the largest allowed one is taken as the largest allowed one."""
    bets = log_grid(1.0, 0.001, 1.0)
    assert (bets.fractions[0], bets.fractions[-1]) == pytest.approx((LARGEST_STAKE / 16, LARGEST_STAKE))


@pytest.mark.parametrize(("target", "moment"), [(None, 0.1), (0.0, 0.1), (0, None), (None, None), (0.01, None)])
def test_no_target_gives_a_wide_even_grid(target: float | None, moment: float | None) -> None:
    """Without a target, or without the scale that places it, every size of effect gets the same weight."""
    bets = log_grid(target, moment, 2.0)
    assert set(bets.weights) == {1 / GRID_SIZE}
    assert bets.fractions[-1] == LARGEST_STAKE / 2
    assert bets.fractions[-1] / bets.fractions[0] == pytest.approx(UNTARGETED_SPAN)


@repeatable
@given(st.one_of(st.none(), positive), positive, positive)
def test_no_bet_can_be_ruined(target: float | None, moment: float, loss: float) -> None:
    """Whatever the arguments, the worst observation leaves every bet a tenth of its wealth."""
    bets = log_grid(target, moment, loss)
    assert 1 - bets.fractions[-1] * loss >= (1 - LARGEST_STAKE) * (1 - 1e-12)
    assert math.fsum(bets.weights) == pytest.approx(1, abs=1e-12)


@repeatable
@given(st.one_of(st.none(), positive), positive, positive)
def test_json_keeps_bets_bit_for_bit(target: float | None, moment: float, loss: float) -> None:
    """What is stored as JSON text comes back equal, so a restarted test bets exactly as before."""
    bets = log_grid(target, moment, loss)
    assert Bets.from_json(json.loads(json.dumps(bets.to_json()))) == bets


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((-0.01, 0.1, 1.0), "target_effect"),
        ((math.nan, 0.1, 1.0), "target_effect"),
        ((math.inf, 0.1, 1.0), "target_effect"),
        ((0.01, 0.0, 1.0), "second_moment"),
        ((0.01, -1.0, 1.0), "second_moment"),
        ((None, math.nan, 1.0), "second_moment"),
        ((0.01, 0.1, 0.0), "largest_loss"),
        ((None, None, math.inf), "largest_loss"),
    ],
)
def test_a_bad_argument_is_refused_by_name(arguments: tuple[float | None, float | None, float], field: str) -> None:
    """Also the argument that the given target would not need is checked."""
    with pytest.raises(ValueError, match=f"^{field} must be"):
        log_grid(*arguments)


@pytest.mark.parametrize(
    ("fractions", "weights", "message"),
    [
        ((), (), "fractions must be a tuple"),
        ([0.1], (1.0,), "fractions must be a tuple"),
        ((0.1,), (1.0, 1.0), "weights must be as many"),
        ((0.2, 0.1), (0.5, 0.5), "fractions must ascend"),
        ((0.1, 0.1), (0.5, 0.5), "fractions must ascend"),
        ((0.0, 0.1), (0.5, 0.5), "fractions must be finite"),
        ((0.1, math.inf), (0.5, 0.5), "fractions must be finite"),
        ((0.1, 0.2), (0.5, math.nan), "weights must be finite"),
        ((0.1, 0.2), (0.5, 0.6), "weights must sum to 1"),
        ((0.1, 0.2), (1, 0.5), "weights must be finite floats"),
    ],
)
def test_what_is_no_mixture_is_refused(fractions: object, weights: object, message: str) -> None:
    """Weights above 1 in sum would break the error rate; the rest would break the arithmetic."""
    with pytest.raises(ValueError, match=message):
        Bets(fractions, weights)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"fractions": ["0.1"]}, "exactly fractions and weights"),
        ({"fractions": "0.1", "weights": ["1"]}, "fractions must be a list"),
        ({"fractions": ["0.1"], "weights": ["x"]}, "weights must be a number"),
        ({"fractions": [None], "weights": ["1"]}, "fractions must be a number"),
    ],
)
def test_stored_bets_are_checked(data: dict[str, object], message: str) -> None:
    """A damaged store is refused, never guessed at."""
    with pytest.raises(ValueError, match=message):
        Bets.from_json(data)

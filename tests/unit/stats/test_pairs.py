"""Imagined pairs have the lift and the spread that were asked for."""

import random
from itertools import pairwise

import pytest

from shadowlift.stats import paired
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.pairs import Losses, RightOrWrong

MANY = 40_000


def last(pairs: RightOrWrong | Losses, lift: float, seed: int = 1):
    return list(pairs.counts(lift, (MANY // 2, MANY), random.Random(seed).random))[-1]


@pytest.mark.parametrize("lift", [-0.02, 0.0, 0.02])
@pytest.mark.parametrize("pairs", [RightOrWrong(0.06), RightOrWrong(1.0), Losses(0.01)], ids=str)
def test_the_mean_is_the_lift_and_the_mean_square_is_as_stated(pairs: RightOrWrong | Losses, lift: float) -> None:
    """Within four standard errors of 40,000 pairs; rounding widens a loss by up to one part in fifty."""
    seen = last(pairs, lift)
    assert seen.n == MANY
    assert paired.estimate(seen) == pytest.approx(lift, abs=4 * (pairs.second_moment / MANY) ** 0.5)
    assert paired.second_moment(seen) == pytest.approx(pairs.second_moment, rel=0.05)


def test_counts_only_grow() -> None:
    """Each look has what the one before had, and what came since."""
    for pairs in (RightOrWrong(0.3), Losses(0.01)):
        seen = list(pairs.counts(0.01, (1, 2, 50, 51, 400), random.Random(2).random))
        assert [counts.n for counts in seen] == [1, 2, 50, 51, 400]
        assert all(later.went_back(earlier) is None for earlier, later in pairwise(seen))


def test_pairs_that_all_disagree_have_no_ties() -> None:
    """And with the largest lift of all no losses."""
    assert last(RightOrWrong(1.0), 1.0) == PairedCounts(wins=MANY)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (lambda: RightOrWrong(0.0), "disagreement"),
        (lambda: RightOrWrong(1.01), "disagreement"),
        (lambda: Losses(0.0), "second_moment"),
        (lambda: Losses(0.34), "second_moment"),
    ],
)
def test_what_cannot_come_out_names_its_field(given, field: str) -> None:
    """Rates beyond all pairs, and differences beyond the range of the loss."""
    with pytest.raises(ValueError, match=f"^{field} must"):
        given()


def test_a_lift_needs_room() -> None:
    """No more lift than disagreements; no loss whose differences would leave the range or have no spread."""
    assert [RightOrWrong(0.06).admits(lift) for lift in (-0.07, -0.06, 0.06, 0.07)] == [False, True, True, False]
    assert [Losses(0.01).admits(lift) for lift in (-0.1, 0.09, 0.1)] == [False, True, False]
    assert not Losses(1 / 3).admits(0.3)

"""Odds and roots: what tilting a chance means, and that a root is found from the careful side."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import odds
from tests.unit.stats.given import repeatable
from tests.unit.stats.given_arms import event_epochs

shares = st.integers(1, 999).map(lambda weight: weight / 1000)


@repeatable
@given(shares, st.floats(-30, 30))
def test_tilting_multiplies_the_odds(share: float, log_ratio: float) -> None:
    """The chance is p r / (p r + 1 - p); by nothing it is the share itself, and the other arm gets the rest."""
    ratio = math.exp(log_ratio)
    assert odds.tilted(share, log_ratio) == pytest.approx(share * ratio / (share * ratio + 1 - share), rel=1e-12)
    assert odds.tilted(share, 0.0) == share
    assert odds.tilted(share, log_ratio) + odds.tilted(1 - share, -log_ratio) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("log_ratio", [-math.inf, -1e6, -odds.WIDEST, odds.WIDEST, 1e6, math.inf])
def test_extreme_odds_overflow_nothing(log_ratio: float) -> None:
    """All or nothing, to a float."""
    assert odds.tilted(0.001, log_ratio) == (log_ratio > 0)


@repeatable
@given(st.floats(-500, 500), st.floats(0.01, 50), st.sampled_from([1, 3]))
def test_a_root_is_found_from_below(root: float, steepness: float, power: int) -> None:
    """Where the function still is not negative, and a hair from where it is; also where it is flat, or steep on one side only."""

    def falling(x: float) -> float:
        return -(math.expm1(min(steepness * (x - root), 200.0)) ** power)

    low, high = odds.bracket(falling)
    assert falling(low) >= 0 > falling(high)
    found = odds.falling_root(falling, low, high)
    assert falling(found) >= 0
    assert found == pytest.approx(root, abs=1e-9 + 1e-4 * (power - 1))


def test_few_evaluations_find_a_root() -> None:
    """Less than half of what bisection would need, with those that find the bracket."""
    asked = []

    def falling(x: float) -> float:
        asked.append(x)
        return 3 - math.exp(x) - x

    odds.falling_root(falling, *odds.bracket(falling))
    assert len(asked) <= 18


@repeatable
@given(event_epochs)
def test_the_likeliest_ratio_explains_the_number_of_events(epochs: object) -> None:
    """Under it as many events of the candidate are expected as were counted."""
    log_ratio = odds.likeliest(epochs.telling)
    candidate, n = sum(e.counts.candidate for e in epochs.telling), sum(e.counts.n for e in epochs.telling)
    if log_ratio is None:
        assert n == 0
        return
    expected = math.fsum(e.counts.n * odds.tilted(e.candidate_share, log_ratio) for e in epochs.telling)
    assert expected == pytest.approx(candidate, abs=1e-9 * n)


@repeatable
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_sum_of_logs_is_never_lost(logs: list[float]) -> None:
    """At least the largest, and at most the number of terms times it."""
    assert max(logs) <= odds.log_sum(logs) <= max(logs) + math.log(len(logs)) + 1e-9

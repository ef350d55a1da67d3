"""One rate against a limit: bets, bounds and decision agree at any counts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import rate
from shadowlift.stats.arm_counts import RateCounts
from shadowlift.stats.bets import Bets, log_grid
from tests.unit.stats.given import error_rates, repeatable
from tests.unit.stats.given_arms import rate_counts

BETS = rate.planned_bets(0.99, 0.995)
limits = st.floats(0.001, 0.999)
plans = limits.flatmap(
    lambda limit: st.tuples(
        st.just(limit), st.floats(limit, 1.0, exclude_min=True).map(lambda target: rate.planned_bets(limit, target))
    )
)


@repeatable
@given(rate_counts(), plans, error_rates)
def test_the_lower_bound_and_the_e_value_say_the_same(
    counts: RateCounts, plan: tuple[float, Bets], error_rate: float
) -> None:
    """Above the limit exactly where the null falls, never outside [0, 1], and never above the rate."""
    limit, bets = plan
    bound = rate.lower_bound(counts, bets, limit, error_rate)
    assert (bound > limit) == rate.wealth(counts, bets, limit).rejects(error_rate)
    assert 0 <= bound <= 1
    seen = rate.estimate(counts)
    assert seen is None or bound <= seen + 1e-9


@repeatable
@given(rate_counts(), rate_counts(), plans)
def test_logs_add_as_counts_do(some: RateCounts, more: RateCounts, plan: tuple[float, Bets]) -> None:
    """The log wealth of both together is the sum."""
    limit, bets = plan
    each, both = (rate.wealth(one, bets, limit).logs for one in (some, more)), rate.wealth(some + more, bets, limit)
    assert both.logs == pytest.approx([a + b for a, b in zip(*each, strict=True)], rel=1e-9, abs=1e-9)


def test_an_event_is_evidence_for_a_high_rate() -> None:
    """And a unit without one is evidence against."""
    less, now, more = (
        rate.wealth(RateCounts(*counts), BETS, 0.99).log_e_value for counts in ((1001, 995), (1000, 995), (1001, 996))
    )
    assert less < now < more


def test_an_objective_is_proven_by_what_keeps_it() -> None:
    """99 % in time: proven by 2,000 answers of which 2 are late, and not by 20; that it is missed is proven by 60."""
    assert rate.wealth(RateCounts(2000, 1998), BETS, 0.99).rejects(0.05)
    assert not rate.wealth(RateCounts(2000, 1980), BETS, 0.99).rejects(0.05)
    late = rate.planned_bets(0.01, 0.02)
    assert rate.wealth(RateCounts(2000, 1940).mirrored(), late, 0.01).rejects(0.05)
    assert not rate.wealth(RateCounts(2000, 1980).mirrored(), late, 0.01).rejects(0.05)


def test_no_units_say_nothing() -> None:
    """E is 1, the bound is 0, and there is no estimate."""
    assert rate.wealth(RateCounts(), BETS, 0.99).log_e_value == pytest.approx(0, abs=1e-12)
    assert rate.lower_bound(RateCounts(), BETS, 0.99, 0.05) == 0
    assert rate.estimate(RateCounts()) is None
    assert rate.estimate(RateCounts(4, 1)) == 0.25


@pytest.mark.parametrize(("counts", "low", "high"), [((10**9, 10**9), 700, 1e10), ((10**9, 0), -1e11, -700)])
def test_huge_evidence_is_a_number(counts: tuple[int, int], low: float, high: float) -> None:
    """All of them or none of them, a thousand million times."""
    assert low < rate.wealth(RateCounts(*counts), BETS, 0.99).log_e_value < high
    assert 0 <= rate.lower_bound(RateCounts(*counts), BETS, 0.99, 0.05) <= 1


def test_bets_are_placed_for_the_target() -> None:
    """Mean and mean square of Y - limit at the target; at most the limit can be lost."""
    assert rate.planned_bets(0.01, 0.02) == log_grid(0.02 - 0.01, 0.02 * (1 - 0.02) + (0.02 - 0.01) ** 2, 0.01)


@pytest.mark.parametrize(
    ("limit", "target", "name"),
    [
        (0.0, 0.5, "limit"),
        (1.0, 1.0, "limit"),
        (math.nan, 0.5, "limit"),
        (0.5, 0.5, "target"),
        (0.5, 1.1, "target"),
        (0.5, math.nan, "target"),
    ],
)
def test_a_bad_argument_is_refused_by_name(limit: float, target: float, name: str) -> None:
    """Rates are in [0, 1], and a target is above its limit."""
    with pytest.raises(ValueError, match=f"^{name} must be above"):
        rate.planned_bets(limit, target)


def test_a_bet_that_could_lose_all_is_refused() -> None:
    """A unit without the event costs the limit times the stake."""
    with pytest.raises(ValueError, match=r"^bets must stake fractions below 1 / limit"):
        rate.wealth(RateCounts(), Bets((2.0,), (1.0,)), 0.5)
    with pytest.raises(ValueError, match=r"^error_rate must be"):
        rate.lower_bound(RateCounts(), BETS, 0.99, 0.7)

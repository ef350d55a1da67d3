"""Several tests, one verdict: a shared budget, all guardrails or none, whole cycles."""

import math
from dataclasses import dataclass

import pytest

from shadowlift.stats.combination import Guardrail, Safety, at_cycle_end, may_promote, shared


@dataclass(frozen=True)
class Evidence:
    """A test that has come so far."""

    log_e_value: float = 0.0

    def rejects(self, error_rate: float) -> bool:
        return self.log_e_value >= -math.log(error_rate)

    def lower_bound(self, error_rate: float) -> float:
        return -math.inf


@pytest.mark.parametrize(
    ("no_harm", "harm", "safety"),
    [
        (0.0, 0.0, Safety.UNKNOWN),
        (math.log(20), 0.0, Safety.SAFE),
        (0.0, math.log(60), Safety.HARMFUL),
        (0.0, math.log(59), Safety.UNKNOWN),  # three guardrails share the rate of .05: the bar is 60
        (math.log(20), math.log(60), Safety.HARMFUL),
    ],
)
def test_a_guardrail_is_safe_harmful_or_unknown(no_harm: float, harm: float, safety: Safety) -> None:
    """Each has the whole rate for being safe, and its part of the rate for being harmful; harm is named first."""
    assert Guardrail(Evidence(no_harm), Evidence(harm)).safety(0.05, 0.05, among=3) is safety


@pytest.mark.parametrize(
    ("proven", "guardrails", "promotes"),
    [
        (True, [], True),
        (True, [Safety.SAFE, Safety.SAFE], True),
        (True, [Safety.SAFE, Safety.UNKNOWN], False),
        (True, [Safety.HARMFUL], False),
        (False, [Safety.SAFE], False),
    ],
)
def test_promotion_needs_all(proven: bool, guardrails: list[Safety], promotes: bool) -> None:
    """Not knowing is not being safe."""
    assert may_promote(proven, guardrails) is promotes


def test_a_shared_rate_is_split_evenly() -> None:
    """K candidates, each against a K times higher bar."""
    assert shared(0.05, 5) == pytest.approx(0.01)
    assert shared(0.05, 1) == 0.05


@pytest.mark.parametrize(("rate", "among"), [(0.5, 1), (0.0, 1), (math.nan, 1), (0.05, 0), (0.05, -1), (0.05, True)])
def test_a_budget_that_is_none_is_refused(rate: float, among: int) -> None:
    """Nobody shares nothing."""
    with pytest.raises(ValueError, match=r"^(error_rate|among) must be"):
        shared(rate, among)


@pytest.mark.parametrize(
    ("elapsed", "punctual"),
    [
        (-5, False),
        (0, False),
        (0.5, False),
        (23.9, False),
        (24, True),
        (24.9, True),
        (25, False),
        (48, True),
        (240.5, True),
    ],
)
def test_looks_are_punctual_after_whole_cycles(elapsed: float, punctual: bool) -> None:
    """24 hours, and up to an hour late; the start is no end of a cycle."""
    assert at_cycle_end(elapsed, 24.0, 1.0) is punctual


@pytest.mark.parametrize(
    ("cycle", "slack"), [(0, 1), (-1, 1), (math.inf, 1), (math.nan, 1), (24, 0), (24, 24), (24, math.nan)]
)
def test_a_cycle_that_is_none_is_refused(cycle: float, slack: float) -> None:
    """By the name of the argument."""
    with pytest.raises(ValueError, match=r"^(cycle|slack) must be"):
        at_cycle_end(100, cycle, slack)

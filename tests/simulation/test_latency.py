"""The Latency guardrail as it is frozen and known by the product: safe at the tolerance is as rare as promised, whatever the watch saw."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from dev.bench.stats.measure import tolerated
from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.ledger import EpochCounters
from shadowlift.api.record import FrozenGuard
from shadowlift.rollout import guards
from shadowlift.stats.combination import Safety
from shadowlift.stats.threshold import LADDER

ALPHA, TRIALS, WATCHED, EACH = 0.05, 400, 2_000, 2_000
SPREAD = 0.5  # of the logarithm of a time
MEDIAN = (
    0.999 * LADDER[70] / math.exp(SPREAD * NormalDist().inv_cdf(0.99))
)  # the quantile is at a boundary, where nothing is given away
LOOKS = 25
TENTH = Guardrail(name="slow", type=GuardrailType.LATENCY, max_increase="10%")


def places(rng: np.random.Generator, size: int, slower: float = 1.0) -> NDArray[np.int64]:
    """How many of so many answers fall into each bucket."""
    times = MEDIAN * slower * np.exp(SPREAD * rng.standard_normal(size))
    return np.bincount(np.searchsorted(LADDER, times), minlength=len(LADDER) + 1)


def counted(candidate: NDArray[np.int64], current: NDArray[np.int64]) -> EpochCounters:
    each = {"candidate": candidate, "current": current}
    times = {f"{arm}/{place}": int(n) for arm, amounts in each.items() for place, n in enumerate(amounts) if n}
    return EpochCounters(latency_by_arm=times, units_by_arm={arm: int(amounts.sum()) for arm, amounts in each.items()})


def frozen(rng: np.random.Generator) -> FrozenGuard:
    """What the guardrail is held to after a watch, as long as it wants."""
    current = places(rng, WATCHED)
    while guards.missing([TENTH], counted(current * 0, current)) is not None:
        current = current + places(rng, 200)
    (guard,) = guards.freeze([TENTH], counted(current * 0, current))
    return guard


def is_ever_safe(rng: np.random.Generator, slower: float) -> bool:
    """Whether any look at a canary of half of the units says so."""
    guard = frozen(rng)
    candidate, current = (np.zeros(len(LADDER) + 1, dtype=np.int64) for _ in range(2))
    for _ in range(LOOKS):
        candidate, current = candidate + places(rng, EACH, slower), current + places(rng, EACH)
        (known,) = guards.known([guard], [], counted(candidate, current), ALPHA)
        if known.safety is Safety.SAFE:
            return True
    return False


@pytest.mark.parametrize(("slower", "least", "most"), [(1.1, 0.0, tolerated(ALPHA, TRIALS)), (1.0, 0.9, 1.0)])
def test_safe_is_said_of_one_that_is_as_fast_and_hardly_ever_of_one_at_the_limit(
    slower: float, least: float, most: float
) -> None:
    """The limits come from 2,000 answers, of which twenty lie beyond the quantile; that they are a little off is no licence."""
    rng = np.random.default_rng(20_401)
    assert least <= sum(is_ever_safe(rng, slower) for _ in range(TRIALS)) / TRIALS <= most

"""B2-B4: how many observations it takes to prove a lift, with a right and with a wrong target, beside what any test needs.

Called by `jobs`; one draw of each scenario serves all targets. Any sequential test needs at least log(1/alpha) / divergence observations
on average, the divergence taken from the nearest distribution without a lift; a test of fixed size for a power of 80 % needs
(z(1 - alpha) + z(0.8))^2 variance / lift^2.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from dev.bench.stats import engines, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.false_promotion import proven
from dev.bench.stats.measure import Job, Row, Size, exact, mean, quantile
from shadowlift.stats import arms
from tests.unit.stats import exact as by_count

LOOKS = 1000
"""About so many in the number of observations that any test needs. With fewer, a test waits for its next look while luck that opened it
passes: with 125 it would seem to need 4 % more."""

LONGEST = 24
"""How many times that number a trial may last."""

RIGHT, WRONG, BY_FIXED = 1.35, 1.65, 2.1
NARROW = 1.45
"""B2 where the bets cannot be as large as the target would have them."""

Z = NormalDist().inv_cdf(1 - ALPHA) + NormalDist().inv_cdf(0.8)


@dataclass(frozen=True)
class Scenario:
    """A lift, and the tests of it.

    Attributes:
        name: in words.
        least: observations that any test needs on average.
        fixed: observations of a test of fixed size.
        target: the lift.
        world: step -> the data.
        engine: a believed target -> the test.
        most: B2 for this one.
    """

    name: str
    least: float
    fixed: float
    target: float
    world: Callable[[int], trials.World]
    engine: Callable[[float], trials.Engine]
    most: float = RIGHT


def pairs(disagreement: float, lift: float) -> Scenario:
    """Right and wrong."""
    win, loss = (disagreement + lift) / 2, (disagreement - lift) / 2
    return Scenario(
        f"pairs, lift {lift:g}, disagreement {disagreement:g}",
        engines.least_information(win, loss),
        Z**2 * (disagreement - lift**2) / lift**2,
        lift,
        lambda step: worlds.pairs(disagreement, lift, LOOKS, step),
        lambda believed: engines.pairs(engines.paired_test(believed, disagreement)),
    )


def losses(lift: float, spread: float, most: float = RIGHT) -> Scenario:
    """Differences of losses, a beta distribution."""
    return Scenario(
        f"loss, lift {lift:g}, deviation {spread:g}",
        -math.log(ALPHA) / _divergence(lift, spread),
        Z**2 * spread**2 / lift**2,
        lift,
        lambda step: worlds.Losses(worlds.bell(lift, spread), LOOKS, step),
        lambda believed: engines.differences(engines.paired_test(believed, spread**2)),
        most,
    )


def _divergence(lift: float, spread: float) -> float:
    """From the nearest distribution on [-1, 1] without a lift: the best growth of a constant bet (J. Honda, A. Takemura, 2010)."""
    a, b = worlds.beta_shape(lift, spread)
    middles = 2 * stats.beta.ppf((np.arange(20_000) + 0.5) / 20_000, a, b) - 1
    best = optimize.minimize_scalar(lambda bet: -np.log1p(bet * middles).mean(), bounds=(0.0, 0.999), method="bounded")
    return -float(best.fun)


def canary(before: float, after: float, weight: int) -> Scenario:
    """Two arms."""
    share = weight / 1000
    pooled = share * after + (1 - share) * before
    divergence = share * _bernoulli(after, pooled) + (1 - share) * _bernoulli(before, pooled)
    variance = after * (1 - after) / share + before * (1 - before) / (1 - share)
    return Scenario(
        f"arms {before:g} -> {after:g}, weight {share:g}",
        -math.log(ALPHA) / divergence,
        Z**2 * variance / (after - before) ** 2,
        after - before,
        lambda step: worlds.arms(weight, after, before, LOOKS, step),
        lambda believed: engines.successes(arms.planned_bets(0.0, believed, before * (1 - before)), [(weight, before)]),
    )


def _bernoulli(rate: float, other: float) -> float:
    return rate * math.log(rate / other) + (1 - rate) * math.log((1 - rate) / (1 - other))


SCENARIOS: dict[str, Callable[[], Scenario]] = {
    "pairs": lambda: pairs(0.06, 0.02),
    "pairs of unlike models": lambda: pairs(0.308, 0.02),
    "pairs, small lift": lambda: pairs(0.06, 0.005),
    "loss": lambda: losses(0.02, 0.30),
    "loss, narrow": lambda: losses(0.01, 0.10, NARROW),
    "arms": lambda: canary(0.10, 0.11, 500),
    "arms, few": lambda: canary(0.10, 0.11, 100),
    "arms, rare": lambda: canary(0.01, 0.012, 500),
    "arms, often": lambda: canary(0.80, 0.82, 100),
}
"""Five reference cells, and four more."""


def jobs() -> list[Job]:
    """All scenarios."""
    sampled = [Job("B2-B4", name, partial(_scenario, name, 10_200 + n)) for n, name in enumerate(SCENARIOS)]
    return [*sampled, *(Job("B2-B3", f"exact, lift {lift:g}", partial(_exact, d, lift)) for d, lift in EXACT)]


def _scenario(name: str, seed: int, size: Size) -> list[Row]:
    one, repeats = SCENARIOS[name](), size.of(4000, 600)
    step = max(1, round(one.least / LOOKS))
    gates = [(one.engine(factor * one.target), ALPHA) for factor in (1.0, 0.25, 4.0)]
    ends = trials.until_crossed(one.world(step), gates, np.random.default_rng(seed), repeats, LONGEST)
    right, low, high = (_observations(end, step) for end in ends)
    return [
        Row("B2", f"E[n] / least, {one.name}", mean(right, seed, one.least), most=one.most, digits=3),
        Row("B3", f"... target 4 times too small, {one.name}", mean(low, seed, one.least), most=WRONG, digits=3),
        Row("B3", f"... target 4 times too large, {one.name}", mean(high, seed, one.least), most=WRONG, digits=3),
        Row("B4", f"n for power 0.8 / fixed n, {one.name}", quantile(right, 0.8, seed, one.fixed), BY_FIXED, digits=3),
    ]


def _observations(ends: NDArray[np.int64], step: int) -> NDArray[np.float64]:
    """Observations at the end; a trial that never ends makes the mean endless, and the row a miss."""
    return np.where(ends == trials.NEVER, math.inf, ends * step)


EXACT = ((0.06, 0.02), (0.308, 0.02), (0.06, 0.005))


def _exact(disagreement: float, lift: float, size: Size) -> list[Row]:
    """E[n] of pairs with a look after every disagreement, followed until fewer than one in a billion are left."""
    one = pairs(disagreement, lift)
    looks = size.of(12, 4) * round(one.least * disagreement)
    rates = [(disagreement + lift) / (2 * disagreement)] * looks
    rows = []
    for id_, factor, most in (("B2", 1.0, RIGHT), ("B3", 0.25, WRONG), ("B3", 4.0, WRONG)):
        bets = engines.paired_test(factor * lift, disagreement).bets
        path = by_count.follow(rates, partial(proven, bets, ALPHA))
        what = f"E[n] / least, {one.name}, target x {factor:g}, looking at every disagreement"
        rows.append(Row(id_, what, exact(path.mean_looks / disagreement / one.least), most, digits=3))
    return rows

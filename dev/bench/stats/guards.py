"""B8, B9: how soon harm, slow answers and a bad sample ratio are found, and how often they are found where there are none.

Called by `jobs`.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.measure import Job, Row, Size, exact, quantile, share, tolerated
from shadowlift.stats import threshold
from shadowlift.stats.arm_counts import ArmUnits
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.sample_ratio import ERROR_RATE, SampleRatio
from tests.unit.stats import exact as by_count

NORMAL = NormalDist()
SPREAD = 0.5
"""Deviation of the logarithm of an answer's time."""

MEDIAN = 0.05
"""Seconds."""


@dataclass(frozen=True)
class Guard:
    """Events that a guard counts.

    Attributes:
        name: in words.
        weight: the candidate's share of the requests, in thousandths.
        base: events for each request of the current process.
        ratio: the candidate's events for one of those.
        most: median requests allowed until it is found.
        null: ratio up to which there is no harm.
    """

    name: str
    weight: int
    base: float
    ratio: float
    most: int
    null: float = 1.0


def _slower(name: str, slower: float, most: int) -> Guard:
    """A slowdown as events: the answers beyond a threshold that the engine takes from a histogram of the current process."""
    limit = MEDIAN * math.exp(SPREAD * NORMAL.inv_cdf(0.99))
    boundaries = [limit * 1.1**step for step in range(-20, 8)]
    n = 1_000_000
    below = [math.ceil(n * _share_below(boundary, 1.0)) for boundary in boundaries]
    found = threshold.threshold(boundaries, np.diff([0, *below, n]).tolist(), 0.99, 0.0)
    base = 1 - _share_below(found.limit, 1.0)
    return Guard(name, 500, base, (1 - _share_below(found.limit, slower)) / base, most, found.null_ratio)


def _share_below(limit: float, slower: float) -> float:
    return NORMAL.cdf(math.log(limit / MEDIAN / slower) / SPREAD)


GUARDS: dict[str, Callable[[], Guard]] = {
    "errors": lambda: Guard("errors 1 % x 2, weight 0.1", 100, 0.01, 2.0, 11_500),
    "slow": lambda: _slower("p99 + 20 %, weight 0.5", 1.2, 2_900),
}


def jobs() -> list[Job]:
    """Each guard with and without harm, then the sample ratio."""
    rows = [Job("B8", name, functools.partial(_guard, name, 10_800 + n)) for n, name in enumerate(GUARDS)]
    return [*rows, Job("B9", "as designed", _as_designed), Job("B9", "51 : 49", _lost)]


def _world(guard: Guard, ratio: float, looks: int, step: int) -> worlds.Kinds:
    """Events of the candidate, of the current process, and requests without."""
    share = guard.weight / 1000
    mine, theirs = share * guard.base * ratio, (1 - share) * guard.base
    return worlds.Kinds(np.tile([mine, theirs, 1 - mine - theirs], (looks, 1)), step)


@dataclass(frozen=True)
class Events:
    """A world's events alone, without what had none: all that the test reads."""

    world: worlds.Kinds

    @property
    def shape(self) -> tuple[int, int]:
        """Looks, and the two kinds of events."""
        return self.world.shape[0], 2

    def draw(self, rng: np.random.Generator, repeats: int) -> trials.Path:
        """The counts of so many trials."""
        return np.ascontiguousarray(self.world.draw(rng, repeats)[..., :2])


def _guard(name: str, seed: int, size: Size) -> list[Row]:
    guard, repeats = GUARDS[name](), size.of(4000, 300)
    engine, rng = engines.harm([guard.weight], guard.null, 1.5 * guard.null), np.random.default_rng(seed)
    step = guard.most // 200
    found = trials.crossings(Events(_world(guard, guard.ratio, 1500, step)), [(engine, ALPHA)], rng, repeats)[0]
    called = trials.crossings(Events(_world(guard, 1.0, 1000, 50)), [(engine, ALPHA)], rng, repeats)[0]
    requests = np.where(found == trials.NEVER, math.inf, found * step)
    each = guard.base * (guard.weight * guard.ratio + 1000 - guard.weight) / 1000
    path = _follow(engine, guard, guard.ratio)
    even = _follow(engine, guard, 1.0)
    return [
        Row("B8", f"{guard.name}: median requests", quantile(requests, 0.5, seed), most=guard.most, digits=0),
        Row("B8", "... looking at every event", exact((path.median_looks or math.inf) / each), guard.most, digits=0),
        Row("B8", f"{guard.name}: called without harm", share(called != trials.NEVER, seed), tolerated(ALPHA, repeats)),
        Row("B8", "... looking at every one of 1,000 events", exact(even.crossed), most=ALPHA),
    ]


def _follow(engine: trials.Engine, guard: Guard, ratio: float) -> by_count.Path:
    """The same without chance, from event to event."""
    odds = guard.weight * ratio / (1000 - guard.weight)

    def harmful(counts: PairedCounts) -> bool:
        return engine.wealth([counts.wins, counts.losses]).rejects(ALPHA)

    return by_count.follow([odds / (1 + odds)] * 1000, harmful)


def is_off(candidate: int, n: int, weight: int) -> bool:
    """What the engine says of the sample ratio."""
    return SampleRatio(Epochs((Epoch(0, weight, 0.0, ArmUnits(candidate, n - candidate)),))).rejects(ERROR_RATE)


def let_be(weight: int, looks: int, step: int) -> NDArray[np.int64]:
    """For each look the fewest and the most units of the candidate with which the engine lets it be; E is convex in them."""
    lines, least, most = [], step * weight // 1000, step * weight // 1000
    for n in range(step, step * looks + 1, step):
        middle = round(n * weight / 1000)
        least, most = min(least, middle), max(most, middle)
        while least < n and is_off(least, n, weight):
            least += 1
        while least > 0 and not is_off(least - 1, n, weight):
            least -= 1
        while most > 0 and is_off(most, n, weight):
            most -= 1
        while most < n and not is_off(most + 1, n, weight):
            most += 1
        lines.append((least, most))
    return np.array(lines).T


def _off(weight: int, truth: float, seed: int, repeats: int) -> NDArray[np.int64]:
    """Users, by hundreds, after which the sample ratio was called off."""
    looks, step = 2000, 100
    least, most = let_be(weight, looks, step)
    rng, parts = np.random.default_rng(seed), []
    for start in range(0, repeats, 500):
        seen = rng.binomial(step, truth, (min(500, repeats - start), looks)).cumsum(axis=1)
        parts.append(trials.first((seen < least) | (seen > most)))
    return np.concatenate(parts)


def _as_designed(size: Size) -> list[Row]:
    rows, repeats = [], size.of(10_000, 1000)
    for weight in (500, 100, 50):
        off = _off(weight, weight / 1000, 10_900 + weight, repeats) != trials.NEVER
        what = f"sample ratio called off as designed, weight {weight / 1000:g}, 2,000 looks, 200,000 users"
        rows.append(Row("B9", what, share(off, 10_900 + weight), most=0.003))
    return rows


def _lost(size: Size) -> list[Row]:
    ends = _off(500, 0.51, 10_901, size.of(4000, 500))
    users = np.where(ends == trials.NEVER, math.inf, 100.0 * ends)
    return [Row("B9", "51 : 49 in place of 50 : 50, median users", quantile(users, 0.5, 10_901), 55_000, digits=0)]

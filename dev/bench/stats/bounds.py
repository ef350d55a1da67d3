"""B6, B7: do the confidence bounds cover the average lift so far at all looks together, and how wide are they.

Called by `jobs`. Each side has an error rate of 0.025. The width is set against that of the interval for one look at a fixed number of
observations, which is valid at that look only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, trials, worlds
from dev.bench.stats.measure import CONFIDENCE, Job, Row, Size, exact, share, tolerated
from shadowlift.stats import arms, paired
from shadowlift.stats.bets import Bets
from shadowlift.stats.counts import PairedCounts

SIDE = 0.025
"""Nominal error rate of each bound."""

MISSED, WIDEST = 0.0355, 1.85

LOOKS = 1000
TURNS = np.arange(LOOKS) / LOOKS

DRIFTS: dict[str, NDArray[np.float64]] = {
    "constant": np.full(LOOKS, 0.02),
    "none": np.zeros(LOOKS),
    "sinusoid": 0.02 * np.sin(2 * np.pi * 5 * TURNS),
    "step": np.where(TURNS < 0.3, -0.02, 0.02),
    "square wave": np.where((TURNS * 10).astype(int) % 2 == 0, 0.02, -0.02),
}
"""Lift by look, of pairs with a disagreement of 0.06."""

Mirror = Callable[[bool], trials.Engine]


@dataclass(frozen=True)
class Setting:
    """What the bounds are for.

    Attributes:
        world: the data.
        lift: by look, what they must cover the running average of.
        engine: the test, from either side.
        information: of one look.
    """

    world: trials.World
    lift: NDArray[np.float64]
    engine: Mirror
    information: float


def jobs() -> list[Job]:
    """Coverage under drift and in cells, then widths."""
    settings = [f"pairs, lift {name}" for name in DRIFTS] + list(CELLS)
    return [
        *(Job("B6", name, partial(_coverage, name, 10_600 + n)) for n, name in enumerate(settings)),
        Job("B7", "widths", _widths),
    ]


def _pairs(lift: NDArray[np.float64], disagreement: float = 0.06) -> Setting:
    bets = engines.paired_test(0.02, disagreement).bets
    world = worlds.pairs(disagreement, lift, LOOKS, 20)
    return Setting(world, lift, lambda mirrored: engines.of_pairs(bets, 0.0, mirrored=mirrored), 20.0)


def _canary(before: float, after: float, weight: int) -> Setting:
    target = abs(after - before)
    bets = arms.planned_bets(0.0, target, before * (1 - before))
    world = worlds.arms(weight, after, before, LOOKS, 100)
    information = 100 * weight / 1000 * (1 - weight / 1000)
    engine = partial(_successes, bets, weight, before)
    return Setting(world, np.full(LOOKS, after - before), engine, information)


def _successes(bets: Bets, weight: int, baseline: float, mirrored: bool) -> trials.Engine:
    return engines.successes(bets, [(weight, baseline)], mirrored=mirrored)


CELLS: dict[str, Callable[[], Setting]] = {
    "pairs, disagreement 0.308": lambda: _pairs(DRIFTS["none"], 0.308),
    "arms 0.1 -> 0.11, weight 0.5": lambda: _canary(0.10, 0.11, 500),
    "arms 0.1 -> 0.11, weight 0.1": lambda: _canary(0.10, 0.11, 100),
    "arms 0.5 -> 0.45, weight 0.2": lambda: _canary(0.50, 0.45, 200),
}


def _coverage(name: str, seed: int, size: Size) -> list[Row]:
    setting = CELLS[name]() if name in CELLS else _pairs(DRIFTS[name.removeprefix("pairs, lift ")])
    repeats = size.of(5000, 200)
    rows = []
    for side, mirrored in (("lower", False), ("upper", True)):
        sign = -1.0 if mirrored else 1.0
        average = sign * setting.lift.cumsum() / np.arange(1, LOOKS + 1)
        ends = trials.each_part(
            setting.world,
            np.random.default_rng(seed),
            repeats,
            partial(_misses, setting.engine(mirrored), average, setting.information),
        )
        what = f"{side} bound misses at some of {LOOKS} looks, {name}"
        rows.append(
            Row(
                "B6",
                what,
                share(ends != trials.NEVER, seed),
                most=min(MISSED, tolerated(SIDE, repeats)) if not size.quick else MISSED,
            )
        )
    return rows


def _misses(engine: trials.Engine, average: NDArray[np.float64], information: float, path: trials.Path) -> NDArray:
    """The first look at which the lower bound is above the average so far; confirmed with the bound itself."""
    seen = information * np.arange(1, LOOKS + 1)
    ends = trials.first(engine.log_e(path, seen * average) >= -math.log(SIDE))
    for counts, end in zip(path, ends.tolist(), strict=True):
        for look in {end, end - 1 if end else LOOKS} - {0}:
            bound = engine.wealth(counts[look - 1].astype(int).tolist()).lower_bound(SIDE)
            if (bound > average[look - 1]) != (look == end):
                raise trials.DisagreementError(f"the bound {bound} at look {look}, {average[look - 1]} in truth")
    return ends


def _widths(size: Size) -> list[Row]:
    """At counts that are exactly as expected; the widest of a thousand to a hundred thousand observations.

    A thousand units at a weight of 0.1 are a hundred of the candidate with ten successes, where the interval for one look is no
    interval either: that one only informs.
    """
    del size
    rows = []
    for disagreement in (0.06, 0.308):
        for lift in (0.0, 0.02):
            each = {n: _pair_width(n, disagreement, lift) for n in (1_000, 3_000, 10_000, 30_000, 100_000)}
            name = f"pairs, disagreement {disagreement:g}, lift {lift:g}"
            rows.append(_width_row(name, each))
    for weight, fewest in ((500, 1_000), (100, 3_000)):
        each = {n: _arm_width(n, weight) for n in (1_000, 3_000, 10_000, 30_000, 100_000) if n >= fewest}
        rows.append(_width_row(f"arms 0.1, weight {weight / 1000:g}", each))
    few = exact(_arm_width(1_000, 100))
    return [*rows, Row("B7", "width / that of one look, arms 0.1, weight 0.1, n 1,000", few, digits=3)]


def _width_row(name: str, each: dict[int, float]) -> Row:
    n, width = max(each.items(), key=lambda item: item[1])
    what = f"width / that of one look, {name}, n {min(each):,} to {max(each):,}, widest at {n:,}"
    return Row("B7", what, exact(width), most=WIDEST, digits=3)


def _pair_width(n: int, disagreement: float, lift: float) -> float:
    wins, losses = round(n * (disagreement + lift) / 2), round(n * (disagreement - lift) / 2)
    counts, bets = PairedCounts(wins, losses, n - wins - losses), engines.paired_test(0.02, disagreement).bets
    # As a trial shows them: the lower one against the bar, the upper one against the target.
    width = paired.upper_bound(counts, bets, 0.02, SIDE) - paired.lower_bound(counts, bets, 0.0, SIDE)
    return width / (2 * CONFIDENCE * math.sqrt((disagreement - lift**2) / n))


def _arm_width(n: int, weight: int) -> float:
    share = weight / 1000
    mine = round(n * share)
    amounts = [mine - mine // 10, mine // 10, n - mine - (n - mine) // 10, (n - mine) // 10]
    epochs, bets = engines.in_epochs(amounts, [(weight, 0.1)]), arms.planned_bets(0.0, 0.01, 0.09)
    width = arms.upper_bound(epochs, bets, 0.0, SIDE) - arms.lower_bound(epochs, bets, 0.0, SIDE)
    return width / (2 * CONFIDENCE * math.sqrt(0.09 / (n * share * (1 - share))))

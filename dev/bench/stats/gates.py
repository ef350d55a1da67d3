"""B15: the rules that are in use today beside the engine, on the same data: who lets what through.

Called by `jobs`. Each rule is what it is in words; none is anybody's program. A thousand looks; windows are ten looks, a hundred in all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.measure import Job, Row, Size, share, tolerated
from shadowlift.stats import arms

LOOKS, WINDOW = 1000, 10
POWER = 0.97
CRITICAL = NormalDist().inv_cdf(1 - ALPHA)

OURS = "shadowlift"


@dataclass(frozen=True)
class Column:
    """One kind of trial.

    Attributes:
        world: the data.
        engine: ours.
        z: counts -> how many standard errors the candidate is better.
        better: counts of a stretch -> how much better the candidate is; its sign matters only.
    """

    world: worlds.Kinds
    engine: trials.Engine
    z: Callable[[trials.Path], NDArray[np.float64]]
    better: Callable[[trials.Path], NDArray[np.float64]]


def pair_z(path: trials.Path) -> NDArray[np.float64]:
    """Of wins less losses."""
    return (path[..., 2] - path[..., 0]) / np.sqrt(np.maximum(path[..., 2] + path[..., 0], 1))


def arm_z(path: trials.Path) -> NDArray[np.float64]:
    """Of two proportions, pooled; 0 where an arm is empty or nothing differs."""
    mine, theirs = path[..., 0] + path[..., 1], path[..., 2] + path[..., 3]
    pooled = (path[..., 1] + path[..., 3]) / np.maximum(mine + theirs, 1)
    square = pooled * (1 - pooled) * (1 / np.maximum(mine, 1) + 1 / np.maximum(theirs, 1))
    return np.where(square > 0, arm_better(path) / np.sqrt(np.where(square > 0, square, 1)), 0.0)


def arm_better(path: trials.Path) -> NDArray[np.float64]:
    """Difference of the success rates; 0 where an arm is empty."""
    mine, theirs = path[..., 0] + path[..., 1], path[..., 2] + path[..., 3]
    lift = path[..., 1] / np.maximum(mine, 1) - path[..., 3] / np.maximum(theirs, 1)
    return np.where((mine > 0) & (theirs > 0), lift, 0.0)


def _paired() -> Column:
    test = engines.paired_test(0.02, 0.06)
    world = worlds.pairs(0.06, 0.0, LOOKS, 20)
    return Column(world, engines.pairs(test), pair_z, lambda path: path[..., 2] - path[..., 0])


def _arms(rate: float, weight: int) -> Column:
    bets = arms.planned_bets(0.0, 0.01, 0.09)
    world = worlds.arms(weight, rate, 0.1, LOOKS, 100)
    return Column(world, engines.successes(bets, [(weight, 0.1)]), arm_z, arm_better)


COLUMNS: dict[str, Callable[[], Column]] = {
    "A/A pairs": _paired,
    "A/A arms 50 %": partial(_arms, 0.1, 500),
    "A/A arms 10 %": partial(_arms, 0.1, 100),
    "0.095 for 0.1": partial(_arms, 0.095, 500),
    "0.099 for 0.1": partial(_arms, 0.099, 500),
    "0.105 for 0.1": partial(_arms, 0.105, 500),
    "0.11 for 0.1": partial(_arms, 0.11, 500),
}


def naive_z(z: NDArray[np.float64], looks: int) -> NDArray[np.bool_]:
    """At any of so many looks, evenly apart, z is above the critical value of one look."""
    step = z.shape[1] // looks
    return (z[:, step - 1 :: step] > CRITICAL).any(axis=1)


def in_a_row(passed: NDArray[np.bool_], needed: int) -> NDArray[np.bool_]:
    """So many windows pass one after the other."""
    run = np.zeros(len(passed), dtype=int)
    longest = run.copy()
    for window in passed.T:
        run = np.where(window, run + 1, 0)
        longest = np.maximum(longest, run)
    return longest >= needed


def stepwise(passed: NDArray[np.bool_], needed: int, failures: int) -> NDArray[np.bool_]:
    """So many windows pass before so many fail, as with a weight that rises step by step."""
    so_far = passed.cumsum(axis=1)
    failed = np.arange(1, passed.shape[1] + 1) - so_far
    return ((so_far >= needed) & (failed < failures)).any(axis=1)


def gates(column: Column, path: trials.Path) -> dict[str, NDArray[np.bool_]]:
    """Who of these trials is promoted, by rule."""
    z = column.z(path)
    ends = path[:, WINDOW - 1 :: WINDOW]
    windows = column.better(np.diff(ends, axis=1, prepend=0.0))
    so_far = column.better(ends)
    rules = {f"naive z, {looks} looks" if looks > 1 else "naive z, 1 look": naive_z(z, looks) for looks in (1, 10, 100, 1000)}  # fmt: skip
    rules |= {f"window mean better, {n} in a row": in_a_row(windows > 0, n) for n in (3, 5, 10)}
    rules["window mean not worse, 5 in a row"] = in_a_row(windows >= 0, 5)
    rules["mean so far better, 10 in a row"] = in_a_row(so_far > 0, 10)
    rules["10 windows pass before 5 fail"] = stepwise(windows >= 0, 10, 5)
    return rules


def jobs() -> list[Job]:
    """All columns."""
    return [Job("B15", name, partial(_column, name, 11_500 + n)) for n, name in enumerate(COLUMNS)]


def _column(name: str, seed: int, size: Size) -> list[Row]:
    column, repeats, rng = COLUMNS[name](), size.of(5000, 300), np.random.default_rng(seed)
    parts: dict[str, list[NDArray[np.bool_]]] = {}
    for part in trials.chunks(column.world, repeats):
        path = column.world.draw(rng, part)
        ours = {OURS: column.engine.ends(path, ALPHA) != trials.NEVER}
        for rule, promoted in (gates(column, path) | ours).items():
            parts.setdefault(rule, []).append(promoted)
    found = {rule: share(np.concatenate(promoted), seed) for rule, promoted in parts.items()}
    rows = [Row("3.1", rule, measure, column=name, digits=3) for rule, measure in found.items()]
    naive = found["naive z, 1000 looks"]
    if name.startswith("A/A"):
        what = f"{name} promoted, 1,000 looks (naive z at each: {naive.value:.3f})"
        return [Row("B15", what, found[OURS], most=tolerated(ALPHA, repeats)), *rows]
    if name.startswith("0.11"):
        return [Row("B15", "power, 0.10 -> 0.11, 100,000 users", found[OURS], least=POWER), *rows]
    return rows

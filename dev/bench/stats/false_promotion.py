"""B1: how often a candidate that is no better is promoted, looked at a thousand times, in every kind of trial.

Called by `jobs`; each cell is drawn once and judged at both error rates. Where the probability can be computed, it stands beside.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from dev.bench.stats import engines, trials, worlds
from dev.bench.stats.measure import Job, Row, Size, exact, share, tolerated
from shadowlift.stats import arms, paired
from shadowlift.stats.bets import Bets
from shadowlift.stats.counts import PairedCounts
from tests.unit.stats import exact as by_count

RATES = (0.05, 0.01)
LEAST = 0.015
"""In the reference cell at 0.05; below it the engine would be dead, not careful."""

REFERENCE = 0.06
PAIRED = {0.003: 0.001, REFERENCE: 0.02, 0.308: 0.02}
"""Disagreement -> target lift."""

CANARY = {0.001: 0.0005, 0.1: 0.01, 0.5: 0.02, 0.99: 0.005}
"""Success rate -> target lift."""

WEIGHTS = (50, 100, 500)
LOSSES = {
    "wide": (worlds.bell(0.0, 0.3), 0.3),
    "narrow": (worlds.bell(0.0, 0.1), 0.1),
    "seldom much worse": (worlds.seldom_much_worse, 0.08),
}
"""Name -> values of D, and their standard deviation."""

Cell = Callable[[int], tuple[trials.World, trials.Engine]]
"""Looks -> the data and the test."""


def jobs() -> list[Job]:
    """All cells."""
    cells: list[tuple[str, Cell]] = [(f"paired, disagreement {d:g}", partial(_pairs, d)) for d in PAIRED]
    cells += [(f"arms, rate {p:g}, weight {w / 1000:g}", partial(_arms, p, w)) for p in CANARY for w in WEIGHTS]
    cells += [(f"capped revenue, weight {w / 1000:g}", partial(_revenue, w)) for w in (100, 500)]
    cells += [(f"bounded loss, {name}", partial(_loss, name)) for name in LOSSES]
    sampled = [Job("B1", name, partial(_cell, name, cell, 10_100 + n)) for n, (name, cell) in enumerate(cells)]
    return [*sampled, *(Job("B1", f"paired, disagreement {d:g}, exact", partial(_exact, d)) for d in PAIRED)]


def _cell(name: str, cell: Cell, seed: int, size: Size) -> list[Row]:
    world, engine = cell(size.of(1000, 200))
    looks, repeats = world.shape[0], size.of(10_000 if name.startswith(("paired", "arms")) else 4000, 300)
    gates = [(engine, rate) for rate in RATES]
    ends = trials.crossings(world, gates, np.random.default_rng(seed), repeats)
    is_reference = name == f"paired, disagreement {REFERENCE:g}"
    return [
        Row(
            "B1",
            f"A/A {name}, alpha {rate:g}, {looks} looks",
            share(end != trials.NEVER, seed),
            most=tolerated(rate, repeats),
            least=LEAST if is_reference and rate == RATES[0] else None,
        )
        for rate, end in zip(RATES, ends, strict=True)
    ]


def _pairs(disagreement: float, looks: int) -> tuple[trials.World, trials.Engine]:
    test = engines.paired_test(PAIRED[disagreement], disagreement)
    return worlds.pairs(disagreement, 0.0, looks, 20), engines.pairs(test)


def _arms(rate: float, weight: int, looks: int) -> tuple[trials.World, trials.Engine]:
    bets = arms.planned_bets(0.0, CANARY[rate], rate * (1 - rate))
    return worlds.arms(weight, rate, rate, looks, 100), engines.successes(bets, [(weight, rate)])


def _revenue(weight: int, looks: int) -> tuple[trials.World, trials.Engine]:
    buyers, seen = 0.05, worlds.heavy_tail(np.random.default_rng(10_001), 100_000)
    average, square = buyers * float(seen.mean()), buyers * float((seen**2).mean())
    bets = arms.planned_bets(0.0, 0.2 * average, square)
    world = worlds.Purchases(worlds.heavy_tail, buyers, weight, looks, 100)
    return world, engines.rewards(bets, weight, average)


def _loss(name: str, looks: int) -> tuple[trials.World, trials.Engine]:
    values, spread = LOSSES[name]
    test = engines.paired_test(0.02, spread**2)
    return worlds.Losses(values, looks, 20), engines.differences(test)


def _exact(disagreement: float, size: Size) -> list[Row]:
    """A look after every disagreement of 20,000 requests."""
    test = engines.paired_test(PAIRED[disagreement], disagreement)
    looks = round(disagreement * 20_000) if not size.quick else min(300, round(disagreement * 20_000))
    rows = []
    for rate in RATES:
        crossed = by_count.follow([0.5] * looks, partial(proven, test.bets, rate)).crossed
        what = f"A/A paired, disagreement {disagreement:g}, alpha {rate:g}, every one of {looks} disagreements"
        rows.append(Row("B1", what, exact(crossed), most=rate))
    return rows


def proven(bets: Bets, error_rate: float, counts: PairedCounts) -> bool:
    """Whether a test against a bar of 0 is open."""
    return paired.log_e_value(counts, bets, 0.0) >= -math.log(error_rate)

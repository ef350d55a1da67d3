"""B11: counting in another order, in shards, across restarts and with everything told twice changes no evidence and no decision.

Called by `jobs`. Units are drawn one by one; what differs is only how their counts come together.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np

from dev.bench.stats.measure import Job, Measure, Row, Size
from shadowlift.stats import arms, events, paired, rate, scales
from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards, ArmUnits, RateCounts
from shadowlift.stats.bets import log_grid
from shadowlift.stats.counts import Differences, PairedCounts, Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.sample_ratio import SampleRatio
from shadowlift.stats.wealth import EProcess

RATES = (0.05, 0.01, 0.001)
SEED = 11_100
WEIGHTS = (50, 250, 500)
BETS = arms.planned_bets(0.0, 0.02, 0.09)
PAIR_BETS = log_grid(0.02, 0.06, 1.0)
HARM_BETS = events.planned_bets(1.0, 1.5)
LATE_BETS = rate.planned_bets(0.1, 0.15)

Unit = Any
"""A statistic with one unit in it."""


@dataclass(frozen=True)
class Kind:
    """A statistic.

    Attributes:
        unit: chance and name of a unit -> the statistic of that unit alone.
        test: what is decided by.
        back: plain data -> the statistic.
    """

    unit: Callable[[np.random.Generator, str], Unit]
    test: Callable[[Any], EProcess]
    back: Callable[[Any], Any]


def _in_epoch(rng: np.random.Generator, counts: Callable[[np.random.Generator, float], Unit]) -> Epochs[Any]:
    number = int(rng.integers(len(WEIGHTS)))
    return Epochs((Epoch(number, WEIGHTS[number], 0.1, counts(rng, WEIGHTS[number] / 1000)),))


def _pair(rng: np.random.Generator, _: str) -> PairedCounts:
    return (PairedCounts(wins=1), PairedCounts(losses=1), PairedCounts(ties=1))[rng.choice(3, p=(0.035, 0.025, 0.94))]


def _difference(rng: np.random.Generator, name: str) -> Differences:
    place = scales.place(float(2 * rng.beta(6, 5.9) - 1), Differences.points, scales.dither(name))
    return Differences.from_json({str(place): 1})


def _success(rng: np.random.Generator, share: float) -> ArmCounts:
    won = int(rng.random() < 0.1)
    return ArmCounts(1, won, 0, 0) if rng.random() < share else ArmCounts(0, 0, 1, won)


def _reward(name: str, rng: np.random.Generator, share: float) -> ArmRewards:
    one = Rewards.from_json({str(scales.place(float(rng.beta(0.2, 2)), Rewards.points, scales.dither(name))): 1})
    return ArmRewards(one, Rewards.empty()) if rng.random() < share else ArmRewards(Rewards.empty(), one)


def _by_arm(kind: type[ArmEvents] | type[ArmUnits], rng: np.random.Generator, share: float) -> ArmEvents | ArmUnits:
    return kind(1, 0) if rng.random() < share else kind(0, 1)


KINDS: dict[str, Kind] = {
    "PairedCounts": Kind(_pair, lambda all_: paired.wealth(all_, PAIR_BETS, 0.0), PairedCounts.from_json),
    "Differences": Kind(_difference, lambda all_: paired.wealth(all_, PAIR_BETS, 0.0), Differences.from_json),
    "Epochs of ArmCounts": Kind(
        lambda rng, _: _in_epoch(rng, _success),
        lambda all_: arms.wealth(all_, BETS, 0.0),
        lambda data: Epochs.from_json(data, ArmCounts),
    ),
    "Epochs of ArmRewards": Kind(
        lambda rng, name: _in_epoch(rng, partial(_reward, name)),
        lambda all_: arms.wealth(all_, BETS, 0.0),
        lambda data: Epochs.from_json(data, ArmRewards),
    ),
    "Epochs of ArmEvents": Kind(
        lambda rng, _: _in_epoch(rng, partial(_by_arm, ArmEvents)),
        lambda all_: events.wealth(all_, HARM_BETS, 1.0),
        lambda data: Epochs.from_json(data, ArmEvents),
    ),
    "Epochs of ArmUnits": Kind(
        lambda rng, _: _in_epoch(rng, partial(_by_arm, ArmUnits)),
        SampleRatio,
        lambda data: Epochs.from_json(data, ArmUnits),
    ),
    "RateCounts": Kind(
        lambda rng, _: RateCounts(1, int(rng.random() < 0.13)),
        lambda all_: rate.wealth(all_, LATE_BETS, 0.1),
        RateCounts.from_json,
    ),
}


def jobs() -> list[Job]:
    """All statistics."""
    return [Job("B11", name, partial(_same, name, SEED + n)) for n, name in enumerate(KINDS)]


def _same(name: str, seed: int, size: Size) -> list[Row]:
    """The largest difference of log E; infinite where a decision differs."""
    rng, streams, largest = np.random.default_rng(seed), size.of(20, 3), 0.0
    kind = KINDS[name]
    for _ in range(streams):
        units = {f"unit-{n}": kind.unit(rng, f"unit-{n}") for n in range(size.of(1000, 300))}
        in_order = kind.test(reduce(add, units.values()))
        for other in _ways(rng, kind, units):
            largest = max(largest, _apart(in_order, kind.test(other)))
    what = f"log E after shuffle, shards, restart, replay: largest difference, {name}"
    return [Row("B11", what, Measure(largest, 0.0, streams, seed), most=1e-9, digits=3)]


def _apart(one: EProcess, other: EProcess) -> float:
    same = all(one.rejects(each) == other.rejects(each) for each in RATES)
    return abs(one.log_e_value - other.log_e_value) if same else math.inf


def _ways(rng: np.random.Generator, kind: Kind, units: dict[str, Unit]) -> Iterator[Any]:
    """The same units, brought together otherwise."""
    names = list(units)
    shuffled = [units[names[place]] for place in rng.permutation(len(names))]
    yield reduce(add, shuffled)
    shards = [_stored(kind, reduce(add, shuffled[start::7])) for start in range(7)]
    yield reduce(add, [shards[place] for place in rng.permutation(7)])
    half = len(shuffled) // 2
    yield reduce(add, shuffled[half:], _stored(kind, reduce(add, shuffled[:half])))
    told: dict[str, Unit] = {}
    for place in rng.permutation(np.repeat(np.arange(len(names)), rng.integers(1, 4, len(names)))):
        told.setdefault(names[place], units[names[place]])  # a unit that closed is closed, however often it is told
    yield reduce(add, told.values())


def _stored(kind: Kind, counts: Any) -> Any:
    """Written down, and read again after a restart."""
    return kind.back(json.loads(json.dumps(counts.to_json())))

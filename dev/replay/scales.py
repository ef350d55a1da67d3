"""What rounding a difference of losses to the points of a scale costs: `python -m dev.replay.scales CSV`. Two minutes.

Read by `docs/decisions`; turns the flights' differences, and the reference cells of a paired loss, into the variance that rounding
adds and the mean number of pairs until a lift is proven: without rounding, with the scale's points, and with as many even ones.
Pairs are drawn anew, independently, from the differences of the whole year: this measures the scale, not the weather.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dev.replay.flights import Flight, read
from dev.replay.questions import CURRENT, LATE, MINUTES, RATES, Question
from shadowlift.stats.scales import SIGNED
from shadowlift.stats.terms import PairedTest, Rates

Numbers = NDArray[np.float64]

EVEN = tuple(k / 32 for k in range(-32, 33))
QUANTILES = 100_000  # of a normal distribution, so that its mean is not left to chance
REPEATS = 4000
SEED = 20_271


@dataclass(frozen=True)
class Cell:
    """Differences to draw from, in parts of the largest loss, and the test that is to prove their mean."""

    name: str
    values: Numbers
    target: float
    alpha: float


def cells(flights: list[Flight]) -> Iterator[Cell]:
    """Two reference cells of a paired loss and one of small differences, then minutes and probabilities of the better candidates."""
    for mean, spread in ((0.02, 0.30), (0.01, 0.10), (0.001, 0.01)):
        normal = NormalDist(mean, spread)
        quantiles = [normal.inv_cdf((k + 0.5) / QUANTILES) for k in range(QUANTILES)]
        yield Cell(f"normal, mean {mean:g}, sd {spread:g}", np.clip(quantiles, -1, 1), mean, 0.05)
    for question in (MINUTES, LATE):
        for candidate in ("ridge", "boosted"):
            values = np.array(differences(question, candidate, flights))
            target = question.target_lift / question.scale
            yield Cell(f"flights, {question.name}, {candidate}", values, target, RATES.promotion)


def differences(question: Question, candidate: str, flights: list[Flight]) -> list[float]:
    """D of every flight whose outcome is known."""
    return [
        question.loss.difference(
            flight.answers[f"{CURRENT}_{question.column}"],
            flight.answers[f"{candidate}_{question.column}"],
            flight.outcome[question.column],
        )
        for flight in flights
        if flight.outcome is not None
    ]


def added_variance(values: Numbers, points: Numbers) -> float:
    """Mean over the values of the variance that the unit's chance gives: (value - low) (high - value), exactly."""
    low, high = _around(values, points)
    return float(np.mean((values - low) * (high - values)))


def rounded(values: Numbers, points: Numbers, chance: np.random.Generator) -> Numbers:
    """Each value at one of the two points around it, as `scales.place` does."""
    low, high = _around(values, points)
    return np.where(chance.random(len(values)) * (high - low) < values - low, high, low)


def _around(values: Numbers, points: Numbers) -> tuple[Numbers, Numbers]:
    place = np.clip(np.searchsorted(points, values, side="right") - 1, 0, len(points) - 2)
    return points[place], points[place + 1]


def mean_sample(cell: Cell, points: Numbers | None) -> tuple[float, float]:
    """Mean number of pairs until E >= 1/alpha, looking after each, and its standard error; the bets know the second moment."""
    second = float(np.mean(cell.values**2)) + (0.0 if points is None else added_variance(cell.values, points))
    test = PairedTest.planned(minimum_lift=0.0, target_lift=cell.target, rates=Rates(cell.alpha), second_moment=second)
    chance = np.random.default_rng(SEED)
    needed = [_needed(cell, points, test, chance) for _ in range(REPEATS)]
    return float(np.mean(needed)), float(np.std(needed)) / math.sqrt(REPEATS)


def _needed(cell: Cell, points: Numbers | None, test: PairedTest, chance: np.random.Generator) -> int:
    fractions, logs, seen = np.array(test.bets.fractions), np.array(test.bets.log_weights), 0
    while True:
        some = chance.choice(cell.values, 1000)
        some = some if points is None else rounded(some, points, chance)
        paths = logs + np.cumsum(np.log1p(np.outer(some, fractions)), axis=0)
        proven = np.logaddexp.reduce(paths, axis=1) >= -math.log(cell.alpha)
        if proven.any():
            return seen + int(np.argmax(proven)) + 1
        logs, seen = paths[-1], seen + len(some)


def main() -> None:
    """Measure and print, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", type=Path, metavar="CSV", help="what `python -m flights.replay` wrote")
    flights = read(parser.parse_args().csv)
    head = (
        "differences",
        "variance",
        "added, squared points",
        "added, even points",
        "pairs, no rounding",
        "squared",
        "even",
    )
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for cell in cells(flights):
        variance, told = float(np.var(cell.values)), []
        for points in (SIGNED, EVEN):
            more = added_variance(cell.values, np.array(points))
            told.append(f"{more:.2e} ({more / variance:.1%})")
        for points in (None, SIGNED, EVEN):
            mean, error = mean_sample(cell, None if points is None else np.array(points))
            told.append(f"{mean:,.0f} ± {error:.0f}")
        print(f"| {cell.name} | {variance:.2e} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()

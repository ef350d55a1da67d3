"""A figure, how sure it is, and the row that holds it against a target.

Made by every family of rows, read by `tables`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

CONFIDENCE = 1.96
"""Standard errors in a half-width: 95 %."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure.

    Attributes:
        value: what was found.
        half_width: Monte Carlo error, 95 %; 0 where nothing was left to chance.
        replications: trials; None where the figure was computed and not sampled.
        seed: what the data were drawn with; None where they were not drawn.
    """

    value: float
    half_width: float = 0.0
    replications: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A figure against its target.

    Attributes:
        id: of the benchmark, as B1.
        what: is measured, in words.
        measure: the figure.
        most: the target, if it is a ceiling.
        least: the target, if it is a floor; without either the row only informs.
        digits: decimals that are worth printing.
        naive: the same figure under the rule or on the data path that is common; None where there is none.
        column: where several figures of the same name stand side by side, which this is.
    """

    id: str
    what: str
    measure: Measure
    most: float | None = None
    least: float | None = None
    digits: int = 4
    naive: Measure | None = None
    column: str = ""

    @property
    def ok(self) -> bool:
        """Whether the target is met; true where there is none. A figure that is not a number meets nothing."""
        value = self.measure.value
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    @property
    def has_target(self) -> bool:
        """Whether this row can miss."""
        return self.most is not None or self.least is not None

    @property
    def target(self) -> str:
        """The target in words."""
        limits = [(">=", self.least), ("<=", self.most)]
        return " and ".join(f"{sign} {_plain(limit)}" for sign, limit in limits if limit is not None) or "-"

    @property
    def said(self) -> str:
        """Whether it is met, in a word; nothing where there is none."""
        if not self.has_target:
            return ""
        return "ok" if self.ok else "MISS"


def _plain(limit: float) -> str:
    return f"{limit:,.0f}" if limit >= 1000 else f"{limit:.3g}" if limit >= 1e-3 or not limit else f"{limit:.0e}"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done: everything, or a seeded part of it that shows that all rows still work."""

    quick: bool

    def of(self, full: int, quick: int) -> int:
        """The number that belongs to this size."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker does at a time.

    Attributes:
        id: of the benchmark.
        what: for the line that says it is done.
        run: a function of a module with its arguments, so that it can be sent to a process.
    """

    id: str
    what: str
    run: Callable[[Size], list[Row]]


def exact(value: float) -> Measure:
    """A figure that was computed."""
    return Measure(value)


def share(hits: ArrayLike, seed: int) -> Measure:
    """The share of trials in which it happened."""
    each = np.asarray(hits, dtype=bool)
    rate = float(each.mean())
    return Measure(rate, CONFIDENCE * math.sqrt(rate * (1 - rate) / each.size), each.size, seed)


def mean(values: ArrayLike, seed: int, unit: float = 1.0) -> Measure:
    """The mean over trials, in units."""
    each = np.asarray(values, dtype=float) / unit
    if not np.isfinite(each).all():
        return Measure(math.inf, math.inf, each.size, seed)
    return Measure(float(each.mean()), CONFIDENCE * float(each.std(ddof=1)) / math.sqrt(each.size), each.size, seed)


def quantile(values: ArrayLike, place: float, seed: int, unit: float = 1.0) -> Measure:
    """A quantile over trials, in units; its error from the ranks that it could as well have had."""
    each = np.sort(np.asarray(values, dtype=float) / unit)
    spread = CONFIDENCE * math.sqrt(place * (1 - place) / each.size)
    low, high = np.quantile(each, [max(0.0, place - spread), min(1.0, place + spread)], method="lower")
    found = float(np.quantile(each, place, method="lower"))
    return Measure(found, float(high - low) / 2 if math.isfinite(high) else math.inf, each.size, seed)


def tolerated(rate: float, replications: int) -> float:
    """A rate, and three standard errors of its measurement."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / replications)

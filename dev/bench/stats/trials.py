"""Many trials at once: counts by trial and look in, the look at which each test of the engine first opens out.

Called by the families of rows. A log wealth is linear in the counts, so the log growth of one unit of each kind, as the engine says it,
gives the evidence of every trial at every look by one matrix product. The engine is then asked itself about every trial, at the look at
which its test opened and at the one before: `Disagreement` where it says otherwise.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shadowlift.stats.wealth import Wealth

NEVER = 0
"""The look at which a test opened that never did; looks count from 1."""

_AT_ONCE = 4_000_000
"""Numbers that are held in memory together."""

_EVERY = 16
"""The whole rule, where there is one, is asked about one trial in so many: it costs ten times as much."""

Amounts = Sequence[int]
Path = NDArray[np.float64]
"""How many of each kind were counted: trial x look x kind, added up from look to look."""


class DisagreementError(Exception):
    """The engine does not say what was computed with its own growth: the benchmark, or the engine, is wrong."""


class World(Protocol):
    """Where counts come from."""

    @property
    def shape(self) -> tuple[int, int]:
        """Looks, and kinds of units."""
        ...

    def draw(self, rng: np.random.Generator, trials: int) -> Path:
        """The counts of so many trials."""
        ...


@dataclass(frozen=True, eq=False)
class Engine:
    """A test of the engine, as a function of how many units of each kind were counted.

    Attributes:
        wealth: the engine's function.
        kinds: how many kinds of units there are.
        ruling: whether the whole rule promotes at an error rate; None where there is no more than the test.
    """

    wealth: Callable[[Amounts], Wealth]
    kinds: int
    ruling: Callable[[Amounts, float], bool] | None = None
    growth: NDArray[np.float64] = field(init=False)
    log_weights: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Ask the engine what one unit of each kind adds to the log of each bet."""
        singles = [self.wealth(one) for one in np.eye(self.kinds, dtype=int).tolist()]
        object.__setattr__(self, "growth", np.array([single.logs for single in singles]))
        object.__setattr__(self, "log_weights", np.array(singles[0].bets.log_weights))

    def log_e(self, path: Path, less: NDArray[np.float64] | float = 0.0) -> NDArray[np.float64]:
        """Log of the evidence by trial and look; `less`, by look, is taken from the effect (times information) for all bets."""
        logs = path @ self.growth + self.log_weights
        if np.ndim(less):
            logs -= np.multiply.outer(less, np.array(self.wealth([0] * self.kinds).bets.fractions))
        largest = logs.max(axis=-1)
        logs -= largest[..., None]
        return largest + np.log(np.exp(logs, out=logs).sum(axis=-1))

    def ends(self, path: Path, error_rate: float) -> NDArray[np.int64]:
        """For each trial the look at which the test first opens; every one confirmed."""
        return self.confirmed(path, first(self.log_e(path) >= -math.log(error_rate)), error_rate)

    def confirmed(self, path: Path, ends: NDArray[np.int64], error_rate: float) -> NDArray[np.int64]:
        """The same ends, if the engine agrees that the test is open there and not yet at the look before."""
        for trial, (counts, end) in enumerate(zip(path, ends.tolist(), strict=True)):
            if end != NEVER:
                self._confirm(trial, counts[end - 1], error_rate, opens=True)
            if end != 1:
                self._confirm(trial, counts[end - 2 if end else -1], error_rate, opens=False)
        return ends

    def _confirm(self, trial: int, counts: NDArray[np.float64], error_rate: float, *, opens: bool) -> None:
        amounts = counts.astype(int).tolist()
        said = self.wealth(amounts).rejects(error_rate)
        if said is opens and self.ruling and trial % _EVERY == 0:
            said = self.ruling(amounts, error_rate)
        if said is not opens:
            raise DisagreementError(f"trial {trial}: the engine says {said} at {error_rate} for {amounts}")


def first(is_open: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each trial the first look, from 1, at which something holds; `NEVER` where it never does."""
    return np.where(is_open.any(axis=1), is_open.argmax(axis=1) + 1, NEVER)


def chunks(world: World, trials: int) -> list[int]:
    """Sizes of the parts in which so many trials fit into memory."""
    looks, kinds = world.shape
    size = max(1, _AT_ONCE // (looks * (kinds + 16)))
    return [min(size, trials - start) for start in range(0, trials, size)]


def each_part(world: World, rng: np.random.Generator, trials: int, read: Callable[[Path], NDArray]) -> NDArray:
    """What is read from the counts of so many trials, part by part; trials are the last axis."""
    return np.concatenate([read(world.draw(rng, size)) for size in chunks(world, trials)], axis=-1)


def crossings(
    world: World, gates: Sequence[tuple[Engine, float]], rng: np.random.Generator, trials: int
) -> NDArray[np.int64]:
    """For each gate, a test with its error rate, and each trial: the look at which it first opens. All on the same data."""
    return each_part(world, rng, trials, lambda path: np.stack([engine.ends(path, rate) for engine, rate in gates]))


def until_crossed(
    world: World, gates: Sequence[tuple[Engine, float]], rng: np.random.Generator, trials: int, most: int
) -> NDArray[np.int64]:
    """As `crossings`, for a world that goes on as it is: drawn again and again, at most so many times, for trials that still run."""
    looks, kinds = world.shape
    parts = []
    for size in chunks(world, trials):
        ends = np.full((len(gates), size), NEVER)
        counts, running = np.zeros((size, kinds)), np.arange(size)
        for again in range(most):
            path = world.draw(rng, len(running)) + counts[running, None]
            for end, (engine, rate) in zip(ends, gates, strict=True):
                found = engine.ends(path, rate)
                here = running[(found != NEVER) & (end[running] == NEVER)]
                end[here] = again * looks + found[np.isin(running, here)]
            counts[running] = path[:, -1]
            running = running[(ends[:, running] == NEVER).any(axis=0)]
            if not running.size:
                break
        parts.append(ends)
    return np.concatenate(parts, axis=1)

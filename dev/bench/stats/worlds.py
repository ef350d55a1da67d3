"""Where the counts come from: pairs and arms by their chances, losses and rewards by their values.

Used by the families of rows; each world draws the counts of many trials, as `trials` reads them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dev.bench.stats.trials import DisagreementError, Path
from shadowlift.stats.counts import Differences
from shadowlift.stats.scales import SIGNED, UNSIGNED, dither, place

Values = Callable[[np.random.Generator, int], NDArray[np.float64]]
"""So many values, drawn."""

_CHECKED = 200
"""Values of each part that are placed by the engine too."""


@dataclass(frozen=True, eq=False)
class Kinds:
    """Units whose kind is drawn with given chances.

    Attributes:
        chances: of each kind, for each look.
        step: units from look to look.
    """

    chances: NDArray[np.float64]
    step: int

    @property
    def shape(self) -> tuple[int, int]:
        """Looks, and kinds of units."""
        return self.chances.shape[0], self.chances.shape[1]

    def draw(self, rng: np.random.Generator, trials: int) -> Path:
        """The counts of so many trials."""
        drawn = rng.multinomial(self.step, self.chances, size=(trials, self.shape[0]))
        return drawn.cumsum(axis=1).astype(float)


def pairs(disagreement: float, lift: ArrayLike, looks: int, step: int) -> Kinds:
    """Losses, ties, wins; the lift may change from look to look."""
    lifts = np.broadcast_to(np.asarray(lift, dtype=float), (looks,))
    losses, wins = (disagreement - lifts) / 2, (disagreement + lifts) / 2
    return Kinds(np.stack([losses, 1 - losses - wins, wins], axis=1), step)


def arms(weight: int, candidate: ArrayLike, current: ArrayLike, looks: int, step: int) -> Kinds:
    """Failures and successes of the candidate, then of current; the rates may change from look to look."""
    share = weight / 1000
    one, two = (np.broadcast_to(np.asarray(rate, dtype=float), (looks,)) for rate in (candidate, current))
    return Kinds(np.stack([share * (1 - one), share * one, (1 - share) * (1 - two), (1 - share) * two], axis=1), step)


@dataclass(frozen=True)
class Losses:
    """Pairs with a continuous D in [-1, 1], rounded to the engine's points by chance."""

    values: Values
    looks: int
    step: int

    @property
    def shape(self) -> tuple[int, int]:
        """Looks, and kinds of units."""
        return self.looks, len(Differences.points)

    def draw(self, rng: np.random.Generator, trials: int) -> Path:
        """The counts of so many trials."""
        size = trials * self.looks * self.step
        places = placed(rng, self.values(rng, size), SIGNED)
        return by_look(places, (trials, self.looks, self.step), len(SIGNED))


@dataclass(frozen=True)
class Purchases:
    """Units of two arms of which few bring something: its value in parts of the cap, rounded to the engine's points by chance."""

    values: Values
    buyers: float
    weight: int
    looks: int
    step: int

    @property
    def shape(self) -> tuple[int, int]:
        """Looks, and kinds of units."""
        return self.looks, 2 * len(UNSIGNED)

    def draw(self, rng: np.random.Generator, trials: int) -> Path:
        """The counts of so many trials."""
        path = np.zeros((trials, self.looks, 2 * len(UNSIGNED)))
        candidate = rng.binomial(self.step, self.weight / 1000, size=(trials, self.looks))
        for first, units in ((0, candidate), (len(UNSIGNED), self.step - candidate)):
            bought = rng.binomial(units, self.buyers)
            places = placed(rng, self.values(rng, int(bought.sum())), UNSIGNED)
            cell = np.repeat(np.arange(bought.size), bought.ravel()) * len(UNSIGNED) + places
            seen = np.bincount(cell, minlength=bought.size * len(UNSIGNED)).reshape(trials, self.looks, len(UNSIGNED))
            seen[..., 0] += units - bought
            path[..., first : first + len(UNSIGNED)] = seen
        return path.cumsum(axis=1)


def placed(rng: np.random.Generator, values: NDArray[np.float64], points: Sequence[float]) -> NDArray[np.int64]:
    """The place of each value, as `scales.place` has it; some of them are asked there, with a name's own dither for chance."""
    names = [f"unit-{number}" for number in range(min(_CHECKED, values.size))]
    chance = rng.random(values.size)
    chance[: len(names)] = [dither(name) for name in names]
    edges = np.asarray(points)
    low = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(points) - 2)
    places = low + (chance < (values - edges[low]) / (edges[low + 1] - edges[low]))
    said = [place(float(value), points, dither(name)) for name, value in zip(names, values.tolist(), strict=False)]
    if said != places[: len(names)].tolist():
        raise DisagreementError("the engine places values elsewhere")
    return places


def by_look(places: NDArray[np.int64], shape: tuple[int, int, int], kinds: int) -> Path:
    """Counts added up from look to look; shape: trials, looks, units between looks."""
    trials, looks, step = shape
    cell = np.repeat(np.arange(trials * looks), step) * kinds + places
    return (
        np.bincount(cell, minlength=trials * looks * kinds).reshape(trials, looks, kinds).cumsum(axis=1).astype(float)
    )


def bell(mean: float, spread: float) -> Values:
    """Differences of losses around a mean, as a beta distribution on [-1, 1]."""
    a, b = beta_shape(mean, spread)
    return lambda rng, size: 2 * rng.beta(a, b, size) - 1


def beta_shape(mean: float, spread: float) -> tuple[float, float]:
    """Parameters of a beta distribution that has this mean and standard deviation on [-1, 1]."""
    middle = (1 + mean) / 2
    strength = middle * (1 - middle) / (spread / 2) ** 2 - 1
    return middle * strength, (1 - middle) * strength


def seldom_much_worse(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """No lift on average: nearly always a little better, in one of fifty pairs much worse."""
    bad = rng.random(size) < 0.02
    return np.where(bad, -0.98 * rng.random(size), 0.02 * rng.random(size))


def heavy_tail(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Purchases with a tail without variance (Pareto, 1.5), capped at twenty times the smallest, in parts of the cap."""
    return np.minimum((1 + rng.pareto(1.5, size)) / 20, 1.0)

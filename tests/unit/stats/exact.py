"""Exact probabilities, without chance: what the statistics tests hold the engine against.

Used by the tests beside it and by the simulations. `Path` follows the distribution of the number of wins from pair to pair, all pairs
disagreeing, and takes out what crosses a line; so "at any look" is computed, not sampled.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shadowlift.stats.counts import PairedCounts

NEGLIGIBLE = 1e-20
"""Probability of a count of wins that is not followed further."""

Crosses = Callable[[PairedCounts], bool]


@dataclass(frozen=True)
class Path:
    """What came of looking after every disagreement.

    Attributes:
        crossed: probability of having crossed by the last look.
        mean_looks: expected number of looks until crossing, or the last.
        median_looks: the look by which half have crossed; None if fewer ever do.
    """

    crossed: float
    mean_looks: float
    median_looks: int | None


def all_counts(n: int) -> Iterator[PairedCounts]:
    """Every way n pairs can come out."""
    for wins in range(n + 1):
        for losses in range(n - wins + 1):
            yield PairedCounts(wins, losses, n - wins - losses)


def probability(counts: PairedCounts, win: float, loss: float) -> float:
    """Multinomial probability of these counts."""
    ways = math.comb(counts.n, counts.wins) * math.comb(counts.n - counts.wins, counts.losses)
    return ways * win**counts.wins * loss**counts.losses * (1 - win - loss) ** counts.ties


def follow(win_rates: Sequence[float], crosses: Crosses, *, upwards: bool = True) -> Path:
    """Look after each disagreement, of which the k-th is a win with probability win_rates[k].

    The line has to be one: a count with more wins crosses if one with fewer does (fewer wins, if not upwards).
    """
    alive, fewest, line = [1.0], 0, 0  # probabilities of fewest, fewest + 1, ... wins without having crossed
    crossed, looks, median = 0.0, 0.0, None
    for k, win_rate in enumerate(win_rates, 1):
        looks += math.fsum(alive)
        come = win_rate if upwards else 1 - win_rate
        alive = [here * (1 - come) + below * come for here, below in zip([*alive, 0.0], [0.0, *alive], strict=True)]
        line = _line(line, k, crosses, upwards=upwards)
        crossed += math.fsum(alive[max(0, line - fewest) :])
        alive = alive[: max(0, line - fewest)]
        negligible = next((place for place, rest in enumerate(alive) if rest > NEGLIGIBLE), len(alive))
        alive, fewest = alive[negligible:], fewest + negligible
        if median is None and crossed >= 0.5:
            median = k
        if not alive:
            break
    return Path(crossed, looks, median)


def _line(near: int, k: int, crosses: Crosses, *, upwards: bool) -> int:
    """The fewest wins (losses, if not upwards) among k that cross, looked for from the last look's."""

    def over(count: int) -> bool:
        return crosses(PairedCounts(count, k - count) if upwards else PairedCounts(k - count, count))

    if near <= k and over(near):
        while near > 0 and over(near - 1):
            near -= 1
        return near
    while near <= k and not over(near):
        near += 1
    return near

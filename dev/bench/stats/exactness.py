"""B12: the mean e-value over all ways that up to 20 units can come out: 1 at the boundary of each null, less inside.

Called by `jobs`. No chance and no tolerance but rounding: by how much the largest of the means is off.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from dev.bench.stats import engines
from dev.bench.stats.measure import Job, Row, Size, exact
from shadowlift.stats import arms, paired, rate, sample_ratio
from shadowlift.stats.arm_counts import ArmUnits, RateCounts
from shadowlift.stats.bets import Bets, log_grid
from shadowlift.stats.counts import Differences, PairedCounts
from shadowlift.stats.epochs import Epoch, Epochs

ROUNDING = 1e-9
STRONG = Bets((0.3, 0.9), (0.5, 0.5))

LogE = Callable[[Sequence[int]], float]
Game = tuple[LogE, Sequence[float], Sequence[float]]
"""Counts of each kind -> log E; chances of each kind at the boundary of the null; chances inside it, if anything is."""


def all_amounts(n: int, kinds: int) -> Iterator[tuple[int, ...]]:
    """Every way n things can fall into so many kinds."""
    if kinds == 1:
        yield (n,)
        return
    for first in range(n + 1):
        yield from ((first, *rest) for rest in all_amounts(n - first, kinds - 1))


def mean_e_value(n: int, chances: Sequence[float], log_e: LogE) -> float:
    """E[E] of n independent draws of kinds with these chances."""
    return math.fsum(
        math.exp(log_e(amounts))
        * math.factorial(n)
        * math.prod(chance**amount / math.factorial(amount) for chance, amount in zip(chances, amounts, strict=True))
        for amounts in all_amounts(n, len(chances))
    )


def _pairs(bar: float) -> Game:
    bets = log_grid(0.02, 0.06, 1 + bar)
    win, loss = (0.5 + bar) / 2, (0.5 - bar) / 2

    def log_e(amounts: Sequence[int]) -> float:
        return paired.log_e_value(PairedCounts(losses=amounts[0], ties=amounts[1], wins=amounts[2]), bets, bar)

    return log_e, (loss, 0.5, win), (loss + 0.05, 0.5, win - 0.05)


def _losses() -> Game:
    """D of four sizes, without a lift."""
    places, bets = (0, 28, 36, 64), log_grid(0.02, 0.3, 1.0)

    def log_e(amounts: Sequence[int]) -> float:
        seen = {str(place): amount for place, amount in zip(places, amounts, strict=True)}
        return paired.log_e_value(Differences.from_json(seen), bets, 0.0)

    return log_e, (0.2, 0.3, 0.3, 0.2), (0.2, 0.35, 0.25, 0.2)


def _arms(weight: int, reference: float, baseline: float) -> Game:
    share, current = weight / 1000, 0.3

    def log_e(amounts: Sequence[int]) -> float:
        return arms.log_e_value(engines.in_epochs(amounts, [(weight, baseline)]), STRONG, reference)

    def chances(candidate: float) -> tuple[float, ...]:
        return (share * (1 - candidate), share * candidate, (1 - share) * (1 - current), (1 - share) * current)

    return log_e, chances(current + reference), chances(current + reference - 0.05)


def _rewards() -> Game:
    """Rewards of two sizes on either arm."""
    engine, weight = engines.rewards(STRONG, 200, 0.1), 0.2

    def log_e(amounts: Sequence[int]) -> float:
        places = [0] * (2 * engines.POINTS)
        places[0], places[64], places[engines.POINTS + 16], places[engines.POINTS + 48] = amounts
        return engine.wealth(places).log_e_value

    # The candidate brings 0 or 1, current 1/16 or 9/16; both 5/16 on average, or the candidate less.
    low, high = (1 - weight) / 2, (1 - weight) / 2
    return log_e, (weight * 11 / 16, weight * 5 / 16, low, high), (weight * 0.8, weight * 0.2, low, high)


def _events(weight: int, null: float) -> Game:
    engine, share = engines.harm([weight], null, 1.5 * null), weight / 1000
    chance = share * null / (share * null + 1 - share)
    return lambda amounts: engine.wealth(amounts).log_e_value, (chance, 1 - chance), (0.9 * chance, 1 - 0.9 * chance)


def _rate() -> Game:
    bets, limit = rate.planned_bets(0.1, 0.2), 0.1

    def log_e(amounts: Sequence[int]) -> float:
        return rate.wealth(RateCounts(sum(amounts), amounts[0]), bets, limit).log_e_value

    return log_e, (limit, 1 - limit), (0.9 * limit, 1 - 0.9 * limit)


def _sample_ratio(weight: int) -> Game:
    """The null is one point: nothing is inside it."""
    design = (weight / 1000, 1 - weight / 1000)

    def log_e(amounts: Sequence[int]) -> float:
        return sample_ratio.SampleRatio(Epochs((Epoch(0, weight, 0.0, ArmUnits(*amounts)),))).log_e_value

    return log_e, design, ()


GAMES: dict[str, tuple[Callable[[], list[Game]], int]] = {
    "pairs": (lambda: [_pairs(0.0), _pairs(0.02), _pairs(0.3)], 20),
    "losses": (lambda: [_losses()], 20),
    "arms": (lambda: [_arms(500, 0.0, 0.2), _arms(50, 0.0, 1.0), _arms(100, 0.3, 0.1), _arms(950, -0.2, 0.5)], 20),
    "rewards": (lambda: [_rewards()], 20),
    "events": (lambda: [_events(500, 1.0), _events(100, 1.0), _events(50, 1.3), _events(999, 0.8)], 20),
    "rate": (lambda: [_rate()], 20),
    "sample ratio": (lambda: [_sample_ratio(1), _sample_ratio(50), _sample_ratio(500)], 20),
}
"""Test -> its games, and the largest number of units whose outcomes are few enough to be all gone through."""


def jobs() -> list[Job]:
    """All tests."""
    return [Job("B12", name, partial(_game, name)) for name in GAMES]


def _game(name: str, size: Size) -> list[Row]:
    games, most = GAMES[name]
    sizes = [n for n in (1, 2, 7, most) if not size.quick or n <= 7]
    fair = [mean_e_value(n, at, log_e) - 1 for log_e, at, _ in games() for n in sizes]
    inside = [mean_e_value(n, below, log_e) for log_e, _, below in games() if below for n in sizes]
    what = f"{name}, n <= {max(sizes)}"
    rows = [Row("B12", f"abs(E[E] - 1) at the boundary, {what}", exact(max(map(abs, fair))), most=ROUNDING, digits=3)]
    if inside:
        rows.append(Row("B12", f"largest E[E] inside the null, {what}", exact(max(inside)), most=1.0, digits=6))
    return rows

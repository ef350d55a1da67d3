"""B13: microseconds for a decision of each kind, and for counting one outcome.

Called by `jobs`, after all others and alone. Each figure is the fastest of the repeats, which other work on the machine can only make
slower; the median stands beside it and says how noisy the machine was.
"""

import timeit
from collections import Counter
from collections.abc import Callable
from statistics import median

from dev.bench.stats import engines
from dev.bench.stats.measure import Job, Measure, Row, Size
from shadowlift.stats import arms, events, paired, rate, scales
from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards, ArmUnits, RateCounts
from shadowlift.stats.counts import Differences, PairedCounts, Rewards
from shadowlift.stats.epochs import Epoch, Epochs, Statistic
from shadowlift.stats.sample_ratio import ERROR_RATE, SampleRatio
from shadowlift.stats.verdict import Case, rule

DECISION, OUTCOME = 50.0, 1.0
"""Microseconds allowed."""

WEIGHTS = (50, 250, 500)
TEST = engines.paired_test(0.02, 0.06)
ARM_BETS = arms.planned_bets(0.0, 0.01, 0.09)
HARM_BETS = events.planned_bets(1.0, 1.5)
RATE_BETS = rate.planned_bets(0.01, 0.02)
PAIRS = PairedCounts(40, 30, 900)
LOSSES = Differences(tuple(range(1, engines.POINTS + 1)))
SPENT = Rewards(tuple(range(1, engines.POINTS + 1)))


def jobs() -> list[Job]:
    """One, as two would disturb each other."""
    return [Job("B13", "microseconds", _run)]


def _in_epochs(counts: Statistic, among: int = len(WEIGHTS)) -> Epochs:
    return Epochs(tuple(Epoch(number, weight, 0.1, counts) for number, weight in enumerate(WEIGHTS[:among])))


def decisions() -> dict[str, Callable[[], object]]:
    """What is decided at a look, on counts without an empty place: the slowest there are."""
    served, errors = _in_epochs(ArmCounts(1000, 100, 2000, 200)), _in_epochs(ArmEvents(10, 20))
    spent, given = _in_epochs(ArmRewards(SPENT, SPENT), 1), _in_epochs(ArmUnits(1000, 2000))
    return {
        "pairs": lambda: paired.wealth(PAIRS, TEST.bets, 0.0).rejects(0.05),
        "losses, all 65 places seen": lambda: paired.wealth(LOSSES, TEST.bets, 0.0).rejects(0.05),
        "arms, 3 epochs": lambda: arms.wealth(served, ARM_BETS, 0.0).rejects(0.05),
        "rewards, all 130 places seen, 1 epoch": lambda: arms.wealth(spent, ARM_BETS, 0.0).rejects(0.05),
        "events, 3 epochs": lambda: events.wealth(errors, HARM_BETS, 1.0).rejects(0.05),
        "sample ratio, 3 epochs": lambda: SampleRatio(given).rejects(ERROR_RATE),
        "rate": lambda: rate.wealth(RateCounts(1000, 20), RATE_BETS, 0.01).rejects(0.05),
    }


def rulings() -> dict[str, Callable[[], object]]:
    """What only informs: a whole ruling, with its bounds and forecasts, and the adding up of two statistics."""
    spent = _in_epochs(ArmRewards(SPENT, SPENT))
    return {
        "a whole ruling with evidence, pairs": lambda: rule(Case(TEST, PAIRS, PAIRS)),
        "a whole ruling with evidence, losses": lambda: rule(Case(TEST, LOSSES, LOSSES)),
        "a decision on rewards, 3 epochs": lambda: arms.wealth(spent, ARM_BETS, 0.0).rejects(0.05),
        "merging two PairedCounts": lambda: PAIRS + PAIRS,
        "merging two Differences": lambda: LOSSES + LOSSES,
    }


OUTCOMES = [0, 1, 0, -1] * 250
VALUES = [((n * 37) % 200 - 99.5) / 100 for n in range(1000)]
NAMES = [f"unit-{n}" for n in range(1000)]
CHANCES = [scales.dither(name) for name in NAMES]


def count_right_and_wrong() -> PairedCounts:
    """A thousand closed pairs, counted as they close and made a statistic once."""
    seen: Counter[int] = Counter()
    for outcome in OUTCOMES:
        seen[outcome] += 1
    return PairedCounts(seen[1], seen[-1], seen[0])


def count_losses() -> Differences:
    """A thousand closed pairs with a continuous difference, placed on the scale."""
    amounts = [0] * engines.POINTS
    for value, chance in zip(VALUES, CHANCES, strict=True):
        amounts[scales.place(value, scales.SIGNED, chance)] += 1
    return Differences(tuple(amounts))


def _run(size: Size) -> list[Row]:
    repeats = size.of(200, 20)
    rows = []
    for name, decide in decisions().items():
        rows += _timed(f"decision: {name}", decide, repeats, 1, DECISION)
    rows += _timed("outcome counted: right or wrong", count_right_and_wrong, repeats, 1000, OUTCOME)
    rows += _timed("outcome counted: loss, placed", count_losses, repeats, 1000, OUTCOME)
    rows += _timed("the place of one value", lambda: scales.place(0.1234, scales.SIGNED, 0.4), repeats, 1, OUTCOME)
    rows += _timed("the dither of one name", lambda: scales.dither("unit-12345"), repeats, 1, OUTCOME)
    for name, work in rulings().items():
        rows += _timed(name, work, repeats, 1, None)
    return rows


def _timed(what: str, work: Callable[[], object], repeats: int, among: int, most: float | None) -> list[Row]:
    work()  # the tables of logarithms are kept from look to look
    calls = max(1, 100 // among)
    each = [1e6 * seconds / calls / among for seconds in timeit.repeat(work, number=calls, repeat=repeats)]
    measure = Measure(min(each), 0.0, repeats)
    return [Row("B13", f"{what}: microseconds (median {median(each):.2f})", measure, most, digits=2)]

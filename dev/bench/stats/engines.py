"""The engine's tests, as functions of how many units of each kind were counted.

Used by the families of rows; `trials` turns them into decisions about many trials at once.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from dev.bench.stats.trials import Amounts, Engine
from shadowlift.stats import arms, events, paired
from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards
from shadowlift.stats.bets import Bets
from shadowlift.stats.counts import Differences, PairedCounts, Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.terms import PairedTest, Rates
from shadowlift.stats.verdict import Case, Verdict, rule
from shadowlift.stats.wealth import Wealth

ALPHA = 0.05
POINTS = len(Differences.points)
"""Places of a continuous value."""


def paired_test(target: float, second_moment: float, rates: Rates | None = None) -> PairedTest:
    """The test of a trial against a bar of 0."""
    return PairedTest.planned(
        minimum_lift=0.0, target_lift=target, rates=rates or Rates(ALPHA), second_moment=second_moment
    )


def pairs(test: PairedTest) -> Engine:
    """Right and wrong: losses, ties, wins. The whole rule is asked too."""
    return Engine(
        lambda amounts: paired.wealth(right_and_wrong(amounts), test.bets, test.minimum_lift), 3, _Ruling(test)
    )


def differences(test: PairedTest) -> Engine:
    """Losses of both: one kind for each point of the scale. The whole rule is asked too."""
    kind = Differences
    return Engine(lambda some: paired.wealth(kind(tuple(some)), test.bets, test.minimum_lift), POINTS, _Ruling(test))


def of_pairs(bets: Bets, reference: float, *, mirrored: bool = False) -> Engine:
    """A single test of right and wrong, from either side."""

    def wealth(amounts: Amounts) -> Wealth:
        counts = right_and_wrong(amounts)
        return paired.wealth(counts.mirrored() if mirrored else counts, bets, reference)

    return Engine(wealth, 3)


def right_and_wrong(amounts: Amounts) -> PairedCounts:
    """Counts from losses, ties, wins."""
    return PairedCounts(losses=amounts[0], ties=amounts[1], wins=amounts[2])


def successes(bets: Bets, terms: Sequence[tuple[int, float]], *, mirrored: bool = False) -> Engine:
    """Two arms against "no lift". For each epoch's weight and baseline: failures and successes of the candidate, then of current."""

    def wealth(amounts: Amounts) -> Wealth:
        epochs = in_epochs(amounts, terms)
        return arms.wealth(epochs.mirrored() if mirrored else epochs, bets, 0.0)

    return Engine(wealth, 4 * len(terms))


def in_epochs(amounts: Amounts, terms: Sequence[tuple[int, float]]) -> Epochs[ArmCounts]:
    """Epochs from four kinds of units for each."""
    each = []
    for number, (weight, baseline) in enumerate(terms):
        lost, won, current_lost, current_won = amounts[4 * number : 4 * number + 4]
        counts = ArmCounts(lost + won, won, current_lost + current_won, current_won)
        each.append(Epoch(number, weight, baseline, counts))
    return Epochs(tuple(each))


def rewards(bets: Bets, weight: int, baseline: float) -> Engine:
    """Two arms and what their units brought: the places of the candidate, then those of current."""

    def wealth(amounts: Amounts) -> Wealth:
        counts = ArmRewards(Rewards(tuple(amounts[:POINTS])), Rewards(tuple(amounts[POINTS:])))
        return arms.wealth(Epochs((Epoch(0, weight, baseline, counts),)), bets, 0.0)

    return Engine(wealth, 2 * POINTS)


def harm(weights: Sequence[int], null: float = 1.0, target: float = 1.5) -> Engine:
    """Events against "the candidate has no more than its share": for each epoch's weight, the candidate's and current's."""
    bets = events.planned_bets(null, target)

    def wealth(amounts: Amounts) -> Wealth:
        each = [ArmEvents(*amounts[2 * number : 2 * number + 2]) for number in range(len(weights))]
        epochs = [Epoch(number, weight, 0.0, each[number]) for number, weight in enumerate(weights)]
        return events.wealth(Epochs(tuple(epochs)), bets, null)

    return Engine(wealth, 2 * len(weights))


class _Ruling:
    """Whether `verdict.rule` promotes."""

    def __init__(self, test: PairedTest) -> None:
        self._test = test

    def __call__(self, amounts: Amounts, error_rate: float) -> bool:
        test = replace(self._test, rates=Rates(error_rate))
        counts = right_and_wrong(amounts) if len(amounts) == 3 else Differences(tuple(amounts))
        return rule(Case(test, counts, counts)).verdict is Verdict.PROMOTE


def least_information(win: float, loss: float, error_rate: float = ALPHA) -> float:
    """Pairs that any test needs on average to prove win > loss: log(1/alpha) / divergence from the nearest null."""
    even = (win + loss) / 2
    return -math.log(error_rate) / (win * math.log(win / even) + loss * math.log(loss / even))

"""Whole paired trials with seeded chance: the promises as a user meets them.

The exact probabilities are in the unit tests; here the same figures come from another way of reckoning, and the rule is used as a
whole, with its stops for harm and futility, at every look. Only disagreements are drawn, with the gaps between them, as agreements change
no e-value against a bar of 0. The reference case: 20,000 requests, 6 % disagreement, target 2 points, alpha 0.05.
"""

import functools
import math
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from shadowlift.stats import paired
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.terms import PairedTest, Rates
from shadowlift.stats.verdict import Case, Reason, Verdict, rule

REQUESTS = 20_000
DISAGREEMENT = 0.06
ALPHA = 0.05
TARGET = 0.02

pytestmark = pytest.mark.timeout(60)  # seconds of a quiet machine are minutes of a busy one

TEST = PairedTest.planned(minimum_lift=0.0, target_lift=TARGET, rates=Rates(ALPHA), second_moment=DISAGREEMENT)


@dataclass(frozen=True)
class End:
    """How one trial ended, and after how many requests."""

    reason: Reason
    requests: int


def disagreements(chance: random.Random, lift: float) -> Iterator[tuple[int, bool]]:
    """The requests on which the two differ, up to the last request, and whether the candidate was right."""
    win_rate, gap, request = (DISAGREEMENT + lift) / (2 * DISAGREEMENT), 1 / math.log(1 - DISAGREEMENT), 0
    while True:
        request += 1 + int(math.log(1 - chance.random()) * gap)
        if request > REQUESTS:
            return
        yield request, chance.random() < win_rate


def look(wins: int, losses: int, requests: int) -> Reason:
    seen = PairedCounts(wins, losses, requests - wins - losses)
    return rule(Case(TEST, seen, seen)).reason


@functools.cache
def fewest_wins(disagreed: int) -> int:
    """Wins among so many disagreements at which the promotion test alone is passed; the ties change nothing against a bar of 0."""
    wins = fewest_wins(disagreed - 1) if disagreed else 0
    while wins <= disagreed and not is_proven(PairedCounts(wins, disagreed - wins)):
        wins += 1
    return wins


def is_proven(counts: PairedCounts) -> bool:
    return paired.log_e_value(counts, TEST.bets, TEST.minimum_lift) >= -math.log(ALPHA)


def first_promotion(chance: random.Random, lift: float) -> int | None:
    """The request after which promotion was first proven, looking after every disagreement; None if never."""
    wins = 0
    for disagreed, (request, won) in enumerate(disagreements(chance, lift), 1):
        wins += won
        if wins >= fewest_wins(disagreed):
            return request
    return None


def whole_trial(chance: random.Random, lift: float) -> End:
    """One trial under the whole rule, looked at about every 100 requests."""
    counts, next_look = [0, 0], 100
    for request, won in disagreements(chance, lift):
        if request > next_look:
            reason = look(counts[0], counts[1], next_look)
            if reason.verdict is not Verdict.HOLD:
                return End(reason, next_look)
            next_look = (request // 100 + 1) * 100
        counts[not won] += 1
    return End(Reason.NOT_ENOUGH_EVIDENCE, REQUESTS)


def share(ends: list[End], reason: Reason) -> float:
    return sum(end.reason is reason for end in ends) / len(ends)


def whole_trials(seed: int, lift: float, repeats: int = 400) -> list[End]:
    chance = random.Random(seed)
    return [whole_trial(chance, lift) for _ in range(repeats)]


def test_false_promotion_at_every_look_stays_below_alpha() -> None:
    """No lift, looked at after every disagreement: at most alpha + 3 standard errors; at least 0.015, or the engine is dead."""
    repeats, chance = 2000, random.Random(20_261)
    promoted = sum(first_promotion(chance, 0.0) is not None for _ in range(repeats))
    assert 0.015 <= promoted / repeats <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / repeats)


def test_the_target_lift_is_proven_after_about_a_thousand_requests() -> None:
    """0.80 -> 0.82: always proven, after 1,092 requests on average (within 10 %)."""
    chance = random.Random(20_262)
    ends = [first_promotion(chance, TARGET) for _ in range(2000)]
    proven = [request for request in ends if request is not None]
    assert len(proven) >= 0.998 * len(ends)
    assert statistics.fmean(proven) == pytest.approx(1092, rel=0.1)


def test_no_lift_is_given_up_soon_and_seldom_promoted() -> None:
    """The whole rule on an equal candidate: given up for futility, soon; rejected for harm within its own small rate."""
    ends = whole_trials(20_263, 0.0)
    assert share(ends, Reason.LIFT_PROVEN) <= ALPHA
    assert share(ends, Reason.HARM_PROVEN) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / len(ends))
    assert share(ends, Reason.TARGET_OUT_OF_REACH) >= 0.94
    assert statistics.median(end.requests for end in ends) <= 1500


def test_giving_up_costs_little_power() -> None:
    """A candidate at the target is given up with at most the futility rate, else promoted."""
    ends = whole_trials(20_264, TARGET)
    allowed = TEST.rates.futility + 3 * math.sqrt(TEST.rates.futility * (1 - TEST.rates.futility) / len(ends))
    assert share(ends, Reason.TARGET_OUT_OF_REACH) <= allowed
    assert share(ends, Reason.LIFT_PROVEN) >= 1 - allowed
    assert share(ends, Reason.HARM_PROVEN) == 0


def test_a_worse_candidate_is_stopped_early_and_not_promoted() -> None:
    """Two points worse: rejected within the first thousand requests as a rule."""
    ends = whole_trials(20_265, -TARGET)
    assert share(ends, Reason.LIFT_PROVEN) <= 0.01
    assert share(ends, Reason.HARM_PROVEN) + share(ends, Reason.TARGET_OUT_OF_REACH) >= 0.99
    assert statistics.median(end.requests for end in ends) <= 1000


def test_selective_labels_do_not_promote_a_worse_candidate() -> None:
    """Most losses never get their outcome: ignoring that promotes a worse candidate, counting them as losses never does."""
    chance, careless, careful = random.Random(20_266), 0, 0
    for _ in range(100):
        wins, losses, silent = 0, 0, 0
        for _, won in disagreements(chance, -0.01):
            heard = won or chance.random() < 0.3
            wins, losses, silent = wins + won, losses + (heard and not won), silent + (not heard)
        ties = REQUESTS - wins - losses - silent
        known = PairedCounts(wins, losses, ties)
        worst = Case(TEST, known + PairedCounts(losses=silent), known + PairedCounts(wins=silent))
        careless += rule(Case(TEST, known, known)).verdict is Verdict.PROMOTE
        careful += rule(worst).verdict is Verdict.PROMOTE
    assert careless >= 95
    assert careful == 0

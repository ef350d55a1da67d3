"""The common rules on the same requests: what a person would have promoted who counts as is usual.

Called by `trial` with all requests of a scene and which of them were the candidate's; each rule says whether it would promote. Where a
rule is a test of ours on counts that it should not be given, the engine makes the test.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dev.bench.pipeline.specs import ALPHA
from dev.bench.pipeline.trial import Scene
from dev.bench.pipeline.visits import Flags, Visits
from dev.bench.stats import gates
from dev.bench.stats.adversarial.drift import forgetful
from shadowlift.stats import arms, paired
from shadowlift.stats.arm_counts import ArmCounts
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.terms import PairedTest, Rates

Rule = Callable[[Scene, Visits, Flags], bool]
STEP = 10  # requests from look to look, of the rule that forgets


def pooled_at_the_end(scene: Scene, visits: Visits, given: Flags) -> bool:
    """All weights thrown together, one z-test."""
    return bool(_z(_table(visits.won(given), given, np.ones(scene.size, dtype=bool))) > gates.CRITICAL)


def at_each_look(scene: Scene, visits: Visits, given: Flags) -> bool:
    """The success rates of the two arms, of what was answered, and a z-test at each look."""
    counted = ~(given & _silent(scene, visits))
    tables = [_table(visits.won(given), given, counted & (scene.at <= look)) for look in scene.looks]
    return any(_z(table) > gates.CRITICAL for table in tables)


def at_each_look_of_what_is_told(scene: Scene, visits: Visits, given: Flags) -> bool:
    """The success rates of all lines that came, and a z-test at each look at which their outcomes are known."""
    told = ~(given & visits.lost) if visits.lost is not None else np.ones(scene.size, dtype=bool)
    ripe = [told & (scene.at <= look - scene.maturity) for look in scene.looks if look > scene.maturity]
    return any(_z(_table(visits.won(given), given, counted)) > gates.CRITICAL for counted in ripe)


def both_at_each_look(scene: Scene, visits: Visits, _: Flags) -> bool:
    """The same of a shadow: each process by what it answered, whether or not the other one did."""
    failed = _silent(scene, visits)
    for look in scene.looks:
        seen = scene.at <= look
        mine, theirs = visits.candidate.won[seen & ~failed], visits.current.won[seen]
        if _z(np.array([(~mine).sum(), mine.sum(), (~theirs).sum(), theirs.sum()], dtype=float)) > gates.CRITICAL:
            return True
    return False


def _silent(scene: Scene, visits: Visits) -> Flags:
    """Requests on which the candidate says nothing that is read."""
    none = np.zeros(scene.size, dtype=bool)
    each = (visits.candidate.failed, visits.candidate.too_long)
    return np.logical_or.reduce([flags if flags is not None else none for flags in each])


def as_they_come(scene: Scene, visits: Visits, given: Flags) -> bool:
    """Our test of two arms, fed at each look with the successes that are known by then."""
    known_at, won = scene.at + visits.delays(given), visits.won(given)
    tables = (_table(won & (known_at <= look), given, scene.at <= look) for look in scene.looks)
    return any(_arms_prove([table], [500]) for table in tables)


def each_request(scene: Scene, visits: Visits, given: Flags) -> bool:
    """Our test of two arms, fed with every request of every user."""
    won = visits.won(given)
    at_weight = [scene.weights == weight for weight, _ in scene.steps]
    weights = [weight for weight, _ in scene.steps]
    looks = ([_table(won, given, here & (scene.at <= look)) for here in at_weight] for look in scene.looks)
    return any(_arms_prove(tables, weights) for tables in looks)


def labels_as_they_come(scene: Scene, visits: Visits, given: Flags) -> bool:
    """Our test of pairs, fed at each look with the pairs whose label is known."""
    known_at = scene.at + visits.delays(given)
    return any(_pairs_prove(visits, known_at <= look) for look in scene.looks)


def any_of_them(scene: Scene, visits: Visits, _: Flags) -> bool:
    """Our test of pairs for each of several candidates, at the whole error rate."""
    each = (replace(visits, candidate=one) for one in (visits.candidate, *visits.rivals.values()))
    return any(_pairs_prove(one, scene.at <= look) for one in each for look in scene.looks)


def at_first_crossing(scene: Scene, visits: Visits, _: Flags) -> bool:
    """Our test of pairs, at any look, whatever the time of day."""
    return any(_pairs_prove(visits, scene.at <= look) for look in scene.looks)


def forgetting(scene: Scene, visits: Visits, _: Flags) -> bool:
    """Bets that follow what was seen lately."""
    d = _difference(visits)[: scene.size // STEP * STEP].reshape(-1, STEP)
    path = np.stack([(d < 0).sum(axis=1), (d == 0).sum(axis=1), (d > 0).sum(axis=1)], axis=1).cumsum(axis=0)
    return bool(forgetful(path[None].astype(float), STEP)[0])


def known_only(scene: Scene, visits: Visits, given: Flags) -> bool:
    """What has a label, as if the rest were like it; a z-test at each look."""
    outcomes = (visits.candidate.outcomes, visits.current.outcomes)
    labelled = np.array([outcomes[not mine][n] is not None for n, mine in enumerate(given.tolist())])
    tables = [_table(visits.won(given), given, labelled & (scene.at <= look)) for look in scene.looks]
    return any(_z(table) > gates.CRITICAL for table in tables)


def known_pairs_only(scene: Scene, visits: Visits, _: Flags) -> bool:
    """Our test of pairs, fed with those that have a label."""
    labelled = np.array([outcome is not None for outcome in visits.current.outcomes])
    return any(_pairs_prove(visits, labelled & (scene.at <= look)) for look in scene.looks)


def _difference(visits: Visits) -> NDArray[np.int64]:
    return np.subtract(visits.candidate.won, visits.current.won, dtype=np.int64)


def _table(won: Flags, given: Flags, counted: Flags) -> NDArray[np.float64]:
    """Failures and successes of the candidate, then of current."""
    cells = [counted & mine & came for mine in (given, ~given) for came in (~won, won)]
    return np.array([cell.sum() for cell in cells], dtype=float)


def _z(table: NDArray[np.float64]) -> float:
    return float(gates.arm_z(table[None, :])[0])


def _arms_prove(tables: Sequence[NDArray[np.float64]], weights: Sequence[int]) -> bool:
    epochs = []
    for number, (table, weight) in enumerate(zip(tables, weights, strict=True)):
        lost, won, their_lost, their_won = map(int, table.tolist())
        counts = ArmCounts(lost + won, won, their_lost + their_won, their_won)
        epochs.append(Epoch(number, weight, 0.1, counts))
    return arms.wealth(Epochs(tuple(epochs)), _ARM_BETS, 0.0).rejects(ALPHA)


_ARM_BETS = arms.planned_bets(0.0, 0.02, 0.09)


_PAIRS = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(ALPHA), second_moment=0.06)


def _pairs_prove(visits: Visits, counted: Flags) -> bool:
    d = _difference(visits)[counted]
    counts = PairedCounts(wins=int((d > 0).sum()), losses=int((d < 0).sum()), ties=int((d == 0).sum()))
    return paired.wealth(counts, _PAIRS.bets, 0.0).rejects(ALPHA)

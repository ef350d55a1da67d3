"""From the recorder's counters of a split to the engine's: what each unit counts as, under the policy for outcomes that never came.

Called by `look` and by the steps that open an epoch. Units of the watch and of the shadow only tell what to expect of one.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from shadowlift.api.ledger import Arm, EpochCounters, TrialCounters
from shadowlift.api.objective import Missing, ObjectiveType
from shadowlift.api.record import StepTaken, TrialTerms
from shadowlift.api.status import Evidence
from shadowlift.rollout.evidence import total, unit_of_lift
from shadowlift.stats.arm_counts import ArmCounts, ArmRewards, ArmStatistic, ArmUnits
from shadowlift.stats.arm_verdict import ArmCase, ArmTest
from shadowlift.stats.counts import Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.scales import UNSIGNED

ENOUGH_TO_EXPECT = 30
"""Results of current below which their spread is taken as unknown."""

_BEST = len(UNSIGNED) - 1
Steps = Sequence[tuple[StepTaken, EpochCounters]]


def case(terms: TrialTerms, steps: Steps) -> ArmCase | None:
    """The engine's question; None where the shadow has decided.

    Worst: without a result a unit counts as 0 on the candidate's arm and as 1 on the other, for promotion, and the other way round for
    harm; a candidate that failed as 0 for both. AtRandom: such units are left out, but for those whose current failed or whose
    answer we could not read, which is no accident of the outcomes. Value: the recorder has counted them with the stated value, so only
    these two are left.
    """
    if not steps or steps[0][0].test is None:
        return None
    whole = Missing(terms.missing) is not Missing.AT_RANDOM
    kind: type[ArmStatistic] = ArmCounts if terms.objective == ObjectiveType.ACCURACY.value else ArmRewards
    promotion, harm = (_epochs(kind, steps, whole=whole, best_for_candidate=best) for best in (False, True))
    return ArmCase(ArmTest.from_json(steps[0][0].test), promotion, harm)


def units(steps: Steps) -> Epochs[ArmUnits]:
    """Booked units by arm."""
    counts = ((step, ArmUnits(*(counters.units_by_arm.get(arm, 0) for arm in Arm))) for step, counters in steps)
    return Epochs(tuple(Epoch(step.epoch, step.weight, float(step.baseline), booked) for step, booked in counts))


def mature(counters: EpochCounters) -> int:
    """Units of a split whose time has come, both arms together."""
    return sum(counters.known_by_arm.values()) + sum(counters.unknown_by_arm.values())


def expected(counters: TrialCounters) -> tuple[float, float | None]:
    """What a unit of current came to so far, whatever the stage: mean between 0 and 1, and variance; None where that cannot be told."""
    amounts = results(total(list(counters.epochs.values())), Arm.CURRENT)
    n = sum(amounts.values())
    if not n:
        return 0.5, None
    mean = min(1.0, math.fsum(UNSIGNED[spot] * count for spot, count in amounts.items()) / n)
    square = math.fsum((UNSIGNED[spot] - mean) ** 2 * count for spot, count in amounts.items()) / n
    return mean, square if n >= ENOUGH_TO_EXPECT else None


def results(counters: EpochCounters, arm: Arm) -> dict[int, int]:
    """Known results of an arm: place on the scale -> units."""
    each = ((key.split("/"), count) for key, count in counters.results_by_arm.items())
    return {int(place): count for (name, place), count in each if name == arm}


def with_means(evidence: Evidence, terms: TrialTerms, counters: EpochCounters) -> Evidence:
    """The evidence with what each arm's units came to, in the objective's units."""
    told: dict[str, int | str] = {}
    for arm in Arm:
        amounts = results(counters, arm)
        n = told[f"{arm.value}_units"] = sum(amounts.values())
        if n:
            mean = math.fsum(UNSIGNED[spot] * count for spot, count in amounts.items()) / n
            told[f"{arm.value}_mean"] = f"{_in_units(mean, terms):.4g}"
    return evidence.model_copy(update=told)


def _in_units(mean: float, terms: TrialTerms) -> float:
    """A mean result as a person knows it: share of right answers, value per unit, or mean loss."""
    if terms.objective == ObjectiveType.ACCURACY.value:
        return mean
    if terms.objective == ObjectiveType.REWARD.value:
        return (terms.minimum or 0.0) + mean * unit_of_lift(terms)
    return (1 - mean) * unit_of_lift(terms)


def _epochs(kind: type[ArmStatistic], steps: Steps, *, whole: bool, best_for_candidate: bool) -> Epochs[ArmStatistic]:
    spots = {Arm.CANDIDATE: _BEST if best_for_candidate else 0, Arm.CURRENT: 0 if best_for_candidate else _BEST}
    epochs = []
    for step, counters in steps:
        amounts = {}
        for arm in Arm:
            unknown, failed = counters.unknown_by_arm.get(arm, 0), 0
            if arm is Arm.CANDIDATE and whole:
                failed = counters.failed_candidates
            if not whole:
                unknown = counters.unread_by_arm.get(arm, 0) + (counters.failed_currents if arm is Arm.CURRENT else 0)
            counted = Counter(results(counters, arm))
            counted[0] += failed
            counted[spots[arm]] += unknown - failed
            amounts[arm] = counted
        epochs.append(Epoch(step.epoch, step.weight, float(step.baseline), _counts(kind, amounts)))
    return Epochs(tuple(epochs))


def _counts(kind: type[ArmStatistic], amounts: Mapping[Arm, Mapping[int, int]]) -> ArmStatistic:
    if kind is ArmRewards:
        return ArmRewards(*(Rewards(_filled(amounts[arm].items())) for arm in Arm))
    cells = [(sum(amounts[arm].values()), amounts[arm].get(_BEST, 0)) for arm in Arm]
    return ArmCounts(*cells[0], *cells[1])


def _filled(amounts: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    counts = dict(amounts)
    return tuple(counts.get(spot, 0) for spot in range(len(UNSIGNED)))

"""What one closed unit of a split adds to the counters, by the arm to which it was given. Called by `closing`; pure.

The unit is judged by the arm that it was given to, whoever answered in the end. A candidate that failed has the worst result there is;
a current that failed has none, and counts against the candidate in the promotion test, as everything does that is not known: an outage
of current must never look like a lift.
"""

from collections import Counter
from dataclasses import dataclass

from shadowlift.api.ledger import Arm, RowStatus
from shadowlift.api.objective import Missing
from shadowlift.recorder.fold import Increments, Policy, Side, admitted_side
from shadowlift.stats import results
from shadowlift.stats.scales import UNSIGNED, place


@dataclass(frozen=True)
class Given:
    """A booked unit of a split when its time has come."""

    arm: Arm
    answer: Side
    ambiguous: bool = False  # its outcome key names another unit too
    chance: float = 0.0  # in [0, 1), of the unit: rounds its result without bias


def result(given: Given, outcome: str | None, policy: Policy) -> Increments:
    """What answer and outcome, or its absence, add."""
    answer = admitted_side(given.answer, policy.loss) if policy.loss else given.answer
    added = _answered(given.arm, answer, numeric=policy.loss is not None)
    if given.ambiguous:
        return added + Counter(dict.fromkeys(_unread(given.arm, "ambiguous"), 1))
    if answer.status is RowStatus.GONE:  # only of a watch before a shadow, in which no result is asked for
        return added + Counter({("gone", None): 1})
    if answer.status is RowStatus.OURS and policy.reward is None:
        return added + Counter(dict.fromkeys(_unread(given.arm, "ours"), 1))
    if outcome is not None:
        added["outcome_values", "" if policy.loss or policy.reward else outcome] += 1
    elif policy.missing is Missing.VALUE:
        outcome = policy.missing_value
    if policy.reward is None and answer.status is not RowStatus.OK:
        return added + _failed(given, answer, told=outcome is not None)
    if outcome is None:
        added["unknown_by_arm", given.arm.value] += 1
        return added
    return added + _known(given, _score(answer, outcome, policy))


def _unread(arm: Arm, why: str) -> tuple[tuple[str, str | None], ...]:
    """Not known, whatever the outcome: to leave such units out would be to choose those of one arm by what happened to them.

    That an outcome key names two units is the arm's doing, too: who cannot use an answer asks again, with the same key.
    """
    return ((why, None), ("unknown_by_arm", arm.value), ("unread_by_arm", arm.value))


def _answered(arm: Arm, answer: Side, *, numeric: bool) -> Increments:
    added: Increments = Counter()
    if answer.status is RowStatus.OK and answer.value is not None:
        added[f"{arm.value}_values", "" if numeric else answer.value] += 1
    elif answer.reason:
        added["reasons", answer.reason] += 1
    return added


def _failed(given: Given, answer: Side, *, told: bool) -> Increments:
    """The worst result of a candidate; one without an outcome is still told apart, as AtRandom leaves all of those out."""
    if given.arm is Arm.CANDIDATE and told:
        return Counter({("candidate_failed", None): 1}) + _known(given, 0.0)
    if given.arm is Arm.CANDIDATE:
        unknown = {("unknown_by_arm", given.arm.value): 1, ("failed_candidates", None): 1}
        return Counter({("candidate_failed", None): 1, **unknown})
    kind = "current_failed" if answer.status is RowStatus.FAILED else "current_unreadable"
    return Counter({(kind, None): 1, ("unknown_by_arm", given.arm.value): 1, ("failed_currents", None): 1})


def _known(given: Given, value: float) -> Increments:
    spot = place(value, UNSIGNED, given.chance)
    return Counter({("known_by_arm", given.arm.value): 1, ("results_by_arm", f"{given.arm.value}/{spot}"): 1})


def _score(answer: Side, outcome: str, policy: Policy) -> float:
    if policy.reward is not None:
        return policy.reward.of(float(outcome))
    if policy.loss is not None:
        return results.of_loss(policy.loss, float(answer.value or "nan"), float(outcome))
    return float(answer.value == outcome)

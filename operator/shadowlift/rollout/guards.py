"""Guardrails: what each is held to, fixed before anything counts, and what is known of it at one look.

Called by the steps when a warm-up or watch ends (`freeze`), and by the gates, records and status at every look (`known`). A guardrail
is safe, harmful or not known yet; not knowing is neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.ledger import Arm, EpochCounters, TrialCounters
from shadowlift.api.record import FrozenGuard, GuardTest, StepTaken
from shadowlift.api.status import GuardrailState
from shadowlift.rollout import contract
from shadowlift.rollout.arms import Steps
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.world import Share
from shadowlift.stats import arms, bets, events, paired
from shadowlift.stats.arm_counts import ArmCounts, ArmEvents
from shadowlift.stats.bets import Bets
from shadowlift.stats.combination import Guardrail as Tests
from shadowlift.stats.combination import Safety
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.threshold import LADDER, threshold
from shadowlift.stats.wealth import EProcess

HARM_RATE = 0.05
"""Bound on rejecting, for any guardrail at any look, a candidate that is not worse at all: shared by all guardrails. Such an error costs
another trial; a late alarm costs users."""

WORTH_FINDING = 1.5
"""The ratio of events, in multiples of the null, that a test for harm finds soonest."""

ROUNDED = 1.01
"""How much more than asked for may be tolerated so as to reach a boundary: 20 % are two buckets, which are 21 %."""

LEAST_FOUND = 1.1
"""The smallest ratio for which bets are planned."""

SLOW_ANSWERS = 20
"""Answers of current beyond a quantile that fix where it is."""

_TESTED = (GuardrailType.ERROR_RATE, GuardrailType.LATENCY)

EVEN = 500
"""Weight of a shadow, in which both processes answer each request. That they answer the same ones only makes the tests more careful: a
pair with an event on both sides is worth less to every bet than two events apart."""


@dataclass(frozen=True)
class Known:
    """What is known of one guardrail."""

    name: str
    safety: Safety
    message: str

    @property
    def shown(self) -> GuardrailState:
        """For status and records."""
        return GuardrailState(name=self.name, safety=self.safety.value, message=self.message[:200])


def harmful(found: Iterable[Known]) -> Known | None:
    """The first that is proven to be."""
    return next((one for one in found if one.safety is Safety.HARMFUL), None)


def missing(guardrails: Sequence[Guardrail], counters: EpochCounters) -> str | None:
    """What is still wanted before the guardrails can be fixed; None where nothing is."""
    for guardrail in guardrails:
        if guardrail.type is GuardrailType.LATENCY:
            timed = sum(times_of(counters, Arm.CURRENT))
            wanted = round(SLOW_ANSWERS / (1 - guardrail.watched_quantile))
            if timed < wanted:
                return f"{timed} of {wanted} answers of current are timed, which guardrail {guardrail.name} is to be held to"
        try:
            freeze([guardrail], counters)
        except ValueError as error:
            return f"guardrail {guardrail.name} cannot be held to the times of current yet: {error}"
    return None


def freeze(guardrails: Sequence[Guardrail], counters: EpochCounters) -> list[FrozenGuard]:
    """The guardrails' tests, from what current did in the warm-up or watch; `missing` has said that it is enough."""
    return [_frozen(guardrail, counters) for guardrail in guardrails if guardrail.type in _TESTED]


def _frozen(guardrail: Guardrail, counters: EpochCounters) -> FrozenGuard:
    if guardrail.type is GuardrailType.LATENCY:
        times = times_of(counters, Arm.CURRENT)
        tolerated = threshold(LADDER, times, guardrail.watched_quantile, (1 + guardrail.margin) * ROUNDED - 1)
        same = threshold(LADDER, times, guardrail.watched_quantile, 0.0)
        return FrozenGuard(
            name=guardrail.name,
            kind="Slow",
            # Answers of the candidate beyond the moved limit against those of current beyond its own: nothing is measured beforehand but
            # where the limits are, and one that is off by a little asks for another quantile, not for another margin.
            no_harm=_ratio(1.0, max(tolerated.null_ratio, LEAST_FOUND), repr(tolerated.limit), repr(same.limit)),
            harm=_ratio(same.null_ratio, WORTH_FINDING * same.null_ratio, repr(same.limit)),
        )
    if guardrail.is_relative:
        return FrozenGuard(
            name=guardrail.name,
            kind="Errors",
            no_harm=_ratio(1 / (1 + guardrail.margin), 1.0),
            harm=_ratio(1.0, WORTH_FINDING),
        )
    margin, units = guardrail.margin, counters.units_by_arm.get(Arm.CURRENT, 0)
    rate = (counters.failures_by_arm.get(Arm.CURRENT, 0) + 1) / (units + 2)  # never 0 or 1
    return FrozenGuard(
        name=guardrail.name,
        kind="ErrorsMore",
        no_harm=GuardTest(null=repr(-margin), bets=arms.planned_bets(-margin, 0.0, rate * (1 - rate)).to_json()),
        harm=GuardTest(null="0.0", bets=arms.planned_bets(0.0, margin, rate * (1 - rate)).to_json()),
        paired_no_harm=GuardTest(
            null=repr(-margin), bets=bets.log_grid(margin, max(2 * rate, margin**2), 1 - margin).to_json()
        ),
        paired_harm=GuardTest(null="0.0", bets=bets.log_grid(margin, max(2 * rate, margin**2), 1.0).to_json()),
    )


def _ratio(null: float, target: float, limit: str | None = None, current_limit: str | None = None) -> GuardTest:
    planned = events.planned_bets(null, target).to_json()
    return GuardTest(null=repr(null), bets=planned, limit=limit, current_limit=current_limit)


def known(frozen: Sequence[FrozenGuard], steps: Steps, shadow: EpochCounters, alpha: float) -> list[Known]:
    """What is known of each guardrail: in a canary by its steps, else by the shadow."""
    return [_known(guard, steps, shadow, alpha, len(frozen)) for guard in frozen]


def on_probation(trial: TrialHistory, share: Share | None, counters: TrialCounters | None) -> list[Known]:
    """What is known after a promotion, from what has been counted since: a test that is begun anew, as units are counted anew."""
    if trial.baseline is None or share is None or counters is None:
        return []
    step = StepTaken(number=0, epoch=share.epoch, weight=share.weight, baseline="1.0")
    seen = counters.epochs.get(str(share.epoch), EpochCounters())
    return known(trial.baseline.guards, [(step, seen)], seen, trial.terms.alpha)


def _known(guard: FrozenGuard, steps: Steps, shadow: EpochCounters, alpha: float, among: int) -> Known:
    tests = _more(guard, steps, shadow) if guard.kind == "ErrorsMore" else _oftener(guard, steps, shadow)
    # What is proven to be within the tolerance is no harm, though it may be proven to be worse.
    safety = Safety.SAFE if tests.no_harm.rejects(alpha) else tests.safety(alpha, HARM_RATE, among)
    return Known(guard.name, safety, _message(guard, steps, shadow, tests, alpha))


def contracts(guardrails: Sequence[Guardrail], counters: EpochCounters) -> list[Known]:
    """What is known of the guardrails that no test is for. Never harmful: what clients cannot read is for a person to judge."""
    found, said = contract.difference(counters.shapes), "no answer lacks what clients find in current's"
    if found is None:
        safety, said = Safety.UNKNOWN, "too few answers were seen"
    else:
        safety, said = (Safety.UNKNOWN, found) if found else (Safety.SAFE, said)
    return [Known(one.name, safety, said) for one in guardrails if one.type is GuardrailType.CONTRACT]


def _more(guard: FrozenGuard, steps: Steps, shadow: EpochCounters) -> Tests:
    """Errors against a margin in points."""
    if not steps:
        failures, n = [shadow.failures_by_arm.get(arm, 0) for arm in Arm], _pairs(shadow)
        # Which pairs failed on both sides is not counted; as one failure each way they say less than they do.
        counts = PairedCounts(wins=failures[1], losses=failures[0], ties=max(0, n - sum(failures)))
        no_harm, harm = guard.paired_no_harm or guard.no_harm, guard.paired_harm or guard.harm
        return Tests(
            paired.wealth(counts, Bets.from_json(no_harm.bets), float(no_harm.null)),
            paired.wealth(counts.mirrored(), Bets.from_json(harm.bets), float(harm.null)),
        )
    epochs = Epochs(tuple(Epoch(step.epoch, step.weight, 1.0, _served(counters)) for step, counters in steps))
    return Tests(
        arms.wealth(epochs, Bets.from_json(guard.no_harm.bets), float(guard.no_harm.null)),
        arms.wealth(epochs.mirrored(), Bets.from_json(guard.harm.bets), float(guard.harm.null)),
    )


def _oftener(guard: FrozenGuard, steps: Steps, shadow: EpochCounters) -> Tests:
    """Events against a multiple of current's."""
    return Tests(
        _events(guard.no_harm, steps, shadow, mirrored=True), _events(guard.harm, steps, shadow, mirrored=False)
    )


def _events(test: GuardTest, steps: Steps, shadow: EpochCounters, *, mirrored: bool) -> EProcess:
    seen = epochs_of(test, steps, shadow)
    return events.wealth(seen.mirrored() if mirrored else seen, Bets.from_json(test.bets), float(test.null))


def epochs_of(test: GuardTest, steps: Steps, shadow: EpochCounters) -> Epochs[ArmEvents]:
    """The events that a test counts, by epoch."""
    if not steps:
        return Epochs((Epoch(0, EVEN, 0.0, _counted(test, shadow)),))
    return Epochs(tuple(Epoch(step.epoch, step.weight, 0.0, _counted(test, counters)) for step, counters in steps))


def _counted(test: GuardTest, counters: EpochCounters) -> ArmEvents:
    if test.limit is None:
        return ArmEvents(*(counters.failures_by_arm.get(arm, 0) for arm in Arm))
    limits = {Arm.CANDIDATE: float(test.limit), Arm.CURRENT: float(test.current_limit or test.limit)}
    return ArmEvents(*(slower(times_of(counters, arm), limits[arm]) for arm in Arm))


def slower(times: Sequence[int], limit: float) -> int:
    """How many of them took longer than the limit (microseconds)."""
    return sum(count for boundary, count in zip((*LADDER, float("inf")), times, strict=True) if boundary > limit)


def times_of(counters: EpochCounters, arm: Arm) -> list[int]:
    """Answers of an arm by how long they took, on the ladder."""
    amounts = [0] * (len(LADDER) + 1)
    for key, count in counters.latency_by_arm.items():
        name, _, place = key.partition("/")
        if name == arm:
            amounts[int(place)] += count
    return amounts


def _served(counters: EpochCounters) -> ArmCounts:
    """Units by arm; a success is one without a failure."""
    cells = [(counters.units_by_arm.get(arm, 0), counters.failures_by_arm.get(arm, 0)) for arm in Arm]
    (ours, failed), (theirs, their_failed) = cells
    return ArmCounts(ours, ours - failed, theirs, theirs - their_failed)


def _pairs(shadow: EpochCounters) -> int:
    return min(shadow.units_by_arm.get(arm, 0) for arm in Arm)


def _message(guard: FrozenGuard, steps: Steps, shadow: EpochCounters, tests: Tests, alpha: float) -> str:
    counters = [counters for _, counters in steps] or [shadow]
    units = [sum(one.units_by_arm.get(arm, 0) for one in counters) for arm in Arm]
    bound = tests.no_harm.lower_bound(alpha)
    if guard.kind == "ErrorsMore":
        happened = [sum(one.failures_by_arm.get(arm, 0) for one in counters) for arm in Arm]
        what, most = "failed", f"at most {-bound:+.2%} more, {-float(guard.no_harm.null):+.2%} tolerated"
    else:
        seen, limit = epochs_of(guard.no_harm, steps, shadow).epochs, guard.no_harm.limit
        happened = [sum(epoch.counts.candidate for epoch in seen), sum(epoch.counts.current for epoch in seen)]
        what = "failed" if limit is None else f"took longer than {float(limit) / 1000:.3g} ms"
        tolerated = f"{1 / float(guard.no_harm.null):.2f} tolerated"
        most = f"at most {1 / bound:.2f} times as often, {tolerated}" if bound > 0 else f"no bound yet, {tolerated}"
    if not all(units):
        return "nothing is known yet"
    own = guard.no_harm.current_limit
    beyond = "" if own is None else f" longer than {float(own) / 1000:.3g} ms"
    return f"{happened[0]} of {units[0]} {what}, of current {happened[1]} of {units[1]}{beyond}; {most}"

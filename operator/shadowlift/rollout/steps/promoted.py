"""Promoted: the lift is proven and the candidate serves; current stands by and is asked where the candidate fails.

At first on probation: a share of the units stays with what served before, the guardrails and the circuit breaker go on, and what they
say is a record before it is an effect.
"""

from collections.abc import Sequence

from shadowlift.api.record import Record, RecordKind
from shadowlift.api.status import GuardrailState, Phase, Verdict, VerdictKind
from shadowlift.rollout import breaker, guards
from shadowlift.rollout.guards import Known
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.steps.pending import LOOK_AGAIN, unserved
from shadowlift.rollout.steps.step import Blocked, Step
from shadowlift.rollout.world import World


def promoted(world: World) -> Step:
    """Keep it so; say what a person should look at. On probation harm goes before whatever else is in the way."""
    blocked = unserved(world)
    if world.probation is not None:
        return _on_probation(world, world.probation, blocked)
    return Step(Phase.PROMOTED, blocked=blocked or _not_ready(world))


def _not_ready(world: World) -> Blocked | None:
    target = world.promoted
    workload = world.workload(target.workload if target else None)
    if target is not None and (workload is None or workload.ready == 0):
        told = "current answers in its place" if world.fails_open else "with failOpen: false its requests fail"
        return Blocked("PromotedNotReady", f"no pod of {target.name} is ready; {told}")
    return None


def _on_probation(world: World, trial: TrialHistory, blocked: Blocked | None) -> Step:
    known = guards.on_probation(trial, world.share, world.observed.evidence.counters)
    shown = tuple(guard.shown for guard in known)
    verdict = breaker.failing(world) or _harm(world, known)
    if verdict is not None:
        return taken_back(Phase.PROMOTED, world, trial, verdict, shown)
    left = _left(world)
    if left <= 0 and blocked is None:
        message = "the probation is over without harm; all units are the candidate's"
        record = _record(world, trial, RecordKind.SETTLED, "ProbationPassed", message, shown)
        return Step(Phase.PROMOTED, record=record, measured=True, register=True, guardrails=shown)
    return Step(
        Phase.PROMOTED, measured=True, register=True, guardrails=shown, blocked=blocked or _not_ready(world) or _waits(world, left),
        requeue_after=max(LOOK_AGAIN, left),
    )  # fmt: skip


def taken_back(
    phase: Phase, world: World, trial: TrialHistory, verdict: Verdict, shown: tuple[GuardrailState, ...] | None = None
) -> Step:
    """The promotion ends on probation; traffic moves in the cycle after."""
    record = _record(world, trial, RecordKind.ROLLED_BACK, verdict.reason, verdict.message, shown or ())
    return Step(phase, record=record, measured=True, register=True, guardrails=shown)


def _harm(world: World, known: Sequence[Known]) -> Verdict | None:
    """What the guardrails prove."""
    harmful = guards.harmful(known)
    if harmful is None or world.observed.evidence.error is not None:
        return None
    message = f"guardrail {harmful.name}: proven worse than what served before: {harmful.message}"
    return Verdict(kind=VerdictKind.REJECT, reason="Guardrail", message=message)


def _left(world: World) -> float:
    """Seconds of the probation that are still to come; it is not over while nobody knows what came of it."""
    promotion, view = world.promotion, world.observed.evidence
    if promotion is None or promotion.record.probation is None or world.share is None:
        return 0.0
    since = world.probation_since
    if since is None:
        return max(promotion.record.probation.seconds, LOOK_AGAIN)
    left = since + promotion.record.probation.seconds - world.now
    seen = view.counters.epochs.get(str(world.share.epoch)) if view.counters and view.error is None else None
    known = seen is not None and seen.booked > 0
    return left if known else max(left, LOOK_AGAIN)


def _waits(world: World, left: float) -> Blocked:
    holdback = 1000 - (world.share.weight if world.share else 1000)
    return Blocked(
        "Probation", f"{holdback / 10:g}% of the units stay with {world.standby.name} for {left:.0f} s or more"
    )


def _record(  # noqa: PLR0913, PLR0917 - a record is what it says
    world: World,
    trial: TrialHistory,
    kind: RecordKind,
    reason: str,
    message: str,
    guardrails: tuple[GuardrailState, ...],
) -> Record:
    return Record(
        kind=kind,
        number=world.history.next_number,
        trial=trial.uid,
        candidate=trial.terms.candidate,
        reason=reason,
        message=message[:512],
        at=stamp(world.now),
        guardrails=list(guardrails),
    )

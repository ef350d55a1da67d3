"""What one look at a trial's evidence becomes: the record of its end or of its next step, or nothing until the deadline.

Used by the steps `shadowing`, `canary` and `paused`. A verdict only becomes a record here; traffic moves in the cycle after, because of it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from shadowlift.api.ledger import FIRST_STEP_EPOCH
from shadowlift.api.record import (
    APPROVED,
    UNASKED,
    FrozenGuard,
    ProbationTerms,
    Record,
    RecordKind,
    RouterTotals,
    StepTaken,
)
from shadowlift.api.spec import PromotionPolicy
from shadowlift.api.status import GuardrailState, Phase, Verdict, VerdictKind
from shadowlift.rollout import arms, gates, guards, rivals
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.instants import parse, stamp
from shadowlift.rollout.look import Gate, Look
from shadowlift.rollout.rejection import confirmed_at
from shadowlift.rollout.steps.pending import LOOK_AGAIN
from shadowlift.rollout.steps.step import Blocked, Step
from shadowlift.rollout.world import World
from shadowlift.stats.arm_verdict import ArmTest
from shadowlift.stats.terms import Rates

UNKNOWN_GRACE_S = 600.0
"""How long after its deadline a trial waits for a look at its evidence: an operator or recorder that has just been started anew, or is
away for a moment, must not make an end of what nobody has looked at."""

LOST_AFTER_S = 30.0
"""How long after the last sound look counters must have gone back: an operator that has just gone may have had a later answer than its
successor's first one."""

VERDICT_RECORDS = {VerdictKind.PROMOTE: RecordKind.PROMOTED, VerdictKind.REJECT: RecordKind.REJECTED}


def look_at(world: World, trial: TrialHistory) -> Look | Verdict:
    """The counters as a look, or why there are none."""
    view = world.observed.evidence
    if view.error is None and view.counters is not None:
        counters = rivals.seen_by(view.counters, trial.names, trial.chosen) if trial.chosen else view.counters
        return Look(world, trial, counters)
    message = view.error or "the recorder does not know the trial yet"
    return Verdict(kind=VerdictKind.ERROR, reason="EvidenceUnavailable", message=message)


def ended(phase: Phase, look: Look, verdict: Verdict) -> Step:
    """The verdict as the trial's end; where a person is to promote, as a proposal."""
    proposes = verdict.kind is VerdictKind.PROMOTE and look.world.spec.promotion.policy is PromotionPolicy.MANUAL
    return _recorded(phase, look, verdict, RecordKind.PROPOSED if proposes else VERDICT_RECORDS[verdict.kind])


def dropped(phase: Phase, look: Look, verdict: Verdict) -> Step:
    """One of several candidates is out of the running; the trial goes on with the others."""
    return _recorded(phase, look, verdict, RecordKind.DROPPED)


def approved(phase: Phase, look: Look, verdict: Verdict, proposal: Record, gates: Sequence[Gate]) -> Step:
    """After a proposal only a rejection, a person or the deadline ends the trial: an e-value that was proven may be below its bar again.

    All else must be as it was: `gates` are those of a promotion but for the proof.
    """
    if verdict.kind is VerdictKind.REJECT:
        return ended(phase, look, verdict)
    if verdict.rejecting_since is not None:
        return going_on(phase, look.world, look.trial, look, verdict)
    asked, uid = look.world.spec.promotion, look.trial.uid
    if asked.policy is PromotionPolicy.MANUAL and asked.approve != uid:
        other = f"; {asked.approve} is another trial" if asked.approve else ""
        said = f"the lift is proven: set spec.promotion.approve to {uid} to promote {look.trial.terms.candidate}{other}"
        held = Verdict(kind=VerdictKind.HOLD, reason="Proposed", message=said)
        return going_on(phase, look.world, look.trial, look, verdict if verdict.kind is VerdictKind.ERROR else held)
    shut = next((found for gate in gates if (found := gate(look)) is not None), None)
    if shut is not None:
        waits = Verdict(kind=shut.kind, reason=shut.reason, message=f"approved, but {shut.message}"[:512])
        return going_on(phase, look.world, look.trial, look, waits)
    nobody_is_asked = asked.policy is PromotionPolicy.AUTOMATIC
    told = f"{UNASKED if nobody_is_asked else APPROVED}; {proposal.message}"
    granted = Verdict(kind=VerdictKind.PROMOTE, reason=proposal.reason, message=told[:512])
    return _recorded(phase, look, granted, RecordKind.PROMOTED)


def _recorded(phase: Phase, look: Look, verdict: Verdict, kind: RecordKind) -> Step:
    record = Record(
        kind=kind,
        number=look.world.history.next_number,
        trial=look.trial.uid,
        candidate=look.trial.terms.candidate,
        reason=verdict.reason,
        message=verdict.message,
        at=stamp(look.world.now),
        probation=_probation(look.world) if kind is RecordKind.PROMOTED else None,
        evidence=look.evidence,
        coverage=look.coverage,
        guardrails=list(shown(look)),
        case=case_of(look),
    )
    return _told(phase, look, verdict, record)


def _probation(world: World) -> ProbationTerms | None:
    asked = world.spec.probation
    return None if asked is None else ProbationTerms(weight=asked.thousandths, seconds=asked.seconds)


def stepped(phase: Phase, look: Look, verdict: Verdict) -> Step:
    """The next step of the canary; the first one fixes how units are to be judged, by what is known of current until then."""
    world, trial, canary = look.world, look.trial, look.world.spec.strategy.canary
    if canary is None:
        raise ValueError("a step without a canary")
    number, (mean, variance) = len(trial.steps), arms.expected(look.counters)
    asked = canary.steps[number]
    record = Record(
        kind=RecordKind.STEPPED,
        number=world.history.next_number,
        trial=trial.uid,
        candidate=trial.terms.candidate,
        reason=verdict.reason,
        message=f"step {number + 1} of {len(canary.steps)}: {trial.terms.candidate} answers {asked.weight} of the units; {verdict.message}"[
            :512
        ],
        at=stamp(world.now),
        step=StepTaken(
            number=number,
            epoch=FIRST_STEP_EPOCH + number,
            weight=asked.thousandths,
            baseline=repr(mean),
            test=_test(look, variance) if number == 0 and trial.terms.decided_in == "Canary" else None,
        ),
        evidence=look.evidence,
        coverage=look.coverage,
        guardrails=list(shown(look)),
        case=case_of(look),
    )
    return _told(phase, look, verdict, record)


def going_on(phase: Phase, world: World, trial: TrialHistory, look: Look | None, verdict: Verdict) -> Step:
    """Nothing is decided: until the deadline, and then it is over."""
    # Counters that have gone back are not shown: the next look must still see that they have.
    shows = look is not None and verdict.reason != gates.EVIDENCE_LOST
    evidence, coverage = (look.evidence, look.coverage) if look and shows else (None, None)
    deadline = world.deadline
    record = None
    if deadline is not None and world.now >= deadline + (0.0 if look else UNKNOWN_GRACE_S):
        record = expired(world, trial, look, verdict)
    elif look is not None and verdict.reason == gates.EVIDENCE_LOST and _stays_lost(look):
        record = _given_up(look)
    blocked = Blocked(verdict.reason, verdict.message) if verdict.kind is VerdictKind.ERROR else None
    return Step(
        phase, record=record, measured=True, register=True, blocked=blocked,
        verdict=verdict, evidence=evidence, coverage=coverage, guardrails=shown(look) if look else None,
        requeue_after=next_look(world, (verdict,)),
    )  # fmt: skip


def _stays_lost(look: Look) -> bool:
    """Lost in the very ledger in which the trial began: a copy of it, unless an operator that has just gone had seen a later answer."""
    status = look.world.observed.resource.status
    seen_at = status.trial.evidence_at if status is not None and status.trial is not None else None
    same = look.world.observed.evidence.ledger == look.trial.terms.ledger
    return same and seen_at is not None and look.world.now >= parse(seen_at) + LOST_AFTER_S


def _given_up(look: Look) -> Record:
    """The end of a trial whose evidence has a hole: once the counters have grown again, nobody could see it."""
    return Record(
        kind=RecordKind.ABANDONED, number=look.world.history.next_number, trial=look.trial.uid, candidate=look.trial.terms.candidate,
        reason=gates.EVIDENCE_LOST, message="the recorder's counters have gone back: evidence is lost; a new trial begins",
        at=stamp(look.world.now),
    )  # fmt: skip


def expired(world: World, trial: TrialHistory, look: Look | None, last: Verdict) -> Record:
    """The end of a trial whose deadline came before a verdict; `last` is what was said last."""
    message = f"the deadline came before a verdict; the last look said {last.kind.value}/{last.reason}: {last.message}"
    return Record(
        kind=RecordKind.EXPIRED, number=world.history.next_number, trial=trial.uid, candidate=trial.terms.candidate,
        reason="Deadline", message=message[:512], at=stamp(world.now),
        evidence=look.evidence if look else None, coverage=look.coverage if look else None, case=case_of(look) if look else None,
    )  # fmt: skip


def totals_before(look: Look) -> dict[str, RouterTotals]:
    """What routers had dropped and lost before anything counted."""
    return {
        router.uid: RouterTotals(shed=router.shed, lines_lost=router.lines_lost)
        for router in look.counters.routers
        if router.shed or router.lines_lost
    }


def frozen_guards(look: Look) -> list[FrozenGuard]:
    """The guardrails' tests, from what current did until now."""
    return guards.freeze(look.world.spec.guardrails, look.warm_up)


def shown(look: Look) -> tuple[GuardrailState, ...]:
    """What is known of the guardrails."""
    return tuple(guard.shown for guard in (*look.guards, *look.interference))


def case_of(look: Look) -> dict[str, Any] | None:
    """The engine's question, exact."""
    return None if look.case is None else look.case.to_json()


def _told(phase: Phase, look: Look, verdict: Verdict, record: Record) -> Step:
    return Step(
        phase, record, measured=True, register=True,
        verdict=verdict, evidence=look.evidence, coverage=look.coverage, guardrails=shown(look),
    )  # fmt: skip


def _test(look: Look, variance: float | None) -> dict[str, Any]:
    terms, unit = look.trial.terms, look.unit
    return ArmTest.planned(
        minimum_lift=terms.minimum_lift / unit,
        target_lift=terms.target_lift / unit,
        rates=Rates(terms.alpha, terms.harm_rate, terms.futility_rate),
        variance=variance,
    ).to_json()


def next_look(world: World, verdicts: Iterable[Verdict]) -> float | None:
    """When time alone could change something: at the deadline, at the end of a step, and when a rejection has stood long enough."""
    since, planned, shadow = world.step_since, world.planned_step, world.spec.strategy.shadow
    ends = [world.deadline, None if since is None or planned is None else since + planned.seconds]
    rejecting = [verdict.rejecting_since for verdict in verdicts if verdict.rejecting_since is not None]
    ends += [confirmed_at(since, shadow) for since in rejecting if shadow is not None]
    ahead = [max(0.1, end - world.now) for end in ends if end is not None and end > world.now]
    if world.is_over:
        return LOOK_AGAIN
    return min(ahead) if ahead else None

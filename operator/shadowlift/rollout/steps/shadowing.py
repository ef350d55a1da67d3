"""Shadowing: live requests are copied to the candidate and evidence is gathered. Current serves.

A verdict only becomes a record here; traffic moves in the cycle after, because of the record.
"""

from typing import Any

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.record import Baseline, Record, RecordKind, RouterTotals
from shadowlift.api.status import Phase, Verdict, VerdictKind
from shadowlift.rollout.evidence import unit_of_lift
from shadowlift.rollout.gates import WARM_UP_PAIRS, Look, judge
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.steps.pending import LOOK_AGAIN
from shadowlift.rollout.steps.step import Blocked, Step
from shadowlift.rollout.world import World
from shadowlift.stats import paired
from shadowlift.stats.counts import Differences
from shadowlift.stats.terms import PairedTest, Rates

UNKNOWN_GRACE_S = 600.0
"""How long after its deadline a trial waits for a look at its evidence: an operator or recorder that has just been started anew, or is
away for a moment, must not make an end of what nobody has looked at."""

VERDICT_RECORDS = {VerdictKind.PROMOTE: RecordKind.PROMOTED, VerdictKind.REJECT: RecordKind.REJECTED}


def shadowing(world: World) -> Step:
    """Look at the evidence once."""
    trial = world.open_trial
    if trial is None:
        raise ValueError("shadowing without a trial under way")
    view = world.observed.evidence
    if view.error is not None or view.counters is None:
        message = view.error or "the recorder does not know the trial yet"
        verdict = Verdict(kind=VerdictKind.ERROR, reason="EvidenceUnavailable", message=message)
        return _ended_by_deadline(world, trial, None, verdict)
    look = Look(world, trial, view.counters)
    verdict = judge(look)
    if verdict.reason == "WarmUp" and _warm(look):
        return Step(Phase.SHADOWING, record=_counting(look), mirror=True, register=True)
    kind = VERDICT_RECORDS.get(verdict.kind)
    if kind is not None:
        record = _verdict(look, kind, verdict)
        seen, of = look.evidence, look.coverage
        return Step(Phase.SHADOWING, record, mirror=True, register=True, verdict=verdict, evidence=seen, coverage=of)
    return _ended_by_deadline(world, trial, look, verdict)


def expired(world: World, trial: TrialHistory, look: Look | None, last: Verdict) -> Record:
    """The end of a trial whose deadline came before a verdict; `last` is what was said last."""
    message = f"the deadline came before a verdict; the last look said {last.kind.value}/{last.reason}: {last.message}"
    return Record(
        kind=RecordKind.EXPIRED, number=world.history.next_number, trial=trial.uid, candidate=trial.terms.candidate,
        reason="Deadline", message=message[:512], at=stamp(world.now),
        evidence=look.evidence if look else None, coverage=look.coverage if look else None, case=_case(look) if look else None,
    )  # fmt: skip


def _ended_by_deadline(world: World, trial: TrialHistory, look: Look | None, verdict: Verdict) -> Step:
    evidence, coverage = (look.evidence, look.coverage) if look else (None, None)
    deadline = world.deadline
    record = None
    if deadline is not None and world.now >= deadline + (0.0 if look else UNKNOWN_GRACE_S):
        record = expired(world, trial, look, verdict)
    blocked = Blocked(verdict.reason, verdict.message) if verdict.kind is VerdictKind.ERROR else None
    wait = None if deadline is None else max(0.1, deadline - world.now) if world.now < deadline else LOOK_AGAIN
    return Step(
        Phase.SHADOWING, record=record, mirror=True, register=True, blocked=blocked,
        verdict=verdict, evidence=evidence, coverage=coverage, requeue_after=wait,
    )  # fmt: skip


def _warm(look: Look) -> bool:
    return sum(look.warm_up.candidate_values.values()) >= WARM_UP_PAIRS and bool(look.warm_up.current_values)


def _counting(look: Look) -> Record:
    """Fix the bets by how far the answers are apart, which needs no outcome."""
    epoch, terms = look.warm_up, look.trial.terms
    n = max(sum(epoch.current_values.values()), epoch.disagreements)  # pairs compared; their outcomes may still be open
    unit = unit_of_lift(terms)
    test = PairedTest.planned(
        minimum_lift=terms.minimum_lift / unit,
        target_lift=terms.target_lift / unit,
        rates=Rates(terms.alpha, terms.harm_rate, terms.futility_rate, terms.deadline_share),
        second_moment=_second_moment(epoch, n),
    )
    baseline = Baseline(
        pairs=n,
        disagreements=epoch.disagreements,
        test=test.to_json(),
        loaded=stamp(look.world.loaded_at if look.world.loaded_at is not None else look.world.now),
        routers={
            router.uid: RouterTotals(shed=router.shed, lines_lost=router.lines_lost)
            for router in look.counters.routers
            if router.shed or router.lines_lost
        },
    )
    return Record(
        kind=RecordKind.COUNTING,
        number=look.world.history.next_number,
        trial=look.trial.uid,
        candidate=terms.candidate,
        reason="WarmUpDone",
        message=f"{epoch.disagreements} of {n} first pairs disagree; evidence counts from here",
        at=stamp(look.world.now),
        baseline=baseline,
    )


def _second_moment(epoch: EpochCounters, n: int) -> float:
    """A bound on the mean of D squared: of the largest |D| that any outcome could give; for right and wrong the disagreements."""
    if epoch.spread:
        return paired.second_moment(Differences.from_json(epoch.spread)) or 0.0
    return (epoch.disagreements + 1) / (n + 2)  # never 0 or 1


def _verdict(look: Look, kind: RecordKind, verdict: Verdict) -> Record:
    return Record(
        kind=kind,
        number=look.world.history.next_number,
        trial=look.trial.uid,
        candidate=look.trial.terms.candidate,
        reason=verdict.reason,
        message=verdict.message,
        at=stamp(look.world.now),
        evidence=look.evidence,
        coverage=look.coverage,
        case=_case(look),
    )


def _case(look: Look) -> dict[str, Any] | None:
    return None if look.case is None else look.case.to_json()

"""Shadowing: live requests are copied to the candidate and evidence is gathered. Current serves.

What the shadow proves is a promotion, or where a canary follows its first step. Where a guardrail asks for it, current is watched alone
before anything is copied.
"""

from dataclasses import replace
from itertools import combinations

from shadowlift.api.ledger import WARM_UP_EPOCH, EpochCounters
from shadowlift.api.objective import ObjectiveType
from shadowlift.api.record import Baseline, PairBaseline, Record, RecordKind
from shadowlift.api.status import Phase, Verdict, VerdictKind
from shadowlift.rollout import conclude, guards, interference, rivals
from shadowlift.rollout.gates import APPROVAL, WARM_UP_PAIRS, judge, judge_alone
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.look import Look
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import Stage, World
from shadowlift.stats import paired
from shadowlift.stats.counts import Differences
from shadowlift.stats.terms import PairedTest, Rates


def shadowing(world: World) -> Step:
    """Look at the evidence once."""
    trial = world.open_trial
    if trial is None:
        raise ValueError("shadowing without a trial under way")
    look = conclude.look_at(world, trial)
    if isinstance(look, Verdict):
        return conclude.going_on(Phase.SHADOWING, world, trial, None, look)
    if look.stage is Stage.WATCH:
        return _watch(look)
    breach = interference.breach(look.interference)
    if breach is None and len(trial.names) > 1 and trial.chosen is None:
        return _among(rivals.field_of(world, trial, look.counters))
    verdict = breach or judge(look)
    if trial.proposal is not None:
        return conclude.approved(Phase.SHADOWING, look, verdict, trial.proposal, APPROVAL)
    if verdict.reason == "WarmUp" and _warm(look):
        return Step(Phase.SHADOWING, record=_counting((look,), trial), measured=True, register=True)
    return _concluded(look, verdict)


def _watch(look: Look) -> Step:
    """How current answers alone is written down; then its requests are copied."""
    verdict = judge_alone(look)
    if verdict.kind is not VerdictKind.PROMOTE or look.world.is_over:
        return conclude.going_on(Phase.SHADOWING, look.world, look.trial, look, verdict)
    record = Record(
        kind=RecordKind.WATCHED,
        number=look.world.history.next_number,
        trial=look.trial.uid,
        candidate=look.trial.terms.candidate,
        reason=verdict.reason,
        message=f"{look.alone.booked} units of current were watched; its requests are copied from here",
        at=stamp(look.world.now),
        watched=interference.freeze(look.world.spec.guardrails, look.alone),
    )
    return Step(Phase.SHADOWING, record=record, measured=True, register=True)


def _among(field: rivals.Field) -> Step:
    """Several candidates: who is given up is dropped, and who leads goes on alone."""
    warm = [_warm(look) for look in field.looks]
    look, verdict = field.leader
    if field.trial.baseline is None and any(warm) and field.unheard is not None:
        return replace(conclude.dropped(Phase.SHADOWING, *field.unheard), contenders=field.shown())
    if field.trial.baseline is None and all(warm):
        return Step(Phase.SHADOWING, record=_counting(field.looks, field.trial), measured=True, register=True)
    drops = verdict.kind is VerdictKind.REJECT and len(field.looks) > 1
    step = conclude.dropped(Phase.SHADOWING, look, verdict) if drops else _concluded(look, verdict)
    again = conclude.next_look(look.world, field.verdicts.values())
    return replace(step, contenders=field.shown(), requeue_after=again)


def _concluded(look: Look, verdict: Verdict) -> Step:
    if verdict.kind is VerdictKind.PROMOTE and look.world.spec.strategy.canary is not None:
        if look.world.is_over:  # no time is left for a canary
            return conclude.going_on(Phase.SHADOWING, look.world, look.trial, look, verdict)
        return conclude.stepped(Phase.SHADOWING, look, verdict)
    if verdict.kind in conclude.VERDICT_RECORDS:
        return conclude.ended(Phase.SHADOWING, look, verdict)
    return conclude.going_on(Phase.SHADOWING, look.world, look.trial, look, verdict)


def _warm(look: Look) -> bool:
    compared = sum(look.warm_up.candidate_values.values()) >= WARM_UP_PAIRS and bool(look.warm_up.current_values)
    return compared and guards.missing(look.world.spec.guardrails, look.warm_up) is None


def _counting(looks: tuple[Look, ...], trial: TrialHistory) -> Record:
    """Fix the bets by how far the answers are apart, which needs no outcome."""
    look, *others = looks
    mine = _fixed(look, look.warm_up)
    theirs = {other.trial.terms.candidate: _fixed(other, other.warm_up) for other in others}
    for simpler, later in combinations([one.trial.terms.candidate for one in looks], 2):
        name = f"{later}>{simpler}"
        apart = look.counters.epochs.get(f"{WARM_UP_EPOCH}/{name}", EpochCounters())
        theirs[name] = _fixed(look, apart, mine.pairs)
    baseline = Baseline(
        pairs=mine.pairs,
        disagreements=mine.disagreements,
        test=mine.test,
        rivals=theirs,
        loaded=stamp(look.world.loaded_at if look.world.loaded_at is not None else look.world.now),
        guards=conclude.frozen_guards(look),
        routers=conclude.totals_before(look),
    )
    return Record(
        kind=RecordKind.COUNTING,
        number=look.world.history.next_number,
        trial=trial.uid,
        candidate=trial.terms.candidate,
        reason="WarmUpDone",
        message=f"{mine.disagreements} of {mine.pairs} first pairs disagree; evidence counts from here",
        at=stamp(look.world.now),
        baseline=baseline,
    )


def _fixed(look: Look, epoch: EpochCounters, pairs: int = 0) -> PairBaseline:
    n = max(sum(epoch.current_values.values()), epoch.disagreements, pairs)  # their outcomes may still be open
    asks_nothing = look.trial.terms.objective == ObjectiveType.REWARD.value
    test = None if asks_nothing else _test(look, _second_moment(epoch, n)).to_json()
    return PairBaseline(pairs=n, disagreements=epoch.disagreements, test=test)


def _test(look: Look, second_moment: float) -> PairedTest:
    terms, unit = look.trial.terms, look.unit
    return PairedTest.planned(
        minimum_lift=terms.minimum_lift / unit,
        target_lift=terms.target_lift / unit,
        rates=Rates(terms.alpha, terms.harm_rate, terms.futility_rate, terms.deadline_share),
        second_moment=second_moment,
    )


def _second_moment(epoch: EpochCounters, n: int) -> float:
    """A bound on the mean of D squared: of the largest |D| that any outcome could give; for right and wrong the disagreements."""
    if epoch.spread:
        return paired.second_moment(Differences.from_json(epoch.spread)) or 0.0
    return (epoch.disagreements + 1) / (n + 2)  # never 0 or 1

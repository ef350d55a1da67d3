"""Shadowing: live requests are copied to the candidate and evidence is gathered. Current serves.

What the shadow proves is a promotion, or where a canary follows its first step.
"""

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.objective import ObjectiveType
from shadowlift.api.record import Baseline, Record, RecordKind
from shadowlift.api.status import Phase, Verdict, VerdictKind
from shadowlift.rollout import conclude, guards
from shadowlift.rollout.gates import WARM_UP_PAIRS, judge
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.look import Look
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import World
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
    verdict = judge(look)
    if trial.proposal is not None:
        return conclude.approved(Phase.SHADOWING, look, verdict, trial.proposal)
    if verdict.reason == "WarmUp" and _warm(look):
        return Step(Phase.SHADOWING, record=_counting(look), measured=True, register=True)
    if verdict.kind is VerdictKind.PROMOTE and world.spec.strategy.canary is not None:
        return conclude.stepped(Phase.SHADOWING, look, verdict)
    if verdict.kind in conclude.VERDICT_RECORDS:
        return conclude.ended(Phase.SHADOWING, look, verdict)
    return conclude.going_on(Phase.SHADOWING, world, trial, look, verdict)


def _warm(look: Look) -> bool:
    compared = sum(look.warm_up.candidate_values.values()) >= WARM_UP_PAIRS and bool(look.warm_up.current_values)
    return compared and guards.missing(look.world.spec.guardrails, look.warm_up) is None


def _counting(look: Look) -> Record:
    """Fix the bets by how far the answers are apart, which needs no outcome."""
    epoch, terms = look.warm_up, look.trial.terms
    n = max(sum(epoch.current_values.values()), epoch.disagreements)  # pairs compared; their outcomes may still be open
    baseline = Baseline(
        pairs=n,
        disagreements=epoch.disagreements,
        test=None if terms.objective == ObjectiveType.REWARD.value else _test(look, _second_moment(epoch, n)).to_json(),
        loaded=stamp(look.world.loaded_at if look.world.loaded_at is not None else look.world.now),
        guards=conclude.frozen_guards(look),
        routers=conclude.totals_before(look),
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

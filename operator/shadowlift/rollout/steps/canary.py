"""Canary: the candidate answers a share of the units, step by step; before the first one current alone is watched, if no shadow was.

A step is a record as every decision is: the routers share units by it, and never by what this cycle thinks of the evidence.
"""

from shadowlift.api.record import Baseline, Record, RecordKind
from shadowlift.api.status import Phase, Verdict, VerdictKind
from shadowlift.rollout import breaker, conclude
from shadowlift.rollout.canary_gates import APPROVAL, STEP_DONE, judge, judge_watch
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.look import Look
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import World


def canary(world: World) -> Step:
    """Look at the evidence once."""
    trial = world.open_trial
    if trial is None:
        raise ValueError("a canary without a trial under way")
    look = conclude.look_at(world, trial)
    if isinstance(look, Verdict):
        return conclude.going_on(Phase.CANARY, world, trial, None, look)
    if not trial.steps:
        return _watch(look)
    verdict = breaker.failing(world) or judge(look)
    if trial.proposal is not None:
        return conclude.approved(Phase.CANARY, look, verdict, trial.proposal, APPROVAL)
    if verdict.reason == STEP_DONE and not world.is_over:
        return conclude.stepped(Phase.CANARY, look, verdict)
    if verdict.kind in conclude.VERDICT_RECORDS:
        return conclude.ended(Phase.CANARY, look, verdict)
    return conclude.going_on(Phase.CANARY, world, trial, look, verdict)


def _watch(look: Look) -> Step:
    """What is to be expected of a unit is known: first that is written down, then the first step is taken."""
    verdict = judge_watch(look)
    if verdict.kind is not VerdictKind.PROMOTE or look.world.is_over:
        return conclude.going_on(Phase.CANARY, look.world, look.trial, look, verdict)
    if look.trial.baseline is None:
        return Step(Phase.CANARY, record=_counting(look), measured=True, register=True)
    return conclude.stepped(Phase.CANARY, look, verdict)


def _counting(look: Look) -> Record:
    world, trial = look.world, look.trial
    return Record(
        kind=RecordKind.COUNTING,
        number=world.history.next_number,
        trial=trial.uid,
        candidate=trial.terms.candidate,
        reason="WatchDone",
        message=f"{look.warm_up.booked} units of current were watched; evidence counts from here",
        at=stamp(world.now),
        baseline=Baseline(
            pairs=0,
            disagreements=0,
            loaded=stamp(world.loaded_at if world.loaded_at is not None else world.now),
            guards=conclude.frozen_guards(look),
            routers=conclude.totals_before(look),
        ),
    )

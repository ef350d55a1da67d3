"""When does a canary go on, and when is it promoted? Read `STEP` and `PROMOTION`: every gate in a list must be open, in that order.

Called by `steps.canary`. As in `gates`, whose gates are used where they ask the same: unknown never widens a canary, nor promotes it.
"""

import math

from shadowlift.api.ledger import Arm, EpochCounters
from shadowlift.api.objective import Missing
from shadowlift.api.status import Verdict, VerdictKind
from shadowlift.api.strategy import CanaryStep
from shadowlift.rollout import arms, gates, guards
from shadowlift.rollout.evidence import share_of, total
from shadowlift.rollout.look import Gate, Look, Shut
from shadowlift.stats import sample_ratio
from shadowlift.stats.sample_ratio import SampleRatio

WATCHED_UNITS = 100  # of current, mature, before anybody meets the candidate: enough to know what to expect of one
MAX_FAILED = 0.01  # of current's units whose answer failed or could not be read


def watched(look: Look) -> Shut | None:
    """It is known what current does, and that outcomes come, before the candidate may do anything."""
    seen = look.warm_up.known_by_arm.get(Arm.CURRENT, 0)
    if seen >= WATCHED_UNITS:
        wanted = guards.missing(look.world.spec.guardrails, look.warm_up)
        return None if wanted is None else Shut(VerdictKind.HOLD, "Watch", wanted)
    silent = look.warm_up.unknown_by_arm.get(Arm.CURRENT, 0)
    without = f"; {silent} more are mature without an outcome" if silent else ""
    return Shut(
        VerdictKind.HOLD, "Watch",
        f"{seen} of {WATCHED_UNITS} units of current have come to a result{without}; nobody meets the candidate before",
    )  # fmt: skip


def current_is_readable(look: Look) -> Shut | None:
    """Units whose current failed or could not be read are few; they count against the candidate."""
    epoch = look.epoch if look.steps else look.warm_up
    failed, seen = epoch.failed_currents, arms.mature(epoch)
    if seen >= WATCHED_UNITS and failed > MAX_FAILED * seen:
        return Shut(
            VerdictKind.ERROR, "CurrentUnreadable",
            f"current failed or gave no prediction of the declared type for {failed} of {seen} units "
            f"({gates.reasons_of(epoch)}); see spec.current.prediction and spec.prediction.type",
        )  # fmt: skip
    return None


def values_compare(look: Look) -> Shut | None:
    """Current, candidate and outcomes speak of the same values; a candidate that says nothing has the worst results, and needs no word."""
    return gates.incomparable(total([look.warm_up, look.epoch]), asked=0)


def units_come_as_designed(look: Look) -> Shut | None:
    """Units come to the two arms with the weights of the steps: nothing on the way loses those of one arm."""
    units = arms.units(look.steps)
    if not sample_ratio.units_without_chance(units) and not SampleRatio(units).rejects(sample_ratio.ERROR_RATE):
        return None
    seen, of = sum(epoch.counts.candidate for epoch in units.epochs), units.n
    planned = sum(epoch.counts.n * epoch.candidate_share for epoch in units.epochs)
    return Shut(
        VerdictKind.HOLD, "SampleRatio",
        f"{seen} of {of} units are the candidate's where about {planned:.0f} were to be: something loses the units of one arm, "
        "and no result of this trial can be trusted; find it and change spec.trial",
    )  # fmt: skip


def labels_do_not_choose(look: Look) -> Shut | None:
    """Under AtRandom: outcomes come as often on either arm."""
    if look.trial.terms.missing != Missing.AT_RANDOM.value:
        return None
    each = [(epoch.known_by_arm, _untold(epoch)) for _, epoch in look.steps]
    # Step by step: of steps with other weights, in which as much was told on either arm, the sum need not look so.
    if math.prod(gates.selection_evidence(known, unknown) for known, unknown in each) < gates.SELECTION_BAR:
        return None
    known, unknown = max(each, key=lambda one: gates.selection_evidence(*one))
    rates = ", ".join(f"{arm.value} {share_of(known.get(arm, 0), unknown[arm]):.0%}" for arm in Arm)
    return Shut(
        VerdictKind.HOLD, "LabelsSelected",
        f"outcomes come more often on one arm ({rates}), so they are not missing at random; use outcome.missing: Worst",
    )  # fmt: skip


def _untold(epoch: EpochCounters) -> dict[str, int]:
    """Units by arm whose outcome did not come; that of an answer which failed or could not be read is not what is missing."""
    untold = {arm.value: epoch.unknown_by_arm.get(arm, 0) - epoch.unread_by_arm.get(arm, 0) for arm in Arm}
    untold[Arm.CURRENT.value] -= epoch.failed_currents
    return untold


def pods_are_ready(look: Look) -> Shut | None:
    """The candidate has the pods to take more."""
    workload = look.world.workload(look.trial.terms.workload)
    ready = workload.ready if workload else 0
    if ready >= gates.MIN_READY:
        return None
    return Shut(
        VerdictKind.HOLD, "Replicas", f"{ready} of the candidate's pods are ready; {gates.MIN_READY} are wanted"
    )


def step_is_loaded(look: Look) -> Shut | None:
    """All routers give the candidate the share of this step."""
    return (
        None
        if look.world.step_since is not None
        else Shut(VerdictKind.HOLD, "StepLoading", "routers are loading the step")
    )


def step_has_lasted(look: Look) -> Shut | None:
    """The step under way has lasted as long, and brought as many units, as was asked for."""
    since, planned, step = look.world.step_since, look.world.planned_step, look.trial.step
    if since is None or planned is None or step is None:
        return None
    left = since + planned.seconds - look.world.now
    units, wanted = arms.mature(look.of(step.epoch)), planned.minimum_units
    if left <= 0 and units >= wanted:
        return None
    waits = [
        f"{left:.0f} s more" if left > 0 else "",
        f"{units} of {wanted} units are mature" if units < wanted else "",
    ]
    return Shut(
        VerdictKind.HOLD, "Step", f"step {step.number + 1} at {step.weight / 10:g}%: {', '.join(filter(None, waits))}"
    )


def _next_step(look: Look) -> CanaryStep | None:
    """The one after the step under way."""
    canary, taken = look.world.spec.strategy.canary, len(look.steps)
    return canary.steps[taken] if canary is not None and 0 < taken < len(canary.steps) else None


def step_is_whole(look: Look) -> Shut | None:
    """Before a larger share each phase of a declared cycle must have had the same one."""
    return gates.cycle_is_whole(look, 0.0, "the next step") if _next_step(look) else None


def all_steps_are_taken(look: Look) -> Shut | None:
    """No larger share is to be tried before all of it."""
    coming = _next_step(look)
    if coming is None:
        return None
    return Shut(VerdictKind.HOLD, STEP_DONE, f"step {len(look.steps)} is over; the next one is {coming.weight}")


def lift_is_proven(look: Look) -> Shut | None:
    """The evidence of the deciding mode proves the lift; that of a shadow did before the canary began."""
    return gates.lift_is_proven(look) if look.decides else None


STEP_DONE = "StepDone"
SOUND: tuple[Gate, ...] = (  # without these nothing may be concluded, in either direction
    gates.ledger_is_the_same,
    gates.image_is_the_same,
    gates.clocks_agree,
    current_is_readable,
    gates.answers_fit_the_capture,
    gates.keys_name_one_unit,
    gates.counts_are_possible,
    units_come_as_designed,
)
WATCH: tuple[Gate, ...] = (*SOUND, values_compare, watched, gates.serving_is_automatic)
STEP: tuple[Gate, ...] = (
    *SOUND,
    values_compare,  # after a rejection: a candidate whose answers nobody can use must not keep its share
    gates.routers_are_heard,
    gates.no_recent_losses,
    gates.coverage_is_high,
    labels_do_not_choose,
    pods_are_ready,
    gates.serving_is_automatic,
    step_is_loaded,
    step_has_lasted,
)
PROMOTION: tuple[Gate, ...] = (
    *STEP,
    step_is_whole,
    all_steps_are_taken,
    lift_is_proven,
    gates.guardrails_hold,
    gates.cycles_are_whole,
)
APPROVAL = tuple(gate for gate in PROMOTION if gate not in {*gates.PROOF, lift_is_proven})


def judge(look: Look) -> Verdict:
    """One verdict on a canary: as `gates.judge`; Hold with `STEP_DONE` where only a larger share is in the way."""
    found = gates.verdict(look, SOUND, PROMOTION[len(SOUND) :])
    if found is not None:
        return found
    if look.decides:
        return gates.proven(look)
    return Verdict(
        kind=VerdictKind.PROMOTE,
        reason="StepsPassed",
        message="the lift was proven in the shadow, and all steps are passed",
    )


def judge_watch(look: Look) -> Verdict:
    """One verdict on the watch: Promote where the first step may be taken."""
    return gates.verdict(look, SOUND, WATCH[len(SOUND) :]) or Verdict(
        kind=VerdictKind.PROMOTE, reason="Watched", message="current is known; the first step may be taken"
    )

"""The promotion rule's address: `decide(observed, now) -> Plan`, called once per cycle by `reconcile.reconciler`.

Reading order: the phase is told by the records (`phase_of`), the table `STEPS` names its file in `steps/`, and
`gates.PROMOTION` is the list that answers "when do we promote?".
"""

from collections.abc import Callable

from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase
from shadowlift.errors import InvalidInput
from shadowlift.rollout import objects, routing
from shadowlift.rollout.observed import Observed
from shadowlift.rollout.plan import Plan
from shadowlift.rollout.report import report, stuck
from shadowlift.rollout.steps.canary import canary
from shadowlift.rollout.steps.expired import expired
from shadowlift.rollout.steps.paused import paused
from shadowlift.rollout.steps.pending import LOOK_AGAIN, pending
from shadowlift.rollout.steps.promoted import promoted
from shadowlift.rollout.steps.rejected import rejected
from shadowlift.rollout.steps.shadowing import shadowing
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.transitions import TRANSITIONS
from shadowlift.rollout.world import Stage, World

STEPS: dict[Phase, Callable[[World], Step]] = {
    Phase.PENDING: pending,
    Phase.SHADOWING: shadowing,
    Phase.CANARY: canary,
    Phase.PROMOTED: promoted,
    Phase.REJECTED: rejected,
    Phase.EXPIRED: expired,
    Phase.PAUSED: paused,
}


def decide(observed: Observed, now: float) -> Plan:
    """Everything that should happen to one ModelDeployment now (unix seconds). The same knowledge gives the same plan."""
    spec = observed.resource.spec
    if isinstance(spec, InvalidInput):
        return Plan(status=stuck(observed.resource, "InvalidSpec", spec, now))  # what serves stays as it is
    world = World(observed, spec, now)
    trial = world.measured.uid if world.measured else None
    record = world.unwritten_end or next((found for look in TRANSITIONS if (found := look(world)) is not None), None)
    step = Step(phase_of(world), record=record) if record else STEPS[phase_of(world)](world)
    if step.record is not None:
        return Plan(status=report(world, step), records=(step.record,), requeue_after=0.0, watch_trial=trial)
    update = routing.update(world, step)
    stale = routing.stale_pods(world)
    waiting = step.blocked is not None and step.blocked.stalled  # for a person
    moving = update is not None or bool(stale) or not (waiting or routing.settled(world, step))
    return Plan(
        status=report(world, step),
        registrations=objects.registrations(world, step),
        manifests=objects.manifests(world, step),
        router=update,
        refresh=stale if update is None else tuple(pod.name for pod in observed.routers.ready),
        delete=objects.unused_workloads(world, step),
        requeue_after=LOOK_AGAIN if moving else step.requeue_after,
        watch_trial=trial,
    )


def phase_of(world: World) -> Phase:  # noqa: PLR0911 - one line for each way a phase is told
    """The phase, from the records and from what the routers have: never from what status said before."""
    if world.spec.paused:
        return Phase.PAUSED
    trial = world.trial
    if world.is_over:
        # Its step ends it, whatever else is in the way.
        return _under_way(world)
    if trial is None:
        return Phase.PROMOTED if _serves_proven(world) else Phase.PENDING
    if trial.end is None:
        if not world.measuring or world.loaded_at is None:
            return Phase.PENDING
        return _under_way(world)
    if trial.end.kind is RecordKind.EXPIRED:
        return Phase.EXPIRED
    if trial.end.kind is RecordKind.PROMOTED and _serves_proven(world):
        return Phase.PROMOTED
    if trial.end.kind is RecordKind.ABANDONED:
        return Phase.PENDING
    return Phase.REJECTED


def _under_way(world: World) -> Phase:
    return Phase.CANARY if world.stage is Stage.CANARY or world.spec.strategy.shadow is None else Phase.SHADOWING


def _serves_proven(world: World) -> bool:
    """The candidate that the spec names serves already: promoted, or promoted once and adopted since."""
    if not world.pointless:
        return False
    adopted = world.history.last(RecordKind.SUPERSEDED)
    return world.promotion is not None or (adopted is not None and adopted.reason == "Adopted")

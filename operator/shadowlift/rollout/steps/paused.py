"""Paused: mirror and weights stay as they are and nothing is decided; the deadline keeps running. spec.serve still works.

But for the circuit breaker, and for current where copies hold it up: who asks for a pause does not ask for harm.
"""

from shadowlift.api.status import Phase, Verdict, VerdictKind
from shadowlift.rollout import breaker, interference
from shadowlift.rollout.conclude import ended, expired, look_at
from shadowlift.rollout.look import Look
from shadowlift.rollout.steps.pending import unserved
from shadowlift.rollout.steps.promoted import taken_back
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import World


def paused(world: World) -> Step:
    """Freeze; what is over is over, and is not promoted while a person has asked for a pause."""
    if world.is_over and world.open_trial is not None:
        said = Verdict(kind=VerdictKind.HOLD, reason="Paused", message="spec.paused is set")
        return Step(Phase.PAUSED, record=expired(world, world.open_trial, None, said), measured=world.measuring)
    harm = _harm(world)
    if harm is not None:
        return ended(Phase.PAUSED, *harm)
    on_probation = world.probation if world.share is not None else None
    fails = breaker.failing(world) if on_probation is not None else None
    if on_probation is not None and fails is not None:
        return taken_back(Phase.PAUSED, world, on_probation, fails)
    return Step(
        Phase.PAUSED, measured=world.measuring, register=world.measured is not None,
        run_candidate=_runs(world), blocked=unserved(world),
    )  # fmt: skip


def _harm(world: World) -> tuple[Look, Verdict] | None:
    """Live requests fail, or wait longer, for what goes on in a pause."""
    trial = world.open_trial
    look = look_at(world, trial) if trial is not None and world.measuring else None
    if not isinstance(look, Look):
        return None
    fails = breaker.failing(world) if world.share else None
    verdict = fails or interference.breach(look.interference)
    return None if verdict is None else (look, verdict)


def _runs(world: World) -> bool:
    each = (world.workload(candidate.workload) for candidate in world.challengers)
    return any(workload is not None and workload.replicas > 0 for workload in each)

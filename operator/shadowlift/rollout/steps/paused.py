"""Paused: mirror and weights stay as they are and nothing is decided; the deadline keeps running. spec.serve still works."""

from shadowlift.api.status import Phase, Verdict, VerdictKind
from shadowlift.rollout.conclude import expired
from shadowlift.rollout.steps.pending import SERVE
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import World


def paused(world: World) -> Step:
    """Freeze; what is over is over, and is not promoted while a person has asked for a pause."""
    if world.is_over and world.open_trial is not None:
        said = Verdict(kind=VerdictKind.HOLD, reason="Paused", message="spec.paused is set")
        return Step(Phase.PAUSED, record=expired(world, world.open_trial, None, said), measured=world.measuring)
    blocked = next((shut for need in SERVE if (shut := need(world)) is not None), None)
    return Step(
        Phase.PAUSED, measured=world.measuring, register=world.open_trial is not None,
        run_candidate=_runs(world), blocked=blocked,
    )  # fmt: skip


def _runs(world: World) -> bool:
    workload = world.workload(world.challenger.workload)
    return workload is not None and workload.replicas > 0

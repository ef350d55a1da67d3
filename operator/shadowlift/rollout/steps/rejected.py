"""Rejected: harm, futility or a roll-back by hand. Current serves; the candidate is scaled to zero once nothing routes to it."""

from shadowlift.api.status import Phase
from shadowlift.rollout.steps.pending import unserved
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import World


def rejected(world: World) -> Step:
    """Keep it so until the spec asks for something else."""
    return ended(world, Phase.REJECTED)


def ended(world: World, phase: Phase) -> Step:
    """A trial without a promotion is over: no mirror, no candidate pods."""
    return Step(phase, run_candidate=False, blocked=unserved(world))

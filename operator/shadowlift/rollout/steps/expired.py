"""Expired: the deadline came before a verdict. Current serves; a changed `spec.trial` begins anew."""

from shadowlift.api.status import Phase
from shadowlift.rollout.steps.rejected import ended
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import World


def expired(world: World) -> Step:
    """Keep it so until the spec asks for something else."""
    return ended(world, Phase.EXPIRED)

"""Promoted: the lift is proven and the candidate serves; current stands by and is asked where the candidate fails."""

from shadowlift.api.status import Phase
from shadowlift.rollout.steps.pending import SERVE
from shadowlift.rollout.steps.step import Blocked, Step
from shadowlift.rollout.world import World


def promoted(world: World) -> Step:
    """Keep it so; say what a person should look at."""
    for need in SERVE:
        blocked = need(world)
        if blocked is not None:
            return Step(Phase.PROMOTED, blocked=blocked)
    target = world.promoted
    workload = world.workload(target.workload if target else None)
    if target is not None and (workload is None or workload.ready == 0):
        message = f"no pod of {target.name} is ready; current answers in its place"
        return Step(Phase.PROMOTED, blocked=Blocked("PromotedNotReady", message))
    return Step(Phase.PROMOTED)

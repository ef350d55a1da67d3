"""Decisions that follow from the spec alone, whatever the phase: each ends something that a changed spec no longer supports.

Called by `decide` before any step. One record per cycle; the effects follow from it in the next.
"""

from collections.abc import Callable

from shadowlift.api.record import Record, RecordKind
from shadowlift.api.spec import SERVE_CURRENT
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.world import World


def superseded(world: World) -> Record | None:
    """spec.current was changed after the promotion: it serves again, or was adopted."""
    promotion = world.promotion
    if promotion is None or promotion.terms.current == world.current.identity:
        return None
    adopted = world.current.workload == promotion.terms.workload
    message = (
        "spec.current now names the promoted candidate" if adopted else "spec.current was changed: it serves again"
    )
    return _ending(world, RecordKind.SUPERSEDED, promotion.record, "Adopted" if adopted else "CurrentChanged", message)


def rolled_back(world: World) -> Record | None:
    """A person set spec.serve to Current while a promotion was in force."""
    promotion = world.promotion
    if promotion is None or world.spec.serve != SERVE_CURRENT:
        return None
    message = "spec.serve is Current: the promotion is taken back; change spec.trial to try again"
    return _ending(world, RecordKind.ROLLED_BACK, promotion.record, "ServeCurrent", message)


def abandoned(world: World) -> Record | None:
    """A frozen field changed while its trial was under way."""
    trial = world.history.trial()
    if trial is None or trial.end is not None or trial.terms.frozen == world.frozen or world.spec.paused:
        return None
    return Record(
        kind=RecordKind.ABANDONED,
        number=world.history.next_number,
        trial=trial.uid,
        candidate=trial.terms.candidate,
        reason="SpecChanged",
        message="a field that the trial had frozen was changed; a new trial begins",
        at=stamp(world.now),
    )


def _ending(world: World, kind: RecordKind, of: Record, reason: str, message: str) -> Record:
    return Record(
        kind=kind,
        number=world.history.next_number,
        trial=of.trial,
        candidate=of.candidate,
        reason=reason,
        message=message,
        at=stamp(world.now),
    )


TRANSITIONS: tuple[Callable[[World], Record | None], ...] = (superseded, rolled_back, abandoned)

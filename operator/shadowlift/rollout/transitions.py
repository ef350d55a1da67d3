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
    """A frozen field, or what the trial is measured against, changed while it was under way."""
    trial = world.history.trial()
    if trial is None or trial.end is not None or world.spec.paused:
        return None
    same_question = trial.terms.frozen == world.frozen
    if same_question and trial.terms.against == world.baseline.identity:
        return None
    message = "what the trial was measured against no longer serves; a new trial begins"
    if not same_question:
        message = "a field that the trial had frozen was changed; a new trial begins"
    return Record(
        kind=RecordKind.ABANDONED,
        number=world.history.next_number,
        trial=trial.uid,
        candidate=trial.terms.candidate,
        reason="BaselineChanged" if same_question else "SpecChanged",
        message=message,
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

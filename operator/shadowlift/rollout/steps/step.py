"""What a step returns: how the phase ends for this cycle. Turned into a Plan by `rollout.decide`."""

from dataclasses import dataclass

from shadowlift.api.record import Record
from shadowlift.api.status import Contender, Coverage, Evidence, GuardrailState, Phase, Verdict


@dataclass(frozen=True)
class Blocked:
    """Something is missing. `stalled`: only a person can help."""

    reason: str
    message: str
    stalled: bool = False


@dataclass(frozen=True)
class Step:
    """The decision of one phase for one cycle."""

    phase: Phase
    record: Record | None = None  # write this and do nothing else: effects come with the next cycle
    measured: bool = False  # live requests are to be copied to the candidate, or shared with it
    run_candidate: bool = True  # its pods are wanted
    register: bool = False  # the recorder is to know the trial
    blocked: Blocked | None = None
    verdict: Verdict | None = None
    evidence: Evidence | None = None
    coverage: Coverage | None = None
    guardrails: tuple[GuardrailState, ...] | None = None  # None: not looked at
    contenders: tuple[Contender, ...] | None = None  # of several candidates; None: not looked at
    requeue_after: float | None = None

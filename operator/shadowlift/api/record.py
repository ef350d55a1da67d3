"""Decision records: immutable, write-ahead, one Kubernetes ControllerRevision each, copied to the recorder.

`rollout` creates them as part of a Plan; a later cycle derives every effect from them, never again from evidence. The newest
records win over status. Times are RFC 3339 in UTC.
"""

from enum import StrEnum
from typing import Any

from pydantic import Field

from shadowlift.api.base import Model
from shadowlift.api.spec import Bento
from shadowlift.api.status import Coverage, Evidence, GuardrailState


class RecordKind(StrEnum):
    """What was decided."""

    STARTED = "Started"  # a trial begins: everything that is frozen
    WATCHED = "Watched"  # how current answers alone is known: its requests may be copied from here on
    COUNTING = "Counting"  # the warm-up or watch is over: bets and baselines are fixed, evidence counts from here
    DROPPED = "Dropped"  # one of several candidates is out of the running: harm or futility
    STEPPED = "Stepped"  # the candidate answers so large a share of the units from here on
    PROPOSED = "Proposed"  # the lift is proven: a person is asked whether the candidate may serve
    PROMOTED = "Promoted"  # the lift is proven: the candidate serves
    SETTLED = "Settled"  # the probation is over: the candidate serves everybody
    REJECTED = "Rejected"  # harm or futility
    EXPIRED = "Expired"  # the deadline came first
    ABANDONED = "Abandoned"  # a frozen field changed in mid-trial: the trial ends without a verdict
    ROLLED_BACK = (
        "RolledBack"  # the promotion is taken back: by a person (spec.serve), or for harm within the probation
    )
    SUPERSEDED = "Superseded"  # spec.current changed: the promotion no longer applies


APPROVED = "approved by spec.promotion.approve"  # how the message of a promotion by hand begins
UNASKED = (
    "proposed before spec.promotion.policy was Automatic"  # and of one that a person was to approve, and no longer is
)
ENDS_TRIAL = frozenset({RecordKind.PROMOTED, RecordKind.REJECTED, RecordKind.EXPIRED, RecordKind.ABANDONED})


class Contender(Model):
    """One of several candidates of a trial."""

    candidate: str
    bento: Bento  # snapshot: a promoted candidate keeps serving from it
    workload: str
    images: dict[str, str] = Field(default_factory=dict)  # image id the candidate pods run


class TrialTerms(Contender):
    """The frozen terms of a trial, as they were when it began; of several candidates the simplest stands here."""

    rivals: list[Contender] = Field(default_factory=list)  # the further candidates, simplest first
    against: str  # identity of what served when the trial began
    current: str  # identity of spec.current at that time
    frozen: str  # hash of the frozen fields
    attempt: int
    alpha: float  # of each candidate: after halving by attempts, and shared among all
    minimum_lift: float
    target_lift: float
    harm_rate: float
    futility_rate: float
    maturity_s: float
    deadline_s: float
    objective: str = "Accuracy"
    minimum: float | None = None  # of predictions and outcomes, with AbsoluteError
    maximum: float | None = None
    deadline_share: float = 0.0
    decided_in: str = "Shadow"
    cycle_s: float | None = None
    missing: str
    missing_value: str | None = None
    senders: list[str]
    ledger: str  # id of the ledger that is to hold the evidence

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """All candidates, simplest first."""
        return (self, *self.rivals)

    def seen_by(self, name: str) -> "TrialTerms":
        """The terms as if that candidate were the only one."""
        rival = next((one for one in self.rivals if one.candidate == name), None)
        mine = {} if rival is None else {field: getattr(rival, field) for field in Contender.model_fields}
        return self.model_copy(update={**mine, "rivals": []})


class RouterTotals(Model):
    """What a router pod had dropped and lost since it began: not this trial's doing."""

    shed: int = 0
    lines_lost: int = 0


class GuardTest(Model):
    """One test of a guardrail; every number exact."""

    null: str  # ratio of events, difference of rates, or rate, that is to fall
    bets: dict[str, Any]
    limit: str | None = None  # microseconds beyond which an answer is slow
    current_limit: str | None = None  # and one of current's, where that is another one


class FrozenGuard(Model):
    """What a guardrail is held to."""

    name: str
    kind: str  # Slow and Errors: a ratio of events; ErrorsMore: a difference of error rates; Interference: current's own rate
    no_harm: GuardTest
    harm: GuardTest
    paired_no_harm: GuardTest | None = None  # in a shadow, where the two tests differ from those of a canary
    paired_harm: GuardTest | None = None


class PairBaseline(Model):
    """What the warm-up showed of two predictions: of a candidate beside current, or of a candidate beside a simpler one."""

    pairs: int
    disagreements: int
    test: dict[str, Any] | None = (
        None  # the engine's frozen test of pairs, every number exact; None: a shadow does not decide
    )


class Baseline(PairBaseline):
    """What the warm-up showed; fixes the test with its bets, and the guardrails' tests."""

    # Of the further candidates by their names, and of two candidates as "later>simpler".
    rivals: dict[str, PairBaseline] = Field(default_factory=dict)
    guards: list[FrozenGuard] = Field(default_factory=list)
    loaded: str  # when the routers had loaded the trial: the deadline counts from here
    routers: dict[str, RouterTotals] = Field(default_factory=dict)  # pod uid; absent: nothing dropped or lost by then

    def seen_by(self, name: str) -> "Baseline":
        """What the warm-up showed of that candidate."""
        mine = self.rivals.get(name)
        fields = {} if mine is None else {field: getattr(mine, field) for field in PairBaseline.model_fields}
        return self.model_copy(update={**fields, "rivals": {}})


class StepTaken(Model):
    """A step of a canary: an epoch of its own, whose weight and baseline never change."""

    number: int  # 0 for the first one
    epoch: int
    weight: int  # of the units, in thousandths
    baseline: str  # mean result of current's units so far, exact: what a unit is expected to come to, between 0 and 1
    test: dict[str, Any] | None = None  # first step, where a canary decides: the engine's frozen test of arms


class ProbationTerms(Model):
    """What a promotion was put on, as it was then: a share that changed would need an epoch of its own."""

    weight: int  # of the candidate, in thousandths of the units
    seconds: float


class Record(Model):
    """One decision. `number` is its place in the history of the ModelDeployment, starting at 1."""

    kind: RecordKind
    number: int
    trial: str  # uid of the trial it speaks of
    candidate: str
    reason: str  # CamelCase token
    message: str
    at: str
    terms: TrialTerms | None = None  # Started
    watched: list[FrozenGuard] | None = None  # Watched
    baseline: Baseline | None = None  # Counting
    step: StepTaken | None = None  # Stepped
    probation: ProbationTerms | None = None  # Promoted
    evidence: Evidence | None = None  # verdicts
    coverage: Coverage | None = None
    guardrails: list[GuardrailState] = Field(default_factory=list)
    case: dict[str, Any] | None = (
        None  # verdicts: the engine's frozen test and counts, from which it can be reached again
    )

    @property
    def suffix(self) -> str:
        """Deterministic end of the object's name: a second write of the same decision meets the first.

        A trial has one end, whichever: a second one, of a writer who did not hear that the first had been written, meets it too.
        """
        if self.kind is RecordKind.DROPPED:
            return f"{self.trial}-dropped-{self.candidate}"
        if self.step is not None:
            return f"{self.trial}-step{self.step.number}"
        return f"{self.trial}-{'end' if self.kind in ENDS_TRIAL else self.kind.value.lower()}"

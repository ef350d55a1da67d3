"""The recorder's wire format: what shippers, outcome senders and the operator send it, and what it answers.

Version 1. A recorder accepts its own version and the one before. Times are unix microseconds unless a name says otherwise.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from shadowlift.api.base import Model
from shadowlift.api.capture import Track
from shadowlift.api.names import MOST_CANDIDATES
from shadowlift.api.objective import Missing, ObjectiveType, PredictionType

WIRE_VERSION = 1

WATCH_EPOCH = 0  # current alone is watched, before anybody meets the candidate
WARM_UP_EPOCH = 1  # the first pairs; never counted
SHADOW_EPOCH = 2  # pairs that count
FIRST_STEP_EPOCH = (
    3  # the first step of a canary; each step, and the probation after a promotion, is an epoch of its own
)

MOST_ROUTERS = 100  # of one trial

TrialUid = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[a-z0-9-]+$")]
Key = Annotated[str, Field(min_length=1, max_length=128)]


def number_text(value: float) -> str:
    """The shortest text that reads back as this number; one text for both zeros."""
    return repr(value + 0.0)  # -0.0 + 0.0 is 0.0


class Arm(StrEnum):
    """To which process a unit was given, where a trial splits the live requests."""

    CANDIDATE = "candidate"
    CURRENT = "current"


class RowStatus(StrEnum):
    """What became of one track's answer."""

    OK = "ok"  # `value` holds the prediction
    FAILED = "failed"  # the process answered 5xx, broke off, refused, or answered too late
    UNREADABLE = "unreadable"  # it answered, but not with a prediction of the declared type
    GONE = "gone"  # the client hung up: nobody's fault
    OURS = "ours"  # over the capture limit or in an encoding that the shipper cannot read: our limit, not theirs


class Row(Model):
    """One request on one track."""

    trial: TrialUid
    epoch: Annotated[int, Field(ge=0)]
    id: Key
    track: Track
    t: int
    status: RowStatus
    value: Annotated[str, Field(max_length=256)] | None = None
    reason: Annotated[str, Field(max_length=64)] | None = None  # CamelCase token where status is not ok
    us: int | None = None  # to the last byte of the answer; in a split with all tries together
    mirrored: bool = False  # live rows: a copy was sent
    candidate: Annotated[str, Field(max_length=30)] | None = (
        None  # shadow rows, of several candidates: whose; None: the first's
    )
    # Live rows of a split: who was to answer. A candidate that fails has failed, whoever answered then.
    arm: Arm | None = None
    unit: Annotated[str, Field(max_length=64)] | None = None  # hex HMAC; None: the request is the unit
    key: Key | None = None  # of the outcome; None: the id
    # Status, content type and fields of the answer; told where a guardrail asks for it.
    shape: Annotated[str, Field(max_length=128)] | None = None
    unitless: bool = False  # the trial has a unit header and the request lacked it


class Batch(Model):
    """What a shipper posts: everything of one rotated log file.

    `seq` is gap-free per router pod, starting at 1; a repeated one changes nothing. `low` is the start of the oldest request
    that may still be unshipped: every request of this router that started before it has been sent. The counts are totals
    since the router pod began.
    """

    version: int = WIRE_VERSION
    router: str  # pod uid; must be the caller's own
    seq: Annotated[int, Field(ge=1)]
    sent_at: int
    low: int
    lines_lost: Annotated[int, Field(ge=0)] = 0  # requests of a trial that left no line (spool full, torn line)
    shed: Annotated[int, Field(ge=0)] = 0  # copies that the router dropped because the candidate was too slow
    rows: Annotated[list[Row], Field(max_length=5000)]


class BatchReceipt(Model):
    """202: the batch is durable."""

    seq: int
    accepted: int
    unregistered: int  # rows of trials that are not registered; dropped and counted


class TrialRegistration(Model):
    """`PUT /v1/trials/{uid}` by the operator. Repeating it is safe; only `routers` and `closed` may differ from the first one."""

    uid: TrialUid
    namespace: str
    name: str  # the ModelDeployment
    resource_uid: str
    frozen_hash: str
    started_at: int
    prediction_type: PredictionType  # with objective Reward of no meaning
    objective: ObjectiveType = ObjectiveType.ACCURACY
    minimum: float | None = None  # of predictions and outcomes, with AbsoluteError
    maximum: float | None = None
    missing: Missing
    missing_value: str | None = None
    maturity_us: Annotated[int, Field(gt=0)]
    unit_header: str | None = None
    key_header: str | None = None
    senders: Annotated[list[str], Field(min_length=1, max_length=16)]  # ServiceAccounts of the namespace, or Anyone
    candidates: Annotated[list[str], Field(max_length=MOST_CANDIDATES)] = Field(
        default_factory=list
    )  # of several, simplest first
    probation_epoch: int | None = None  # the first epoch after a promotion from a split; None: there is none
    # pod uids that may ship for it; those named before still may, since their last lines may be under way
    routers: Annotated[list[str], Field(max_length=MOST_ROUTERS)]
    closed: bool = False  # the trial has ended: rows are no longer accepted, what is stored stays


class EpochCounters(Model):
    """Everything counted in one epoch of a trial; integers only, so that merging and replay are exact.

    Of the units booked, `wins + losses + ties + unlabelled` are folded; the rest is open or excluded. With an objective that is a
    loss, a win is a unit whose loss was smaller with the candidate, and D says by how much, as a part of the largest loss; its
    histograms map places on `stats.scales.SIGNED` to units.
    """

    live: int = 0  # live rows of this epoch, all requests
    unmirrored: int = 0  # live rows without a copy, by shape
    unitless: int = 0  # live rows without the unit header
    repeated: int = 0  # live rows of units already booked
    booked: int = 0  # units whose first pair fell into this epoch
    wins: int = 0  # closed units: candidate right, current wrong
    losses: int = 0
    ties: int = 0  # both right, both wrong, or equal answers without an outcome
    unlabelled: int = 0  # closed disagreements without an outcome
    disagreements: int = 0  # closed units whose answers differ (a failed candidate differs)
    labelled: int = 0  # closed disagreements with an outcome
    candidate_failed: int = 0  # closed units whose candidate failed, was late or unreadable: wrong
    candidate_silent: int = 0  # of those: mirrored, no answer line, and the router lost none
    current_failed: int = 0  # excluded: current failed
    current_unreadable: int = 0  # excluded: current's answer holds no prediction of the declared type
    gone: int = 0  # excluded: the client hung up
    unmatched: int = 0  # excluded: lines were lost, so the pair is incomplete
    ours: int = (
        0  # an answer that we could not read: excluded where it is current's in a shadow, else counted at its worst
    )
    unread: int = (
        0  # closed units of a shadow whose candidate's answer we could not read: at its worst, whatever the policy
    )
    ambiguous: int = 0  # excluded: the outcome key named more than one unit
    reasons: dict[str, int] = Field(default_factory=dict)  # reason token -> rows, at most 32 (then "Other")
    current_values: dict[str, int] = Field(default_factory=dict)  # value -> rows, at most 32 (then counted under "")
    candidate_values: dict[str, int] = Field(default_factory=dict)
    outcome_values: dict[str, int] = Field(default_factory=dict)
    # current's answer -> closed disagreements with an outcome
    labelled_by_answer: dict[str, int] = Field(default_factory=dict)
    unlabelled_by_answer: dict[str, int] = Field(default_factory=dict)
    differences: dict[str, int] = Field(default_factory=dict)  # D of closed units, where it is known
    # closed units without an outcome: D at its worst ...
    worst_differences: dict[str, int] = Field(default_factory=dict)
    best_differences: dict[str, int] = Field(default_factory=dict)  # ... and at its best
    spread: dict[str, int] = Field(default_factory=dict)  # the largest |D| that any outcome could give; needs none
    # By arm ("candidate", "current"); in a shadow both processes answer each request, and each answer is one of its arm.
    requests_by_arm: dict[str, int] = Field(default_factory=dict)  # all of them, units or not; of splits only
    request_failures_by_arm: dict[str, int] = Field(default_factory=dict)
    units_by_arm: dict[str, int] = Field(default_factory=dict)  # booked units; in a shadow those whose answer has come
    failures_by_arm: dict[str, int] = Field(default_factory=dict)  # of those: failed, broken off, late
    latency_by_arm: dict[str, int] = Field(default_factory=dict)  # "arm/place on stats.threshold.LADDER" -> units
    shapes: dict[str, int] = Field(default_factory=dict)  # "arm|shape" -> answers, at most 32 (then counted under "")
    known_by_arm: dict[str, int] = Field(default_factory=dict)  # closed units of a split whose result is known
    unknown_by_arm: dict[str, int] = Field(default_factory=dict)  # ... and whose outcome did not come
    results_by_arm: dict[str, int] = Field(default_factory=dict)  # "arm/place on stats.scales.UNSIGNED" -> known ones
    unread_by_arm: dict[str, int] = Field(default_factory=dict)  # of the unknown ones: we could not read the answer
    failed_currents: int = 0  # of the unknown ones of current: it failed, which is no outcome and never a lift
    failed_candidates: int = (
        0  # of the unknown ones of the candidate: it failed, which is the worst whatever the outcome
    )


class RouterReport(Model):
    """What the recorder knows of one router of a trial."""

    uid: str
    last_seen: int | None  # recorder's clock
    low: int | None
    lines_lost: int = 0
    shed: int = 0
    batches_lost: int = 0  # gaps in `seq`
    last_loss: int | None = None  # recorder's clock when it last learned of a lost line, batch or a silence
    silent: bool = False  # declared lost: the watermark no longer waits for it
    clock_off_us: int = 0  # sent_at minus the recorder's clock at the last batch


class TrialCounters(Model):
    """All counters of a trial at one moment.

    Of several candidates the first one's are in the epoch itself; `epoch/name` holds what differs for a further one, and
    `epoch/later>simpler` the pairs of two candidates, in which the simpler one stands for current.
    """

    uid: TrialUid
    epochs: dict[str, EpochCounters] = Field(default_factory=dict)
    watermark: int | None = None
    open: int = 0  # booked units that are not closed yet
    outcomes: int = 0  # accepted for this ModelDeployment since the trial was registered
    outcomes_pending: int = 0  # of those: no unit of that key yet
    outcomes_late: int = 0  # came after their unit had closed; never folded
    outcomes_changed: int = 0  # replaced an earlier, different one
    outcomes_refused: int = 0  # refused with a 4xx
    orphans: int = 0  # candidate answers without a live line
    routers: list[RouterReport] = Field(default_factory=list)


class CountersQuery(Model):
    """`POST /v1/counters`: the trials to answer for, in one call."""

    trials: Annotated[list[TrialUid], Field(max_length=5000)]


class CountersAnswer(Model):
    """`ledger_id` is born with the database: another one means that the evidence is lost. Unknown trials are listed, never silent."""

    ledger_id: str
    schema_version: int
    at: int
    trials: list[TrialCounters]
    unknown: list[TrialUid]


# A JSON value, as declared by prediction.type and objective.type.
OutcomeValue = str | bool | int | Annotated[float, Field(allow_inf_nan=False)]


class OutcomeIn(Model):
    """What turned out to be true for one key."""

    key: Key
    value: OutcomeValue


class OutcomesIn(Model):
    """`POST /v1/namespaces/{namespace}/modeldeployments/{name}/outcomes`: all are accepted (202, durable) or none (4xx, each fault)."""

    outcomes: Annotated[list[OutcomeIn], Field(min_length=1, max_length=1000)]


class OutcomesReceipt(Model):
    """202."""

    accepted: int
    pending: int  # of those: no request with that key is known yet
    unchanged: int  # of those: the same value again
    changed: int  # of those: another value than before; the last one before closing counts
    late: int  # of those: the unit has closed; kept, never folded


class StoredOutcome(Model):
    """One accepted outcome, for audits: `GET .../outcomes?after=&limit=`."""

    cursor: int
    key: Key
    value: str
    received_at: int


class OutcomesPage(Model):
    """A page of accepted outcomes in the order of acceptance; `next` is None at the end."""

    outcomes: list[StoredOutcome]
    next: int | None


class DecisionCopy(Model):
    """`PUT /v1/trials/{uid}/records/{name}`: the operator's immutable decision record, kept beside the evidence."""

    name: str
    data: dict[str, Any]


class Fault(Model):
    """One thing wrong in a request."""

    field: str
    message: str


class Problem(Model):
    """RFC 9457 problem document (`application/problem+json`)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    faults: list[Fault] = Field(default_factory=list)

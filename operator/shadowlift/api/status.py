"""`ModelDeployment.status`: what happened, why, and on which evidence. Written once per cycle by the operator, never by anyone else.

Everything here can be rebuilt from the decision records, the cluster and the recorder (but for `rejectingSince`, which begins anew
without it); where status and a record disagree, the record wins. Numbers that people compare are decimal text, so that a reader sees what
the decision saw.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shadowlift.api.base import Model
from shadowlift.api.names import MOST_CANDIDATES

Short = Annotated[str, Field(max_length=128)]
Text = Annotated[str, Field(max_length=512)]
Instant = Annotated[str, Field(max_length=40)]  # RFC 3339


class Phase(StrEnum):
    """Where a ModelDeployment stands; each value has one file in `rollout/steps/`."""

    PENDING = "Pending"  # something that the trial needs is not there yet; what served before serves
    SHADOWING = "Shadowing"  # live requests are copied, evidence is gathered; what served before serves
    CANARY = "Canary"  # current alone is watched, then the candidate answers a share of the units, step by step
    PROMOTED = "Promoted"  # the lift is proven; the candidate serves, current stands by
    REJECTED = "Rejected"  # harm, futility, or taken back by hand or on probation; what served before serves
    EXPIRED = "Expired"  # the deadline came first; what served before serves
    PAUSED = "Paused"  # frozen by spec.paused; what served still serves


class VerdictKind(StrEnum):
    """What one look at the evidence says. Unknown never promotes."""

    PROMOTE = "Promote"
    REJECT = "Reject"
    HOLD = "Hold"  # not enough evidence: the reason says what is missing
    ERROR = "Error"  # cannot know: the reason says why


class ConditionType(StrEnum):
    """Conditions, kstatus-compatible: Reconciling and Stalled are present only when true."""

    READY = "Ready"  # the process that should serve is serving
    PROGRESSING = "Progressing"  # a trial is under way
    RECONCILING = "Reconciling"  # effects are on their way
    STALLED = "Stalled"  # a person must act; the reason and message say what
    ADOPTED = "Adopted"  # False: a promoted candidate serves that spec.current does not name yet


class Condition(Model):
    """A metav1.Condition."""

    type: Short
    status: Annotated[str, Field(pattern="^(True|False|Unknown)$", max_length=7)]
    reason: Short
    message: Text = ""
    observed_generation: int = 0
    last_transition_time: Instant


class Serving(Model):
    """Which process answers live requests."""

    name: Short  # current, or the candidate's name
    workload: Short | None = None  # the Deployment, where it is a bento
    service: Short | None = None  # the Service, where it is one
    image: Annotated[str, Field(max_length=512)] | None = None
    since: Instant
    reason: Short
    record: Short | None = None  # the decision record that says so


class Evidence(Model):
    """The numbers behind a verdict. Lift is how much better the candidate was, over matured units.

    In the objective's units: difference in accuracy, in mean loss (current minus candidate), or in mean reward.
    """

    n: int = 0  # matured units that count
    wins: int = 0  # only the candidate right, or its loss smaller
    losses: int = 0
    ties: int = 0
    labelled: int = 0  # disagreements whose outcome is known
    unlabelled: int = 0  # disagreements whose outcome did not come
    estimate: Short | None = None
    lower: Short | None = None  # always-valid bounds of the lift
    upper: Short | None = None
    e_value: Short | None = None  # of the promotion test
    bar: Short | None = None  # promote at or above it
    harm_e_value: Short | None = None
    harm_bar: Short | None = None
    deadline_p: Short | None = None  # of the exact test at the deadline; promote at or below its part of alpha
    candidate_units: int | None = None  # of a canary: an arm's units whose result is known, and the mean of it
    current_units: int | None = None
    candidate_mean: Short | None = None
    current_mean: Short | None = None
    needed: int | None = None  # further units expected until promotion if the estimate is true; absent: cannot say


class Coverage(Model):
    """What share of the live requests the evidence speaks for, and what became of the rest.

    Counts of the present stage: watch, warm-up, shadow, or all steps of a canary together.
    """

    live: int = 0
    share: Short | None = None  # of live requests that can be counted, as decimal text
    unmirrored: int = 0
    unitless: int = 0
    repeated: int = 0
    unmatched: int = 0
    ambiguous: int = 0
    shed: int = 0
    lines_lost: int = 0
    current_failed: int = 0
    current_unreadable: int = 0
    candidate_failed: int = 0
    ours: int = 0
    outcomes_pending: int = 0
    outcomes_late: int = 0
    outcomes_refused: int = 0


class GuardrailState(Model):
    """What is known of one guardrail."""

    name: Short
    safety: Short  # Safe, Harmful or Unknown
    message: Annotated[str, Field(max_length=200)] = ""


class Verdict(Model):
    """The last look."""

    kind: VerdictKind
    reason: Short
    message: Text = ""
    rejecting_since: Instant | None = None  # since when every look has asked for a rejection, while that waits


class Contender(Model):
    """One of several candidates of a trial."""

    name: Short
    workload: Short
    verdict: Verdict | None = None
    evidence: Evidence = Field(default_factory=Evidence)


class Cost(Model):
    """What a candidate, or current where it is a bento, costs to run: what its pods request, at the installation's prices."""

    name: Short
    per_thousand: Short  # of 1,000 predictions, at the rate at which requests come
    currency: Short | None = None


class Epoch(Model):
    """A stretch of the trial with constant routing weights."""

    number: int
    weight: Short  # of the candidate in live answers
    mirror: Short
    since: Instant


class Trial(Model):
    """The candidate that is measured, frozen as it began."""

    uid: Short
    attempt: int  # of the same candidate against the same current; alpha is halved with each
    candidate: Short
    workload: Short
    frozen: Short  # hash of the frozen fields
    started: Instant | None = None  # when the routers had loaded it
    deadline: Instant | None = None
    alpha: Short | None = None
    disagreement: Short | None = None  # rate in the warm-up, sets the bets
    epochs: Annotated[list[Epoch], Field(max_length=16)] = Field(default_factory=list)
    contenders: Annotated[
        list[Contender],
        Field(
            max_length=MOST_CANDIDATES,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        ),
    ] = Field(default_factory=list)  # where there are several
    costs: Annotated[list[Cost], Field(max_length=MOST_CANDIDATES + 1)] = Field(
        default_factory=list
    )  # where there are prices
    verdict: Verdict | None = None
    evidence: Evidence = Field(default_factory=Evidence)
    coverage: Coverage = Field(default_factory=Coverage)
    guardrails: Annotated[
        list[GuardrailState],
        Field(
            max_length=8, json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
        ),
    ] = Field(default_factory=list)
    evidence_at: Instant | None = None
    ledger: Short | None = None  # id of the ledger that holds the evidence
    senders: Annotated[list[Short], Field(max_length=16)] = Field(default_factory=list)


class RouterStatus(Model):
    """Which configuration the routers should have and have."""

    wanted: Short | None = None
    loaded: Annotated[dict[str, Short], Field(max_length=50)] = Field(
        default_factory=dict
    )  # pod -> version; of very many pods those alone that have not loaded what is wanted
    ready: int = 0
    replicas: int = 0


class Decision(Model):
    """One line of history: a decision record in short."""

    record: Short
    kind: Short
    candidate: Short | None = None
    reason: Short
    message: Text = ""
    at: Instant


class Status(Model):
    """All that a person asks, readable with `kubectl get -o yaml`; below 8 KiB.

    Where it would be more, older decisions go first, then router pods that have what is wanted, then the ends of long messages, then
    all but the last epochs and the first senders. The decision records hold the rest.
    """

    observed_generation: int = 0
    phase: Phase = Phase.PENDING
    conditions: Annotated[
        list[Condition],
        Field(
            max_length=8, json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
        ),
    ] = Field(default_factory=list)
    serving: Serving | None = None
    weight: Short | None = None  # of the candidate in live answers
    trial: Trial | None = None
    router: RouterStatus = Field(default_factory=RouterStatus)
    history: Annotated[list[Decision], Field(max_length=10)] = Field(default_factory=list)

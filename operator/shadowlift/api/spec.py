"""`ModelDeployment.spec`: what a person writes. The CRD is generated from these models (`crd.py`).

Read by `parse` into frozen values; `prediction` and `objective` are in `objective`.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shadowlift.api.base import Model, cel
from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.names import MOST_CANDIDATES
from shadowlift.api.objective import CurrentPrediction, HeaderName, Mode, Objective, ObjectiveType, Prediction
from shadowlift.api.quantities import QUANTITY_PATTERN, Duration, Weight, millionths, seconds
from shadowlift.api.strategy import Shadow, Strategy

DnsLabel = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
CandidateName = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Quantity = Annotated[str, Field(min_length=1, max_length=20, pattern=QUANTITY_PATTERN)]


class PromotionPolicy(StrEnum):
    """Who moves the traffic once the lift is proven."""

    AUTOMATIC = "Automatic"  # the operator, at once
    MANUAL = "Manual"  # a person: the operator proposes


class ServicePort(Model):
    """The Service that clients call; it carries the ModelDeployment's name."""

    port: Port = Field(8080, description="Port of the router's Service.")


class ServiceRef(Model):
    """An existing HTTP Service in the same namespace; it is never modified."""

    name: DnsLabel
    port: Port


class EnvVar(Model):
    """An environment variable with a plain value."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "!(self.name in ['PORT', 'BENTOML_HOME', 'BENTOML_DO_NOT_TRACK'])",
                    "is set by the operator: use bento.port for PORT, and leave the others as they are",
                    ".name",
                )
            ]
        }
    }

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    value: Annotated[str, Field(max_length=1024)] = ""


class ResourceAmounts(Model):
    """Amounts of CPU and memory."""

    cpu: Quantity | None = None
    memory: Quantity | None = None


class Resources(Model):
    """Requests and limits of one container."""

    requests: ResourceAmounts | None = None
    limits: ResourceAmounts | None = None


class SecretRef(Model):
    """A Secret of the same namespace by name."""

    name: DnsLabel


class Bento(Model):
    """A BentoML service image that the operator runs."""

    image: Annotated[str, Field(min_length=1, max_length=512)] = Field(description="Image reference; pin it by digest.")
    replicas: Annotated[int, Field(ge=2, le=100)] = Field(
        2,
        description="Pods to run; at least 2, since a promotion moves all traffic. Not part of the content: may change at any time.",
    )
    port: Port = Field(3000, description="Port on which the service listens.")
    resources: Resources | None = None
    env: Annotated[list[EnvVar], Field(max_length=64)] = Field(
        default_factory=list,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    image_pull_secrets: Annotated[list[SecretRef], Field(max_length=8)] = Field(
        default_factory=list,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )


class Current(Model):
    """What answers today."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel("has(self.service) != has(self.bento)", "set exactly one of service and bento")
            ]
        }
    }
    service: ServiceRef | None = None
    bento: Bento | None = None
    revision: Annotated[str, Field(max_length=63)] = Field(
        "",
        description="Bumped by the owner of the current process when it changes: a new trial begins, and a promotion that was measured "
        "against the earlier revision is taken back.",
    )
    prediction: CurrentPrediction | None = None


class Candidate(Model):
    """A model that wants to serve."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "self.name != 'current'",
                    "current is what status calls the process in place; take another name",
                    ".name",
                )
            ]
        }
    }
    name: CandidateName
    bento: Bento


class Unit(Model):
    """The independent unit that is counted once in each stretch of a trial; without a header every request is one."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "!self.header.startsWith('x-envoy-') && !self.header.startsWith('x-shadowlift-')",
                    "the router removes what clients send under that name: take another header",
                    ".header",
                )
            ]
        }
    }

    header: HeaderName = Field(description="Request header that names the unit, e.g. x-user-id.")


class Probation(Model):
    """After a promotion some units stay with what served before, and the guardrails go on."""

    duration: Duration = Field("1h", description="How long; harm within it takes the promotion back.")
    holdback: Weight = Field("5%", description="Share of the units that stays, in tenths of a percent.")

    @property
    def seconds(self) -> float:
        """`duration` in seconds."""
        return seconds(self.duration)

    @property
    def thousandths(self) -> int:
        """The promoted candidate's share as an integer part of 1000."""
        return 1000 - millionths(self.holdback) // 1000


class Promotion(Model):
    """Who moves the traffic, and how much of it at first."""

    policy: PromotionPolicy = Field(
        PromotionPolicy.AUTOMATIC,
        description="Automatic, or Manual: a proven lift is proposed, and a person approves it.",
    )
    approve: Annotated[str, Field(max_length=64)] = Field(
        "", description="With policy Manual: the id of the trial (status.trial.uid) that may be promoted."
    )
    probation: Probation | None = Field(
        None, description="By default an hour with 5% held back after a canary, and none after a shadow alone."
    )


class Router(Model):
    """The Envoy pods in front of current and candidate."""

    replicas: Annotated[int, Field(ge=1, le=50)] = 2
    resources: Resources | None = None


# The API server fills in no default that depends on other fields: rules and models work it out, each for itself.
HAS_SHADOW = "(!has(self.strategy) || has(self.strategy.shadow))"
HAS_CANARY = "(has(self.strategy) && has(self.strategy.canary))"
DECIDED_IN = (
    "(has(self.objective.decidedIn) ? self.objective.decidedIn : "
    f"self.objective.type != 'Reward' && {HAS_SHADOW} ? 'Shadow' : 'Canary')"
)

SERVE_AUTO = "Auto"
SERVE_CURRENT = "Current"


class Spec(Model):
    """A process in place, a candidate beside it, and what must be shown before traffic moves."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "self.serve in ['Auto', 'Current'] || self.candidates.exists(c, c.name == self.serve)",
                    "must be Auto, Current or the name of a candidate",
                    ".serve",
                ),
                cel(
                    "(self.objective.type == 'Reward') != has(self.prediction)",
                    "prediction is required, but with objective.type Reward, which scores what happened and no prediction: there leave it "
                    "and current.prediction out",
                ),
                cel(
                    "has(self.prediction) || !has(self.current.prediction)",
                    "goes with prediction, and only with it",
                    ".current.prediction",
                ),
                cel(
                    "!has(self.prediction) || (self.objective.type == 'Accuracy') == (self.prediction.type != 'Number')",
                    "must be Number with objective.type AbsoluteError or Brier, and another type with Accuracy",
                    ".prediction.type",
                ),
                cel(
                    f"{DECIDED_IN} == 'Shadow' ? {HAS_SHADOW} : {HAS_CANARY}",
                    "must be a mode that strategy has",
                    ".objective.decidedIn",
                ),
                cel(
                    f"{HAS_SHADOW} || !has(self.guardrails) || self.guardrails.all(one, one.type != 'Interference')",
                    "type Interference is about the copies that strategy.shadow makes; leave it out",
                    ".guardrails",
                ),
                cel(
                    f"size(self.candidates) == 1 || {DECIDED_IN} == 'Shadow'",
                    "several candidates are told apart in a shadow: name one, or let strategy.shadow decide",
                    ".candidates",
                ),
                cel(
                    f"{DECIDED_IN} == 'Shadow' && !{HAS_CANARY} || !has(self.objective.deadlineShare) || "
                    "double(self.objective.deadlineShare) == 0.0",
                    "an exact test at the deadline exists only in a shadow that no canary follows; leave it out",
                    ".objective.deadlineShare",
                ),
                cel(
                    "!has(self.objective.deadlineShare) || double(self.objective.deadlineShare) == 0.0 || "
                    "!has(self.promotion) || !has(self.promotion.policy) || self.promotion.policy == 'Automatic'",
                    "what is proven at the deadline nobody could approve in time; leave it out with promotion.policy Manual",
                    ".objective.deadlineShare",
                ),
                cel(
                    "!has(self.prediction) || self.prediction.type != 'Number' || !has(self.current.prediction) || "
                    "!has(self.current.prediction.map) || size(self.current.prediction.map) == 0",
                    "numbers are not renamed: leave it out with prediction.type Number",
                    ".current.prediction.map",
                ),
            ]
        }
    }
    service: ServicePort = Field(default_factory=lambda: ServicePort(port=8080))
    current: Current
    candidates: Annotated[list[Candidate], Field(min_length=1, max_length=MOST_CANDIDATES)] = Field(
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        description="Simplest first: the first that proves a lift goes on, and a later one must prove one over it too.",
    )
    unit: Unit | None = Field(
        None, description="Without it every request is its own unit: an assertion that requests are independent."
    )
    strategy: Strategy = Field(default_factory=lambda: Strategy(shadow=Shadow(percent="100%", reject_after="5m")))
    prediction: Prediction | None = Field(
        None, description="What is predicted; with objective.type Reward nothing is, and it is left out."
    )
    objective: Objective
    guardrails: Annotated[list[Guardrail], Field(max_length=8)] = Field(
        default_factory=list,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        description="What must not get worse, whatever the lift.",
    )
    answer_within: Duration = Field(
        "500ms",
        description="A later answer of the candidate is a wrong one; after promotion, the time after which current is asked instead.",
    )
    deadline: Duration = Field("7d", description="Time box, from the moment the routers have loaded the trial.")
    promotion: Promotion = Field(default_factory=Promotion)
    serve: Annotated[str, Field(min_length=1, max_length=30)] = Field(
        SERVE_AUTO,
        description="Auto, Current (roll back, and keep it so) or a candidate's name (serve it without proof).",
    )
    router: Router = Field(default_factory=lambda: Router(replicas=2))
    paused: bool = Field(False, description="Freeze weights and mirror as they are; the deadline keeps running.")
    trial: Annotated[str, Field(min_length=1, max_length=63)] = Field(
        "1", description="Change it to try the same candidate again."
    )

    @property
    def decided_in(self) -> Mode:
        """`objective.decidedIn` or its default: the shadow where it can answer the question."""
        if self.objective.decided_in is not None:
            return self.objective.decided_in
        in_shadow = self.objective.type is not ObjectiveType.REWARD and self.strategy.shadow is not None
        return Mode.SHADOW if in_shadow else Mode.CANARY

    @property
    def watches_current(self) -> bool:
        """Current is watched alone before its requests are copied: a guardrail compares the two."""
        return any(guardrail.type is GuardrailType.INTERFERENCE for guardrail in self.guardrails)

    @property
    def probation(self) -> Probation | None:
        """`promotion.probation` or its default: guardrails that were never held to live answers have nothing to go on with."""
        default = Probation(duration="1h", holdback="5%") if self.strategy.canary is not None else None
        return self.promotion.probation or default

    @property
    def kept_for_the_deadline(self) -> float:
        """`objective.deadlineShare` or its default: the exact test is one of pairs."""
        last = self.decided_in is Mode.SHADOW and self.strategy.canary is None
        last = last and self.promotion.policy is PromotionPolicy.AUTOMATIC  # at the deadline no time is left to approve
        return self.objective.kept_for_the_deadline if last else 0.0

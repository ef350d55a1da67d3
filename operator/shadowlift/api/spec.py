"""`ModelDeployment.spec`: what a person writes. The CRD is generated from these models (`crd.py`).

Read by `observe` into frozen values. Anything the API server lets through but these models refuse becomes `Stalled/InvalidSpec`.
"""

import re
from enum import StrEnum
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import Field, ValidationError

from shadowlift.api.base import Model, cel
from shadowlift.api.names import HEADER_ID
from shadowlift.api.quantities import Decimal, Duration, Percent, seconds, written
from shadowlift.errors import InvalidInput

DnsLabel = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
CandidateName = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
HeaderName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][-a-z0-9_]*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Quantity = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")]
Value = Annotated[str, Field(max_length=256)]


class PredictionType(StrEnum):
    """What a prediction and its outcome are."""

    STRING = "String"
    BOOLEAN = "Boolean"
    INTEGER = "Integer"


class ObjectiveType(StrEnum):
    """What a lift is measured in."""

    ACCURACY = "Accuracy"


class Missing(StrEnum):
    """What an outcome that never came counts as."""

    WORST = "Worst"  # against the candidate in the promotion test, for it in the harm test: valid whatever is missing
    AT_RANDOM = "AtRandom"  # left out: an assertion of the user, checked by the label rate per served answer
    VALUE = "Value"  # `missingValue`: no event came, and that is the outcome


class PromotionPolicy(StrEnum):
    """Who moves the traffic once the lift is proven."""

    AUTOMATIC = "Automatic"


class ServicePort(Model):
    """The Service that clients call; it carries the ModelDeployment's name."""

    port: Port = Field(8080, description="Port of the router's Service.")


class ServiceRef(Model):
    """An existing HTTP Service in the same namespace; it is never modified."""

    name: DnsLabel
    port: Port


class EnvVar(Model):
    """An environment variable with a plain value."""

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


class Prediction(Model):
    """Where in an answer the prediction stands and what it is."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "has(self.body) != has(self.header)",
                    "set exactly one of body (JMESPath into the JSON answer) and header",
                )
            ]
        }
    }
    body: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        None, description="JMESPath into the JSON answer, e.g. `diagnosis` or `result.label`."
    )
    header: HeaderName | None = Field(None, description="Response header that carries the prediction.")
    type: PredictionType = Field(PredictionType.STRING, description="Declared type of predictions and outcomes.")
    map: Annotated[dict[str, Value], Field(max_length=64)] = Field(
        default_factory=dict,
        description="What an extracted value is called in the outcomes' words, e.g. {malignant: M}. Values not listed stay as they are.",
    )


class CurrentPrediction(Model):
    """How the current process answers, where it answers in another form than the candidates."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel("!(has(self.body) && has(self.header))", "set at most one of body and header")
            ]
        }
    }
    body: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    header: HeaderName | None = None
    map: Annotated[dict[str, Value], Field(max_length=64)] | None = None


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
        "", description="Bumped by the owner of the current process when it changes; a change starts a new trial."
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
    """The independent unit that is counted once per trial; without a header every request is one."""

    header: HeaderName = Field(description="Request header that names the unit, e.g. x-user-id.")


class Shadow(Model):
    """Live requests are copied to the candidate; its answers are never seen by a client."""

    percent: Percent = Field("100%", description="Share of the live requests to mirror.")


class Strategy(Model):
    """How the candidate meets live traffic."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "!has(self.shadow) || self.shadow.percent == '100%'",
                    "must be 100%: promotion goes from shadow straight to all traffic, so the candidate must have shown that capacity",
                    ".shadow.percent",
                )
            ]
        }
    }
    shadow: Shadow = Field(default_factory=lambda: Shadow(percent="100%"))


class OutcomeKey(Model):
    """What an outcome sender names to say which request an outcome belongs to."""

    header: HeaderName = Field(
        HEADER_ID, description="Request header; by default the id that the router returns with each answer."
    )


class OutcomeSender(Model):
    """Who may post outcomes."""

    service_account: Annotated[
        str, Field(min_length=1, max_length=63, pattern=r"^(Anyone|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$")
    ] = Field(
        description="ServiceAccount of the same namespace, or the word Anyone (any caller with a token of our audience)."
    )


class Outcome(Model):
    """How it becomes known what turned out to be true."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "(self.missing == 'Value') == has(self.missingValue)",
                    "missingValue goes with missing: Value, and only with it",
                )
            ]
        }
    }
    maturity: Duration = Field(
        description="How long an outcome may take; a request is counted only when it is that old."
    )
    missing: Missing = Field(Missing.WORST, description="What an outcome that did not come within maturity counts as.")
    missing_value: Value | None = Field(None, description="The outcome that stands for none, with missing: Value.")
    key: OutcomeKey = Field(default_factory=lambda: OutcomeKey(header=HEADER_ID))
    from_: Annotated[list[OutcomeSender], Field(min_length=1, max_length=16)] = Field(
        alias="from",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["serviceAccount"]},
    )


class Objective(Model):
    """What must be better, by how much, and how sure to be."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "double(self.targetLift) > 0.0 && double(self.targetLift) <= 1.0",
                    "must be in (0, 1]",
                    ".targetLift",
                ),
                cel("double(self.minimumLift) < double(self.targetLift)", "must be below targetLift", ".minimumLift"),
                cel(
                    "double(self.falsePromotionRate) > 0.0 && double(self.falsePromotionRate) < 0.5",
                    "must be in (0, 0.5)",
                    ".falsePromotionRate",
                ),
            ]
        }
    }
    type: ObjectiveType = ObjectiveType.ACCURACY
    target_lift: Decimal = Field(
        "0.02", description="The lift worth waiting for: tunes speed and futility, never validity."
    )
    minimum_lift: Decimal = Field("0", description="The bar: promote when a lift above this is proven.")
    false_promotion_rate: Decimal = Field(
        "0.01", description="Largest probability of a promotion without that lift, over any number of looks."
    )
    outcome: Outcome


class Promotion(Model):
    """Who moves the traffic."""

    policy: PromotionPolicy = PromotionPolicy.AUTOMATIC


class Router(Model):
    """The Envoy pods in front of current and candidate."""

    replicas: Annotated[int, Field(ge=1, le=50)] = 2
    resources: Resources | None = None


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
                )
            ]
        }
    }
    service: ServicePort = Field(default_factory=lambda: ServicePort(port=8080))
    current: Current
    candidates: Annotated[list[Candidate], Field(min_length=1, max_length=1)] = Field(
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        description="Simplest first.",
    )
    unit: Unit | None = Field(
        None, description="Without it every request is its own unit: an assertion that requests are independent."
    )
    strategy: Strategy = Field(default_factory=Strategy)
    prediction: Prediction
    objective: Objective
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


# Bounds that CEL cannot see because it does not know the unit "d": (field, lowest, highest) in seconds.
_DURATION_BOUNDS = (
    ("objective.outcome.maturity", 1.0, 90 * 86400.0),
    ("answerWithin", 0.001, 60.0),
    ("deadline", 10.0, 365 * 86400.0),
)

# The text of a value, by declared type: what shippers and the recorder write, and so what can equal anything.
_CANONICAL = {
    PredictionType.STRING: r"(?s).*",
    PredictionType.BOOLEAN: r"true|false",
    PredictionType.INTEGER: r"0|-?[1-9][0-9]*",
}


def parse_spec(raw: dict[str, Any]) -> Spec:
    """Read a spec.

    Raises:
        InvalidInput: naming the first field that cannot be accepted, and why.
    """
    try:
        spec = Spec.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput("spec." + ".".join(str(part) for part in first["loc"]), str(first["msg"])) from error
    lengths = (spec.objective.outcome.maturity, spec.answer_within, spec.deadline)
    for (field, lowest, highest), text in zip(_DURATION_BOUNDS, lengths, strict=True):
        if not lowest <= seconds(text) <= highest:
            raise InvalidInput(f"spec.{field}", f"{text} is outside {written(lowest)} to {written(highest)}")
    if seconds(spec.deadline) <= seconds(spec.objective.outcome.maturity):
        raise InvalidInput("spec.deadline", "must be longer than objective.outcome.maturity, or no outcome can count")
    _check_expressions(spec)
    _check_values(spec)
    return spec


def _check_expressions(spec: Spec) -> None:
    """JMESPath that does not compile would be noticed at the first answer only, by routers that cannot read any."""
    current = spec.current.prediction
    expressions = {"prediction": spec.prediction.body, "current.prediction": current.body if current else None}
    for field, expression in expressions.items():
        try:
            jmespath.compile(expression or "@")
        except JMESPathError as error:
            why = " ".join(str(error).split("\n", 1)[0].split())  # the rest of it draws an arrow
            raise InvalidInput(f"spec.{field}.body", f"{expression!r} is not JMESPath: {why}") from error


def _check_values(spec: Spec) -> None:
    """A value of another type than the predictions' could never equal one."""
    current = spec.current.prediction
    values = {f"prediction.map.{key}": value for key, value in spec.prediction.map.items()}
    values |= {f"current.prediction.map.{key}": value for key, value in ((current and current.map) or {}).items()}
    if spec.objective.outcome.missing_value is not None:
        values["objective.outcome.missingValue"] = spec.objective.outcome.missing_value
    for field, value in values.items():
        if not re.fullmatch(_CANONICAL[spec.prediction.type], value):
            raise InvalidInput(f"spec.{field}", f"{value!r} is no value of prediction.type {spec.prediction.type}")

"""`prediction` and `objective` of a spec: what is predicted, what turns out to be true, and what must be better.

Part of `spec.Spec`; read by the shipper (types), the recorder (losses) and `rollout` (bars and rates).
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shadowlift.api.base import Model, cel
from shadowlift.api.names import HEADER_ID
from shadowlift.api.quantities import Decimal, Duration, SignedDecimal

HeaderName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][-a-z0-9_]*$")]
Value = Annotated[str, Field(max_length=256)]

DEFAULT_TARGET_LIFT = "0.02"
DEFAULT_DEADLINE_SHARE = "0.6"


class PredictionType(StrEnum):
    """What a prediction and its outcome are."""

    STRING = "String"
    BOOLEAN = "Boolean"
    INTEGER = "Integer"
    NUMBER = "Number"


class ObjectiveType(StrEnum):
    """What a lift is measured in."""

    ACCURACY = "Accuracy"  # share of right predictions
    ABSOLUTE_ERROR = (
        "AbsoluteError"  # mean distance of a number from what turned out to be true, in the outcome's units
    )
    BRIER = "Brier"  # mean squared distance of a probability from what happened, 1 or 0
    REWARD = "Reward"  # mean value that a unit brought, in the outcome's units, capped at range.max


class Mode(StrEnum):
    """How a candidate meets live traffic."""

    SHADOW = "Shadow"  # it answers copies
    CANARY = "Canary"  # it answers a share of the units


class Missing(StrEnum):
    """What an outcome that never came counts as."""

    WORST = "Worst"  # against the candidate in the promotion test, for it in the harm test: valid whatever is missing
    AT_RANDOM = "AtRandom"  # left out: an assertion of the user, checked by the label rate per served answer
    VALUE = "Value"  # `missingValue`: no event came, and that is the outcome


class Prediction(Model):
    """Where in an answer the prediction stands and what it is."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "has(self.body) != has(self.header)",
                    "set exactly one of body (JMESPath into the JSON answer) and header",
                ),
                cel(
                    "self.type != 'Number' || !has(self.map) || size(self.map) == 0",
                    "numbers are not renamed: leave it out with type: Number",
                    ".map",
                ),
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


class OutcomeKey(Model):
    """What an outcome sender names to say which request an outcome belongs to."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    f"self.header == '{HEADER_ID}' || "
                    "!self.header.startsWith('x-envoy-') && !self.header.startsWith('x-shadowlift-')",
                    f"the router removes what clients send under that name: take another header, or its own {HEADER_ID}",
                    ".header",
                )
            ]
        }
    }

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


class Range(Model):
    """The smallest and the largest value that a prediction or an outcome may have, in the outcome's units."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [cel("double(self.min) < double(self.max)", "min must be below max")]
        }
    }
    min: SignedDecimal
    max: SignedDecimal


_LARGEST_LIFT = "(has(self.range) ? double(self.range.max) - double(self.range.min) : 1.0)"


class Objective(Model):
    """What must be better, by how much, and how sure to be."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "(self.type in ['AbsoluteError', 'Reward']) == has(self.range)",
                    "range goes with type: AbsoluteError or Reward, and only with these",
                ),
                cel(
                    "!(self.type in ['AbsoluteError', 'Reward']) || has(self.targetLift)",
                    "targetLift is required with type: AbsoluteError or Reward: how much less error, or more value, is worth waiting for",
                ),
                cel(
                    "self.type != 'Reward' || !has(self.decidedIn) || self.decidedIn == 'Canary'",
                    "must be Canary with type: Reward: what a unit brings depends on the answer that it was given",
                    ".decidedIn",
                ),
                cel(
                    f"!has(self.targetLift) || double(self.targetLift) > 0.0 && double(self.targetLift) <= {_LARGEST_LIFT}",
                    "must be above 0 and at most 1, or at most the width of range",
                    ".targetLift",
                ),
                cel(
                    f"double(self.minimumLift) < (has(self.targetLift) ? double(self.targetLift) : {DEFAULT_TARGET_LIFT})",
                    "must be below targetLift",
                    ".minimumLift",
                ),
                cel(
                    "!has(self.deadlineShare) || double(self.deadlineShare) < 1.0",
                    "must be at least 0 and below 1",
                    ".deadlineShare",
                ),
                cel(
                    "!has(self.deadlineShare) || double(self.deadlineShare) == 0.0 || self.type == 'Accuracy' && "
                    "double(self.minimumLift) == 0.0 && !has(self.cycle)",
                    "an exact test at the deadline exists for type: Accuracy with minimumLift 0 and without cycle only; leave it out",
                    ".deadlineShare",
                ),
                cel(
                    "double(self.falsePromotionRate) > 0.0 && double(self.falsePromotionRate) < 0.5",
                    "must be in (0, 0.5)",
                    ".falsePromotionRate",
                ),
            ]
        }
    }
    type: ObjectiveType = ObjectiveType.ACCURACY
    decided_in: Mode | None = Field(
        None,
        description="Which mode's evidence promotes. By default Shadow where strategy has one, and Canary with type: Reward.",
    )
    range: Range | None = Field(
        None,
        description="What predictions and outcomes may be, with type: AbsoluteError; with type: Reward a value above max counts as max.",
    )
    target_lift: Decimal | None = Field(
        None,
        description="The lift worth waiting for, in the objective's units: tunes speed and futility, never validity. "
        f"By default {DEFAULT_TARGET_LIFT}; with type: AbsoluteError or Reward there is no default.",
    )
    minimum_lift: Decimal = Field("0", description="The bar: promote when a lift above this is proven.")
    false_promotion_rate: Decimal = Field(
        "0.01", description="Largest probability of a promotion without that lift, over any number of looks."
    )
    deadline_share: Decimal | None = Field(
        None,
        description="Part of falsePromotionRate that is kept for one exact test at the deadline; by default "
        f"{DEFAULT_DEADLINE_SHARE} where there is such a test, else 0.",
    )
    cycle: Duration | None = Field(
        None,
        description="Promote, or give up, only after whole cycles, e.g. 24h where day and night differ; harm does not wait for one.",
    )
    outcome: Outcome

    @property
    def lift_worth_waiting_for(self) -> float:
        """`targetLift` or its default, in the objective's units."""
        return float(self.target_lift or DEFAULT_TARGET_LIFT)

    @property
    def kept_for_the_deadline(self) -> float:
        """`deadlineShare` or its default."""
        if self.deadline_share is not None:
            return float(self.deadline_share)
        exact = self.type is ObjectiveType.ACCURACY and float(self.minimum_lift) == 0 and self.cycle is None
        return float(DEFAULT_DEADLINE_SHARE) if exact else 0.0

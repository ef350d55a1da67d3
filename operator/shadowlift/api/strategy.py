"""`strategy` of a spec: how a candidate meets live traffic, from copies that nobody sees to a growing share of the users.

Part of `spec.Spec`; read by `rollout` (which step a canary is in) and by the builders of the routers' configuration.
"""

from typing import Annotated

from pydantic import Field

from shadowlift.api.base import Model, cel
from shadowlift.api.quantities import Decimal, Duration, Percent, Weight, millionths, seconds

MOST_STEPS = 10


class Shadow(Model):
    """Live requests are copied to the candidate; its answers are never seen by a client."""

    percent: Percent = Field("100%", description="Share of the live requests to mirror.")
    reject_after: Duration = Field(
        "5m",
        description="How long every look at the evidence must have asked for a rejection, at most 1h; 0s: none waits. What stalls the "
        "candidate's pods for a moment must not end a trial in which nobody meets it.",
    )


class CanaryStep(Model):
    """A share of the units, and what must have happened before the next one."""

    weight: Weight = Field(
        description="Share of the units that the candidate answers, in tenths of a percent, e.g. 2.5%."
    )
    minimum_duration: Duration = Field(
        "5m", description="How long the step lasts at least, from the moment all routers have loaded it."
    )
    minimum_units: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        0, description="How many units of this step must be mature, both arms together, before the next step."
    )

    @property
    def seconds(self) -> float:
        """`minimum_duration` in seconds."""
        return seconds(self.minimum_duration)

    @property
    def thousandths(self) -> int:
        """The weight as an integer part of 1000."""
        return millionths(self.weight) // 1000


class CircuitBreaker(Model):
    """Takes the traffic from a candidate that fails outright, without waiting for a proof."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "double(self.maxErrorRate) > 0.0 && double(self.maxErrorRate) <= 1.0",
                    "must be above 0 and at most 1",
                    ".maxErrorRate",
                )
            ]
        }
    }

    window: Duration = Field("10s", description="The stretch of time that is looked at.")
    minimum_requests: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10, description="Requests of the candidate within the window below which nothing is concluded."
    )
    max_error_rate: Decimal = Field(
        "0.5",
        description="Share of them that may fail (5xx, broken off, refused, later than answerWithin); more rejects the candidate at once.",
    )


DEFAULT_BREAKER = CircuitBreaker(window="10s", minimum_requests=10, max_error_rate="0.5")


class Canary(Model):
    """Live requests are answered by the candidate for a growing share of the units; a unit that is in stays in."""

    steps: Annotated[list[CanaryStep], Field(min_length=1, max_length=MOST_STEPS)] = Field(
        description="Ascending weights. The candidate is promoted from the last step, never from an earlier one."
    )
    fail_open: bool = Field(
        True,
        description="Ask current where the candidate fails, within the request. Switch it off where a request must not be sent twice.",
    )
    circuit_breaker: CircuitBreaker = DEFAULT_BREAKER


class Strategy(Model):
    """How the candidate meets live traffic: in a shadow, in a canary, or in both, one after the other."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel("has(self.shadow) || has(self.canary)", "set shadow, canary or both"),
                cel(
                    "!has(self.shadow) || has(self.canary) || self.shadow.percent == '100%'",
                    "must be 100% without a canary: promotion goes from shadow straight to all traffic, so the candidate must have "
                    "shown that capacity",
                    ".shadow.percent",
                ),
            ]
        }
    }

    shadow: Shadow | None = None
    canary: Canary | None = None

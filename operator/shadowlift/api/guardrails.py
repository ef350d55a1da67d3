"""`guardrails` of a spec: what must not get worse, whatever the lift.

Part of `spec.Spec`; read by `rollout.guards`. Sample ratio and coverage are watched in every trial and are not listed here.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shadowlift.api.base import Model, cel
from shadowlift.api.quantities import Decimal

DEFAULT_QUANTILE = "0.99"
_RELATIVE = "self.maxIncrease.endsWith('%')"

Increase = Annotated[str, Field(min_length=1, max_length=12, pattern=r"^(0|[1-9][0-9]{0,3})(\.[0-9]{1,6})?%?$")]


class GuardrailType(StrEnum):
    """What is measured."""

    ERROR_RATE = (
        "ErrorRate"  # share of units whose answer failed: 5xx, broken off, refused; of the candidate also: late
    )
    LATENCY = "Latency"  # a quantile of the answers' times
    INTERFERENCE = "Interference"  # current itself, failed or slow, while its requests are copied
    COST = "Cost"  # what its pods request, at the installation's prices, for 1,000 predictions
    CONTRACT = "Contract"  # status, content type and fields of the answers: what clients read today they must find


class Guardrail(Model):
    """One thing that must not get worse by more than this, proven before a promotion; harm rejects."""

    model_config = {
        "json_schema_extra": {
            "x-kubernetes-validations": [
                cel(
                    "(self.type in ['Contract', 'Cost']) != has(self.maxIncrease)",
                    "maxIncrease is required, but with type: Contract or Cost, where nothing increases",
                ),
                cel(
                    "(self.type == 'Cost') == has(self.maxPerThousand)",
                    "maxPerThousand is required with type: Cost, and goes only with it",
                ),
                cel(
                    f"!(self.type in ['Latency', 'Interference']) || {_RELATIVE}",
                    "must be a percentage with type: Latency or Interference, e.g. 20%",
                    ".maxIncrease",
                ),
                cel(
                    f"!has(self.maxIncrease) || {_RELATIVE} || double(self.maxIncrease) > 0.0 && double(self.maxIncrease) < 1.0",
                    "must be above 0 and below 1, or a percentage of the present rate",
                    ".maxIncrease",
                ),
                cel(
                    f"!has(self.maxIncrease) || !{_RELATIVE} || double(self.maxIncrease.replace('%', '')) >= 10.0",
                    "must be at least 10%: less cannot be told from none within any sensible time",
                    ".maxIncrease",
                ),
                cel(
                    "self.type == 'Latency' || !has(self.quantile)",
                    "goes with type: Latency, and only with it",
                    ".quantile",
                ),
                cel(
                    "!has(self.quantile) || double(self.quantile) >= 0.5 && double(self.quantile) <= 0.999",
                    "must be between 0.5 and 0.999",
                    ".quantile",
                ),
            ]
        }
    }

    name: Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    type: GuardrailType
    max_increase: Increase | None = Field(
        None,
        description="Tolerated increase against current: a share such as 0.01 (one point more), or a part of its value such as 20%.",
    )
    max_per_thousand: Decimal | None = Field(
        None, description="Highest cost of 1,000 predictions, with type: Cost, in the currency of the chart's prices."
    )
    quantile: Decimal | None = Field(
        None, description=f"Of the answers' times, with type: Latency; by default {DEFAULT_QUANTILE}."
    )

    @property
    def margin(self) -> float:
        """`max_increase` as a number: 0.2 for 20%; 0 where nothing increases."""
        text = self.max_increase or "0"
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)

    @property
    def is_relative(self) -> bool:
        """The increase is a part of the present value."""
        return (self.max_increase or "").endswith("%")

    @property
    def watched_quantile(self) -> float:
        """`quantile` or its default."""
        return float(self.quantile or DEFAULT_QUANTILE)

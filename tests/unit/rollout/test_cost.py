"""What a model costs: pods times requests times prices, for 1,000 predictions at the measured rate."""

from typing import Any

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.spec import Bento
from shadowlift.api.status import Phase
from shadowlift.rollout.cost import per_hour
from shadowlift.rollout.observed import Prices
from tests.support.world import BETTER, spec
from tests.unit.rollout.given import WARM, Life

PRICES = Prices(cpu_hour=0.04, gib_hour=0.01, currency="EUR")
RESOURCES = {"requests": {"cpu": "500m", "memory": "512Mi"}}


def life(most: str | None = "1", resources: dict[str, Any] | None = RESOURCES, prices: Prices | None = PRICES) -> Life:
    """A trial whose lift is proven, after 1,000 seconds of 10 requests each."""
    asked = spec()
    [candidate] = asked["candidates"]
    candidate["bento"] = {**candidate["bento"], **({"resources": resources} if resources else {})}
    if most is not None:
        asked["guardrails"] = [{"name": "cost", "type": "Cost", "maxPerThousand": most}]
    begun = Life(spec=asked, prices=prices).settled()
    begun.count(1, WARM.model_copy(update={"live": 1000}))
    begun.settle()
    loaded = begun.world().loaded_at
    assert loaded is not None
    begun.now = loaded + 1000
    begun.count(2, EpochCounters(**{**BETTER, "live": 9000}))
    return begun


@pytest.mark.parametrize(
    ("resources", "hourly"),
    [
        (RESOURCES, 2 * (0.5 * 0.04 + 0.5 * 0.01)),
        ({"requests": {"cpu": "2", "memory": "1Gi"}}, 2 * (2 * 0.04 + 0.01)),
        ({"requests": {"cpu": "1"}, "limits": {"cpu": "4", "memory": "2Gi"}}, 2 * (0.04 + 0.02)),
        ({"requests": {"cpu": "1"}}, None),
        (None, None),
    ],
)
def test_pods_times_requests_times_prices(resources: dict[str, Any] | None, hourly: float | None) -> None:
    """A limit without a request is one, as in Kubernetes; a price without an amount is no answer."""
    bento = Bento.model_validate({"image": "model:1", "replicas": 2, "resources": resources})
    assert per_hour(bento, PRICES) == (None if hourly is None else pytest.approx(hourly))


def test_what_has_no_price_need_not_be_requested() -> None:
    """Memory is free here."""
    bento = Bento.model_validate({"image": "model:1", "resources": {"requests": {"cpu": "1"}}})
    assert per_hour(bento, Prices(0.04, 0.0)) == pytest.approx(0.08)


def test_status_says_what_a_candidate_costs() -> None:
    """2 x (half a CPU and half a GiB) are 0.05 EUR an hour; 10 requests a second are 36 thousand an hour."""
    lived = life(most=None)
    status = lived.plan().status
    assert status.trial is not None
    assert [cost.model_dump() for cost in status.trial.costs] == [
        {"name": "logreg", "per_thousand": f"{0.05 / 36:.3g}", "currency": "EUR"}
    ]


def test_cheap_enough_is_promoted_and_says_so() -> None:
    """The record holds the arithmetic."""
    lived = life(most="0.0014")
    assert lived.settle().phase is Phase.PROMOTED
    [known] = lived.records[-1].guardrails
    assert (known.name, known.safety) == ("cost", "Safe")
    assert known.message == "0.00139 EUR per 1,000 predictions at 10 a second; 0.0014 allowed"


@pytest.mark.parametrize(
    ("lived", "said"),
    [
        (lambda: life(most="0.001"), "0.001 allowed"),
        (lambda: life(resources=None), "set bento.resources.requests"),
        (lambda: life(prices=None), "set prices in the chart's values"),
    ],
    ids=["too dear", "no requests", "no prices"],
)
def test_anything_else_holds_the_promotion(lived: Any, said: str) -> None:
    """Never a rejection: the message says what to do."""
    held = lived()
    status = held.settle()
    assert status.phase is Phase.SHADOWING
    assert status.trial is not None
    assert status.trial.verdict is not None
    assert status.trial.verdict.reason == "GuardrailOpen"
    assert said in status.trial.verdict.message


def test_a_minute_of_traffic_makes_a_rate() -> None:
    """Before that no cost is shown, and none is judged."""
    held = life()
    loaded = held.world().loaded_at
    assert loaded is not None
    held.now = loaded + 59
    status = held.plan().status
    assert status.trial is not None
    assert status.trial.costs == []
    assert status.trial.verdict is not None
    assert "100 live requests in 60 s are wanted" in status.trial.verdict.message

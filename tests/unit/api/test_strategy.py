"""`strategy`: how a candidate meets live traffic, what is left out of it, and which mode decides."""

from typing import Any

import pytest

from shadowlift.api.objective import Mode
from shadowlift.api.parse import parse_spec
from shadowlift.api.spec import Spec
from shadowlift.api.strategy import MOST_STEPS, CanaryStep, Strategy
from shadowlift.errors import InvalidInput
from tests.support.world import spec

SHADOW, CANARY = {"shadow": {"percent": "100%"}}, {"canary": {"steps": [{"weight": "5%"}, {"weight": "50%"}]}}
BOTH = {**SHADOW, **CANARY}
MINUTES = {"type": "AbsoluteError", "range": {"min": "0", "max": "9"}, "targetLift": "2"}
REWARD = {"type": "Reward", "range": {"min": "0", "max": "9"}, "targetLift": "2"}
DEFAULT = None  # strategy is left out


def read(strategy: dict[str, Any] | None = DEFAULT, objective: dict[str, Any] | None = None, **changes: Any) -> Spec:
    raw = spec(deadline="7d", **({} if strategy is None else {"strategy": strategy}), **changes)
    raw["objective"] |= objective or {}
    if raw["objective"].get("type") == "Reward":
        del raw["prediction"]
    elif raw["objective"].get("type") in ("AbsoluteError", "Brier"):
        raw["prediction"] = {"body": "minutes", "type": "Number"}
    return parse_spec(raw)


def canary(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"canary": {"steps": list(steps), **more}}


def test_without_a_strategy_all_requests_are_copied() -> None:
    """The safest way there is: nobody meets the candidate before its lift is proven."""
    strategy = read().strategy
    assert strategy.shadow is not None
    assert (strategy.shadow.percent, strategy.canary) == ("100%", None)


def test_a_strategy_is_what_is_written_and_no_more() -> None:
    """A canary alone brings no shadow with it."""
    assert read(CANARY).strategy.shadow is None
    assert (read(BOTH).strategy.shadow is None, read(BOTH).strategy.canary is None) == (False, False)


def test_the_short_form_of_a_canary_has_stated_defaults() -> None:
    """Five minutes a step, no least number of units, current behind the candidate, and a breaker at half of ten requests."""
    written = read(CANARY).strategy.canary
    assert written is not None
    first, breaker = written.steps[0], written.circuit_breaker
    assert (first.seconds, first.minimum_units, written.fail_open) == (300, 0, True)
    assert (breaker.window, breaker.minimum_requests, breaker.max_error_rate) == ("10s", 10, "0.5")


@pytest.mark.parametrize(
    ("weight", "thousandths"),
    [
        ("0.1%", 1),
        ("2.5%", 25),
        ("5%", 50),
        ("05%", 50),
        ("33.3%", 333),
        ("99.9%", 999),
        ("100%", 1000),
        ("100.0%", 1000),
    ],
)
def test_a_weight_is_a_whole_number_of_thousandths(weight: str, thousandths: int) -> None:
    """What routers and the engine count in: exact, so that an epoch's weight can be compared."""
    assert CanaryStep(weight=weight).thousandths == thousandths


@pytest.mark.parametrize(
    "strategy",
    [
        canary({"weight": "0.1%"}, {"weight": "0.2%"}),
        canary({"weight": "99.9%"}),
        {**canary({"weight": "99.9%"}, {"weight": "100%"}), "shadow": {}},
        canary(*({"weight": f"{n}%"} for n in range(1, MOST_STEPS + 1))),
        canary({"weight": "5%", "minimumUnits": 1_000_000_000, "minimumDuration": "0s"}),
        canary({"weight": "5%"}, circuitBreaker={"window": "1s", "minimumRequests": 1, "maxErrorRate": "0.000000001"}),
        canary({"weight": "5%"}, circuitBreaker={"window": "60s", "minimumRequests": 1_000_000, "maxErrorRate": "1"}),
        {**CANARY, "shadow": {"percent": "1%"}},
    ],
)
def test_the_bounds_themselves_are_accepted(strategy: dict[str, Any]) -> None:
    """A bound belongs to what is allowed."""
    assert isinstance(read(strategy).strategy, Strategy)


@pytest.mark.parametrize(
    ("strategy", "field"),
    [
        (canary(), "canary.steps"),
        (canary(*({"weight": f"{n}%"} for n in range(1, MOST_STEPS + 2))), "canary.steps"),
        (canary({"weight": "101%"}), "canary.steps.0.weight"),
        (canary({"weight": "100.1%"}), "canary.steps.0.weight"),
        (canary({"weight": "5"}), "canary.steps.0.weight"),
        (canary({"weight": "5%"}, {"weight": "4.9%"}), "canary.steps.1.weight"),
        (canary({"weight": "5%"}, {"weight": "50%"}, {"weight": "50%"}), "canary.steps.2.weight"),
        (canary({"weight": "100%"}), "canary.steps.0.weight"),
        (canary({"weight": "5%"}, {"weight": "100%"}), "canary.steps.1.weight"),
        (canary({"weight": "5%", "minimumUnits": -1}), "canary.steps.0.minimumUnits"),
        (canary({"weight": "5%", "minimumUnits": 1_000_000_001}), "canary.steps.0.minimumUnits"),
        (canary({"weight": "5%", "units": 5}), "canary.steps.0.units"),
        (canary({"weight": "5%"}, circuitBreaker={"minimumRequests": 0}), "canary.circuitBreaker.minimumRequests"),
        (canary({"weight": "5%"}, circuitBreaker={"maxErrorRate": "50%"}), "canary.circuitBreaker.maxErrorRate"),
        (canary({"weight": "5%"}, circuitBreaker={"window": "999ms"}), "canary.circuitBreaker.window"),
        (canary({"weight": "5%"}, circuitBreaker={"window": "61s"}), "canary.circuitBreaker.window"),
    ],
)
def test_what_cannot_be_accepted_is_named(strategy: dict[str, Any], field: str) -> None:
    """By the field as a person writes it."""
    with pytest.raises(InvalidInput) as caught:
        read(strategy)
    assert caught.value.field == f"spec.strategy.{field}"


def test_the_time_box_holds_all_steps_and_an_outcome() -> None:
    """Two steps of five minutes, and outcomes that take five seconds: a second more is enough, and less could never promote."""
    raw = spec(strategy=CANARY)
    for deadline in ("10m", "10m5s"):
        with pytest.raises(
            InvalidInput, match=r"^spec\.deadline: must be longer than objective\.outcome\.maturity and all steps"
        ):
            parse_spec({**raw, "deadline": deadline})
    parse_spec({**raw, "deadline": "10m6s"})


def test_the_time_box_holds_whole_cycles_of_each_step() -> None:
    """Two steps of five minutes last an hour each where that is the cycle."""
    raw = spec(strategy=CANARY)
    raw["objective"] = {**raw["objective"], "cycle": "1h"}
    with pytest.raises(InvalidInput, match=r"^spec\.deadline"):
        parse_spec({**raw, "deadline": "2h"})
    parse_spec({**raw, "deadline": "2h6s"})


@pytest.mark.parametrize(
    ("strategy", "objective", "mode", "kept"),
    [
        (DEFAULT, {}, Mode.SHADOW, 0.6),
        (SHADOW, {}, Mode.SHADOW, 0.6),
        (CANARY, {}, Mode.CANARY, 0.0),
        (BOTH, {}, Mode.SHADOW, 0.0),  # at the deadline there is no time for the steps that follow
        (BOTH, {"decidedIn": "Canary"}, Mode.CANARY, 0.0),
        (BOTH, {"decidedIn": "Canary", "deadlineShare": "0"}, Mode.CANARY, 0.0),
        (BOTH, {"decidedIn": "Shadow", "deadlineShare": "0"}, Mode.SHADOW, 0.0),
        (SHADOW, {"deadlineShare": "0.25"}, Mode.SHADOW, 0.25),
        (SHADOW, MINUTES, Mode.SHADOW, 0.0),
        (CANARY, MINUTES, Mode.CANARY, 0.0),
        (BOTH, {"type": "Brier"}, Mode.SHADOW, 0.0),
        (CANARY, REWARD, Mode.CANARY, 0.0),
        (BOTH, REWARD, Mode.CANARY, 0.0),
        (BOTH, {**REWARD, "decidedIn": "Canary"}, Mode.CANARY, 0.0),
    ],
)
def test_which_mode_decides_and_what_is_kept_for_the_deadline(
    strategy: dict[str, Any] | None, objective: dict[str, Any], mode: Mode, kept: float
) -> None:
    """The shadow where there is one that can answer the question; a reward is what comes of an answer that was given.

    Part of alpha is kept where pairs of right and wrong have the last word, and nowhere else: no exact test is known for arms.
    """
    wanted = read(strategy, objective)
    assert (wanted.decided_in, wanted.kept_for_the_deadline) == (mode, kept)


@pytest.mark.parametrize("mode", ["Both", "shadow", ""])
def test_an_unknown_mode_is_refused(mode: str) -> None:
    """By its field."""
    with pytest.raises(InvalidInput) as caught:
        read(BOTH, {"decidedIn": mode})
    assert caught.value.field == "spec.objective.decidedIn"

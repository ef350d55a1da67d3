"""From the raw spec of a resource to `Spec`, with the rules that CEL cannot check. Called by `observe` for every resource.

Anything the API server lets through but these rules refuse becomes `Stalled/InvalidSpec`, naming the field.
"""

import math
import re
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import ValidationError

from shadowlift.api.objective import Mode, Objective, ObjectiveType, PredictionType
from shadowlift.api.quantities import SIGNED_DECIMAL_PATTERN, seconds, written
from shadowlift.api.spec import Spec
from shadowlift.api.strategy import CanaryStep
from shadowlift.errors import InvalidInput

_EVERYBODY = 1000  # thousandths
# Bounds that CEL cannot see because it does not know the unit "d": field -> lowest, highest in seconds.
_DURATION_BOUNDS = {
    "objective.outcome.maturity": (1.0, 90 * 86400.0),
    "objective.cycle": (60.0, 90 * 86400.0),
    "answerWithin": (0.001, 60.0),
    "deadline": (10.0, 365 * 86400.0),
    "strategy.shadow.rejectAfter": (0.0, 3600.0),
    "strategy.canary.circuitBreaker.window": (1.0, 60.0),
    "promotion.probation.duration": (1.0, 90 * 86400.0),
}

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
    if (spec.prediction is None) != (spec.objective.type is ObjectiveType.REWARD):
        raise InvalidInput("spec.prediction", "is required, but with objective.type Reward, where nothing is predicted")
    _check_lengths(spec)
    _check_steps(spec)
    _check_holdback(spec)
    _check_expressions(spec)
    _check_values(spec)
    return spec


def _check_lengths(spec: Spec) -> None:
    objective, shadow, canary = spec.objective, spec.strategy.shadow, spec.strategy.canary
    lengths = {
        "objective.outcome.maturity": objective.outcome.maturity,
        "objective.cycle": objective.cycle,
        "answerWithin": spec.answer_within,
        "deadline": spec.deadline,
        "promotion.probation.duration": spec.promotion.probation.duration if spec.promotion.probation else None,
        "strategy.shadow.rejectAfter": shadow.reject_after if shadow else None,
        "strategy.canary.circuitBreaker.window": canary.circuit_breaker.window if canary else None,
    }
    for field, text in lengths.items():
        lowest, highest = _DURATION_BOUNDS[field]
        if text is not None and not lowest <= seconds(text) <= highest:
            raise InvalidInput(f"spec.{field}", f"{text} is outside {written(lowest)} to {written(highest)}")
    needed = {
        "objective.outcome.maturity": seconds(objective.outcome.maturity),
        "one objective.cycle": seconds(objective.cycle) if objective.cycle and spec.decided_in is Mode.SHADOW else 0.0,
        "all steps of strategy.canary": sum(_lasts(step, spec) for step in canary.steps) if canary else 0.0,
    }
    if seconds(spec.deadline) <= sum(needed.values()):
        what = " and ".join(name for name, length in needed.items() if length)
        raise InvalidInput("spec.deadline", f"must be longer than {what}, or no outcome can count")
    room = seconds(spec.deadline) - seconds(objective.outcome.maturity)
    if shadow is not None and seconds(shadow.reject_after) >= room:
        both = f"{shadow.reject_after} and objective.outcome.maturity together"
        message = f"{both} must be shorter than spec.deadline, or nothing can be rejected; make it shorter"
        raise InvalidInput("spec.strategy.shadow.rejectAfter", message)


def _check_holdback(spec: Spec) -> None:
    asked = spec.promotion.probation
    if asked is not None and not 500 <= asked.thousandths < 1000:
        raise InvalidInput("spec.promotion.probation.holdback", f"{asked.holdback} must be above 0% and at most 50%")


def _lasts(step: CanaryStep, spec: Spec) -> float:
    """How long a step lasts at least, in seconds: whole cycles, where the canary decides within such."""
    cycle = spec.objective.cycle
    if cycle is None or spec.decided_in is not Mode.CANARY:
        return step.seconds
    return max(1, math.ceil(step.seconds / seconds(cycle))) * seconds(cycle)


def _check_steps(spec: Spec) -> None:
    """Each step is larger than the one before: a unit that is in the canary never leaves it."""
    before, steps = 0, spec.strategy.canary.steps if spec.strategy.canary else []
    for number, step in enumerate(steps):
        if step.thousandths <= before:
            least = f"{before / 10:g}%, the step before" if before else "0%"
            raise InvalidInput(f"spec.strategy.canary.steps.{number}.weight", f"{step.weight} must be above {least}")
        before = step.thousandths
    if before == _EVERYBODY and spec.decided_in is Mode.CANARY:
        raise InvalidInput(
            f"spec.strategy.canary.steps.{len(steps) - 1}.weight",
            "at 100% nobody is left to compare with, and the candidate is not proven yet: stay below; a promotion gives it everybody",
        )


def _check_expressions(spec: Spec) -> None:
    """JMESPath that does not compile would be noticed at the first answer only, by routers that cannot read any."""
    current = spec.current.prediction
    expressions = {
        "prediction": spec.prediction.body if spec.prediction else None,
        "current.prediction": current.body if current else None,
    }
    for field, expression in expressions.items():
        try:
            parsed = jmespath.compile(expression or "@").parsed
        except JMESPathError as error:
            why = " ".join(str(error).split("\n", 1)[0].split())  # the rest of it draws an arrow
            raise InvalidInput(f"spec.{field}.body", f"{expression!r} is not JMESPath: {why}") from error
        if _stands_still(parsed):
            raise InvalidInput(
                f"spec.{field}.body", f"{expression!r} has a slice with step 0: name another step, or none"
            )


def _stands_still(node: Any) -> bool:
    """Whether a slice of this expression has step 0, of which JMESPath says only at an array that it has no meaning."""
    if not isinstance(node, dict):
        return False
    return (node["type"] == "slice" and node["children"][2] == 0) or any(map(_stands_still, node["children"]))


def _check_values(spec: Spec) -> None:
    """A value of another type than the predictions' could never equal one."""
    if spec.prediction is None:
        _check_missing_number(spec.objective)
        return
    current, declared = spec.current.prediction, spec.prediction.type
    values = {f"prediction.map.{key}": value for key, value in spec.prediction.map.items()}
    values |= {f"current.prediction.map.{key}": value for key, value in ((current and current.map) or {}).items()}
    if declared is PredictionType.NUMBER:
        _check_missing_number(spec.objective)
        return
    if spec.objective.outcome.missing_value is not None:
        values["objective.outcome.missingValue"] = spec.objective.outcome.missing_value
    for field, value in values.items():
        if not re.fullmatch(_CANONICAL[declared], value):
            raise InvalidInput(f"spec.{field}", f"{value!r} is no value of prediction.type {declared}")


def _check_missing_number(objective: Objective) -> None:
    """An outcome that stands for none must be one that could have come."""
    text = objective.outcome.missing_value
    if text is None:
        return
    if objective.type is ObjectiveType.BRIER:
        if text not in ("0", "1"):
            raise InvalidInput("spec.objective.outcome.missingValue", f"{text!r} must be 0 or 1 with type: Brier")
        return
    if not re.fullmatch(SIGNED_DECIMAL_PATTERN, text):
        raise InvalidInput("spec.objective.outcome.missingValue", f"{text!r} is not a decimal number such as -1.5")
    limits = objective.range
    if limits is not None and not float(limits.min) <= float(text) <= float(limits.max):
        raise InvalidInput(
            "spec.objective.outcome.missingValue", f"{text} is outside objective.range, {limits.min} to {limits.max}"
        )

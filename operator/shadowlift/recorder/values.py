"""Outcome values: from JSON to the text in which they are stored beside predictions. Called by `outcomes`, `trials`; pure.

Strings stay as they are, booleans are `true` and `false`, integers decimal, numbers the shortest text that reads back exactly.
What happened, of an objective that scores probabilities, is `1` or `0`.
"""

import math
from dataclasses import dataclass

from shadowlift.api.ledger import OutcomeValue, TrialRegistration, number_text
from shadowlift.api.objective import ObjectiveType, PredictionType
from shadowlift.stats.losses import AbsoluteError, Brier, Loss
from shadowlift.stats.results import Reward

MAX_LENGTH = 256


@dataclass(frozen=True)
class Vocabulary:
    """What an outcome of a trial may be."""

    declared: PredictionType
    loss: Loss | None = None  # None: right or wrong
    reward: Reward | None = None

    def canonical(self, value: OutcomeValue) -> str:
        """Text of a value.

        Raises:
            ValueError: the value is not of the declared type, out of range or too long; the message says what is wanted.
        """
        if self.reward is not None:
            return _amount(value, self.reward)
        if self.loss is not None:
            return _number(value, self.loss)
        text = _text(value, self.declared)
        if len(text) > MAX_LENGTH:
            raise ValueError(f"must be at most {MAX_LENGTH} characters long")
        return text

    def holds(self, text: str) -> bool:
        """Whether a text can stand for some outcome."""
        if isinstance(self.loss, Brier):
            return text in ("0", "1")
        scored = self.reward or self.loss
        if scored is not None:
            try:
                return scored.admits(float(text))
            except ValueError:
                return False
        return _is_canonical(text, self.declared)


def vocabulary(registration: TrialRegistration) -> Vocabulary:
    """What the outcomes of a registered trial may be.

    Raises:
        ValueError: the registration's objective does not go with its range or its prediction type.
    """
    if registration.objective is ObjectiveType.REWARD:
        if registration.minimum is None or registration.maximum is None:
            raise ValueError("minimum and maximum are required with objective Reward")
        return Vocabulary(registration.prediction_type, reward=Reward(registration.minimum, registration.maximum))
    numeric = registration.prediction_type is PredictionType.NUMBER
    if numeric == (registration.objective is ObjectiveType.ACCURACY):
        raise ValueError("predictionType must be Number with AbsoluteError or Brier, and another type with Accuracy")
    return Vocabulary(registration.prediction_type, _loss(registration))


def _loss(registration: TrialRegistration) -> Loss | None:
    minimum, maximum = registration.minimum, registration.maximum
    match registration.objective:
        case ObjectiveType.ABSOLUTE_ERROR if minimum is not None and maximum is not None:
            return AbsoluteError(minimum, maximum)
        case ObjectiveType.ABSOLUTE_ERROR:
            raise ValueError("minimum and maximum are required with objective AbsoluteError")
        case ObjectiveType.BRIER:
            return Brier()
        case ObjectiveType.ACCURACY | ObjectiveType.REWARD:
            return None


def _number(value: OutcomeValue, loss: Loss) -> str:
    if isinstance(loss, Brier):
        if isinstance(value, str) or value not in (0, 1):
            raise ValueError("must be true or false (or 1 or 0), as objective.type Brier says")
        return "1" if value else "0"
    number = _float(value, "prediction.type Number")
    if not loss.admits(number):
        raise ValueError(f"must be within objective.range, {_plainly(loss.minimum)} to {_plainly(loss.maximum)}")
    return number_text(number)


def _amount(value: OutcomeValue, reward: Reward) -> str:
    number = _float(value, "objective.type Reward")
    if not reward.admits(number):
        raise ValueError(f"must be a number of at least objective.range.min, {_plainly(reward.minimum)}")
    return number_text(number)


def _float(value: OutcomeValue, says: str) -> float:
    if isinstance(value, str | bool):
        raise ValueError(f"must be a JSON number, as {says} says")  # noqa: TRY004 - a fault of the sender, told as 422
    try:
        return float(value)
    except OverflowError:  # an integer beyond all floats
        return math.inf


def _plainly(limit: float) -> str:
    """As a person wrote it, with all its digits."""
    return repr(limit).removesuffix(".0")


def _text(value: OutcomeValue, declared: PredictionType) -> str:
    match declared:
        case PredictionType.STRING if isinstance(value, str):
            return value
        case PredictionType.BOOLEAN if isinstance(value, bool):
            return "true" if value else "false"
        case PredictionType.INTEGER if isinstance(value, int) and not isinstance(value, bool):
            return str(value) if value.bit_length() < 4 * MAX_LENGTH else "9" * (MAX_LENGTH + 1)
        case _:
            raise ValueError(f"must be a JSON {_JSON_NAMES[declared]}, as prediction.type {declared} says")


def _is_canonical(text: str, declared: PredictionType) -> bool:
    match declared:
        case PredictionType.STRING:
            return len(text) <= MAX_LENGTH
        case PredictionType.BOOLEAN:
            return text in ("true", "false")
        case PredictionType.INTEGER:
            digits = text.removeprefix("-")
            return digits.isascii() and digits.isdigit() and text == _plain(digits, text) and len(text) <= MAX_LENGTH
        case PredictionType.NUMBER:  # only with a loss, and then never asked here
            return False


def _plain(digits: str, text: str) -> str:
    plain = digits.lstrip("0") or "0"
    return f"-{plain}" if text.startswith("-") and plain != "0" else plain


_JSON_NAMES = {
    PredictionType.STRING: "string",
    PredictionType.BOOLEAN: "boolean",
    PredictionType.INTEGER: "integer",
    PredictionType.NUMBER: "number",
}

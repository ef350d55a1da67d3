"""Outcome values: from JSON to the text in which predictions are stored. Called by `outcomes`, `trials`; pure."""

from shadowlift.api.ledger import OutcomeValue
from shadowlift.api.spec import PredictionType

MAX_LENGTH = 256


def canonical(value: OutcomeValue, declared: PredictionType) -> str:
    """Text of a value: strings as they are, `true`/`false`, decimal integers.

    Raises:
        ValueError: the value is not of the declared type, or too long; the message says what is wanted.
    """
    match declared:
        case PredictionType.STRING if isinstance(value, str):
            text = value
        case PredictionType.BOOLEAN if isinstance(value, bool):
            text = "true" if value else "false"
        case PredictionType.INTEGER if isinstance(value, int) and not isinstance(value, bool):
            text = str(value) if value.bit_length() < 4 * MAX_LENGTH else "9" * (MAX_LENGTH + 1)
        case _:
            raise ValueError(f"must be a JSON {_JSON_NAMES[declared]}, as prediction.type {declared} says")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters long")
    return text


def is_canonical(text: str, declared: PredictionType) -> bool:
    """Whether a text can be the canonical form of some value of the declared type."""
    match declared:
        case PredictionType.STRING:
            return len(text) <= MAX_LENGTH
        case PredictionType.BOOLEAN:
            return text in ("true", "false")
        case PredictionType.INTEGER:
            digits = text.removeprefix("-")
            return digits.isascii() and digits.isdigit() and text == _plain(digits, text) and len(text) <= MAX_LENGTH


def _plain(digits: str, text: str) -> str:
    plain = digits.lstrip("0") or "0"
    return f"-{plain}" if text.startswith("-") and plain != "0" else plain


_JSON_NAMES = {PredictionType.STRING: "string", PredictionType.BOOLEAN: "boolean", PredictionType.INTEGER: "integer"}

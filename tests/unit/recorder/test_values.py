"""Outcome values and their canonical text."""

import json
import math

import pytest

from shadowlift.api.ledger import OutcomeIn
from shadowlift.api.objective import PredictionType
from shadowlift.recorder.values import Vocabulary
from shadowlift.stats.losses import AbsoluteError, Brier
from shadowlift.stats.results import Reward

S, B, N = PredictionType.STRING, PredictionType.BOOLEAN, PredictionType.INTEGER
MINUTES = Vocabulary(PredictionType.NUMBER, AbsoluteError(-60.0, 180.0))
CHANCE = Vocabulary(PredictionType.NUMBER, Brier())
SPENT = Vocabulary(PredictionType.STRING, reward=Reward(-20.0, 80.0))


@pytest.mark.parametrize(
    ("value", "declared", "text"),
    [
        ("M", S, "M"),
        ("", S, ""),
        ("x" * 256, S, "x" * 256),
        (True, B, "true"),
        (False, B, "false"),
        (7, N, "7"),
        (-0, N, "0"),
        (-12, N, "-12"),
    ],
)
def test_canonical_text(value: str | bool | int, declared: PredictionType, text: str) -> None:
    """Strings as they are, booleans and integers as JSON writes them; what comes out is canonical."""
    assert Vocabulary(declared).canonical(value) == text
    assert Vocabulary(declared).holds(text)


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (1, S),
        (True, S),
        ("true", B),
        (1, B),
        ("7", N),
        (True, N),
        ("x" * 257, S),
        (10**256, N),
        pytest.param(10**5000, N, id="enormous"),
    ],
)
def test_other_types_are_refused(value: str | bool | int, declared: PredictionType) -> None:
    """No value is guessed: a JSON boolean is no integer, a text is no number."""
    with pytest.raises(ValueError, match="must be"):
        Vocabulary(declared).canonical(value)


@pytest.mark.parametrize(
    ("text", "declared"), [("True", B), ("", N), ("-", N), ("007", N), ("-0", N), ("1.0", N), ("+1", N), ("\u0661", N)]
)
def test_text_that_no_value_has(text: str, declared: PredictionType) -> None:
    """A missingValue that no outcome could ever equal is a mistake."""
    assert not Vocabulary(declared).holds(text)


@pytest.mark.parametrize(
    ("words", "sent", "text"),
    [
        (MINUTES, "12", "12.0"),
        (MINUTES, "-12.25", "-12.25"),
        (MINUTES, "-0.0", "0.0"),
        (MINUTES, "0", "0.0"),
        (MINUTES, "180", "180.0"),
        (MINUTES, "-60.0", "-60.0"),
        (MINUTES, "1e-300", "1e-300"),
        (CHANCE, "true", "1"),
        (CHANCE, "false", "0"),
        (CHANCE, "1", "1"),
        (CHANCE, "0", "0"),
        (CHANCE, "1.0", "1"),
        (CHANCE, "-0.0", "0"),
        (SPENT, "12", "12.0"),
        (SPENT, "-0.0", "0.0"),
        (SPENT, "-20", "-20.0"),
        (SPENT, "80.01", "80.01"),  # above the cap: it will count as the cap, and is kept as it came
    ],
)
def test_numbers_have_one_text_each(words: Vocabulary, sent: str, text: str) -> None:
    """As JSON brings them; both zeros are one, and what happened is 1 or 0 however it is said."""
    value = OutcomeIn.model_validate_json(f'{{"key": "k", "value": {sent}}}').value
    assert words.canonical(value) == text
    assert words.holds(text)


@pytest.mark.parametrize("sent", ["181", "-60.001", "1e999", "-1e999", "1" + "0" * 400, "true", '"12"'])
def test_what_is_no_number_of_the_range_is_refused(sent: str) -> None:
    """Refused for both processes, with the range in the message; nothing is cut to fit."""
    value = OutcomeIn.model_construct(key="k", value=json.loads(sent)).value
    with pytest.raises(ValueError, match=r"must be (within objective.range, -60 to 180|a JSON number)"):
        MINUTES.canonical(value)


@pytest.mark.parametrize("sent", ["-20.001", "1e999", "-1e999", "1" + "0" * 400, "NaN", "true", '"12"'])
def test_what_is_no_amount_is_refused(sent: str) -> None:
    """A reward has a smallest value and is a number; nothing is cut to fit, and a text is not guessed at."""
    with pytest.raises(ValueError, match=r"must be a (number of at least objective.range.min, -20|JSON number)"):
        SPENT.canonical(json.loads(sent))


@pytest.mark.parametrize("value", [math.nan, 0.5, 2, -1, "true", math.inf])
def test_what_cannot_have_happened_is_refused(value: str | float) -> None:
    """A probability is no outcome, and not a number is nothing at all."""
    with pytest.raises(ValueError, match="must be true or false"):
        CHANCE.canonical(value)


def test_not_a_number_is_refused() -> None:
    """Python reads NaN from JSON; it equals nothing and lies in no range."""
    with pytest.raises(ValueError, match="must be within"):
        MINUTES.canonical(math.nan)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (MINUTES, "181"),
        (MINUTES, "nan"),
        (MINUTES, "soon"),
        (CHANCE, "0.5"),
        (CHANCE, "true"),
        (SPENT, "-21"),
        (SPENT, "nan"),
        (SPENT, "1e999"),
        (SPENT, "none"),
    ],
)
def test_a_missing_number_must_be_one_that_could_come(words: Vocabulary, text: str) -> None:
    """A missingValue outside the range would be a loss that no outcome has."""
    assert not words.holds(text)

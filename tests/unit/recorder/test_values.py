"""Outcome values and their canonical text."""

import pytest

from shadowlift.api.spec import PredictionType
from shadowlift.recorder.values import canonical, is_canonical

S, B, N = PredictionType.STRING, PredictionType.BOOLEAN, PredictionType.INTEGER


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
    assert canonical(value, declared) == text
    assert is_canonical(text, declared)


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
        canonical(value, declared)


@pytest.mark.parametrize(
    ("text", "declared"), [("True", B), ("", N), ("-", N), ("007", N), ("-0", N), ("1.0", N), ("+1", N), ("\u0661", N)]
)
def test_text_that_no_value_has(text: str, declared: PredictionType) -> None:
    """A missingValue that no outcome could ever equal is a mistake."""
    assert not is_canonical(text, declared)

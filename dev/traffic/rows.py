"""The cases that are asked: read by `driver` from a file of JSON lines into rows with a request body and the truth."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Scalar = str | bool | int | float
Truth = Scalar | dict[str, Scalar] | None
"""One value, or several by name of which the outcome sender sends one; None: the outcome never comes."""


@dataclass(frozen=True)
class Row:
    """One case: what a client sends and what will turn out to be true."""

    body: bytes
    truth: Truth


def parse(text: str) -> Sequence[Row]:
    """Rows of JSON lines `{"features": {...}, "truth": "malignant"}`; the features are the request body.

    A truth is text, a number or a boolean, or an object of these by name, or null where it will never be known.

    Raises:
        ValueError: naming the first line that is no such object, or saying that there is none at all.
    """
    rows = [_row(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows:
        raise ValueError("the file of rows is empty: it needs one JSON object per line")
    return rows


def load(path: Path) -> Sequence[Row]:
    """The rows of a file; raises as `parse`."""
    return parse(path.read_text())


def _row(number: int, line: str) -> Row:
    try:
        case: Any = json.loads(line)
        features, truth = case["features"], case["truth"]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f'line {number}: needs a JSON object with "features" and "truth" ({error})') from error
    if not isinstance(features, dict):
        raise ValueError(f'line {number}: "features" must be an object')  # noqa: TRY004 - one error for bad files
    named = list(truth.values()) if isinstance(truth, dict) else [truth] if truth is not None else []
    if truth == {} or not all(isinstance(value, Scalar) for value in named):
        raise ValueError(f'line {number}: "truth" must be one value, an object of named values, or null')
    return Row(json.dumps(features, separators=(",", ":")).encode(), truth)

"""Cases of either kind, pairs or arms. Called by whoever stores them and reaches their verdicts again."""

from collections.abc import Mapping
from typing import Any

from shadowlift.stats import arm_verdict, verdict
from shadowlift.stats.arm_verdict import ArmCase
from shadowlift.stats.verdict import Case, Ruling

AnyCase = Case | ArmCase


def from_json(data: Mapping[str, Any]) -> AnyCase:
    """The inverse of `to_json` of either kind.

    Raises:
        ValueError: a field is missing, unknown or out of its range.
    """
    kind = data.get("kind", "")
    if not isinstance(kind, str):
        raise ValueError(f"kind must be one of those that are stored, got {kind!r}")  # noqa: TRY004 stored data is bad by value
    return ArmCase.from_json(data) if kind.startswith("Arm") else Case.from_json(data)


def rule(case: AnyCase) -> Ruling:
    """The verdict of one look."""
    return arm_verdict.rule(case) if isinstance(case, ArmCase) else verdict.rule(case)

"""Does an object still say what we want of it? Spares the API server an apply that would change nothing.

Used by `apply`. Compares only what the manifest names: defaults and other managers' fields are not ours.
"""

from fractions import Fraction
from typing import Any

from shadowlift.api.quantities import amount


def differs(wanted: Any, actual: Any) -> bool:
    """True if applying `wanted` would change `actual`."""
    if isinstance(wanted, dict):
        return not isinstance(actual, dict) or any(
            differs(value, actual.get(key)) for key, value in wanted.items() if value not in ({}, [], None)
        )
    if isinstance(wanted, list):
        if not isinstance(actual, list) or len(wanted) != len(actual):
            return True
        return any(differs(w, a) for w, a in zip(wanted, actual, strict=True))
    if wanted in ("", None) and actual is None:
        return False
    return bool(wanted != actual and not _same_quantity(wanted, actual))


def _same_quantity(wanted: Any, actual: Any) -> bool:
    """The API server rewrites quantities: 1000m comes back as 1."""
    one, other = _amount(wanted), _amount(actual)
    return one is not None and one == other


def _amount(value: Any) -> Fraction | None:
    try:
        return amount(str(value))
    except ValueError:
        return None

"""Does an object still say what we want of it? Spares the API server an apply that would change nothing.

Used by `apply`. Compares only what the manifest names: defaults and other managers' fields are not ours.
"""

import re
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_SCALES = {  # exact: as floats, 0.7 is not 700m
    "": Fraction(1), "m": Fraction(1, 1000), "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40),
}  # fmt: skip


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
    found = _QUANTITY.fullmatch(str(value))
    return Fraction(found[1]) * _SCALES[found[2] or ""] if found else None

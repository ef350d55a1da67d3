"""Does an object still say what we want of it? Spares the API server an apply that would change nothing.

Used by `apply`. Compares only what the manifest names: defaults and other managers' fields are not ours.
"""

from typing import Any

_SCALES = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
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


def _amount(value: Any) -> float | None:
    text = str(value)
    number = text.rstrip("KMGTkim")
    scale = _SCALES.get(text[len(number) :])
    try:
        return float(number) * scale if scale is not None else None
    except ValueError:
        return None

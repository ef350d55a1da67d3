"""Durations, decimals and percentages as people write them in YAML, and what they mean in numbers.

Called by `spec` when a resource is read; turns text into seconds, floats and millionths, or an `InvalidInput` naming the field.
"""

import re
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, Field

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_SUFFIXES = {"": Fraction(1), "m": Fraction(1, 1000)}
_SUFFIXES |= {name: Fraction(1000 ** (power + 1)) for power, name in enumerate("kMGT")}
_SUFFIXES |= {f"{name}i": Fraction(1024 ** (power + 1)) for power, name in enumerate("KMGT")}
QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
DURATION_PATTERN = r"^([0-9]+(ms|s|m|h|d))+$"
DECIMAL_PATTERN = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$"
SIGNED_DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$"
PERCENT_PATTERN = r"^(100|[0-9]{1,2})(\.[0-9]{1,4})?%$"
WEIGHT_PATTERN = r"^(100|[0-9]{1,2})(\.[0-9])?%$"


def seconds(text: str) -> float:
    """Length of a duration such as `1h30m`, in seconds.

    Raises:
        ValueError: the text is not a chain of whole numbers with a unit of ms, s, m, h or d.
    """
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration such as 500ms, 30s, 24h or 7d")
    return sum(int(n) * _UNITS[unit] for n, unit in _PART.findall(text))


def written(length: float) -> str:
    """A length in seconds as a person would write it, e.g. 90d."""
    for unit, size in sorted(_UNITS.items(), key=lambda item: -item[1]):
        if length >= size and (length / size).is_integer():
            return f"{length / size:.0f}{unit}"
    return f"{length:g}s"


def amount(text: str) -> Fraction:
    """A quantity as Kubernetes writes it, e.g. 500m (0.5) or 1Gi (2**30); exact, so that 0.7 is 700m.

    Raises:
        ValueError: the text is not a number with at most one of the suffixes m, k, M, G, T, Ki, Mi, Gi, Ti.
    """
    found = re.fullmatch(QUANTITY_PATTERN, text)
    if found is None:
        raise ValueError(f"{text!r} is not a quantity such as 500m, 2 or 1Gi")
    suffix = found.group(2) or ""
    return Fraction(text.removesuffix(suffix)) * _SUFFIXES[suffix]


def millionths(percent: str) -> int:
    """A percentage such as `12.5%` as parts per million.

    Raises:
        ValueError: the text is not a percentage from 0% to 100%.
    """
    if not re.fullmatch(PERCENT_PATTERN, percent):
        raise ValueError(f"{percent!r} is not a percentage such as 5% or 100%")
    value = round(float(percent[:-1]) * 10_000)
    if value > 1_000_000:
        raise ValueError(f"{percent!r} is more than 100%")
    return value


def _checked_duration(text: str) -> str:
    seconds(text)
    return text


def _checked_percent(text: str) -> str:
    millionths(text)
    return text


Duration = Annotated[str, Field(pattern=DURATION_PATTERN, max_length=20), AfterValidator(_checked_duration)]
Decimal = Annotated[str, Field(pattern=DECIMAL_PATTERN, max_length=20)]
SignedDecimal = Annotated[str, Field(pattern=SIGNED_DECIMAL_PATTERN, max_length=20)]
Percent = Annotated[str, Field(pattern=PERCENT_PATTERN, max_length=9), AfterValidator(_checked_percent)]
Weight = Annotated[
    str, Field(pattern=WEIGHT_PATTERN, max_length=6), AfterValidator(_checked_percent)
]  # tenths of a percent

"""`triage_flaky` reads every case through this: the regression on measurements packed into 16 bits, and its bug.

The bug is kept on purpose. Whoever wrote it had seen no nucleus of 2,048 square micrometres; a few tumours have them.
"""

from array import array
from dataclasses import dataclass
from types import SimpleNamespace

from triage.features import FEATURES
from triage.linear import LinearModel


def _per_unit(name: str) -> int:
    if "area" in name:
        return 32
    return 256 if any(length in name for length in ("radius", "perimeter", "texture")) else 32768


PER_UNIT = {name: _per_unit(name) for name in FEATURES}
"""Steps per unit: as fine as 16 bits are thought to allow. Powers of two, so that unpacking rounds nothing."""


def packed(case: object) -> "array[int]":
    """The measurements, in the order of FEATURES, as whole numbers of 16 bits.

    Raises:
        OverflowError: a measurement is too big for that, as the areas of the biggest nuclei are.
    """
    return array("H", (round(getattr(case, name) * steps) for name, steps in PER_UNIT.items()))


def unpacked(numbers: "array[int]") -> SimpleNamespace:
    """The measurements again, each off by half a step at most."""
    return SimpleNamespace(
        **{name: number / steps for number, (name, steps) in zip(numbers, PER_UNIT.items(), strict=True)}
    )


@dataclass(frozen=True)
class PackedModel:
    """The linear model, asked about what is left of a case after packing."""

    model: LinearModel

    def probability(self, case: object) -> float:
        """Probability of malignancy, 0 to 1.

        Raises:
            OverflowError: the case does not fit into its 16 bits.
        """
        return self.model.probability(unpacked(packed(case)))

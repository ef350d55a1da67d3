"""The bets of a test: a fixed grid of fractions, chosen before the data and never changed.

Called when a trial is set up; turns the effect that is worth waiting for into `Bets`. Every objective bets with the same grid.

The bets must not look at the data they are used on. A bettor that adapts is valid only for the null "no lift at any instant": with a
lift that swings between day and night it promotes although the average lift is never above 0 (Weak null). A constant fraction is valid
for the average so far, whatever the drift.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

GRID_SIZE = 16
"""Enough that being wrong about the effect by 4x costs about half again the sample; more bets gain nothing measurable."""

GRID_SPAN = 16.0
"""The grid reaches this factor below and above the bet that is best for the target effect; effects below 1/32 of the target are
never proven."""

SPREAD = math.log(2)
"""Standard deviation, in log fraction, of the half of the weight that believes in the target effect."""

LARGEST_STAKE = 0.9
"""Part of the wealth that the largest bet can lose on one observation; at 1 a single loss would ruin it for ever."""

UNTARGETED_SPAN = 2.0**11
"""Without a target effect the grid reaches from the largest bet down by this factor, evenly weighted."""

_WEIGHT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Bets:
    """Fractions of the wealth to stake, and the share of the starting wealth behind each.

    Store it with the test (`to_json`): computing it again on another machine may differ in the last bit.

    Attributes:
        fractions: ascending, > 0, per unit of the pseudo-observation (effect minus reference).
        weights: > 0, one for each fraction, summing to 1.

    Raises:
        ValueError: the two do not describe a mixture; the message names the field.
    """

    fractions: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no mixture."""
        for name, values in (("fractions", self.fractions), ("weights", self.weights)):
            if not isinstance(values, tuple) or not values:
                raise ValueError(f"{name} must be a tuple with at least one number, got {values!r}")
            for value in values:
                if not isinstance(value, float) or not math.isfinite(value) or value <= 0:
                    raise ValueError(f"{name} must be finite floats above 0, got {value!r}")
        if len(self.fractions) != len(self.weights):
            raise ValueError(f"weights must be as many as fractions ({len(self.fractions)}), got {len(self.weights)}")
        if any(low >= high for low, high in zip(self.fractions, self.fractions[1:], strict=False)):
            raise ValueError(f"fractions must ascend, got {self.fractions}")
        if abs(math.fsum(self.weights) - 1) > _WEIGHT_TOLERANCE:
            raise ValueError(f"weights must sum to 1, got {math.fsum(self.weights)!r}")

    @cached_property
    def log_weights(self) -> tuple[float, ...]:
        """Natural logarithms of the weights."""
        return tuple(math.log(weight) for weight in self.weights)

    def to_json(self) -> dict[str, list[str]]:
        """Plain data for a JSON encoder; shortest exact decimals as strings, so that no JSON codec on the way can round them."""
        return {
            "fractions": [repr(value) for value in self.fractions],
            "weights": [repr(value) for value in self.weights],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`, bit for bit.

        Raises:
            ValueError: a field is missing, unknown, or does not describe a mixture.
        """
        if set(data) != {"fractions", "weights"}:
            raise ValueError(f"bets need exactly fractions and weights, got {sorted(data)}")
        return cls(_floats("fractions", data["fractions"]), _floats("weights", data["weights"]))


def log_grid(target_effect: float | None, second_moment: float | None, largest_loss: float) -> Bets:
    """The grid of bets for effects around a target.

    The best constant bet on a small effect m of observations with second moment s is about m / s (Betting, section on GRO/Kelly bets).
    The grid is geometric around it; half of the weight is lognormal around it, half is even, so that a wrong target costs speed only.

    Args:
        target_effect: mean of the pseudo-observation that is worth waiting for, >= 0. 0 or None: no target, a wide even grid,
            which needs about a third more observations than a right target.
        second_moment: mean square of the pseudo-observation, > 0 (for pairs: close to the rate of disagreement). None: as no target.
        largest_loss: the pseudo-observation is never below minus this, > 0.

    Raises:
        ValueError: an argument is out of its range; the message names it.
    """
    if target_effect is not None and not (math.isfinite(target_effect) and target_effect >= 0):
        raise ValueError(f"target_effect must be finite and >= 0 (0 or None for no target), got {target_effect!r}")
    if second_moment is not None and not (math.isfinite(second_moment) and second_moment > 0):
        raise ValueError(f"second_moment must be finite and > 0 (None if unknown), got {second_moment!r}")
    if not (math.isfinite(largest_loss) and largest_loss > 0):
        raise ValueError(f"largest_loss must be finite and > 0, got {largest_loss!r}")
    largest = LARGEST_STAKE / largest_loss
    if not target_effect or second_moment is None:
        return Bets(_geometric(largest / UNTARGETED_SPAN, largest), (1 / GRID_SIZE,) * GRID_SIZE)
    return around(min(target_effect / second_moment, largest), largest)


def around(best: float, largest: float) -> Bets:
    """The grid around the best bet, up to `GRID_SPAN` times it or to the largest allowed one; 0 < best <= largest."""
    fractions = _geometric(best / GRID_SPAN, min(best * GRID_SPAN, largest))
    belief = [math.exp(-0.5 * (math.log(fraction / best) / SPREAD) ** 2) for fraction in fractions]
    total = math.fsum(belief)
    return Bets(fractions, tuple(0.5 * value / total + 0.5 / GRID_SIZE for value in belief))


def _geometric(lowest: float, highest: float) -> tuple[float, ...]:
    step = math.log(highest / lowest) / (GRID_SIZE - 1)
    # The last value is given, not computed: one rounding above it would let a bet lose more than it has.
    return (*(lowest * math.exp(index * step) for index in range(GRID_SIZE - 1)), highest)


def _floats(name: str, values: Any) -> tuple[float, ...]:
    if not isinstance(values, (list, tuple)):  # a text is a sequence of characters, which could pass for numbers
        raise ValueError(f"{name} must be a list of numbers, got {values!r}")  # noqa: TRY004 stored data is bad by value
    return tuple(number(name, value) for value in values)


def number(name: str, value: Any) -> float:
    """A stored number, exactly as it was written.

    Raises:
        ValueError: it is none; the message names the field.
    """
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number, got {value!r}") from error

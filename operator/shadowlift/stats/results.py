"""What one unit of an arm came to: Y in [0, 1], larger is better.

Called by the ledger when a unit closes. Right or wrong is 1 or 0; a loss counts as what is left of the largest one, so that Y's mean
is 1 less the mean loss as a part of that; a reward as a part of its declared cap.
"""

import math
from dataclasses import dataclass

from shadowlift.stats.losses import Loss


def of_loss(loss: Loss, prediction: float, outcome: float) -> float:
    """Y of a prediction that the loss admits, when the outcome is known."""
    # The difference to a prediction that was not made, whose loss is the largest: largest loss less this one's.
    return min(1.0, max(0.0, -loss.difference(prediction, None, outcome)))


@dataclass(frozen=True, slots=True)
class Reward:
    """A value that a unit brought, in the outcome's units. What is above the cap counts as the cap, which was declared beforehand.

    Raises:
        ValueError: the range is empty or not finite.
    """

    minimum: float
    cap: float

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        if not (math.isfinite(self.minimum) and math.isfinite(self.cap - self.minimum) and self.minimum < self.cap):
            raise ValueError(f"minimum must be below cap, both finite; got {self.minimum!r} and {self.cap!r}")

    def admits(self, value: float) -> bool:
        """Whether an outcome may have this value; NaN and the infinities may not."""
        return self.minimum <= value < math.inf

    def of(self, value: float) -> float:
        """Y of an outcome."""
        return (min(value, self.cap) - self.minimum) / (self.cap - self.minimum)

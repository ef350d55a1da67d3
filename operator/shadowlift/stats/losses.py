"""How wrong a numeric prediction was, and what is known of that before the outcome comes.

Called by the ledger when a unit closes; turns two predictions and an outcome into D, how much smaller the candidate's loss was as a
part of the largest possible loss, in [-1, 1]. Without an outcome D is unknown, but never outside `bounds`: those are what a missing
outcome counts as, and they are far narrower than [-1, 1] where the two predictions are close.

A prediction of None is one that was not made: crashed, late, unreadable or outside the range. Its loss is the largest there is.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AbsoluteError:
    """Distance between prediction and outcome; both are numbers in [minimum, maximum], in the outcome's units.

    Raises:
        ValueError: the range is empty or not finite.
    """

    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        if not (math.isfinite(self.minimum) and math.isfinite(self.largest) and self.minimum < self.maximum):
            raise ValueError(f"minimum must be below maximum, both finite; got {self.minimum!r} and {self.maximum!r}")

    @property
    def largest(self) -> float:
        """The largest possible loss: what D and every lift is a part of, in the outcome's units."""
        return self.maximum - self.minimum

    def admits(self, value: float) -> bool:
        """Whether a prediction or an outcome may have this value; NaN may not."""
        return self.minimum <= value <= self.maximum

    def difference(self, current: float, candidate: float | None, outcome: float) -> float:
        """D, when the outcome is known."""
        return _of_range(abs(current - outcome) - self._loss(candidate, outcome), self.largest)

    def bounds(self, current: float, candidate: float | None) -> tuple[float, float]:
        """The smallest and the largest D that any outcome could give.

        |current - y| - |candidate - y| is between minus and plus |current - candidate| (triangle inequality), and the outcomes
        y = current and y = candidate reach both ends. Without a candidate only the loss of current varies.
        """
        if candidate is None:
            farthest = max(current - self.minimum, self.maximum - current)
            return -1.0, _of_range(farthest - self.largest, self.largest)
        apart = _of_range(abs(current - candidate), self.largest)
        return -apart, apart

    def _loss(self, prediction: float | None, outcome: float) -> float:
        return self.largest if prediction is None else abs(prediction - outcome)


@dataclass(frozen=True, slots=True)
class Brier:
    """Squared distance between a probability and what happened, 1 or 0 (G. W. Brier 1950, Monthly Weather Review 78)."""

    @property
    def minimum(self) -> float:
        """The smallest prediction and outcome."""
        return 0.0

    @property
    def largest(self) -> float:
        """The largest possible loss."""
        return 1.0

    def admits(self, value: float) -> bool:
        """Whether a prediction may have this value; an outcome must also be 0 or 1."""
        return 0 <= value <= 1

    def difference(self, current: float, candidate: float | None, outcome: float) -> float:
        """D, when the outcome (0 or 1) is known."""
        loss = 1.0 if candidate is None else (candidate - outcome) ** 2
        return (current - outcome) ** 2 - loss

    def bounds(self, current: float, candidate: float | None) -> tuple[float, float]:
        """The smallest and the largest D that any outcome could give."""
        either = (self.difference(current, candidate, 0.0), self.difference(current, candidate, 1.0))
        return min(either), max(either)


Loss = AbsoluteError | Brier


def _of_range(distance: float, largest: float) -> float:
    """A difference of distances within a range is at most that range; rounding must not carry it outside."""
    return max(-1.0, min(1.0, distance / largest))

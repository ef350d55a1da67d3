"""How pairs come out, imagined: who is right, or by how much the two losses differ, with a true lift that is known.

Called by `plan`, `power` and `simulate`, which need to know how far the two predictions are apart before any pair was seen. Chance comes in
as an argument: a callable whose numbers are in [0, 1), each as probable as another.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from shadowlift.stats.counts import Differences, PairedCounts
from shadowlift.stats.scales import SIGNED

Chance = Callable[[], float]


@dataclass(frozen=True, slots=True)
class RightOrWrong:
    """Pairs of which this share disagrees, in (0, 1]: one is right and the other wrong.

    Raises:
        ValueError: the share is out of its range.
    """

    disagreement: float

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if not 0 < self.disagreement <= 1:
            raise ValueError(f"disagreement must be above 0 and at most 1, got {self.disagreement!r}")

    @property
    def second_moment(self) -> float:
        """Mean of D squared."""
        return self.disagreement

    @property
    def size(self) -> float:
        """How large |D| is where it is not 0."""
        return 1.0

    def admits(self, lift: float) -> bool:
        """Whether so few disagreements can make such a lift."""
        return abs(lift) <= self.disagreement

    def counts(self, lift: float, looks: Iterable[int], chance: Chance) -> Iterator[PairedCounts]:
        """What one trial has counted at each look. Only disagreements are drawn, with the gaps between them."""
        win_rate = (self.disagreement + lift) / (2 * self.disagreement)
        gap = 1 / math.log1p(-self.disagreement) if self.disagreement < 1 else 0.0
        wins, disagreed, following = 0, 0, 1 + int(math.log(1 - chance()) * gap)
        for n in looks:
            while following <= n:
                disagreed += 1
                wins += chance() < win_rate
                following += 1 + int(math.log(1 - chance()) * gap)
            yield PairedCounts(wins, disagreed - wins, n - disagreed)


@dataclass(frozen=True, slots=True)
class Losses:
    """Pairs whose D is spread evenly around the lift, with this mean square, and is counted on the scale of `Differences`.

    Real differences have a higher peak and longer tails; with the same two moments that changes the time to a verdict little. Counting on
    the scale keeps the mean and widens the spread a little (`scales`), here as in a real trial.

    Raises:
        ValueError: the mean square is not in (0, 1/3], beyond which an even spread leaves [-1, 1].
    """

    second_moment: float

    def __post_init__(self) -> None:
        """Refuse what cannot be spread evenly."""
        if not (self.second_moment > 0 and self.admits(0.0)):
            raise ValueError(f"second_moment must be above 0 and at most 1/3, got {self.second_moment!r}")

    @property
    def size(self) -> float:
        """How large |D| typically is."""
        return math.sqrt(self.second_moment)

    def admits(self, lift: float) -> bool:
        """Whether D stays inside [-1, 1] and keeps some spread."""
        variance = self.second_moment - lift * lift
        return variance > 0 and abs(lift) + math.sqrt(3 * variance) <= 1

    def counts(self, lift: float, looks: Iterable[int], chance: Chance) -> Iterator[Differences]:
        """What one trial has counted at each look."""
        cumulative = _cumulative(lift, math.sqrt(3 * (self.second_moment - lift * lift)))
        amounts, seen = [0] * len(SIGNED), 0
        for n in looks:
            for _ in range(n - seen):
                amounts[bisect_right(cumulative, chance())] += 1
            seen = n
            yield Differences(tuple(amounts))


Pairs = RightOrWrong | Losses
"""How pairs come out: `second_moment`, `size`, `admits(lift)`, `counts(lift, looks, chance)`."""


def require_lift(name: str, lift: float, pairs: Pairs) -> None:
    """Raise ValueError, naming the field, unless these pairs can have this lift."""
    if not pairs.admits(lift):
        raise ValueError(f"{name} must be one that {pairs} can have, got {lift!r}")


def independent_disagreement(accuracy: float, lift: float) -> float:
    """The rate of disagreement if the two were right independently of each other, the candidate by `lift` more often.

    A careful guess: two models of the same thing are as a rule right on the same units, and so disagree less.

    Raises:
        ValueError: one of the two accuracies would be outside [0, 1]; the message names the field.
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"accuracy must be from 0 to 1, got {accuracy!r}")
    better = accuracy + lift
    if not 0 <= better <= 1:
        raise ValueError(f"accuracy must leave room for a lift of {lift!r} within 0 to 1, got {accuracy!r}")
    return accuracy * (1 - better) + (1 - accuracy) * better


def _cumulative(centre: float, reach: float) -> tuple[float, ...]:
    """P(place <= k) on the scale for D even within `reach` around `centre`, rounded to a neighbour without bias; without the last, 1.

    The chance to be rounded above the k-th point is (G(p_k) - G(p_k+1)) / (p_k+1 - p_k), where G(x) is the mean of D - x where that is
    positive, else 0: rounding is linear between the points, and so is its mean.
    """

    def above(x: float) -> float:
        if x <= centre - reach:
            return centre - x
        return max(0.0, centre + reach - x) ** 2 / (4 * reach)

    return tuple(1 - (above(low) - above(high)) / (high - low) for low, high in pairwise(SIGNED))

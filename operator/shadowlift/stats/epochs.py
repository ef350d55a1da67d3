"""Epochs: stretches of a trial in which every unit had the same chance of being given to the candidate.

Called by whoever counts closed units and by the tests of two arms. Counts of different weights must not be pooled: with a weight that
rises while the outcomes get better for other reasons, the candidate's arm holds more of the later units and looks better than it is
(Simpson's paradox). A unit belongs to the epoch of its first exposure, however late its outcome comes.

An epoch of weight 0 or 1000 has no chance in it and says nothing about the difference of the arms: no test reads it, whatever is
counted there and whatever the reference is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, Protocol, Self, TypeVar

from shadowlift.stats import bets
from shadowlift.stats.counts import require_count

WHOLE = 1000
"""Weights are integer parts of this, so that an epoch's weight is exact and can be compared."""


class Statistic(Protocol):
    """What an epoch can hold: counts by arm."""

    @property
    def n(self) -> int:
        """Number of units or events."""
        ...

    def __add__(self, other: Self, /) -> Self:
        """Both together."""
        ...

    def mirrored(self) -> Self:
        """The same with the arms exchanged."""
        ...

    def went_back(self, before: Self) -> str | None:
        """What is smaller than before; None where nothing is."""
        ...

    def to_json(self) -> Mapping[str, Any]:
        """Plain data for a JSON encoder."""
        ...

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        ...


T_co = TypeVar("T_co", bound=Statistic, covariant=True)


@dataclass(frozen=True, slots=True)
class Epoch(Generic[T_co]):
    """What was counted while weight and baseline were these.

    Attributes:
        number: names the epoch within its trial, >= 0.
        weight: chance of a unit to be given to the candidate, in thousandths, 0 to 1000.
        baseline: the outcome to be expected of a unit, in [0, 1], fixed before the epoch's first unit; read by `arms` only. A wrong
            one costs speed, never validity.
        counts: by arm.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    number: int
    weight: int
    baseline: float
    counts: T_co

    def __post_init__(self) -> None:
        """Refuse what is no epoch."""
        require_count("number", self.number)
        require_count("weight", self.weight)
        if self.weight > WHOLE:
            raise ValueError(f"weight must be at most {WHOLE}, got {self.weight!r}")
        if not (isinstance(self.baseline, float) and 0 <= self.baseline <= 1):
            raise ValueError(f"baseline must be a float in [0, 1], got {self.baseline!r}")

    @property
    def candidate_share(self) -> float:
        """The weight as a probability."""
        return self.weight / WHOLE

    @property
    def current_share(self) -> float:
        """The rest of the weight as a probability; not 1 - candidate_share, which is rounded and would not mirror exactly."""
        return (WHOLE - self.weight) / WHOLE

    @property
    def overlap(self) -> float:
        """Variance of the arm, candidate_share * current_share: how much one unit can say of the difference, in [0, 1/4]."""
        return self.candidate_share * self.current_share

    def __add__(self, other: Self) -> Self:
        """Both together.

        Raises:
            ValueError: they are not of the same number, weight and baseline; the message names what differs.
        """
        if type(other) is not type(self):
            return NotImplemented
        for name in ("number", "weight", "baseline"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise ValueError(f"{name} of epoch {self.number} must be the same in both, got {mine!r} and {theirs!r}")
        return type(self)(self.number, self.weight, self.baseline, self.counts + other.counts)

    def mirrored(self) -> Self:
        """The same with the arms exchanged."""
        return type(self)(self.number, WHOLE - self.weight, self.baseline, self.counts.mirrored())

    def went_back(self, before: Self) -> str | None:
        """What is not as before although it never changes, or smaller than before; None where nothing is."""
        if self.weight != before.weight:
            return "weight"
        if self.baseline != before.baseline:
            return "baseline"
        return self.counts.went_back(before.counts)


@dataclass(frozen=True, slots=True)
class Epochs(Generic[T_co]):
    """All epochs of a trial, by ascending number.

    Raises:
        ValueError: the numbers do not ascend.
    """

    epochs: tuple[Epoch[T_co], ...] = ()

    def __post_init__(self) -> None:
        """Refuse epochs that stand twice or out of order."""
        if not isinstance(self.epochs, tuple):
            raise ValueError(f"epochs must be a tuple, got {self.epochs!r}")  # noqa: TRY004 bad by value, as all stored data
        numbers = [epoch.number for epoch in self.epochs]
        if any(low >= high for low, high in pairwise(numbers)):
            raise ValueError(f"epochs must have ascending numbers, got {numbers}")

    @property
    def n(self) -> int:
        """Number of units or events, in all epochs."""
        return sum(epoch.counts.n for epoch in self.epochs)

    @property
    def telling(self) -> tuple[Epoch[T_co], ...]:
        """The epochs that say something: a chance of both arms, and something counted."""
        return tuple(epoch for epoch in self.epochs if 0 < epoch.weight < WHOLE and epoch.counts.n)

    def __add__(self, other: Self) -> Self:
        """Both together; epochs of the same number become one.

        Raises:
            ValueError: epochs that repeat have another weight or baseline.
        """
        if type(other) is not type(self):
            return NotImplemented
        together = {epoch.number: epoch for epoch in self.epochs}
        for epoch in other.epochs:
            mine = together.get(epoch.number)
            together[epoch.number] = epoch if mine is None else mine + epoch
        return type(self)(tuple(together[number] for number in sorted(together)))

    def mirrored(self) -> Self:
        """The same with the arms exchanged."""
        return type(self)(tuple(epoch.mirrored() for epoch in self.epochs))

    def went_back(self, before: Self) -> str | None:
        """The first epoch, and what of it, that is gone, changed or smaller than before; None where there is none."""
        now = {epoch.number: epoch for epoch in self.epochs}
        for then in before.epochs:
            if then.number not in now:
                return f"epoch {then.number}"
            fewer = now[then.number].went_back(then)
            if fewer is not None:
                return f"epoch {then.number} {fewer}"
        return None

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data for a JSON encoder; the baseline as its shortest exact decimal."""
        return [
            {"number": e.number, "weight": e.weight, "baseline": repr(e.baseline), "counts": e.counts.to_json()}
            for e in self.epochs
        ]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]], kind: type[T_co]) -> Self:
        """The inverse of `to_json`, bit for bit, for counts of this kind.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        for one in data:
            if set(one) != {"number", "weight", "baseline", "counts"}:
                raise ValueError(f"an epoch needs exactly number, weight, baseline and counts, got {sorted(one)}")
        return cls(
            tuple(
                Epoch(
                    one["number"],
                    one["weight"],
                    bets.number("baseline", one["baseline"]),
                    kind.from_json(one["counts"]),
                )
                for one in data
            )
        )

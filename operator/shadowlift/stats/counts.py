"""The sufficient statistics: what the ledger counts and adds up, and every test reads.

Called by the ledger's reader and by the tests' modules. Integers only, so that merging shards, restarting and replaying are exact and
the order never matters: addition is associative and commutative, and JSON gives back what it was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from shadowlift.stats.scales import SIGNED, UNSIGNED


@dataclass(frozen=True, slots=True)
class Counts:
    """Non-negative integers by name, to be added up: the base of every statistic whose fields are all counts.

    Raises:
        ValueError: a field is not an integer, or is negative; the message names it.
    """

    def __post_init__(self) -> None:
        """Refuse what was not counted."""
        for field in fields(self):
            require_count(field.name, getattr(self, field.name))

    def __add__(self, other: Self) -> Self:
        """Both together."""
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def went_back(self, before: Self) -> str | None:
        """The first field that is smaller than it was before, which no counter ever is; None where none is."""
        names = (field.name for field in fields(self))
        return next((name for name in names if getattr(self, name) < getattr(before, name)), None)

    def to_json(self) -> dict[str, int]:
        """Plain data for a JSON encoder."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            ValueError: a field is missing, unknown or not a non-negative integer.
        """
        names = [field.name for field in fields(cls)]
        if set(data) != set(names):
            raise ValueError(f"{cls.__name__} needs exactly {', '.join(names)}, got {sorted(data)}")
        return cls(**data)


@dataclass(frozen=True, slots=True)
class PairedCounts(Counts):
    """Pairs of predictions for the same unit, by who was right: D = 1{candidate right} - 1{current right}.

    Attributes:
        wins: pairs in which only the candidate was right, D = 1.
        losses: pairs in which only the current process was right, D = -1.
        ties: pairs in which both were right or both were wrong, D = 0.
    """

    points: ClassVar[tuple[float, ...]] = (-1.0, 0.0, 1.0)
    """The values that D can have, ascending; `amounts` says how often each was seen."""

    wins: int = 0
    losses: int = 0
    ties: int = 0

    @property
    def amounts(self) -> tuple[int, ...]:
        """How often each of `points` was seen."""
        return (self.losses, self.ties, self.wins)

    @property
    def n(self) -> int:
        """Number of pairs."""
        return self.wins + self.losses + self.ties

    @property
    def disagreements(self) -> int:
        """Number of pairs that tell the two apart; all others leave a test against 0 where it was."""
        return self.wins + self.losses

    def mirrored(self) -> Self:
        """The same pairs seen from the other side: the current process as if it were the candidate."""
        return type(self)(wins=self.losses, losses=self.wins, ties=self.ties)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often each point of a fixed scale was seen; a value between two points is rounded to one of them without bias (`scales`).

    Attributes:
        amounts: one count for each of `points`.

    Raises:
        ValueError: not one non-negative integer for each point; the message says which.
    """

    points: ClassVar[tuple[float, ...]]

    amounts: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what was not counted on this scale."""
        if not isinstance(self.amounts, tuple) or len(self.amounts) != len(self.points):
            raise ValueError(f"amounts must be a tuple of {len(self.points)} counts, got {self.amounts!r}")
        if set(map(type, self.amounts)) == {int} and min(self.amounts) >= 0:
            return  # names are made for the culprit only: every look makes three of these
        for point, amount in zip(self.points, self.amounts, strict=True):
            require_count(f"amounts at {point:g}", amount)

    @classmethod
    def empty(cls) -> Self:
        """Nothing seen yet."""
        return cls((0,) * len(cls.points))

    @property
    def n(self) -> int:
        """Number of values."""
        return sum(self.amounts)

    def __add__(self, other: Self) -> Self:
        """Both together."""
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(tuple(map(int.__add__, self.amounts, other.amounts)))

    def went_back(self, before: Self) -> str | None:
        """The first point with a smaller count than before, which no counter ever has; None where there is none."""
        each = zip(self.points, self.amounts, before.amounts, strict=True)
        return next((f"amounts at {point:g}" for point, now, then in each if now < then), None)

    def to_json(self) -> dict[str, int]:
        """Plain data for a JSON encoder: the place of each point that was seen -> how often."""
        return {str(place): amount for place, amount in enumerate(self.amounts) if amount}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            ValueError: a place is not on the scale, or a count is not a non-negative integer.
        """
        amounts = [0] * len(cls.points)
        for place, amount in data.items():
            if not place.isdecimal() or str(int(place)) != place or int(place) >= len(amounts):
                raise ValueError(f"places must be numbers from 0 to {len(amounts) - 1}, got {place!r}")
            amounts[int(place)] = amount
        return cls(tuple(amounts))


@dataclass(frozen=True, slots=True)
class Differences(Histogram):
    """Pairs of predictions for the same unit, by how much smaller the candidate's loss was: D in [-1, 1], in ranges of the loss."""

    points: ClassVar[tuple[float, ...]] = SIGNED

    @classmethod
    def ties(cls, n: int) -> Self:
        """So many pairs without a difference."""
        middle = len(cls.points) // 2
        return cls((*(0,) * middle, n, *(0,) * middle))

    def mirrored(self) -> Self:
        """The same pairs seen from the other side."""
        return type(self)(self.amounts[::-1])

    @property
    def disagreements(self) -> int:
        """Number of pairs with a difference; all others leave a test against 0 where it was."""
        return self.n - self.amounts[len(self.amounts) // 2]


@dataclass(frozen=True, slots=True)
class Rewards(Histogram):
    """Units of one arm by what they brought, in [0, 1], in parts of the declared cap."""

    points: ClassVar[tuple[float, ...]] = UNSIGNED


PairedStatistic = PairedCounts | Differences
"""What a paired test reads: `points`, `amounts`, `n`, `disagreements`, `mirrored()`."""


def require_count(name: str, value: object) -> None:
    """Raise ValueError, naming the field, unless the value is a non-negative integer."""
    # bool is an int to Python, and 3.0 would pass a comparison: both hide a mistake of the caller.
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be a non-negative integer, got {value!r}")

"""The sufficient statistics of units that were given to one of two arms, and of one process on its own.

Called by whoever counts closed units and by the tests' modules. As all counts: integers that add up in any order and come back
from JSON as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from shadowlift.stats.counts import Counts, Rewards
from shadowlift.stats.scales import UNSIGNED


@dataclass(frozen=True, slots=True)
class ArmCounts(Counts):
    """Units by arm, each with one final outcome that is a success or not; Y is 1 or 0.

    Raises:
        ValueError: as `Counts`, or an arm has more successes than units; the message names the field.
    """

    points: ClassVar[tuple[float, ...]] = (0.0, 1.0)
    """The values that Y can have, ascending."""

    candidate_units: int = 0
    candidate_successes: int = 0
    current_units: int = 0
    current_successes: int = 0

    def __post_init__(self) -> None:
        """Refuse what was not counted."""
        Counts.__post_init__(self)  # super() is lost where slots make a second class of this one
        for arm in ("candidate", "current"):
            units, successes = getattr(self, f"{arm}_units"), getattr(self, f"{arm}_successes")
            if successes > units:
                raise ValueError(f"{arm}_successes must be at most {arm}_units ({units}), got {successes}")

    @property
    def candidate_amounts(self) -> tuple[int, ...]:
        """How often each of `points` was seen on the candidate's arm."""
        return (self.candidate_units - self.candidate_successes, self.candidate_successes)

    @property
    def current_amounts(self) -> tuple[int, ...]:
        """How often each of `points` was seen on the arm of the current process."""
        return (self.current_units - self.current_successes, self.current_successes)

    @property
    def n(self) -> int:
        """Number of units."""
        return self.candidate_units + self.current_units

    def mirrored(self) -> Self:
        """The same units with the arms exchanged."""
        return type(self)(self.current_units, self.current_successes, self.candidate_units, self.candidate_successes)

    def went_back(self, before: Self) -> str | None:
        """As `Counts.went_back`; units without success are counters too, which two fields hide between them."""
        fewer = Counts.went_back(self, before)
        if fewer is None and self.candidate_amounts[0] < before.candidate_amounts[0]:
            return "candidate_units less candidate_successes"
        if fewer is None and self.current_amounts[0] < before.current_amounts[0]:
            return "current_units less current_successes"
        return fewer


@dataclass(frozen=True, slots=True)
class ArmRewards:
    """Units by arm and by what they brought; Y is a part of the declared cap.

    Raises:
        ValueError: an arm is not counted on the scale of `Rewards`; the message names it.
    """

    points: ClassVar[tuple[float, ...]] = UNSIGNED
    """The values that Y can have, ascending."""

    candidate: Rewards
    current: Rewards

    def __post_init__(self) -> None:
        """Refuse what was not counted on this scale."""
        for name in ("candidate", "current"):
            if type(getattr(self, name)) is not Rewards:
                raise ValueError(f"{name} must be Rewards, got {getattr(self, name)!r}")

    @classmethod
    def empty(cls) -> Self:
        """Nothing seen yet."""
        return cls(Rewards.empty(), Rewards.empty())

    @property
    def candidate_amounts(self) -> tuple[int, ...]:
        """How often each of `points` was seen on the candidate's arm."""
        return self.candidate.amounts

    @property
    def current_amounts(self) -> tuple[int, ...]:
        """How often each of `points` was seen on the arm of the current process."""
        return self.current.amounts

    @property
    def n(self) -> int:
        """Number of units."""
        return self.candidate.n + self.current.n

    def __add__(self, other: Self) -> Self:
        """Both together."""
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(self.candidate + other.candidate, self.current + other.current)

    def mirrored(self) -> Self:
        """The same units with the arms exchanged."""
        return type(self)(self.current, self.candidate)

    def went_back(self, before: Self) -> str | None:
        """The first arm and point with a smaller count than before, which no counter ever has; None where there is none."""
        arms = (("candidate", self.candidate, before.candidate), ("current", self.current, before.current))
        fewer = ((arm, now.went_back(then)) for arm, now, then in arms)
        return next((f"{arm} {place}" for arm, place in fewer if place is not None), None)

    def to_json(self) -> dict[str, dict[str, int]]:
        """Plain data for a JSON encoder."""
        return {"candidate": self.candidate.to_json(), "current": self.current.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            ValueError: an arm is missing, unknown or not counted on this scale.
        """
        if set(data) != {"candidate", "current"}:
            raise ValueError(f"{cls.__name__} needs exactly candidate, current, got {sorted(data)}")
        return cls(Rewards.from_json(data["candidate"]), Rewards.from_json(data["current"]))


@dataclass(frozen=True, slots=True)
class ByArm(Counts):
    """One number for each arm."""

    candidate: int = 0
    current: int = 0

    @property
    def n(self) -> int:
        """Both arms together."""
        return self.candidate + self.current

    def mirrored(self) -> Self:
        """The same with the arms exchanged."""
        return type(self)(self.current, self.candidate)


@dataclass(frozen=True, slots=True)
class ArmEvents(ByArm):
    """Events by the arm on which they happened, without what they happened to: errors, or answers slower than a threshold."""


@dataclass(frozen=True, slots=True)
class ArmUnits(ByArm):
    """Units by the arm that they were given to."""


@dataclass(frozen=True, slots=True)
class RateCounts(Counts):
    """Units of one process, and how many of them had the event.

    Raises:
        ValueError: as `Counts`, or there are more events than units; the message names the field.
    """

    points: ClassVar[tuple[float, ...]] = (0.0, 1.0)
    """The values that one unit can have, ascending."""

    units: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        """Refuse what was not counted."""
        Counts.__post_init__(self)  # super() is lost where slots make a second class of this one
        if self.events > self.units:
            raise ValueError(f"events must be at most units ({self.units}), got {self.events}")

    @property
    def amounts(self) -> tuple[int, ...]:
        """How often each of `points` was seen."""
        return (self.units - self.events, self.events)

    def mirrored(self) -> Self:
        """The same units, counting those without the event."""
        return type(self)(self.units, self.units - self.events)


ArmStatistic = ArmCounts | ArmRewards
"""What a test of two arms reads: `points`, `candidate_amounts`, `current_amounts`, `n`, `mirrored()`."""

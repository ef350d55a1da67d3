"""Counters of paired outcomes: what the ledger adds up and every paired test reads.

Called by the ledger's reader and by `paired`; turns booked pairs into the sufficient statistic of the paired binary test.
Integers only, so that merging shards, restarting and replaying are exact and the order never matters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Pairs of predictions for the same unit, by who was right.

    Attributes:
        wins: pairs in which only the candidate was right.
        losses: pairs in which only the current process was right.
        ties: pairs in which both were right or both were wrong.

    Raises:
        ValueError: a field is not an integer, or is negative; the message names it.
    """

    wins: int = 0
    losses: int = 0
    ties: int = 0

    def __post_init__(self) -> None:
        """Refuse what was not counted."""
        _require_count("wins", self.wins)
        _require_count("losses", self.losses)
        _require_count("ties", self.ties)

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

    def __add__(self, other: "PairedCounts") -> "PairedCounts":
        """Both sets of pairs together."""
        if not isinstance(other, PairedCounts):
            return NotImplemented
        return PairedCounts(self.wins + other.wins, self.losses + other.losses, self.ties + other.ties)

    def to_json(self) -> dict[str, int]:
        """Plain data for a JSON encoder."""
        return {"wins": self.wins, "losses": self.losses, "ties": self.ties}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            ValueError: a field is missing, unknown or not a non-negative integer.
        """
        if set(data) != {"wins", "losses", "ties"}:
            raise ValueError(f"paired counts need exactly wins, losses and ties, got {sorted(data)}")
        return cls(wins=data["wins"], losses=data["losses"], ties=data["ties"])


def _require_count(name: str, value: object) -> None:
    # bool is an int to Python, and 3.0 would pass a comparison: both hide a mistake of the caller.
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be a non-negative integer, got {value!r}")

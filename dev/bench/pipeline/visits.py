"""Requests as columns: what each process would answer, what would come of that, and how long until it is known.

Drawn by the scenes, told to the recorder by `trial`, and read a second time by the `naive` rules.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shadowlift.api.ledger import RowStatus

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Value = str | float | None

Draw = Callable[[np.random.Generator, int], "Visits"]
"""So many requests, in the order in which they come."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What one process would do with each request.

    Attributes:
        won: whether it came to something: a right answer, a user who converts.
        outcomes: what is posted; None where nothing ever is.
        delays: seconds from the request until then.
        values: its predictions; None where nothing is predicted.
        failed: no answer.
        us: how long it took, in microseconds.
        too_long: an answer that nobody reads.
    """

    won: Flags
    outcomes: Sequence[Value]
    delays: Numbers
    values: Sequence[Value] | None = None
    failed: Flags | None = None
    us: NDArray[np.int64] | None = None
    too_long: Flags | None = None

    def value(self, number: int) -> Any:
        """The prediction of one request."""
        return None if self.values is None or self.status(number) is not RowStatus.OK else self.values[number]

    def status(self, number: int) -> RowStatus:
        """What became of one request."""
        if self.failed is not None and self.failed[number]:
            return RowStatus.FAILED
        return RowStatus.OURS if self.too_long is not None and self.too_long[number] else RowStatus.OK


@dataclass(frozen=True, eq=False)
class Visits:
    """Requests under either process.

    Attributes:
        candidate: what the candidate would do.
        current: what the process in place would do.
        chance: in [0, 1), of the unit: those below the weight are the candidate's.
        users: who sent each request; None: each request is its own unit.
        keyed: outcomes name the user, and not the request.
        lost: told by nobody, if it is the candidate's.
        rivals: what further candidates would do, by name.
    """

    candidate: Answers
    current: Answers
    chance: Numbers
    users: NDArray[np.int64] | None = None
    keyed: bool = False
    lost: Flags | None = None
    rivals: Mapping[str, Answers] = field(default_factory=dict)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        """Count them."""
        object.__setattr__(self, "size", len(self.chance))

    def won(self, given: Flags) -> Flags:
        """What each request came to, where these were the candidate's."""
        return np.where(given, self.candidate.won, self.current.won)

    def delays(self, given: Flags) -> Numbers:
        """Seconds until that is known."""
        return np.where(given, self.candidate.delays, self.current.delays)


def said(right: Flags, truth: Flags) -> list[Value]:
    """Answers of yes and no that are right as told."""
    return ["yes" if one else "no" for one in (right == truth).tolist()]


def yes_or_no(truth: Flags) -> list[Value]:
    """The truth in words."""
    return ["yes" if one else "no" for one in truth.tolist()]

"""Visitors who come back: `load` asks for the next visit, `driver` tells how each ended, and what it was worth is told here.

Each visitor is one user with one case for good; the case's truth says what each answer would be worth. What is served decides
which of them comes true, and only the first answer does: the next visits are a chance to meet another process, no more.
Pure: chance comes in, so that the n-th visit of a seed is always the same user with the same request.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dev.traffic.rows import Row
from dev.traffic.tally import Attempt

SETTLED = 100
"""The latest so many visitors do not come back yet: a second request must not reach a router before the first has ended."""
KEPT_LEAVERS = 200
LOADING = 6.0
"""Seconds after a decision, at most, in which one router may have loaded what another has not."""
FELL_BACK = 0.75
"""Part of the time that a candidate has, after which current has been asked in its place."""


@dataclass(frozen=True)
class Visit:
    """What `load` sends: the case, as whom (None: nobody in particular), and which visit of that user's it is, from 1."""

    row: Row
    user: str | None = None
    number: int | None = None


@dataclass
class Visitor:
    """One user. `seen_at` is the latest visit that was answered, `track` who answered it."""

    user: str
    row: Row
    visits: int = 0
    seen_at: int = 0
    track: str | None = None


@dataclass
class Worth:
    """What those were worth whose first answer came from one track."""

    visitors: int = 0
    buyers: int = 0  # worth more than nothing
    spent: float = 0.0

    def add(self, amount: float) -> None:
        """One more."""
        self.visitors += 1
        self.buyers += amount > 0
        self.spent += amount

    def report(self) -> dict[str, Any]:
        """The figures as JSON data."""
        return {"visitors": self.visitors, "buyers": self.buyers, "spent": round(self.spent, 2)}


def strayed(report: dict[str, Any], decided: Iterable[datetime], answer_within: float) -> list[dict[str, Any]]:
    """Of a report's leavers those who should have stayed.

    A canary keeps its units; nobody has left it who met two routers while they loaded a decision (the times are those of the decisions),
    nor whom current answered because the candidate took too long (`answer_within` in seconds).
    """
    moments = [moment.timestamp() * 1e6 for moment in decided]

    def excused(leaver: dict[str, Any]) -> bool:
        loading = any(moment <= leaver["at"] <= moment + LOADING * 1e6 for moment in moments)
        return loading or leaver["us"] >= FELL_BACK * answer_within * 1e6

    unnamed = [{"unnamed": True}] * (report["left"] - len(report["leavers"]))
    return [leaver for leaver in report["leavers"] if not excused(leaver)] + unnamed


@dataclass
class Visitors:
    """All who came since the last `forget`, in the order in which they came first."""

    rows: Sequence[Row]
    chance: random.Random
    returning: float  # share of the visits that are those of earlier visitors, below 1
    settled: int = SETTLED
    came_back: int = 0
    lost: int = 0
    _ever: int = 0
    _here: list[Visitor] = field(default_factory=list)
    _by_user: dict[str, Visitor] = field(default_factory=dict)
    _joined: set[str] = field(default_factory=set)
    _left: set[str] = field(default_factory=set)
    _leavers: list[dict[str, Any]] = field(default_factory=list)
    _worth: dict[str, Worth] = field(default_factory=dict)

    def next(self) -> Visit:
        """Who comes next: somebody new, or one of those who came long enough ago."""
        known = len(self._here) - self.settled
        comes_back = self.chance.random() < self.returning and known > 0
        visitor = self._here[self.chance.randrange(known)] if comes_back else self._newcomer()
        self.came_back += comes_back
        visitor.visits += 1
        return Visit(visitor.row, visitor.user, visitor.visits)

    def _newcomer(self) -> Visitor:
        self._ever += 1
        visitor = Visitor(f"u-{self._ever:06}", self.chance.choice(self.rows))
        self._here.append(visitor)
        self._by_user[visitor.user] = visitor
        return visitor

    def ended(self, attempt: Attempt) -> Attempt:
        """The attempt with its truth as it turned out: an amount for a good first answer, None for every other visit.

        A user whose first request failed has seen nothing and buys nothing. An answer of which the case does not say what
        it is worth is a failure: `unforeseen`.
        """
        worth = attempt.truth if isinstance(attempt.truth, dict) else {}
        if attempt.error is None and attempt.value not in worth:
            told = f"nothing says what the answer {attempt.value} is worth"
            attempt = replace(attempt, error="unforeseen", detail=told)
        visitor = self._by_user.get(str(attempt.user))  # None: came before `forget`, and is counted no more
        is_first = attempt.visit == 1
        if attempt.error is not None:
            self.lost += is_first and visitor is not None
            return replace(attempt, truth=None)
        amount = float(worth[str(attempt.value)])
        if visitor:
            self._note(visitor, attempt)
        if visitor and is_first:
            self._worth.setdefault(str(attempt.track), Worth()).add(amount)
        return replace(attempt, truth=amount if is_first else None)

    def _note(self, visitor: Visitor, attempt: Attempt) -> None:
        """Whether another process served this visit than the one before; the late end of an older visit says nothing."""
        if attempt.visit is None or attempt.visit <= visitor.seen_at:
            return
        if (visitor.track, attempt.track) == ("current", "candidate"):
            self._joined.add(visitor.user)
        if (visitor.track, attempt.track) == ("candidate", "current"):
            self._left.add(visitor.user)
            if len(self._leavers) < KEPT_LEAVERS:
                told = {"user": visitor.user, "visit": attempt.visit, "id": attempt.id}
                self._leavers.append({"at": attempt.at, "us": attempt.us, "n": attempt.n, **told})
        visitor.seen_at, visitor.track = attempt.visit, attempt.track

    def forget(self) -> None:
        """Nobody seen so far comes back, and all counts begin anew: for a new trial, which knows none of them either."""
        self.came_back = self.lost = 0
        for kept in (self._here, self._by_user, self._joined, self._left, self._leavers, self._worth):
            kept.clear()

    def report(self) -> dict[str, Any]:
        """The figures as JSON data; `joined` and `left` are users who went to the candidate, and back to current."""
        return {
            "came": len(self._here),
            "cameBack": self.came_back,
            "lost": self.lost,
            "joined": len(self._joined),
            "left": len(self._left),
            "leavers": self._leavers,
            "first": {track: worth.report() for track, worth in self._worth.items()},
        }


def visitors(rows: Sequence[Row], chance: random.Random, returning: float) -> Visitors:
    """Visitors with these cases.

    Raises:
        ValueError: the share is not one, or a case does not say in numbers what each answer is worth.
    """
    if not 0 <= returning < 1:
        raise ValueError("--returning: must be from 0 to below 1")
    for number, row in enumerate(rows, 1):
        if not isinstance(row.truth, dict) or not all(_is_amount(worth) for worth in row.truth.values()):
            raise ValueError(f"--returning: the truth of row {number} must be an object, answer to amount")
    return Visitors(rows, chance, returning)


def _is_amount(worth: object) -> bool:
    return isinstance(worth, int | float) and not isinstance(worth, bool)

"""Before a trial: what the whole rule does, seen in many imagined trials whose true lift is known.

Called by whoever plans a paired trial; turns a frozen test, a way in which pairs come out and a course of looks into `End`s, and those into
`Characteristics`: how often the rule promotes, rejects and lets the deadline pass, and after how many pairs. Every look asks
`verdict.conclude`, the rule itself. Chance comes in as an argument: a callable whose numbers are in [0, 1), each as probable as another.

    ends = list(trials(setting, 0.02, 1000, chance))    # or one by one, to show how far it is
    Characteristics.of(0.02, ends).promoted
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from statistics import NormalDist, fmean
from typing import Self

from shadowlift.stats.combination import at_cycle_end
from shadowlift.stats.counts import Differences, PairedCounts, PairedStatistic
from shadowlift.stats.pairs import Chance, Pairs, RightOrWrong, require_lift
from shadowlift.stats.terms import PairedTest
from shadowlift.stats.verdict import Case, Reason, Verdict, conclude

CONFIDENCE = 0.95
"""Of the half-width that is stated with each share."""

_REMEMBERED = 1 << 16
"""Counts of right and wrong whose verdict is kept: early looks of different trials often meet the same."""


@dataclass(frozen=True, slots=True)
class Course:
    """When a trial is looked at, in pairs counted.

    Attributes:
        last: the deadline, >= 1; the last look, and the only one of the exact test.
        every: pairs from look to look, >= 1.
        cycle: promotion and futility wait for the first look after each whole number of cycles of so many pairs; None: it never waits.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    last: int
    every: int
    cycle: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no course."""
        for name in ("last", "every", "cycle"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value!r}")

    @property
    def looks(self) -> Iterator[int]:
        """Pairs counted at each look, ascending; anew each time, as there may be millions of which a trial takes the first."""
        return chain(range(self.every, self.last, self.every), (self.last,))

    def ends_a_cycle(self, n: int) -> bool:
        """Whether what waits for whole cycles may be acted upon at this look."""
        return self.cycle is None or self.cycle <= self.every or at_cycle_end(n, self.cycle, self.every)


@dataclass(frozen=True, slots=True)
class Setting:
    """One trial as it would be run.

    Raises:
        ValueError: the test keeps an exact look for losses, which have none.
    """

    test: PairedTest
    pairs: Pairs
    course: Course

    def __post_init__(self) -> None:
        """Refuse what `verdict` would refuse at the first look."""
        nothing = PairedCounts() if isinstance(self.pairs, RightOrWrong) else Differences.empty()
        Case(self.test, nothing, nothing)

    @property
    def lifts(self) -> list[float]:
        """True lifts worth trying, ascending: minus the target, none, half of it, it, and twice it; those that these pairs can have."""
        target = self.test.target_lift
        return [lift for lift in (-target, 0.0, target / 2, target, 2 * target) if self.pairs.admits(lift)]


@dataclass(frozen=True, slots=True)
class End:
    """How one trial ended, after how many counted pairs; a reason of Hold: the deadline came first."""

    reason: Reason
    pairs: int


def trials(setting: Setting, lift: float, replications: int, chance: Chance) -> Iterator[End]:
    """Independent trials with this true lift, one after the other.

    Raises:
        ValueError: these pairs cannot have this lift, or there is nothing to do; the message names the field.
    """
    require_lift("lift", lift, setting.pairs)
    if replications < 1:
        raise ValueError(f"replications must be at least 1, got {replications!r}")

    def ruled(counts: PairedStatistic, *, last: bool) -> Reason:
        return conclude(Case(setting.test, counts, counts, last))

    remembers = isinstance(setting.pairs, RightOrWrong)  # histograms never come twice
    rule = lru_cache(_REMEMBERED)(ruled) if remembers else ruled
    for _ in range(replications):
        counts = setting.pairs.counts(lift, setting.course.looks, chance)
        yield _one(setting, zip(setting.course.looks, counts, strict=True), rule)


def _one(setting: Setting, seen: Iterator[tuple[int, PairedStatistic]], rule: Callable[..., Reason]) -> End:
    last = setting.course.last
    for n, counts in seen:
        reason = rule(counts, last=n == last)
        waits = reason.waits_for_a_cycle and not setting.course.ends_a_cycle(n)
        if reason.verdict is not Verdict.HOLD and not waits:
            return End(reason, n)
    return End(Reason.NOT_ENOUGH_EVIDENCE, last)


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What many trials with one true lift came to; shares in [0, 1], pairs until the end whatever it was.

    Attributes:
        lift: the true lift.
        replications: number of trials.
        promoted: share promoted; without a lift the rate of false promotion, else the power.
        promoted_at_deadline: the part of `promoted` that only the exact test at the deadline gave.
        harmful: share rejected for harm.
        futile: share rejected as the target was out of reach.
        expired: share without a verdict at the deadline.
        mean: mean number of pairs.
        median: half of the trials ended by then.
        tenth: one in ten ended by then.
        ninetieth: nine in ten ended by then.
    """

    lift: float
    replications: int
    promoted: float
    promoted_at_deadline: float
    harmful: float
    futile: float
    expired: float
    mean: float
    median: int
    tenth: int
    ninetieth: int

    @classmethod
    def of(cls, lift: float, ends: Sequence[End]) -> Self:
        """Count the ends; at least one."""
        reasons, n = Counter(end.reason for end in ends), len(ends)
        pairs = sorted(end.pairs for end in ends)
        tenth, median, ninetieth = (pairs[math.ceil(share * n) - 1] for share in (0.1, 0.5, 0.9))
        at_deadline = reasons[Reason.LIFT_PROVEN_AT_DEADLINE]
        return cls(
            lift=lift,
            replications=n,
            promoted=(reasons[Reason.LIFT_PROVEN] + at_deadline) / n,
            promoted_at_deadline=at_deadline / n,
            harmful=reasons[Reason.HARM_PROVEN] / n,
            futile=reasons[Reason.TARGET_OUT_OF_REACH] / n,
            expired=sum(number for reason, number in reasons.items() if reason.verdict is Verdict.HOLD) / n,
            mean=fmean(pairs),
            median=median,
            tenth=tenth,
            ninetieth=ninetieth,
        )

    def half_width(self, share: float) -> float:
        """Half of the width of the 95 % interval of one of the shares, by chance of the simulation; above 0 also for none and all.

        E. B. Wilson 1927, J. Amer. Statist. Assoc. 22: the score interval.
        """
        z, n = NormalDist().inv_cdf((1 + CONFIDENCE) / 2), self.replications
        return z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)

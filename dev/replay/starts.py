"""Trials that begin on each day of the traffic, as a product that is installed on any day would: how they end. Called by `__main__`.

One year is one path; what it says of a rule depends on the weather of its first days. A trial has the example's deadline of 28 days and
its rules: promotion and futility wait for whole cycles where one is declared, harm does not. Looks come every `LOOK_EVERY` flights, as
in `trial`, and a cycle's end is looked at with the last flight that counts before it.
"""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dev.replay.flights import Flight
from dev.replay.questions import Question
from dev.replay.trial import LOOK_EVERY, Tally, counted, planned
from shadowlift.rollout.gates import WARM_UP_PAIRS
from shadowlift.stats.terms import PairedTest
from shadowlift.stats.verdict import Verdict, rule

DEADLINE = timedelta(days=28)
CYCLES = (None, timedelta(days=1), timedelta(days=7))
"""`objective.cycle`: none, a day, a week."""

EXPIRED = "Expired"

Places = Sequence[tuple[int, int] | None]


@dataclass(frozen=True)
class Ends:
    """How the trials of one candidate ended under one cycle.

    Attributes:
        reasons: reason of the verdict, or `EXPIRED` -> trials.
        flights: reason -> median flights until then.
    """

    cycle: timedelta | None
    reasons: Counter[str]
    flights: dict[str, float]


def ends(question: Question, candidate: str, flights: Sequence[Flight]) -> Iterator[Ends]:
    """One for each cycle, over the trials that begin on every day from which the deadline lies within the year."""
    places = list(counted(question, candidate, flights))
    firsts = {flight.scheduled: n for n, flight in reversed(list(enumerate(flights)))}
    starts = [first for first in sorted(firsts.values()) if flights[first].counts_at + DEADLINE < flights[-1].counts_at]
    tests = {start: planned(question, candidate, flights[start : start + WARM_UP_PAIRS]) for start in starts}
    for cycle in CYCLES:
        told = [_end(test, flights, places, start + WARM_UP_PAIRS, cycle) for start, test in tests.items()]
        by_reason = {reason: [n for said, n in told if said == reason] for reason, _ in told}
        medians = {reason: statistics.median(numbers) for reason, numbers in by_reason.items()}
        yield Ends(cycle, Counter(reason for reason, _ in told), medians)


def _end(
    test: PairedTest, flights: Sequence[Flight], places: Places, start: int, cycle: timedelta | None
) -> tuple[str, int]:
    """The reason, and after how many flights."""
    seen, since, n = Tally(), flights[start].counts_at, 0
    for n, place in enumerate(range(start, len(flights) - 1), 1):
        if (where := places[place]) is not None:
            seen.add(where)
        elapsed, following = flights[place].counts_at - since, flights[place + 1].counts_at - since
        whole = cycle is None or elapsed // cycle < following // cycle
        last = following >= DEADLINE
        if n % LOOK_EVERY == 0 or last or (cycle is not None and whole):
            ruling = rule(seen.case(test))
            if ruling.verdict in (Verdict.PROMOTE, Verdict.REJECT) and (whole or not ruling.reason.waits_for_a_cycle):
                return ruling.reason.value, n
        if last:
            break
    return EXPIRED, n

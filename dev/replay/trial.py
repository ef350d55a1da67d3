"""One trial over the whole year: flights and a question in, the frozen test, every look and the verdict out. Called by `__main__`.

As in the product: the first `WARM_UP_PAIRS` flights place the bets, by how far the answers are apart, and count for nothing else;
every later flight counts once, at its bounds where its outcome is missing (`missing: Worst`). The counters go on after the verdict,
for information: what the year would have said. The counting is written anew here, from `stats` alone, and held to the recorder's by
`tests/unit/replay`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from dev.replay.flights import Flight
from dev.replay.questions import CURRENT, RATES, Question
from shadowlift.rollout.gates import WARM_UP_PAIRS
from shadowlift.stats import paired
from shadowlift.stats.counts import Differences
from shadowlift.stats.losses import Loss
from shadowlift.stats.scales import SIGNED, dither, place
from shadowlift.stats.terms import PairedTest
from shadowlift.stats.verdict import Case, Evidence, Ruling, Verdict, rule

LOOK_EVERY = 20
"""Flights between looks, beside one at the end of each day. The product looks every two seconds, which is at every flight."""

MONTH_RATE = 0.025
"""Error rate of each side of a month's bounds: 95 % together, at all looks of that month."""


@dataclass
class Tally:
    """Pairs by the point of their D: as it is where the outcome is known, else at its worst and at its best for the candidate."""

    worst: list[int] = field(default_factory=lambda: [0] * len(SIGNED))
    best: list[int] = field(default_factory=lambda: [0] * len(SIGNED))

    def add(self, places: tuple[int, int]) -> None:
        """Count one pair."""
        self.worst[places[0]] += 1
        self.best[places[1]] += 1

    @property
    def promotion(self) -> Differences:
        """What a promotion is proven on."""
        return Differences(tuple(self.worst))

    @property
    def harm(self) -> Differences:
        """What harm and futility are proven on."""
        return Differences(tuple(self.best))

    def case(self, test: PairedTest) -> Case:
        """What the engine is asked."""
        return Case(test, self.promotion, self.harm)


@dataclass(frozen=True)
class Look:
    """What one look said, after how many flights."""

    at: datetime
    ruling: Ruling

    @property
    def evidence(self) -> Evidence:
        """The numbers; there are always some, for these counters come from one hand."""
        if self.ruling.evidence is None:
            raise ValueError(f"a look without numbers: {self.ruling.reason}")
        return self.ruling.evidence


@dataclass(frozen=True)
class Month:
    """The lift of one month's flights alone, in the question's units, with bounds that hold at every look of that month."""

    number: int
    flights: int
    lift: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Trial:
    """One candidate's year.

    Attributes:
        looks: after every `LOOK_EVERY` flights and at the end of each day.
        day_ends: of those, the last of each day.
        months: each by itself.
    """

    question: Question
    candidate: str
    test: PairedTest
    looks: Sequence[Look]
    day_ends: Sequence[Look]
    months: Sequence[Month]

    @property
    def verdict(self) -> Look | None:
        """The first look that would have ended the trial."""
        return next((look for look in self.looks if look.ruling.verdict is not Verdict.HOLD), None)


def bounds(loss: Loss, current: float, candidate: float | None) -> tuple[float, float]:
    """D at its worst and at its best for the candidate while the outcome is unknown; equal answers need none."""
    return (0.0, 0.0) if candidate == current else loss.bounds(current, candidate)


def places(
    loss: Loss, answers: tuple[float, float | None], outcome: float | None, chance: float
) -> tuple[int, int] | None:
    """Where a pair counts, at its worst and at its best; None where it is set aside because of what current said.

    Args:
        loss: how answers are scored.
        answers: current's and the candidate's; None: it gave none.
        outcome: None: unknown.
        chance: the unit's, in [0, 1).
    """
    current, candidate = answers[0], usable(loss, answers[1])
    if not loss.admits(current):
        return None
    if outcome is None or candidate == current:
        low, high = bounds(loss, current, candidate)
    else:
        low = high = loss.difference(current, candidate, outcome)
    return place(low, SIGNED, chance), place(high, SIGNED, chance)


def widest(loss: Loss, answers: tuple[float, float | None], chance: float) -> int | None:
    """Where the largest |D| counts that any outcome could give, which places the bets; None as in `places`."""
    current, candidate = answers[0], usable(loss, answers[1])
    if not loss.admits(current):
        return None
    low, high = bounds(loss, current, candidate)
    return place(max(abs(low), abs(high)), SIGNED, chance)


def usable(loss: Loss, candidate: float | None) -> float | None:
    """The candidate's answer, None where it is outside the range."""
    return candidate if candidate is not None and loss.admits(candidate) else None


def counted(question: Question, candidate: str, flights: Iterable[Flight]) -> Iterator[tuple[int, int] | None]:
    """For each flight what `places` says: the same in whichever trial it counts, as a unit's chance is its own."""
    for flight in flights:
        answers, chance = _answers(question, candidate, flight), _chance(question, candidate, flight)
        yield places(question.loss, answers, _outcome(question, flight), chance)


def run(question: Question, candidate: str, flights: Sequence[Flight]) -> Trial:
    """The whole year."""
    test, rest = planned(question, candidate, flights[:WARM_UP_PAIRS]), flights[WARM_UP_PAIRS:]
    year, months = Tally(), defaultdict(Tally)
    looks, day_ends = [], []
    each = zip(pairwise((*rest, None)), counted(question, candidate, rest), strict=True)
    for n, ((flight, following), places_of_one) in enumerate(each, 1):
        if places_of_one is not None:
            year.add(places_of_one)
            months[flight.scheduled.month].add(places_of_one)
        ends_day = following is None or following.departed != flight.departed
        if ends_day or n % LOOK_EVERY == 0:
            looks.append(Look(flight.counts_at, rule(year.case(test))))
            day_ends += looks[-1:] if ends_day else []
    told = [_month(question, test, number, tally) for number, tally in sorted(months.items())]
    return Trial(question, candidate, test, looks, day_ends, told)


def readings(question: Question, candidate: str, flights: Sequence[Flight]) -> tuple[float, float, float]:
    """The year's lift in the question's units, warm-up included, if a missing outcome is left out, at its worst, or the largest loss."""
    known, worst, missing = 0.0, 0.0, 0
    for flight in flights:
        (current, challenger), outcome = _answers(question, candidate, flight), _outcome(question, flight)
        if outcome is None:
            worst, missing = worst + bounds(question.loss, current, challenger)[0], missing + 1
        else:
            known += question.loss.difference(current, challenger, outcome)
    n, scale = len(flights), question.scale
    return scale * known / (n - missing), scale * (known + worst) / n, scale * (known - missing) / n


def planned(question: Question, candidate: str, warm_up: Iterable[Flight]) -> PairedTest:
    """The frozen test: its bets are placed by the largest |D| that any outcome could give, which needs no outcome."""
    spread = [0] * len(SIGNED)
    for flight in warm_up:
        where = widest(question.loss, _answers(question, candidate, flight), _chance(question, candidate, flight))
        if where is not None:
            spread[where] += 1
    return PairedTest.planned(
        minimum_lift=0.0,
        target_lift=question.target_lift / question.scale,
        rates=RATES,
        second_moment=paired.second_moment(Differences(tuple(spread))),
    )


def _answers(question: Question, candidate: str, flight: Flight) -> tuple[float, float]:
    return flight.answers[f"{CURRENT}_{question.column}"], flight.answers[f"{candidate}_{question.column}"]


def _outcome(question: Question, flight: Flight) -> float | None:
    return None if flight.outcome is None else flight.outcome[question.column]


def _chance(question: Question, candidate: str, flight: Flight) -> float:
    return dither(f"{question.name}-{candidate}/{flight.number}")


def _month(question: Question, test: PairedTest, number: int, tally: Tally) -> Month:
    lower = paired.lower_bound(tally.promotion, test.bets, 0.0, MONTH_RATE)
    upper = paired.upper_bound(tally.harm, test.harm_bets, 0.0, MONTH_RATE)
    lift = paired.estimate(tally.promotion) or 0.0
    return Month(number, tally.promotion.n, *(value * question.scale for value in (lift, lower, upper)))

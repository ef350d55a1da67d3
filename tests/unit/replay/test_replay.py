"""The replay counts as the recorder and the operator do, and what it draws and prints says what it counted."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from dev.replay import tables
from dev.replay.flights import MATURITY, Flight, flights
from dev.replay.questions import LATE, MINUTES, QUESTIONS, Question
from dev.replay.starts import EXPIRED, ends
from dev.replay.trial import Tally, places, planned, readings, run, widest
from shadowlift.api.ledger import EpochCounters, RowStatus
from shadowlift.api.objective import Missing
from shadowlift.recorder.fold import Pair, Policy, Side, admitted, agreement, merged, resolution
from shadowlift.recorder.values import number_text
from shadowlift.rollout.gates import WARM_UP_PAIRS
from shadowlift.stats.counts import Differences
from shadowlift.stats.verdict import Reason

Case = tuple[float, float | None, float | None, float]
"""Current's answer, the candidate's, the outcome, the unit's chance."""


def cases(question: Question, n: int = 400) -> Iterator[Case]:
    """Answers and outcomes of every kind: equal, out of range, missing on either side."""
    chance = random.Random(20_270)
    for k in range(n):
        low, high = (-70.0, 190.0) if question is MINUTES else (-0.05, 1.05)
        current, candidate = chance.uniform(low, high), chance.uniform(low, high)
        outcome = chance.uniform(-60, 180) if question is MINUTES else float(chance.random() < 0.4)
        said = (candidate, candidate, current, None)[k % 4]
        yield current, said, None if k % 7 == 0 else outcome, chance.random()


def side(value: float | None) -> Side:
    return Side(RowStatus.FAILED, reason="Late") if value is None else Side(RowStatus.OK, number_text(value))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_pairs_are_counted_as_the_recorder_counts_them(question: Question) -> None:
    """The same pairs through the recorder's fold: the same points, at worst and at best, and as many set aside."""
    counters, tally, aside = EpochCounters(), Tally(), 0
    policy = Policy(Missing.WORST, loss=question.loss)
    for current, candidate, outcome, chance in cases(question):
        pair = admitted(Pair(side(current), side(candidate), chance=chance), question.loss)
        text = None if outcome is None else number_text(outcome)
        counters = merged(counters, agreement(pair, question.loss) + resolution(pair, text, policy))
        where = places(question.loss, (current, candidate), outcome, chance)
        if where is None:
            aside += 1
        else:
            tally.add(where)
    known = Differences.from_json(counters.differences)
    assert tally.promotion == known + Differences.from_json(counters.worst_differences)
    assert tally.harm == known + Differences.from_json(counters.best_differences)
    assert tally.promotion != tally.harm
    assert aside == counters.current_unreadable > 0


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_spread_is_the_recorders(question: Question) -> None:
    """What places the bets: the largest |D| that any outcome could give."""
    for current, candidate, _, chance in cases(question):
        pair = admitted(Pair(side(current), side(candidate), chance=chance), question.loss)
        seen = merged(EpochCounters(), agreement(pair, question.loss))
        where = widest(question.loss, (current, candidate), chance)
        assert seen.spread == ({} if where is None else {str(where): 1})


def year(n: int, better_by: float) -> list[Flight]:
    """So many flights of two days, the rule off by 20 minutes and the ridge by less."""
    chance, answers = random.Random(20_272), []
    for k in range(n):
        truth = chance.uniform(-20, 60)
        off = chance.choice((-1, 1))
        answers.append(
            {
                "date": str(date(2013, 1, 1) + timedelta(days=2 * k // n)),
                "departed": f"2013-01-0{1 + 2 * k // n}T{12 + k % 10}:00",
                "landed": "" if k % 50 == 0 else f"2013-01-0{1 + 2 * k // n}T23:00",
                "training": "0",
                "minutes": str(truth),
                "late": str(int(truth >= 15)),
                "rule_minutes": str(truth + 20 * off),
                "rule_late": "0.5",
                "ridge_minutes": str(truth + (20 - better_by) * off),
                "ridge_late": "0.5",
            }
        )
    return list(flights(answers))


def test_flights_of_training_days_are_no_traffic_and_a_late_outcome_is_none() -> None:
    """What lands after the maturity counts without an outcome, as what never lands."""
    row = {"date": "2013-03-01", "departed": "2013-03-01T06:00", "minutes": "5", "late": "0", "rule_minutes": "5"}
    days = [("2013-03-01T10:00", "1"), ("2013-03-01T10:00", "0"), ("2013-03-01T18:01", "0"), ("", "0")]
    read = list(flights({**row, "landed": landed, "training": training} for landed, training in days))
    assert [flight.outcome for flight in read] == [{"minutes": 5.0, "late": 0.0}, None, None]
    assert [flight.number for flight in read] == [1, 2, 3]
    assert (read[0].counts_at - MATURITY).isoformat() == "2013-03-01T06:00:00"


def test_a_better_candidate_is_promoted_and_the_tables_say_so() -> None:
    """Fifteen minutes less of error in every flight; the warm-up counts for nothing."""
    seen = year(400, 15)
    trial = run(MINUTES, "ridge", seen)
    assert trial.verdict is not None
    assert trial.verdict.ruling.reason is Reason.LIFT_PROVEN
    assert trial.looks[-1].evidence.n == 400 - WARM_UP_PAIRS
    assert trial.test == planned(MINUTES, "ridge", seen[:WARM_UP_PAIRS])
    told = f"| ridge | Promote: LiftProven | {tables.when(trial.verdict)} | {trial.verdict.evidence.n} |"
    assert tables.verdicts([trial]).splitlines()[-1].startswith(told)
    assert tables.months([trial]).splitlines()[-1].startswith("| January | 300 | +1")


def test_a_missing_outcome_costs_more_the_less_is_known_of_it() -> None:
    """Left out, at its bounds, at the largest loss: in this order, and the first is what was put in."""
    known, worst, largest = readings(MINUTES, "ridge", year(400, 15))
    assert known == pytest.approx(15)
    assert worst == pytest.approx(
        15 - 2 * 15 * 8 / 400
    )  # eight flights never landed; the two answers are 15 minutes apart
    assert largest == pytest.approx(15 - (15 + 240) * 8 / 400)


def test_the_same_answers_are_given_up_and_their_lift_is_none() -> None:
    """The rule against itself: nothing is missing where both say the same."""
    trial = run(LATE, "rule", year(400, 15))
    last = trial.looks[-1].evidence
    assert (last.estimate, last.optimistic_estimate) == (0.0, 0.0)
    assert trial.verdict is not None
    assert trial.verdict.ruling.reason is Reason.TARGET_OUT_OF_REACH


def test_trials_that_begin_later_end_as_the_rule_says() -> None:
    """Each cycle tells of every trial once; where 28 days do not lie within the year, none begins."""
    assert [one.reasons.total() for one in ends(MINUTES, "ridge", year(400, 15))] == [0, 0, 0]
    seen = year(800, 15)
    after = seen[0].counts_at + timedelta(days=40)
    long = [*seen, Flight(1000, after.date(), after, {"rule_minutes": 0.0, "ridge_minutes": 0.0}, None)]
    told = {one.cycle: one.reasons for one in ends(MINUTES, "ridge", long)}
    assert told[None] == {Reason.LIFT_PROVEN: 2}
    assert told[timedelta(days=7)].keys() <= {Reason.LIFT_PROVEN, EXPIRED}

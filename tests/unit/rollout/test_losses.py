"""Trials of a loss: what is frozen, what the warm-up fixes, and what is promoted, rejected, or cannot be known."""

from typing import Any

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.objective import ObjectiveType
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase, VerdictKind
from shadowlift.rollout import gates
from shadowlift.rollout.gates import judge
from shadowlift.stats.counts import Differences
from shadowlift.stats.terms import PairedTest
from shadowlift.stats.verdict import Case, Verdict, rule
from tests.unit.rollout.given import Life
from tests.unit.rollout.given import counting as counting_with
from tests.unit.rollout.test_gates import look

OUTCOME = {"maturity": "5s", "from": [{"serviceAccount": "airport"}]}
MINUTES: dict[str, Any] = {
    "prediction": {"body": "minutes", "type": "Number"},
    "objective": {
        "type": "AbsoluteError", "range": {"min": "-60", "max": "180"}, "targetLift": "2", "outcome": OUTCOME,
    },
}  # fmt: skip
CHANCE: dict[str, Any] = {
    "prediction": {"body": "late", "type": "Number"},
    "objective": {"type": "Brier", "outcome": OUTCOME},
}
COMMON = {"live": 5000, "booked": 5000, "current_values": {"": 5000}, "candidate_values": {"": 5000}}
WARM = EpochCounters(
    live=100, booked=100, disagreements=90, spread={"32": 10, "36": 90},
    current_values={"": 100}, candidate_values={"": 100},
)  # fmt: skip


def better(n: int = 5000) -> EpochCounters:
    """Half of the units 16/1024 of the range nearer (3.75 minutes of 240), a tenth as much farther."""
    far, near = n // 10, n // 2
    seen = {"28": far, "36": near, "32": n - far - near}
    return EpochCounters(**COMMON, wins=near, losses=far, ties=n - far - near, labelled=near + far, differences=seen)


def worse() -> EpochCounters:
    good = better()
    mirrored = {str(64 - int(place)): n for place, n in good.differences.items()}
    return good.model_copy(update={"differences": mirrored, "wins": good.losses, "losses": good.wins})


def counting(spec: dict[str, Any], warm: EpochCounters = WARM) -> Life:
    """A trial of this objective whose warm-up is over."""
    life = Life(spec={**counting_with().spec, **spec})
    life.settle()
    life.count(1, warm)
    life.settle()
    return life


def test_the_terms_are_frozen_in_the_outcomes_units() -> None:
    """Objective, range and bars as the user wrote them; nothing of alpha is kept for a test that does not exist."""
    terms = counting(MINUTES).world().history.trial()
    assert terms is not None
    frozen = terms.terms
    assert (frozen.objective, frozen.minimum, frozen.maximum) == ("AbsoluteError", -60.0, 180.0)
    assert (frozen.target_lift, frozen.minimum_lift, frozen.deadline_share) == (2.0, 0.0, 0.0)


def test_the_recorder_is_told_how_to_score() -> None:
    """Objective and range are part of the registration."""
    life = Life(spec={**counting_with().spec, **MINUTES})
    told = [life.cycle().registrations for _ in range(8)]
    first = next(registrations[0] for registrations in told if registrations)
    assert (first.objective, first.minimum, first.maximum) == (ObjectiveType.ABSOLUTE_ERROR, -60.0, 180.0)


def test_the_warm_up_places_the_bets_without_outcomes() -> None:
    """By how far the answers are apart: 90 of 100 by 16/1024 at most."""
    trial = counting(MINUTES).world().history.trial()
    assert trial is not None
    assert trial.baseline is not None
    planned = PairedTest.planned(
        minimum_lift=0.0, target_lift=2 / 240, rates=PairedTest.from_json(trial.baseline.test).rates,
        second_moment=0.9 * (16 / 1024) ** 2,
    )  # fmt: skip
    assert PairedTest.from_json(trial.baseline.test).bets.fractions == pytest.approx(planned.bets.fractions)


@pytest.mark.parametrize("spec", [MINUTES, CHANCE], ids=["AbsoluteError", "Brier"])
def test_a_smaller_loss_is_promoted_and_a_larger_one_rejected(spec: dict[str, Any]) -> None:
    """The same rule as for right and wrong, on the differences of the losses."""
    for counters, phase in ((better(), Phase.PROMOTED), (worse(), Phase.REJECTED)):
        life = counting(spec)
        life.count(2, counters)
        assert life.settle().phase is phase


def test_a_verdict_can_be_reached_again_from_its_record() -> None:
    """Record in, verdict out: nothing else is needed."""
    life = counting(MINUTES)
    life.count(2, better())
    life.settle()
    record = life.records[-1]
    assert record.kind is RecordKind.PROMOTED
    assert record.case is not None
    case = Case.from_json(record.case)
    assert case.promotion == Differences.from_json(better().differences)
    assert rule(case).verdict is Verdict.PROMOTE


def test_the_lift_is_shown_in_minutes() -> None:
    """1.5 minutes on average: half of the flights 3.75 nearer, a tenth 3.75 farther."""
    life = counting(MINUTES)
    life.count(2, better())
    evidence = look(life).evidence
    assert (evidence.n, evidence.estimate, evidence.wins, evidence.losses) == (5000, "+1.5000", 2500, 500)


def test_no_lift_is_not_promoted() -> None:
    """As much nearer as farther."""
    life = counting(MINUTES)
    life.count(2, EpochCounters(**COMMON, wins=30, losses=30, ties=40, differences={"28": 30, "36": 30, "32": 40}))
    assert judge(look(life)).kind is VerdictKind.HOLD


def test_missing_outcomes_count_at_their_worst() -> None:
    """The same lift with as many unknown differences is no proof."""
    silent = {"unlabelled": 2500, "worst_differences": {"28": 2500}, "best_differences": {"36": 2500}}
    life = counting(MINUTES)
    life.count(2, better().model_copy(update=silent))
    verdict = judge(look(life))
    assert (verdict.kind, verdict.reason) == (VerdictKind.HOLD, "NotProven")
    assert "2500 disagreements without an outcome" in verdict.message


def test_counters_that_contradict_each_other_are_an_error() -> None:
    """More units at their worst than at their best: whatever that is, it is no evidence."""
    life = counting(MINUTES)
    life.count(2, better().model_copy(update={"worst_differences": {"28": 5}}))
    shut = gates.counts_are_possible(look(life))
    assert shut is not None
    assert (shut.kind, shut.reason) == (VerdictKind.ERROR, "NotTheSamePairs")
    assert life.settle().phase is Phase.SHADOWING


def test_an_unreadable_candidate_is_incomparable_with_numbers_too() -> None:
    """100 answers of current and none of the candidate's."""
    life = Life(spec={**counting_with().spec, **MINUTES})
    life.settle()
    life.count(1, EpochCounters(live=100, current_values={"": 100}, reasons={"WrongType": 100}))
    verdict = judge(look(life))
    assert (verdict.kind, verdict.reason) == (VerdictKind.ERROR, "Incomparable")
    assert "WrongType: 100" in verdict.message


def test_different_numbers_are_not_incomparable() -> None:
    """No two decimals are alike; that says nothing."""
    life = counting(MINUTES)
    life.count(2, better().model_copy(update={"outcome_values": {"": 500}}))
    assert gates.values_compare(look(life)) is None


def test_bars_are_frozen_in_parts_of_the_range() -> None:
    """Half a minute of 240, and two: what the engine is asked."""
    spec = {**MINUTES, "objective": {**MINUTES["objective"], "minimumLift": "0.5"}}
    trial = counting(spec).world().history.trial()
    assert trial is not None
    assert trial.baseline is not None
    frozen = PairedTest.from_json(trial.baseline.test)
    assert (frozen.minimum_lift, frozen.target_lift) == (0.5 / 240, 2 / 240)


def test_everything_shown_is_in_the_outcomes_units() -> None:
    """Bounds and messages as well as the estimate."""
    life = counting(MINUTES)
    life.count(2, better())
    seen, ruling = look(life).evidence, look(life).ruling
    assert ruling is not None
    assert ruling.evidence is not None
    assert (seen.lower, seen.upper) == (f"{ruling.evidence.lower * 240:+.4f}", f"{ruling.evidence.upper * 240:+.4f}")
    life.count(2, worse())
    assert f"at most {ruling_of(life).upper * 240:+.4f} after" in judge(look(life)).message
    life.count(2, EpochCounters(**COMMON, wins=30, losses=20, ties=50, differences={"28": 20, "36": 30, "32": 50}))
    held = ruling_of(life)
    assert f"lift +0.3750 within {held.lower * 240:+.4f} to {held.upper * 240:+.4f}" in judge(look(life)).message


def ruling_of(life: Life) -> Any:
    ruling = look(life).ruling
    assert ruling is not None
    assert ruling.evidence is not None
    return ruling.evidence

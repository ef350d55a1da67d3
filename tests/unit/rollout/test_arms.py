"""From the recorder's counters of a split to the engine's: what each unit counts as, and what is expected of the next one."""

from typing import Any

import pytest

from shadowlift.api.ledger import EpochCounters, TrialCounters
from shadowlift.api.record import StepTaken
from shadowlift.api.status import Evidence
from shadowlift.rollout import arms
from shadowlift.stats.arm_counts import ArmCounts, ArmRewards, ArmUnits
from shadowlift.stats.arm_verdict import ArmTest, rule
from shadowlift.stats.counts import Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.scales import UNSIGNED
from shadowlift.stats.terms import Rates
from shadowlift.stats.verdict import Verdict
from tests.unit.rollout.given import arms as units
from tests.unit.rollout.tale import terms

TEST = ArmTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(0.01), variance=0.16)
FIRST = StepTaken(number=0, epoch=3, weight=50, baseline="0.8", test=TEST.to_json())
SECOND = StepTaken(number=1, epoch=4, weight=500, baseline="0.75")
# 10 and 90 units with a result, 2 and 8 without one, of which current failed in 3
SILENT: dict[str, Any] = {"unknown_by_arm": {"candidate": 2, "current": 8}, "failed_currents": 3}
SOME = units((10, 9), (90, 72), **SILENT)
REWARD = {"objective": "Reward", "minimum": -20.0, "maximum": 80.0}
LOSS = {"objective": "AbsoluteError", "minimum": -60.0, "maximum": 180.0}


def read(missing: str, counters: EpochCounters = SOME, **changes: Any) -> tuple[Any, Any]:
    """Both readings of one step."""
    seen = arms.case(terms(missing=missing, decided_in="Canary", **changes), [(FIRST, counters)])
    assert seen is not None
    return seen.promotion.epochs[0].counts, seen.harm.epochs[0].counts


@pytest.mark.parametrize(
    ("missing", "promotion", "harm"),
    [
        ("Worst", ArmCounts(12, 9, 98, 80), ArmCounts(12, 11, 98, 72)),
        ("AtRandom", ArmCounts(10, 9, 93, 75), ArmCounts(10, 9, 93, 72)),
        ("Value", ArmCounts(12, 9, 98, 80), ArmCounts(12, 11, 98, 72)),  # none but failed currents should be left
    ],
)
def test_what_a_unit_without_a_result_counts_as(missing: str, promotion: ArmCounts, harm: ArmCounts) -> None:
    """Worst: against the candidate for promotion, for it for harm. AtRandom: left out, but for those whose current failed."""
    assert read(missing) == (promotion, harm)


@pytest.mark.parametrize("missing", ["Worst", "AtRandom", "Value"])
def test_where_all_results_came_the_policies_agree(missing: str) -> None:
    """A policy for what did not come changes nothing then, and both readings are one."""
    promotion, harm = read(missing, units((10, 9), (90, 72)))
    assert promotion == harm == ArmCounts(10, 9, 90, 72)


@pytest.mark.parametrize("missing", ["Worst", "AtRandom", "Value"])
def test_an_answer_that_we_could_not_read_is_never_left_out(missing: str) -> None:
    """Which answers are too long is the process's doing: such a unit counts at its worst and at its best, whatever the policy."""
    unread = {"candidate": 2, "current": 3}
    promotion, harm = read(missing, units((10, 9), (90, 72), unknown_by_arm=unread, unread_by_arm=unread))
    assert (promotion, harm) == (ArmCounts(12, 9, 93, 75), ArmCounts(12, 11, 93, 72))


@pytest.mark.parametrize("missing", ["Worst", "AtRandom", "Value"])
def test_an_outage_of_current_is_never_a_lift(missing: str) -> None:
    """Half of current's units failed: whatever the policy, they are successes where a promotion is asked for."""
    counters = units((1_000, 800), (500, 400), unknown_by_arm={"current": 500}, failed_currents=500)
    step = FIRST.model_copy(update={"weight": 500})
    seen = arms.case(terms(missing=missing, decided_in="Canary"), [(step, counters)])
    assert seen is not None
    assert seen.promotion.epochs[0].counts == ArmCounts(1_000, 800, 1_000, 900)
    assert rule(seen).verdict is not Verdict.PROMOTE


@pytest.mark.parametrize("missing", ["Worst", "AtRandom"])
def test_results_between_right_and_wrong_keep_their_places(missing: str) -> None:
    """Of losses and rewards every place of the scale counts; a missing one is at an end of it, on either arm the worse one."""
    counters = EpochCounters(
        results_by_arm={"candidate/7": 4, "candidate/0": 1, "current/7": 5, "current/64": 2},
        known_by_arm={"candidate": 5, "current": 7}, **SILENT,
    )  # fmt: skip
    promotion, harm = read(missing, counters, **REWARD)
    lost = {"Worst": (2, 8), "AtRandom": (0, 3)}[missing]
    assert promotion == ArmRewards(
        Rewards.from_json({"7": 4, "0": 1 + lost[0]}), Rewards.from_json({"7": 5, "64": 2 + lost[1]})
    )
    high = {"7": 4, "0": 1, "64": lost[0]}
    assert harm == ArmRewards(Rewards.from_json(high), Rewards.from_json({"0": lost[1], "7": 5, "64": 2}))


def test_each_step_is_an_epoch_with_its_own_weight_and_baseline() -> None:
    """Exactly as its record says; the test is that of the first one."""
    seen = arms.case(terms(decided_in="Canary"), [(FIRST, SOME), (SECOND, units((50, 40), (50, 30)))])
    assert seen is not None
    told = [(epoch.number, epoch.weight, epoch.baseline) for epoch in seen.promotion.epochs]
    assert (
        told
        == [(3, 50, 0.8), (4, 500, 0.75)]
        == [(epoch.number, epoch.weight, epoch.baseline) for epoch in seen.harm.epochs]
    )
    assert (seen.test, seen.promotion.epochs[1].counts) == (TEST, ArmCounts(50, 40, 50, 30))
    assert rule(seen).evidence is not None


@pytest.mark.parametrize("steps", [[], [(FIRST.model_copy(update={"test": None}), SOME)]], ids=["watch", "shadow"])
def test_where_the_canary_does_not_decide_nothing_is_asked(steps: list[tuple[StepTaken, EpochCounters]]) -> None:
    """Before the first step, or after a shadow that has proven the lift."""
    assert arms.case(terms(), steps) is None


def test_units_are_those_that_were_booked() -> None:
    """Whether or not they have come to a result: that is what was given out."""
    booked = SOME.model_copy(update={"units_by_arm": {"candidate": 50, "current": 950}})
    silent = EpochCounters(units_by_arm={"current": 4})
    wanted = Epochs((Epoch(3, 50, 0.8, ArmUnits(50, 950)), Epoch(4, 500, 0.75, ArmUnits(0, 4))))
    assert arms.units([(FIRST, booked), (SECOND, silent)]) == wanted


@pytest.mark.parametrize(("counters", "n"), [(SOME, 110), (EpochCounters(booked=9, units_by_arm={"current": 9}), 0)])
def test_a_unit_is_mature_when_its_time_has_come(counters: EpochCounters, n: int) -> None:
    """With a result or without one."""
    assert arms.mature(counters) == n


@pytest.mark.parametrize(
    ("epochs", "mean", "variance"),
    [
        ({}, 0.5, None),
        ({"0": units(current=(29, 29))}, 1.0, None),
        ({"0": units(current=(100, 80))}, 0.8, 0.16),
        ({"0": units(current=(30, 0))}, 0.0, 0.0),
        ({"0": units(current=(60, 60)), "3": units((40, 0), (40, 20))}, 0.8, 0.16),
        ({"0": EpochCounters(results_by_arm={"current/32": 40, "current/64": 10})}, 0.4, 0.09),
    ],
    ids=["nothing known", "too few for a spread", "the watch", "no spread", "watch and step", "rewards"],
)
def test_what_to_expect_of_a_unit_is_what_current_came_to(
    epochs: dict[str, EpochCounters], mean: float, variance: float | None
) -> None:
    """Over all epochs so far; what the candidate did is not in it, and too few results have no spread."""
    seen = arms.expected(TrialCounters(uid="trial-0001", epochs=epochs))
    assert seen == (pytest.approx(mean), variance if variance is None else pytest.approx(variance))


@pytest.mark.parametrize(
    ("changes", "place", "mean"),
    [
        ({}, 64, "1"),
        (REWARD, 32, "5"),  # a quarter of the way from -20 to 80
        (REWARD, 0, "-20"),
        (LOSS, 64, "0"),
        (LOSS, 32, "180"),  # a quarter of the largest loss of 240 is left
    ],
)
def test_what_units_came_to_is_told_in_the_users_words(changes: dict[str, Any], place: int, mean: str) -> None:
    """Share of right answers, value per unit, or mean loss; an arm without a result has no mean."""
    seen = arms.with_means(Evidence(n=7), terms(**changes), EpochCounters(results_by_arm={f"candidate/{place}": 4}))
    assert (seen.n, seen.candidate_units, seen.current_units) == (7, 4, 0)
    assert (seen.candidate_mean, seen.current_mean) == (mean, None)
    assert UNSIGNED[32] == 0.25

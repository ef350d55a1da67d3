"""The rule for two arms: when a test promotes, rejects or goes on, and what it shows for it."""

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import arms
from shadowlift.stats.arm_counts import ArmCounts, ArmRewards
from shadowlift.stats.arm_verdict import ArmCase, ArmTest, rule
from shadowlift.stats.bets import log_grid
from shadowlift.stats.counts import Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.terms import FUTILITY_RATE, HARM_RATE, Rates
from shadowlift.stats.verdict import LARGEST_E_VALUE_SHOWN, Evidence, Needed, Reason, Ruling, Verdict
from tests.unit.stats.given import error_rates, minimum_lifts, repeatable
from tests.unit.stats.given_arms import arm_counts, epoch, epochs_of, outcome_epochs

TEST = ArmTest.planned(minimum_lift=0.0, target_lift=0.05, rates=Rates(0.05), variance=0.16)
Cells = tuple[int, int, int, int]


def shared(*cells: int, number: int = 3, weight: int = 500, baseline: float = 0.8) -> Epochs[ArmCounts]:
    """One epoch: units and successes of the candidate's arm, then of the other."""
    return Epochs((Epoch(number, weight, baseline, ArmCounts(*cells)),))


def look(seen: Epochs, test: ArmTest = TEST) -> Ruling:
    """All results known: both readings are the same."""
    return rule(ArmCase(test, seen, seen))


def numbers(seen: Epochs, test: ArmTest = TEST) -> Evidence:
    """The evidence of a look that has any."""
    return evidence(ArmCase(test, seen, seen))


def evidence(case: ArmCase) -> Evidence:
    found = rule(case).evidence
    assert found is not None
    return found


def with_rates(**changes: float) -> ArmTest:
    return dataclasses.replace(TEST, rates=dataclasses.replace(TEST.rates, **changes))


@st.composite
def arm_tests(draw: st.DrawFn) -> ArmTest:
    minimum = draw(minimum_lifts)
    return ArmTest.planned(
        minimum_lift=minimum,
        target_lift=minimum + (1 - minimum) * draw(st.floats(0.001, 0.999)),
        rates=Rates(draw(error_rates), draw(error_rates), draw(error_rates)),
        variance=draw(st.one_of(st.none(), st.floats(0, 1))),
    )


class TestRule:
    """One look, one decision."""

    @pytest.mark.parametrize(
        ("cells", "reason"),
        [
            ((0, 0, 0, 0), Reason.NO_UNITS),
            ((1, 1, 0, 0), Reason.NOT_ENOUGH_EVIDENCE),
            ((200, 160, 200, 160), Reason.NOT_ENOUGH_EVIDENCE),
            ((500, 450, 500, 400), Reason.LIFT_PROVEN),
            ((500, 400, 500, 450), Reason.HARM_PROVEN),
            ((4000, 3200, 4000, 3200), Reason.TARGET_OUT_OF_REACH),
            ((10**9, 10**9, 10**9, 0), Reason.LIFT_PROVEN),
            ((10**9, 0, 10**9, 10**9), Reason.HARM_PROVEN),
        ],
    )
    def test_the_counts_decide(self, cells: Cells, reason: Reason) -> None:
        """At a target of 5 points, 80 % successes and half of the units."""
        assert look(shared(*cells)) == Ruling(reason.verdict, reason, numbers(shared(*cells)))

    @pytest.mark.parametrize(("weight", "cells"), [(0, (0, 0, 900, 700)), (1000, (900, 900, 0, 0)), (0, (9, 9, 9, 0))])
    def test_where_nobody_had_a_choice_nothing_is_learned(self, weight: int, cells: Cells) -> None:
        """Current alone was watched, or the candidate has everything: no unit tells the arms apart."""
        ruling = look(shared(*cells, weight=weight))
        assert (ruling.verdict, ruling.reason) == (Verdict.HOLD, Reason.NO_UNITS)
        assert ruling.evidence is not None
        assert (ruling.evidence.n, ruling.evidence.estimate, ruling.evidence.lower, ruling.evidence.upper) == (
            0,
            None,
            -1,
            1,
        )

    def test_without_any_epoch_it_holds(self) -> None:
        """A trial whose first step has not come."""
        assert look(Epochs()).reason is Reason.NO_UNITS

    def test_a_lift_below_the_bar_is_not_promoted(self) -> None:
        """What is proven to be better than 0 is not proven to be 8 points better."""
        bar = ArmTest.planned(minimum_lift=0.08, target_lift=0.15, rates=Rates(0.05), variance=0.16)
        assert look(shared(500, 450, 500, 400)).verdict is Verdict.PROMOTE
        assert look(shared(500, 450, 500, 400), bar).verdict is not Verdict.PROMOTE
        assert look(shared(500, 500, 500, 400), bar).verdict is Verdict.PROMOTE

    def test_a_proven_lift_below_the_target_is_promoted(self) -> None:
        """Promotion and futility meet: the lift is real and smaller than hoped for, and promotion asks for the minimum only."""
        seen = shared(40_000, 32_800, 40_000, 32_000)
        assert 0 < numbers(seen).lower < numbers(seen).upper < TEST.target_lift
        assert look(seen).reason is Reason.LIFT_PROVEN

    def test_harm_is_named_before_futility(self) -> None:
        """A worse candidate is also short of the target; the graver reason is given."""
        seen = shared(500, 400, 500, 450)
        assert numbers(seen).upper < TEST.target_lift
        assert look(seen).reason is Reason.HARM_PROVEN

    @repeatable
    @given(outcome_epochs, arm_tests())
    def test_the_decision_follows_the_numbers_shown(self, seen: Epochs, test: ArmTest) -> None:
        """Harm, promotion, futility, hold, in that order: lower > minimum exactly where promoted, upper < target exactly where futile."""
        ruling = look(seen, test)
        found = ruling.evidence
        assert found is not None
        harm = arms.wealth(seen.mirrored(), test.harm_bets, 0.0).rejects(test.rates.harm)
        lift, futile = found.lower > test.minimum_lift, found.upper < test.target_lift
        assert not (harm and lift), "exact results cannot speak for both"
        expected = Reason.NOT_ENOUGH_EVIDENCE if seen.telling else Reason.NO_UNITS
        if harm:
            expected = Reason.HARM_PROVEN
        elif lift:
            expected = Reason.LIFT_PROVEN
        elif futile:
            expected = Reason.TARGET_OUT_OF_REACH
        assert (ruling.reason, ruling.verdict) == (expected, expected.verdict)
        assert look(seen, test) == ruling

    def test_other_rates_move_their_own_bar_only(self) -> None:
        """Each promise is kept by its own number, and so is the bound that is shown for it."""
        seen, against = shared(200, 175, 200, 160), shared(200, 160, 200, 175)
        assert look(seen).verdict is Verdict.HOLD
        lenient = with_rates(promotion=0.4)
        assert look(seen, lenient).reason is Reason.LIFT_PROVEN
        assert numbers(seen).lower <= 0 < numbers(seen, lenient).lower
        assert look(against, with_rates(futility=1e-6)).verdict is Verdict.HOLD
        assert look(against, with_rates(futility=1e-6, harm=0.4)).reason is Reason.HARM_PROVEN
        assert look(against, with_rates(futility=0.4, harm=1e-6)).reason is Reason.TARGET_OUT_OF_REACH


class TestEpochs:
    """Weights apart: what got better while the share grew is no lift."""

    RAMP = Epochs(
        (
            Epoch(3, 50, 0.5, ArmCounts(500, 250, 9_500, 4_750)),
            Epoch(4, 500, 0.5, ArmCounts(5_000, 4_000, 5_000, 4_000)),
        )
    )

    def test_a_ramp_while_outcomes_get_better_is_no_lift(self) -> None:
        """Simpson: 50 % and then 80 % on both arms; thrown together the candidate's 77 % would beat 60 % beyond doubt."""
        candidate, current = (
            sum(getattr(one.counts, name) for one in self.RAMP.epochs)
            for name in ("candidate_successes", "current_successes")
        )
        pooled = shared(5_500, candidate, 14_500, current, weight=275, baseline=0.6)
        assert look(pooled).reason is Reason.LIFT_PROVEN
        assert look(self.RAMP).verdict is not Verdict.PROMOTE
        assert numbers(self.RAMP).estimate == pytest.approx(0, abs=1e-12)

    def test_a_ramp_while_outcomes_get_worse_hides_no_lift(self) -> None:
        """The other way round: 10 points better in each step, and no better when thrown together."""
        ramp = Epochs(
            (
                Epoch(3, 50, 0.8, ArmCounts(500, 450, 9_500, 7_600)),
                Epoch(4, 500, 0.5, ArmCounts(5_000, 3_000, 5_000, 2_500)),
            )
        )
        assert 3_450 / 5_500 < 10_100 / 14_500
        assert look(ramp).reason is Reason.LIFT_PROVEN

    def test_evidence_counts_the_epochs_that_tell(self) -> None:
        """Units of the watch are no units of the test."""
        watched = Epochs((Epoch(0, 0, 0.5, ArmCounts(0, 0, 1_000, 800)),))
        assert numbers(watched + self.RAMP).n == 20_000
        assert numbers(watched + self.RAMP) == numbers(self.RAMP)


class TestMissingResults:
    """Units without a result count against the candidate for promotion, and for it everywhere else."""

    @repeatable
    @given(arm_counts(), st.integers(0, 200), st.integers(0, 200), st.data())
    def test_the_worst_case_is_worse_than_any_truth(
        self, known: ArmCounts, candidate: int, current: int, data: st.DataObject
    ) -> None:
        """Whatever the missing results are: promoted only where the truth promotes, rejected only where the truth rejects."""
        hidden = [data.draw(st.integers(0, n), label="missing ones that are successes") for n in (candidate, current)]
        pessimistic, truth, optimistic = (
            epoch(2, known + ArmCounts(candidate, right, current, wrong))
            for right, wrong in ((0, current), (hidden[0], hidden[1]), (candidate, 0))
        )
        closed, opened = evidence(ArmCase(TEST, pessimistic, optimistic)), numbers(truth)
        rounding = 1e-9 * max(1.0, abs(opened.log_e), abs(opened.harm_log_e))
        assert closed.log_e <= opened.log_e + rounding
        assert closed.harm_log_e <= opened.harm_log_e + rounding
        assert closed.lower <= opened.lower + 1e-9
        assert closed.upper >= opened.upper - 1e-9

    def test_estimates_show_how_much_is_unknown(self) -> None:
        """The truth is between the two estimates, and the bounds enclose both."""
        found = evidence(ArmCase(TEST, shared(500, 400, 500, 420), shared(500, 420, 500, 400)))
        assert (found.estimate, found.optimistic_estimate) == (pytest.approx(-0.04), pytest.approx(0.04))
        assert found.lower < -0.04 < 0.04 < found.upper

    @pytest.mark.parametrize(
        "harm",
        [
            shared(100, 79, 100, 80),  # a success of the candidate is gone
            shared(100, 80, 100, 81),  # and one of current has come
            shared(101, 81, 100, 80),  # more units on an arm
            shared(100, 80, 99, 80),
            shared(100, 80, 100, 80, weight=250),
            shared(100, 80, 100, 80, baseline=0.7),
            shared(100, 80, 100, 80, number=4),
            shared(100, 80, 100, 80) + shared(1, 1, 1, 1, number=4),
            Epochs(),
        ],
    )
    def test_readings_of_other_units_are_an_error(self, harm: Epochs) -> None:
        """Exchanged or unequal counts would turn the careful policy round without a sign; there are no numbers to show for it."""
        wrong = Ruling(Verdict.ERROR, Reason.NOT_THE_SAME_UNITS, None)
        assert rule(ArmCase(TEST, shared(100, 80, 100, 80), harm)) == wrong

    def test_two_readings_are_of_the_same_units_place_by_place(self) -> None:
        """Of results between 0 and 1 each missing one has moved up on the candidate's arm, and down on the other."""
        low, high = ({"10": 5, "0": 2}, {"10": 5, "64": 2}), ({"10": 5, "64": 3}, {"10": 5, "0": 3})
        (worse, better), (down, up) = ([Rewards.from_json(amounts) for amounts in each] for each in (low, high))
        promotion, harm = (Epochs((Epoch(3, 500, 0.5, ArmRewards(*both)),)) for both in ((worse, down), (better, up)))
        assert rule(ArmCase(TEST, promotion, harm)).verdict is Verdict.HOLD
        assert rule(ArmCase(TEST, harm, promotion)).reason is Reason.NOT_THE_SAME_UNITS

    def test_counts_of_two_kinds_are_no_case(self) -> None:
        """They are counted on different scales."""
        with pytest.raises(ValueError, match="counts of the same kind"):
            ArmCase(TEST, shared(1, 1, 1, 1), Epochs((Epoch(3, 500, 0.8, ArmRewards.empty()),)))


class TestEarlierLook:
    """Counters only grow, and the terms of an epoch never change."""

    NOW = shared(100, 80, 100, 70) + shared(50, 40, 50, 40, number=4, weight=250)

    @pytest.mark.parametrize(
        "before",
        [
            shared(101, 80, 100, 70),
            shared(100, 81, 100, 70),
            shared(100, 79, 100, 70),  # a failure less is a counter that went back too
            shared(100, 80, 100, 71),
            shared(10, 8, 10, 7, weight=250),
            shared(10, 8, 10, 7, baseline=0.7),
            shared(0, 0, 0, 0, number=5),
        ],
    )
    def test_a_counter_that_went_back_is_an_error(self, before: Epochs) -> None:
        """On either reading: the ledger is not the one that was looked at."""
        case, nothing = ArmCase(TEST, self.NOW, self.NOW), Epochs()
        wrong = Ruling(Verdict.ERROR, Reason.COUNTERS_WENT_BACK, None)
        assert rule(case, ArmCase(TEST, before, nothing)) == wrong
        assert rule(case, ArmCase(TEST, nothing, before)) == wrong

    @pytest.mark.parametrize("before", [NOW, Epochs(), shared(60, 50, 40, 10), shared(100, 80, 100, 70)])
    def test_counters_that_grew_are_none(self, before: Epochs) -> None:
        """An earlier look changes nothing in what this one says."""
        case = ArmCase(TEST, self.NOW, self.NOW)
        assert rule(case, ArmCase(TEST, before, before)) == rule(case)


class TestEvidence:
    """What travels with the decision."""

    def test_bars_are_the_reciprocals_of_the_rates(self) -> None:
        """E-value against bar is the whole rule; all of alpha is spent on looking, and nothing is kept for the deadline."""
        found = numbers(shared(100, 82, 100, 80))
        assert (found.bar, found.harm_bar) == (pytest.approx(20), pytest.approx(100))
        assert found.e_value == pytest.approx(math.exp(found.log_e))
        assert (found.n, found.estimate, found.deadline_p) == (200, pytest.approx(0.02), None)

    def test_a_huge_e_value_is_capped_for_display_only(self) -> None:
        """The logarithm keeps the value."""
        found = numbers(shared(10**6, 10**6, 10**6, 0))
        assert found.e_value == pytest.approx(LARGEST_E_VALUE_SHOWN)
        assert found.log_e > 1000

    def test_needed_is_forecast_where_the_estimate_is_above_the_bar(self) -> None:
        """The better the estimate, the fewer further units; none above the bar is never expected to get there."""
        some, better, worse, proven = (numbers(shared(200, right, 200, 160)).needed for right in (170, 175, 155, 199))
        assert some.at_estimate is not None
        assert better.at_estimate is not None
        assert 0 < better.at_estimate < some.at_estimate
        assert (worse, proven) == (Needed(None, None), Needed(None, 0))
        assert numbers(Epochs()).needed == Needed(None, None)


class TestFrozenTest:
    """A test is checked when it is made, and stored exactly."""

    @repeatable
    @given(arm_tests(), outcome_epochs)
    def test_json_keeps_a_case_bit_for_bit(self, test: ArmTest, seen: Epochs) -> None:
        """What is stored as JSON text decides as before, to the last bit."""
        case = ArmCase(test, seen, seen)
        assert ArmTest.from_json(json.loads(json.dumps(test.to_json()))) == test
        again = ArmCase.from_json(json.loads(json.dumps(case.to_json())))
        assert again == case
        assert rule(again) == rule(case)

    @repeatable
    @given(epochs_of(arm_counts()))
    def test_two_readings_come_back_as_they_were(self, known: Epochs) -> None:
        """Which of them is the careful one is not lost."""
        moved = [
            Epochs(tuple(dataclasses.replace(one, counts=one.counts + missing) for one in known.epochs))
            for missing in (ArmCounts(3, 0, 2, 2), ArmCounts(3, 3, 2, 0))
        ]
        again = ArmCase.from_json(ArmCase(TEST, *moved).to_json())
        assert [again.promotion, again.harm] == moved
        assert rule(again).verdict is not Verdict.ERROR

    def test_planned_bets_suit_target_and_variance(self) -> None:
        """Those for promotion are placed for the lift above the bar, those against it for the target."""
        test = ArmTest.planned(minimum_lift=0.01, target_lift=0.03, rates=Rates(0.01), variance=0.16)
        assert test.bets == log_grid(0.03 - 0.01, 0.16, 1.0)
        assert test.harm_bets == log_grid(0.03, 0.16, 1.0)
        assert (test.rates.harm, test.rates.futility) == (HARM_RATE, FUTILITY_RATE)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"minimum_lift": -0.01}, "^minimum_lift must be in"),
            ({"minimum_lift": math.nan}, "^minimum_lift must be in"),
            ({"target_lift": 0.0}, "^target_lift must be in"),
            ({"target_lift": 1.01}, "^target_lift must be in"),
            ({"minimum_lift": 0.05}, "^target_lift must be above minimum_lift"),
            ({"bets": log_grid(0.1, 0.1, 0.5)}, "^bets must stake"),
            ({"harm_bets": log_grid(0.1, 0.1, 0.5)}, "^harm_bets must stake"),
            ({"rates": Rates(0.05, deadline_share=0.5)}, "^deadline_share must be 0 for two arms"),
        ],
    )
    def test_a_bad_field_is_refused_by_name(self, changes: dict[str, Any], message: str) -> None:
        """Nothing out of range is accepted; a part of alpha that is kept for no test would be lost."""
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(TEST, **changes)

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda data: data.pop("harm"), "^a case of two arms needs exactly"),
            (lambda data: data.update(last=True), "^a case of two arms needs exactly"),
            (lambda data: data.update(kind="ArmUnits"), "^kind must be one of"),
            (lambda data: data["test"].pop("bets"), "^a test of two arms needs exactly"),
            (lambda data: data["test"]["rates"].update(harm="often"), "^harm must be a number"),
            (lambda data: data["promotion"][0].update(weight=1001), "^weight must be at most"),
            (lambda data: data["promotion"][0]["counts"].update(current_units=-1), "^current_units must be"),
        ],
    )
    def test_a_damaged_store_is_refused(self, damage: Callable[[dict[str, Any]], object], message: str) -> None:
        """A case is read exactly, or not at all."""
        data = ArmCase(TEST, shared(9, 8, 9, 8), shared(9, 8, 9, 8)).to_json()
        damage(data)
        with pytest.raises(ValueError, match=message):
            ArmCase.from_json(data)

"""The rule: when a test promotes, rejects or goes on, and what it shows for it."""

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.bets import log_grid
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.verdict import (
    FUTILITY_RATE,
    HARM_RATE,
    LARGEST_E_VALUE_SHOWN,
    Decision,
    Evidence,
    Needed,
    PairedTest,
    Reason,
    assess,
)
from tests.unit.stats.given import counts, error_rates, minimum_lifts, repeatable

TEST = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, false_promotion_rate=0.05, disagreement_rate=0.06)


def look(wins: int, losses: int, ties: int, test: PairedTest = TEST) -> Evidence:
    """All outcomes known: both tests see the same counts."""
    seen = PairedCounts(wins, losses, ties)
    return assess(seen, seen, test)


@st.composite
def paired_tests(draw: st.DrawFn) -> PairedTest:
    minimum = draw(minimum_lifts)
    return dataclasses.replace(
        PairedTest.planned(
            minimum_lift=minimum,
            target_lift=minimum + (1 - minimum) * draw(st.floats(0.001, 1.0)),
            false_promotion_rate=draw(error_rates),
            disagreement_rate=draw(st.one_of(st.none(), st.floats(0, 1))),
            harm_rate=draw(error_rates),
        ),
        futility_rate=draw(error_rates),
    )


class TestRule:
    """One look, one decision."""

    @pytest.mark.parametrize(
        ("seen", "decision", "reason"),
        [
            ((0, 0, 0), Decision.CONTINUE, Reason.NO_PAIRS),
            ((0, 0, 50), Decision.CONTINUE, Reason.NO_DISAGREEMENT),
            ((12, 8, 380), Decision.CONTINUE, Reason.NOT_ENOUGH_EVIDENCE),
            ((60, 20, 920), Decision.PROMOTE, Reason.LIFT_PROVEN),
            ((20, 60, 920), Decision.REJECT_HARM, Reason.HARM_PROVEN),
            ((90, 90, 2820), Decision.REJECT_FUTILITY, Reason.TARGET_OUT_OF_REACH),
            ((0, 0, 10**9), Decision.REJECT_FUTILITY, Reason.TARGET_OUT_OF_REACH),
            ((10**9, 0, 0), Decision.PROMOTE, Reason.LIFT_PROVEN),
            ((0, 10**9, 0), Decision.REJECT_HARM, Reason.HARM_PROVEN),
        ],
    )
    def test_the_counts_decide(self, seen: tuple[int, int, int], decision: Decision, reason: Reason) -> None:
        """At a target of 2 points and 6 % disagreement."""
        evidence = look(*seen)
        assert (evidence.decision, evidence.reason) == (decision, reason)

    def test_a_lift_below_the_bar_is_not_promoted(self) -> None:
        """What is proven to be better than 0 is not proven to be better than 3 points."""
        bar = PairedTest.planned(minimum_lift=0.03, target_lift=0.06, false_promotion_rate=0.05, disagreement_rate=0.1)
        assert look(60, 20, 920).decision is Decision.PROMOTE
        assert look(60, 20, 920, bar).decision is not Decision.PROMOTE
        assert look(160, 20, 1820, bar).decision is Decision.PROMOTE

    def test_a_proven_lift_below_the_target_is_promoted(self) -> None:
        """Both bars are passed: the lift is real and smaller than hoped for. Promotion asks for the minimum only."""
        evidence = look(10_500, 9_500, 180_000)
        assert evidence.lower > 0
        assert evidence.upper < TEST.target_lift
        assert evidence.decision is Decision.PROMOTE

    def test_harm_is_named_before_futility(self) -> None:
        """A worse candidate is also short of the target; the graver reason is given."""
        evidence = look(20, 60, 920)
        assert evidence.upper < TEST.target_lift
        assert evidence.reason is Reason.HARM_PROVEN

    @repeatable
    @given(counts, paired_tests())
    def test_the_decision_follows_the_numbers_shown(self, seen: PairedCounts, test: PairedTest) -> None:
        """Whoever recomputes the rule from the evidence comes to the same decision; harm and promotion never meet."""
        evidence = assess(seen, seen, test)
        harm = evidence.harm_log_e >= math.log(evidence.harm_bar) * (1 - 1e-12)
        lift = evidence.lower > test.minimum_lift
        assert not (harm and lift)
        expected = Decision.CONTINUE
        if harm:
            expected = Decision.REJECT_HARM
        elif lift:
            expected = Decision.PROMOTE
        elif evidence.upper < test.target_lift:
            expected = Decision.REJECT_FUTILITY
        assert evidence.decision is expected
        assert assess(seen, seen, test) == evidence

    def test_other_rates_move_their_own_bar_only(self) -> None:
        """Each promise is kept by its own number."""
        seen = (40, 22, 938)
        assert look(*seen).decision is Decision.CONTINUE
        lenient = dataclasses.replace(TEST, false_promotion_rate=0.4)
        assert look(*seen, lenient).decision is Decision.PROMOTE
        mirrored = (22, 40, 938)
        assert look(*mirrored, dataclasses.replace(TEST, futility_rate=1e-6)).decision is Decision.CONTINUE
        accusing = dataclasses.replace(TEST, futility_rate=1e-6, harm_rate=0.4)
        assert look(*mirrored, accusing).decision is Decision.REJECT_HARM


class TestMissingOutcomes:
    """Disagreements without an outcome count against the candidate for promotion, and for it everywhere else."""

    @repeatable
    @given(counts, st.integers(0, 200), st.data())
    def test_the_worst_case_is_worse_than_any_truth(
        self, known: PairedCounts, missing: int, data: st.DataObject
    ) -> None:
        """Whatever the missing outcomes are: promotion only where the truth promotes, rejection only where the truth rejects."""
        hidden = data.draw(st.integers(0, missing), label="missing outcomes that are wins")
        truth = known + PairedCounts(wins=hidden, losses=missing - hidden)
        careful = assess(known + PairedCounts(losses=missing), known + PairedCounts(wins=missing), TEST)
        open_book = assess(truth, truth, TEST)
        rounding = 1e-9 * max(1.0, abs(open_book.log_e), abs(open_book.harm_log_e))
        assert careful.log_e <= open_book.log_e + rounding
        assert careful.harm_log_e <= open_book.harm_log_e + rounding
        assert careful.lower <= open_book.lower + 1e-9
        assert careful.upper >= open_book.upper - 1e-9

    def test_estimates_show_how_much_is_unknown(self) -> None:
        """The truth is between the two estimates, and the bounds enclose both."""
        evidence = assess(PairedCounts(30, 40, 930), PairedCounts(50, 20, 930), TEST)
        assert evidence.estimate == pytest.approx(-0.01)
        assert evidence.optimistic_estimate == pytest.approx(0.03)
        assert evidence.lower < -0.01 < 0.03 < evidence.upper
        assert evidence.decision is Decision.CONTINUE

    @pytest.mark.parametrize(
        "harm", [PairedCounts(30, 40, 931), PairedCounts(29, 40, 931), PairedCounts(30, 41, 929), PairedCounts(0, 0, 0)]
    )
    def test_counts_of_other_pairs_are_refused(self, harm: PairedCounts) -> None:
        """Exchanged or unequal counts would turn the careful policy round without a sign."""
        with pytest.raises(ValueError, match=r"^harm_counts must"):
            assess(PairedCounts(30, 40, 930), harm, TEST)


class TestEvidence:
    """What travels with the decision."""

    def test_bars_are_the_reciprocals_of_the_rates(self) -> None:
        """E-value against bar is the whole rule, for promotion and for harm."""
        evidence = look(12, 8, 380)
        assert evidence.bar == pytest.approx(20)
        assert evidence.harm_bar == pytest.approx(100)
        assert evidence.e_value == pytest.approx(math.exp(evidence.log_e))
        assert (evidence.n, evidence.estimate) == (400, 0.01)

    def test_a_huge_e_value_is_capped_for_display_only(self) -> None:
        """The logarithm keeps the value."""
        evidence = look(10**6, 0, 0)
        assert evidence.e_value == pytest.approx(LARGEST_E_VALUE_SHOWN)
        assert evidence.log_e > 1000
        assert look(0, 10**9, 0).e_value == 0

    def test_needed_is_forecast_at_target_and_estimate(self) -> None:
        """A better estimate than the target needs fewer pairs; none above the bar is never expected to get there."""
        good, bad = look(16, 4, 380).needed, look(8, 12, 380).needed
        assert good.at_target is not None
        assert good.at_estimate is not None
        assert 0 < good.at_estimate < good.at_target
        assert bad.at_target is not None
        assert bad.at_target > good.at_target
        assert bad.at_estimate is None
        assert look(0, 0, 50).needed == Needed(None, None)
        assert look(60, 20, 920).needed == Needed(0, 0)


class TestFrozenTest:
    """A test is checked when it is made, and stored exactly."""

    @repeatable
    @given(paired_tests())
    def test_json_keeps_a_test_bit_for_bit(self, test: PairedTest) -> None:
        """What is stored as JSON text decides as before, to the last bit."""
        assert PairedTest.from_json(json.loads(json.dumps(test.to_json()))) == test

    def test_planned_bets_suit_target_and_disagreement(self) -> None:
        """The bets for promotion are placed for the lift above the bar; those against it for the target."""
        test = PairedTest.planned(minimum_lift=0.01, target_lift=0.03, false_promotion_rate=0.01, disagreement_rate=0.1)
        assert test.bets == log_grid(0.03 - 0.01, 0.1 - 2 * 0.01 * 0.03 + 0.01**2, 1 + 0.01)
        assert test.harm_bets == log_grid(0.03, 0.1, 1.0)
        assert (test.harm_rate, test.futility_rate) == (HARM_RATE, FUTILITY_RATE)

    def test_fewer_disagreements_than_the_target_are_taken_as_the_target(self) -> None:
        """The plan of a test never assumes what would make its target impossible."""
        few, enough = (
            PairedTest.planned(minimum_lift=0.0, target_lift=0.05, false_promotion_rate=0.01, disagreement_rate=rate)
            for rate in (0.0, 0.05)
        )
        assert few == enough

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"minimum_lift": -0.01}, "^minimum_lift must be in"),
            ({"minimum_lift": 1.0}, "^minimum_lift must be in"),
            ({"minimum_lift": math.nan}, "^minimum_lift must be in"),
            ({"target_lift": 0.0}, "^target_lift must be in"),
            ({"target_lift": 1.01}, "^target_lift must be in"),
            ({"target_lift": math.nan}, "^target_lift must be in"),
            ({"minimum_lift": 0.02}, "^target_lift must be above minimum_lift"),
            ({"false_promotion_rate": 0.0}, "^false_promotion_rate must be"),
            ({"false_promotion_rate": 0.5}, "^false_promotion_rate must be"),
            ({"harm_rate": 0.7}, "^harm_rate must be"),
            ({"futility_rate": -0.1}, "^futility_rate must be"),
            ({"minimum_lift": 0.5, "target_lift": 0.9}, "^bets must stake"),
            ({"harm_bets": log_grid(0.1, 0.1, 0.5)}, "^harm_bets must stake"),
        ],
    )
    def test_a_bad_field_is_refused_by_name(self, changes: dict[str, Any], message: str) -> None:
        """Nothing out of range is accepted, and the message says which field."""
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(TEST, **changes)

    @pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
    def test_a_bad_disagreement_rate_is_refused(self, rate: float) -> None:
        """It is a share of pairs."""
        with pytest.raises(ValueError, match=r"^disagreement_rate must be in"):
            PairedTest.planned(minimum_lift=0.0, target_lift=0.02, false_promotion_rate=0.05, disagreement_rate=rate)

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda data: data.pop("bets"), "needs exactly"),
            (lambda data: data.update(extra="1"), "needs exactly"),
            (lambda data: data.update(harm_rate="often"), "^harm_rate must be a number"),
            (lambda data: data.update(harm_rate="0.9"), "^harm_rate must be"),
        ],
    )
    def test_a_damaged_store_is_refused(self, damage: Callable[[dict[str, Any]], object], message: str) -> None:
        """A frozen test is read exactly, or not at all."""
        data = TEST.to_json()
        damage(data)
        with pytest.raises(ValueError, match=message):
            PairedTest.from_json(data)

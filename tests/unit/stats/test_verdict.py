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
from shadowlift.stats.counts import Differences, PairedCounts
from shadowlift.stats.terms import FUTILITY_RATE, HARM_RATE, PairedTest, Rates
from shadowlift.stats.verdict import (
    LARGEST_E_VALUE_SHOWN,
    Case,
    Evidence,
    Needed,
    Reason,
    Ruling,
    Verdict,
    conclude,
    rule,
)
from tests.unit.stats.given import counts, differences, error_rates, minimum_lifts, repeatable

TEST = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(0.05), second_moment=0.06)


def look(wins: int, losses: int, ties: int, test: PairedTest = TEST, *, last: bool = False) -> Ruling:
    """All outcomes known: both tests see the same counts."""
    seen = PairedCounts(wins, losses, ties)
    return rule(Case(test, seen, seen, last))


def numbers(wins: int, losses: int, ties: int, test: PairedTest = TEST) -> Evidence:
    """The evidence of a look that has any."""
    evidence = look(wins, losses, ties, test).evidence
    assert evidence is not None
    return evidence


def careful(promotion: PairedCounts, harm: PairedCounts, test: PairedTest = TEST) -> Evidence:
    """The evidence where outcomes are missing."""
    evidence = rule(Case(test, promotion, harm)).evidence
    assert evidence is not None
    return evidence


def with_rates(**changes: float) -> PairedTest:
    return dataclasses.replace(TEST, rates=dataclasses.replace(TEST.rates, **changes))


@st.composite
def paired_tests(draw: st.DrawFn) -> PairedTest:
    minimum = draw(minimum_lifts)
    share = draw(st.sampled_from([0.0, 0.5, 0.9])) if minimum == 0 else 0.0
    return PairedTest.planned(
        minimum_lift=minimum,
        target_lift=minimum + (1 - minimum) * draw(st.floats(0.001, 1.0)),
        rates=Rates(draw(error_rates), draw(error_rates), draw(error_rates), share),
        second_moment=draw(st.one_of(st.none(), st.floats(0, 1))),
    )


class TestRule:
    """One look, one decision."""

    @pytest.mark.parametrize(
        ("seen", "verdict", "reason"),
        [
            ((0, 0, 0), Verdict.HOLD, Reason.NO_PAIRS),
            ((0, 0, 50), Verdict.HOLD, Reason.NO_DISAGREEMENT),
            ((12, 8, 380), Verdict.HOLD, Reason.NOT_ENOUGH_EVIDENCE),
            ((60, 20, 920), Verdict.PROMOTE, Reason.LIFT_PROVEN),
            ((20, 60, 920), Verdict.REJECT, Reason.HARM_PROVEN),
            ((90, 90, 2820), Verdict.REJECT, Reason.TARGET_OUT_OF_REACH),
            ((0, 0, 10**9), Verdict.REJECT, Reason.TARGET_OUT_OF_REACH),
            ((10**9, 0, 0), Verdict.PROMOTE, Reason.LIFT_PROVEN),
            ((0, 10**9, 0), Verdict.REJECT, Reason.HARM_PROVEN),
        ],
    )
    def test_the_counts_decide(self, seen: tuple[int, int, int], verdict: Verdict, reason: Reason) -> None:
        """At a target of 2 points and 6 % disagreement."""
        ruling = look(*seen)
        assert (ruling.verdict, ruling.reason) == (verdict, reason)

    def test_a_lift_below_the_bar_is_not_promoted(self) -> None:
        """What is proven to be better than 0 is not proven to be better than 3 points."""
        bar = PairedTest.planned(minimum_lift=0.03, target_lift=0.06, rates=Rates(0.05), second_moment=0.1)
        assert look(60, 20, 920).verdict is Verdict.PROMOTE
        assert look(60, 20, 920, bar).verdict is not Verdict.PROMOTE
        assert look(160, 20, 1820, bar).verdict is Verdict.PROMOTE

    def test_a_proven_lift_below_the_target_is_promoted(self) -> None:
        """Both bars are passed: the lift is real and smaller than hoped for. Promotion asks for the minimum only."""
        evidence = numbers(10_500, 9_500, 180_000)
        assert evidence.lower > 0
        assert evidence.upper < TEST.target_lift
        assert look(10_500, 9_500, 180_000).verdict is Verdict.PROMOTE

    def test_harm_is_named_before_futility(self) -> None:
        """A worse candidate is also short of the target; the graver reason is given."""
        assert numbers(20, 60, 920).upper < TEST.target_lift
        assert look(20, 60, 920).reason is Reason.HARM_PROVEN

    @repeatable
    @given(counts, paired_tests())
    def test_the_decision_follows_the_numbers_shown(self, seen: PairedCounts, test: PairedTest) -> None:
        """Whoever recomputes the rule from the evidence comes to the same decision; harm and promotion never meet."""
        ruling = rule(Case(test, seen, seen))
        evidence = ruling.evidence
        assert evidence is not None
        harm = evidence.harm_log_e >= math.log(evidence.harm_bar) * (1 - 1e-12)
        lift = evidence.lower > test.minimum_lift
        assert not (harm and lift)
        expected = Verdict.HOLD
        if harm:
            expected = Verdict.REJECT
        elif lift:
            expected = Verdict.PROMOTE
        elif evidence.upper < test.target_lift:
            expected = Verdict.REJECT
        assert ruling.verdict is expected
        assert rule(Case(test, seen, seen)) == ruling

    def test_other_rates_move_their_own_bar_only(self) -> None:
        """Each promise is kept by its own number."""
        seen = (40, 22, 938)
        assert look(*seen).verdict is Verdict.HOLD
        lenient = with_rates(promotion=0.4)
        assert look(*seen, lenient).verdict is Verdict.PROMOTE
        mirrored = (22, 40, 938)
        assert look(*mirrored, with_rates(futility=1e-6)).verdict is Verdict.HOLD
        accusing = with_rates(futility=1e-6, harm=0.4)
        assert look(*mirrored, accusing).verdict is Verdict.REJECT


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
        closed_book = careful(known + PairedCounts(losses=missing), known + PairedCounts(wins=missing))
        open_book = careful(truth, truth)
        rounding = 1e-9 * max(1.0, abs(open_book.log_e), abs(open_book.harm_log_e))
        assert closed_book.log_e <= open_book.log_e + rounding
        assert closed_book.harm_log_e <= open_book.harm_log_e + rounding
        assert closed_book.lower <= open_book.lower + 1e-9
        assert closed_book.upper >= open_book.upper - 1e-9

    def test_estimates_show_how_much_is_unknown(self) -> None:
        """The truth is between the two estimates, and the bounds enclose both."""
        case = Case(TEST, PairedCounts(30, 40, 930), PairedCounts(50, 20, 930))
        evidence = careful(case.promotion, case.harm)
        assert evidence.estimate == pytest.approx(-0.01)
        assert evidence.optimistic_estimate == pytest.approx(0.03)
        assert evidence.lower < -0.01 < 0.03 < evidence.upper
        assert rule(case).verdict is Verdict.HOLD

    @pytest.mark.parametrize(
        "harm", [PairedCounts(30, 40, 931), PairedCounts(29, 40, 931), PairedCounts(30, 41, 929), PairedCounts(0, 0, 0)]
    )
    def test_counts_of_other_pairs_are_an_error(self, harm: PairedCounts) -> None:
        """Exchanged or unequal counts would turn the careful policy round without a sign; there are no numbers to show for it."""
        assert rule(Case(TEST, PairedCounts(30, 40, 930), harm)) == Ruling(
            Verdict.ERROR, Reason.NOT_THE_SAME_PAIRS, None
        )


class TestTheExactLook:
    """Once, at the deadline, with its own part of alpha and the pessimistic reading."""

    TEST = with_rates(deadline_share=0.6)  # 0.03 for it

    @pytest.mark.parametrize(
        ("wins", "losses", "reason"),
        [
            (44, 26, Reason.LIFT_PROVEN_AT_DEADLINE),  # p = 0.021
            (43, 27, Reason.NOT_ENOUGH_EVIDENCE),  # p = 0.036: within alpha, beyond its part
        ],
    )
    def test_it_has_its_own_part_of_alpha(self, wins: int, losses: int, reason: Reason) -> None:
        """And only when it is the last look."""
        assert look(wins, losses, 1000, self.TEST, last=True).reason is reason
        assert look(wins, losses, 1000, self.TEST).reason is Reason.NOT_ENOUGH_EVIDENCE
        assert look(wins, losses, 1000, last=True).reason is Reason.NOT_ENOUGH_EVIDENCE

    def test_missing_outcomes_count_against_the_candidate_there_too(self) -> None:
        """Twenty disagreements without an outcome: as losses they are no proof, as wins they would be one."""
        known = PairedCounts(30, 20, 1000)
        case = Case(self.TEST, known + PairedCounts(losses=20), known + PairedCounts(wins=20), last=True)
        assert rule(case).reason is Reason.NOT_ENOUGH_EVIDENCE
        assert rule(dataclasses.replace(case, promotion=case.harm)).verdict is Verdict.PROMOTE


class TestEvidence:
    """What travels with the decision."""

    def test_bars_are_the_reciprocals_of_the_rates(self) -> None:
        """E-value against bar is the whole rule, for promotion and for harm."""
        evidence = numbers(12, 8, 380)
        assert evidence.bar == pytest.approx(20)
        assert evidence.harm_bar == pytest.approx(100)
        assert evidence.e_value == pytest.approx(math.exp(evidence.log_e))
        assert (evidence.n, evidence.estimate) == (400, 0.01)

    def test_a_huge_e_value_is_capped_for_display_only(self) -> None:
        """The logarithm keeps the value."""
        evidence = numbers(10**6, 0, 0)
        assert evidence.e_value == pytest.approx(LARGEST_E_VALUE_SHOWN)
        assert evidence.log_e > 1000
        assert numbers(0, 10**9, 0).e_value == 0

    def test_needed_is_forecast_at_target_and_estimate(self) -> None:
        """A better estimate than the target needs fewer pairs; none above the bar is never expected to get there."""
        good, bad = numbers(16, 4, 380).needed, numbers(8, 12, 380).needed
        assert good.at_target is not None
        assert good.at_estimate is not None
        assert 0 < good.at_estimate < good.at_target
        assert bad.at_target is not None
        assert bad.at_target > good.at_target
        assert bad.at_estimate is None
        assert numbers(0, 0, 50).needed == Needed(None, None)
        assert numbers(60, 20, 920).needed == Needed(0, 0)


class TestFrozenTest:
    """A test is checked when it is made, and stored exactly."""

    @repeatable
    @given(paired_tests())
    def test_json_keeps_a_test_bit_for_bit(self, test: PairedTest) -> None:
        """What is stored as JSON text decides as before, to the last bit."""
        assert PairedTest.from_json(json.loads(json.dumps(test.to_json()))) == test

    def test_planned_bets_suit_target_and_disagreement(self) -> None:
        """The bets for promotion are placed for the lift above the bar; those against it for the target."""
        test = PairedTest.planned(minimum_lift=0.01, target_lift=0.03, rates=Rates(0.01), second_moment=0.1)
        assert test.bets == log_grid(0.03 - 0.01, 0.1 - 2 * 0.01 * 0.03 + 0.01**2, 1 + 0.01)
        assert test.harm_bets == log_grid(0.03, 0.1, 1.0)
        assert (test.rates.harm, test.rates.futility) == (HARM_RATE, FUTILITY_RATE)

    def test_fewer_disagreements_than_the_target_are_taken_as_the_target(self) -> None:
        """The plan of a test never assumes what would make its target impossible."""
        few, enough = (
            PairedTest.planned(minimum_lift=0.0, target_lift=0.05, rates=Rates(0.01), second_moment=rate)
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
            ({"minimum_lift": 0.5, "target_lift": 0.9}, "^bets must stake"),
            ({"harm_bets": log_grid(0.1, 0.1, 0.5)}, "^harm_bets must stake"),
        ],
    )
    def test_a_bad_field_is_refused_by_name(self, changes: dict[str, Any], message: str) -> None:
        """Nothing out of range is accepted, and the message says which field."""
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(TEST, **changes)

    @pytest.mark.parametrize("rate", [0.0, 0.5, 0.7, -0.1, 1, math.nan, math.inf])
    @pytest.mark.parametrize("name", ["promotion", "harm", "futility"])
    def test_a_bad_rate_is_refused_by_name(self, name: str, rate: float) -> None:
        """An error rate of a half or more is no evidence at all."""
        with pytest.raises(ValueError, match=f"^{name} must be a number above 0 and below 0.5"):
            with_rates(**{name: rate})

    @pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
    def test_a_bad_deadline_share_is_refused(self, share: float) -> None:
        """It is a part of alpha, and something must be left for the other looks."""
        with pytest.raises(ValueError, match=r"^deadline_share must be in"):
            with_rates(deadline_share=share)

    def test_no_exact_look_is_kept_where_none_is_known(self) -> None:
        """A bar above 0 and losses have no exact test: the part of alpha would be lost."""
        with pytest.raises(ValueError, match=r"^deadline_share must be 0 with a minimum_lift"):
            dataclasses.replace(with_rates(deadline_share=0.5), minimum_lift=0.01)
        with pytest.raises(ValueError, match=r"^deadline_share must be 0 for losses"):
            Case(with_rates(deadline_share=0.5), Differences.empty(), Differences.empty())

    @pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
    def test_a_bad_second_moment_is_refused(self, rate: float) -> None:
        """A mean square of numbers in [-1, 1] is in [0, 1]."""
        with pytest.raises(ValueError, match=r"^second_moment must be in"):
            PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(0.05), second_moment=rate)

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda data: data.pop("bets"), "needs exactly"),
            (lambda data: data.update(extra="1"), "needs exactly"),
            (lambda data: data["rates"].update(harm="often"), "^harm must be a number"),
            (lambda data: data["rates"].update(harm="0.9"), "^harm must be"),
            (lambda data: data["rates"].pop("deadline_share"), "^rates needs exactly"),
        ],
    )
    def test_a_damaged_store_is_refused(self, damage: Callable[[dict[str, Any]], object], message: str) -> None:
        """A frozen test is read exactly, or not at all."""
        data = TEST.to_json()
        damage(data)
        with pytest.raises(ValueError, match=message):
            PairedTest.from_json(data)


@repeatable
@given(st.one_of(st.tuples(counts, counts), st.tuples(differences, differences)), st.booleans())
def test_the_short_way_comes_to_the_same_reason(both: tuple, last: bool) -> None:
    """`conclude` leaves out the numbers and nothing else, also of counts that cannot be."""
    share = 0.6 if isinstance(both[0], PairedCounts) else 0.0
    test = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(0.05, deadline_share=share))
    for promotion, harm in (both, (both[0], both[0])):
        case = Case(test, promotion, harm, last)
        assert conclude(case) is rule(case).reason

"""A stored case is read as what it is, pairs or arms, and comes to the verdict that it came to then."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import arm_verdict, cases, verdict
from shadowlift.stats.arm_counts import ArmCounts, ArmRewards
from shadowlift.stats.arm_verdict import ArmCase, ArmTest
from shadowlift.stats.cases import AnyCase
from shadowlift.stats.counts import Differences, PairedCounts, Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.terms import PairedTest, Rates
from shadowlift.stats.verdict import Case
from tests.unit.stats.given import counts as paired_counts
from tests.unit.stats.given import differences, repeatable
from tests.unit.stats.given_arms import outcome_epochs

PAIRS = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(0.05), second_moment=0.06)
ARMS = ArmTest.planned(minimum_lift=0.0, target_lift=0.05, rates=Rates(0.05), variance=0.09)
SHARED = Epochs((Epoch(3, 500, 0.1, ArmCounts(100, 20, 100, 10)),))
SPENT = Epochs((Epoch(3, 500, 0.1, ArmRewards(Rewards.from_json({"64": 9}), Rewards.from_json({"0": 9}))),))
EACH: dict[str, AnyCase] = {
    "PairedCounts": Case(PAIRS, PairedCounts(60, 20, 920), PairedCounts(60, 20, 920)),
    "Differences": Case(PAIRS, Differences.ties(9), Differences.ties(9), last=True),
    "ArmCounts": ArmCase(ARMS, SHARED, SHARED),
    "ArmRewards": ArmCase(ARMS, SPENT, SPENT),
}
any_case = st.one_of(
    paired_counts.map(lambda seen: Case(PAIRS, seen, seen)),
    differences.map(lambda seen: Case(PAIRS, seen, seen)),
    outcome_epochs.map(lambda seen: ArmCase(ARMS, seen, seen)),
)


@pytest.mark.parametrize(("kind", "case"), EACH.items(), ids=EACH)
def test_the_kind_is_that_of_the_counts(kind: str, case: AnyCase) -> None:
    """One word says which test reads it; whoever stores it need not know."""
    stored = json.loads(json.dumps(case.to_json()))
    assert stored["kind"] == kind
    assert cases.from_json(stored) == case


@repeatable
@given(any_case)
def test_a_stored_case_comes_to_the_same_verdict(case: AnyCase) -> None:
    """Bit for bit, with all its numbers, and as its own engine says."""
    again = cases.from_json(json.loads(json.dumps(case.to_json())))
    assert again == case
    own = arm_verdict.rule(case) if isinstance(case, ArmCase) else verdict.rule(case)
    assert cases.rule(again) == own


@pytest.mark.parametrize("kind", ["", "Arms", "ArmUnits", "Pairs", None, 7])
@pytest.mark.parametrize("of", EACH)
def test_an_unknown_kind_is_refused(of: str, kind: Any) -> None:
    """Nothing is read as what it might be."""
    with pytest.raises(ValueError, match=r"kind must be one of|needs exactly kind"):
        cases.from_json({**EACH[of].to_json(), "kind": kind})


@pytest.mark.parametrize(("one", "other"), [("PairedCounts", "ArmCounts"), ("ArmRewards", "Differences")])
def test_a_case_of_one_kind_is_none_of_the_other(one: str, other: str) -> None:
    """Counts of pairs say nothing of arms."""
    with pytest.raises(ValueError, match="need"):
        cases.from_json({**EACH[one].to_json(), "kind": other})


@pytest.mark.parametrize("of", EACH)
def test_a_case_without_a_kind_is_refused(of: str) -> None:
    """As one that lacks any other field."""
    stored = EACH[of].to_json()
    del stored["kind"]
    with pytest.raises(ValueError, match="needs exactly kind"):
        cases.from_json(stored)

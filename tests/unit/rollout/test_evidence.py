"""From counters to evidence: sums are exact, warm-up never counts, and the stated policy decides what silence means."""

import math

import pytest

from shadowlift.api.ledger import EpochCounters, RouterReport, TrialCounters
from shadowlift.api.objective import Missing
from shadowlift.api.record import RouterTotals
from shadowlift.rollout.evidence import case, coverage_of, plain, shown, signed, total, unit_of_lift
from shadowlift.rollout.gates import SELECTION_BAR, selection_evidence
from shadowlift.stats.counts import Differences, PairedCounts
from shadowlift.stats.scales import SIGNED
from shadowlift.stats.terms import PairedTest, Rates
from shadowlift.stats.verdict import Case, Evidence, Verdict, rule
from tests.unit.rollout.tale import BASELINE, terms

BETS = BASELINE.test or {}


def numbers(asked: Case) -> Evidence:
    evidence = rule(asked).evidence
    assert evidence is not None
    return evidence


ONE = EpochCounters(
    live=10, wins=3, losses=1, ties=6, unlabelled=2, reasons={"NoBody": 1}, current_values={"M": 4, "B": 6}
)
TWO = EpochCounters(live=5, wins=1, losses=2, ties=2, reasons={"NoBody": 2, "Late": 1}, current_values={"M": 5})


def test_epochs_add_up_field_by_field():
    """Every number and every key of every map, in any order."""
    both = total([ONE, TWO])
    assert both == total([TWO, ONE])
    assert (both.live, both.wins, both.losses, both.ties, both.unlabelled) == (15, 4, 3, 8, 2)
    assert (both.reasons, both.current_values) == ({"NoBody": 3, "Late": 1}, {"M": 9, "B": 6})
    assert total([]) == EpochCounters()
    for name, field in EpochCounters.model_fields.items():
        one = EpochCounters.model_validate({name: 1 if field.annotation is int else {"x": 1}})
        assert getattr(total([one, one]), name) == (2 if field.annotation is int else {"x": 2}), name


@pytest.mark.parametrize(
    ("missing", "promotion", "harm"),
    [
        (Missing.WORST, PairedCounts(3, 3, 6), PairedCounts(5, 1, 6)),
        (Missing.AT_RANDOM, PairedCounts(3, 1, 8), PairedCounts(5, 1, 6)),
        (
            Missing.VALUE,
            PairedCounts(3, 3, 6),
            PairedCounts(5, 1, 6),
        ),  # none should be left; if one is, it is the worst
    ],
)
def test_what_an_outcome_that_did_not_come_counts_as(missing: Missing, promotion: PairedCounts, harm: PairedCounts):
    """Worst: against the candidate in the promotion test and for it in the harm test. AtRandom: a tie, and for it."""
    seen = case(terms(missing=missing.value), BETS, ONE)
    assert (seen.promotion, seen.harm) == (promotion, harm)


@pytest.mark.parametrize("missing", Missing)
def test_a_candidates_answer_that_we_could_not_read_is_never_left_out(missing: Missing):
    """Which of its answers are too long is its own doing: at their worst for promotion, at their best for harm, whatever the policy."""
    seen = case(terms(missing=missing.value), BETS, EpochCounters(wins=3, losses=1, ties=6, unread=2))
    assert (seen.promotion, seen.harm) == (PairedCounts(3, 3, 6), PairedCounts(5, 1, 6))


@pytest.mark.parametrize("missing", Missing)
def test_without_missing_outcomes_the_policies_agree(missing: Missing):
    """A policy for what did not come changes nothing where all came."""
    seen = case(terms(missing=missing.value), BETS, TWO)
    assert seen.promotion == seen.harm == PairedCounts(1, 2, 2)


@pytest.mark.parametrize(
    ("missing", "verdict"),
    [("Worst", Verdict.HOLD), ("AtRandom", Verdict.PROMOTE), ("Value", Verdict.HOLD)],
)
def test_selective_labels_promote_under_at_random_only(missing: str, verdict: Verdict):
    """80 wins with an outcome and 80 disagreements without: proven only where the user asserts that silence says nothing."""
    epoch = EpochCounters(wins=80, losses=10, ties=900, unlabelled=80)
    assert rule(case(terms(missing=missing), BETS, epoch)).verdict is verdict


@pytest.mark.parametrize(
    ("labelled", "silent", "selected"),
    [
        ({}, {}, False),
        ({"M": 50}, {"M": 50}, False),  # one answer only: nothing to compare
        ({"M": 50, "B": 50}, {"M": 50, "B": 50}, False),
        ({"M": 5, "B": 3}, {"M": 3, "B": 5}, False),
        ({"M": 50, "B": 5}, {"M": 5, "B": 50}, True),
        ({"M": 50}, {"B": 50}, True),
        ({"M": 100_000, "B": 10}, {"M": 10, "B": 100_000}, True),  # finite, however strong
    ],
)
def test_labels_that_depend_on_the_served_answer_are_noticed(labelled: dict, silent: dict, selected: bool):
    """The evidence ratio crosses its bar when label rates differ by answer, and is finite always."""
    ratio = selection_evidence(labelled, silent)
    assert math.isfinite(ratio)
    assert (ratio >= SELECTION_BAR) is selected


def test_equal_label_rates_speak_against_selection():
    """The more labels come alike, the further the ratio is below one: it is evidence, not a test that must trip one day."""
    ratios = [selection_evidence({"M": n, "B": n}, {"M": n, "B": n}) for n in (10, 100, 1000)]
    assert 1 > ratios[0] > ratios[1] > ratios[2] > 0


@pytest.mark.parametrize(
    ("log_e", "text"),
    [
        (0.0, "1"),
        (math.log(100), "100"),
        (math.log(12345.678), "1.235e+04"),
        (math.log(2e6), "2.00e+6"),
        (-20.0, "2.06e-9"),
        (2000.0, "3.88e+868"),
    ],
)
def test_an_e_value_is_text_a_person_can_read(log_e: float, text: str):
    """Beyond what a double holds it is still written, from its logarithm; and it is a number again when read."""
    assert plain(log_e) == text
    float(text)


@pytest.mark.parametrize(("value", "text"), [(0.0312, "+0.0312"), (-0.5, "-0.5000"), (0.0, "+0.0000")])
def test_a_lift_carries_its_sign(value: float, text: str):
    """Better and worse are told apart at first sight."""
    assert signed(value) == text


def test_evidence_shows_what_the_decision_saw():
    """Counts, estimate, bounds, e-values and bars, all from the same assessment."""
    epoch = EpochCounters(wins=90, losses=10, ties=900, labelled=100)
    seen = shown(epoch, numbers(case(terms(), BETS, epoch)))
    assert (seen.n, seen.wins, seen.losses, seen.ties, seen.labelled, seen.unlabelled) == (1000, 90, 10, 900, 100, 0)
    assert (seen.estimate, seen.bar, seen.harm_bar) == ("+0.0800", "100", "100")
    assert seen.lower is not None
    assert float(seen.lower) > 0
    assert seen.e_value is not None
    assert float(seen.e_value) >= 100


def test_without_pairs_the_estimate_is_absent():
    """Absent is not zero."""
    seen = shown(EpochCounters(), numbers(case(terms(), BETS, EpochCounters())))
    assert (seen.n, seen.estimate, seen.needed) == (0, None, None)


LOSS = {"objective": "AbsoluteError", "minimum": -60.0, "maximum": 180.0}
LOSS_TEST = PairedTest.planned(minimum_lift=0.0, target_lift=2 / 240, rates=Rates(0.01), second_moment=0.002)
LOSS_BETS = LOSS_TEST.to_json()


@pytest.mark.parametrize(
    ("missing", "promotion", "harm"),
    [("Worst", {"30": 4, "32": 5}, {"32": 5, "40": 4}), ("AtRandom", {"32": 9}, {"32": 5, "40": 4})],
)
def test_a_missing_outcome_of_a_loss_counts_at_its_bounds(missing: str, promotion: dict, harm: dict):
    """Not as the largest loss there is: as the largest that the two predictions leave open."""
    epoch = EpochCounters(differences={"32": 5}, worst_differences={"30": 4}, best_differences={"40": 4})
    seen = case(terms(missing=missing, **LOSS), LOSS_BETS, epoch)
    assert seen.promotion == Differences.from_json(promotion)
    assert seen.harm == Differences.from_json(harm)


def test_an_unread_answer_of_a_loss_counts_at_both_ends():
    """Nothing bounds what it said."""
    seen = case(terms(**LOSS), LOSS_BETS, EpochCounters(differences={"32": 5}, unread=2))
    assert seen.promotion == Differences.from_json({"0": 2, "32": 5})
    assert seen.harm == Differences.from_json({"32": 5, str(len(SIGNED) - 1): 2})


def test_the_lift_of_a_loss_is_shown_in_the_outcomes_units():
    """Half of the pairs 4/1024 of a range of 240 minutes better: half a minute less on average (0.46875)."""
    epoch = EpochCounters(differences={"34": 500, "32": 500}, wins=500, ties=500)
    seen = shown(epoch, numbers(case(terms(**LOSS), LOSS_BETS, epoch)), unit_of_lift(terms(**LOSS)))
    assert (seen.n, seen.estimate) == (1000, "+0.4688")
    assert seen.lower is not None
    assert seen.upper is not None
    assert -240 < float(seen.lower) < 0.4688 < float(seen.upper) < 240
    assert unit_of_lift(terms()) == 1


def test_coverage_tells_what_the_evidence_does_not_speak_for():
    """The share leaves out nothing that a promotion would move; losses of all routers add up."""
    routers = [RouterReport(uid=uid, last_seen=None, low=None, lines_lost=3, shed=2) for uid in ("a", "b")]
    counters = TrialCounters(uid="trial-0001", routers=routers, outcomes_late=4)
    seen = coverage_of(EpochCounters(live=200, unmirrored=2, unitless=1, ours=1), counters, None)
    assert (seen.live, seen.share, seen.lines_lost, seen.shed, seen.outcomes_late) == (206, "0.9800", 6, 4, 4)
    assert coverage_of(EpochCounters(), TrialCounters(uid="trial-0001"), None).share is None
    before = BASELINE.model_copy(
        update={"routers": {"a": RouterTotals(shed=2, lines_lost=1), "gone": RouterTotals(shed=9)}}
    )
    later = coverage_of(EpochCounters(live=200), counters, before)
    assert (later.live, later.lines_lost, later.shed) == (205, 5, 2), "what was before this trial is not its doing"

"""What the image builder refuses: a family of triage services that no longer are to each other as the story tells."""

import math
from dataclasses import replace

import pytest
from triage.story import LOGREG, RULES, Measured, accuracy, cases, complaints, disagreement, measure, tables

KNOWN = cases()
TRUTH = [truth == "malignant" for _, truth in KNOWN]
FAST, SLOW = [0.01] * len(KNOWN), [5.0] * len(KNOWN)
TAIL = [30.0 if n % 30 == 0 else 0.01 for n in range(len(KNOWN))]


def wrong(n, took=FAST):
    """A process that is wrong about the last n cases."""
    return Measured([not t if i >= len(TRUTH) - n else t for i, t in enumerate(TRUTH)], took)


def failing(n, beside):
    """One that answers as another does, but for the first n cases."""
    return replace(beside, said=[None] * n + list(beside.said[n:]))


AS_TOLD = {
    RULES: wrong(32),
    LOGREG: wrong(7),
    "triage_boosted": wrong(9, SLOW),
    "triage_stale": wrong(55),
    "triage_flaky": failing(10, wrong(7)),
    "triage_slow": wrong(7, TAIL),
}


def test_a_story_as_told_has_no_complaints():
    """One model better than the rules, one worse; one as good but slow, one that fails, one with a long tail."""
    assert list(complaints(KNOWN, AS_TOLD)) == []


@pytest.mark.parametrize(
    ("name", "told", "complaint"),
    [
        ("triage_logreg", wrong(30), "triage_logreg: accuracy 0.894 is outside"),
        ("triage_stale", wrong(10), "triage_stale: accuracy 0.965 is outside"),
        ("triage_boosted", wrong(6, SLOW), "triage_boosted: lift over triage_logreg 0.004 is outside"),
        ("triage_boosted", wrong(12, SLOW), "triage_boosted: lift over triage_logreg -0.018 is outside"),
        ("triage_boosted", wrong(9), "triage_boosted: median 0.010 ms is less than 20 times"),
        ("triage_flaky", failing(3, wrong(7)), "triage_flaky: share of failures 0.011 is outside"),
        ("triage_flaky", failing(30, wrong(7)), "triage_flaky: share of failures 0.106 is outside"),
        ("triage_flaky", failing(10, wrong(8)), "triage_flaky: where it answers"),
        ("triage_slow", wrong(8, TAIL), "triage_slow: its answers are not those of triage_logreg"),
        ("triage_slow", wrong(7), "triage_slow: p99 0.010 ms is less than 20 times"),
        ("triage_slow", wrong(7, SLOW), "triage_slow: median 5.000 ms is more than 2 times"),
    ],
)
def test_what_is_not_as_told_is_named(name, told, complaint):
    """The complaint has the service, what was measured, and what the story wants."""
    assert [line for line in complaints(KNOWN, AS_TOLD | {name: told}) if line.startswith(complaint)]


def test_second_looks_are_counted_on_the_traffic():
    """Traffic on which the slow candidate never looks twice has no tail to tell of."""
    well = [(features | {"radius_error": 0.0}, truth) for features, truth in KNOWN]
    assert list(complaints(well, AS_TOLD)) == ["triage_slow: share of second looks 0.000 is outside 0.02 to 0.08"]


def test_a_missing_answer_is_a_wrong_one():
    """A failure is neither right nor what anybody else said."""
    assert accuracy([None, True], [({}, "benign"), ({}, "malignant")]) == 0.5
    assert disagreement([None, True], [False, True]) == 0.5


def test_a_process_that_overflows_is_measured_as_failing():
    """What the service answers with 500 is None here, timed like an answer; any other error is ours and is not hidden."""
    measured = measure(lambda features: math.exp(1e9 * features["mean_radius"]) > 0, KNOWN[:5])
    assert measured.failed == 1
    assert len(measured.took) == 5
    with pytest.raises(KeyError):
        measure(lambda features: features["mean_colour"], KNOWN[:1])


def test_a_process_never_disagrees_with_itself():
    """The tables of the rules beside themselves show no lift and no other answer: the A/A candidate can neither win nor lose."""
    lines = list(tables(KNOWN, {RULES: wrong(32), "triage_other": wrong(32)}))
    assert "| triage_other | 0.887 | +0.000 | 0.000 | 0.000 |" in lines
    assert "| triage_other | 0.010 | 0.010 |" in lines

"""What a pair adds to the counters where a prediction is scored by a loss: by how much, and what is known without an outcome."""

import pytest

from shadowlift.api.ledger import EpochCounters, RowStatus
from shadowlift.api.objective import Missing
from shadowlift.recorder.fold import MAX_TOKENS, Pair, Policy, Side, admitted, agreement, exclusion, merged, resolution
from shadowlift.stats.losses import AbsoluteError, Brier
from shadowlift.stats.scales import SIGNED

MINUTES = AbsoluteError(-60.0, 180.0)
WORST = Policy(Missing.WORST, loss=MINUTES)
CENTRE = str(SIGNED.index(0.0))
BEST, LEAST = str(len(SIGNED) - 1), "0"


def says(value: float) -> Side:
    return Side(RowStatus.OK, repr(value))


FAILED = Side(RowStatus.FAILED, reason="Late")


def point(place: str) -> float:
    return SIGNED[int(place)]


def only(counted: dict[str, int]) -> float:
    """The one point that was counted once."""
    ((place, n),) = counted.items()
    assert n == 1
    return point(place)


def folded(pair: Pair, outcome: str | None, policy: Policy = WORST) -> EpochCounters:
    seen = admitted(pair, policy.loss)
    return merged(EpochCounters(), agreement(seen, policy.loss) + resolution(seen, outcome, policy))


@pytest.mark.parametrize(
    ("current", "candidate", "outcome", "difference", "counter"),
    [
        (180.0, -60.0, "-60.0", 1.0, "wins"),
        (-60.0, 180.0, "-60.0", -1.0, "losses"),
        (10.0, 30.0, "20.0", 0.0, "ties"),
        (10.0, 10.0, "90.0", 0.0, "ties"),
        (60.0, 0.0, "0.0", 0.25, "wins"),  # 60 of 240 minutes; a point of the scale
        (60.0, 0.0, "30.0", 0.0, "ties"),
    ],
)
def test_a_known_difference_is_counted_at_its_point(
    current: float, candidate: float, outcome: str, difference: float, counter: str
) -> None:
    """How much smaller the candidate's distance was, as a part of the range; and who was nearer."""
    seen = folded(Pair(says(current), says(candidate)), outcome)
    assert only(seen.differences) == difference
    assert (seen.wins, seen.losses, seen.ties) == tuple(int(name == counter) for name in ("wins", "losses", "ties"))
    assert not seen.worst_differences


def test_between_two_points_the_units_chance_decides_and_the_mean_is_kept() -> None:
    """2 minutes of 240 lie between two points: over all chances the mean of what is counted is the difference."""
    chances = [(k + 0.5) / 1000 for k in range(1000)]
    seen = [only(folded(Pair(says(2.0), says(0.0), chance=chance), "0.0").differences) for chance in chances]
    assert len(set(seen)) == 2
    assert sum(seen) / len(seen) == pytest.approx(2 / 240, rel=1e-2)


def test_without_an_outcome_only_the_bounds_are_known() -> None:
    """Both ends of what any outcome could give, a quarter of the range apart on either side."""
    seen = folded(Pair(says(60.0), says(0.0)), None)
    assert (only(seen.worst_differences), only(seen.best_differences)) == (-0.25, 0.25)
    assert (seen.unlabelled, seen.differences) == (1, {})


def test_equal_answers_need_no_outcome() -> None:
    """Whatever happens, the difference is none."""
    seen = folded(Pair(says(60.0), says(60.0)), None)
    assert (seen.differences, seen.ties, seen.unlabelled) == ({CENTRE: 1}, 1, 0)
    assert seen.spread == {CENTRE: 1}


@pytest.mark.parametrize("candidate", [FAILED, None, says(180.5), Side(RowStatus.UNREADABLE, reason="WrongType")])
def test_a_candidate_without_a_usable_answer_has_the_largest_loss(candidate: Side | None) -> None:
    """Failed, silent, unreadable or out of range alike: as if it had been wrong by the whole range."""
    exact = folded(Pair(says(20.0), candidate), "20.0")
    assert (only(exact.differences), exact.losses, exact.candidate_failed) == (-1.0, 1, 1)
    silent = folded(
        Pair(says(75.0), candidate), None
    )  # at best current was wrong by 135 minutes: 0.4375 of the range less
    assert (only(silent.worst_differences), only(silent.best_differences)) == (-1.0, pytest.approx(-0.4375, abs=0.04))


def test_a_number_out_of_range_is_told_as_such() -> None:
    """Counted as a reason, whoever said it."""
    assert folded(Pair(says(0.0), says(181.0)), None).reasons == {"OutOfRange": 1}
    assert folded(Pair(says(-61.0), says(0.0)), None).reasons == {"OutOfRange": 1}


def test_current_out_of_range_is_never_a_win() -> None:
    """The pair is set aside and counted, as with a current that cannot be read: a misdeclared range must promote nobody."""
    pair = Pair(says(181.0), says(0.0))
    assert exclusion(admitted(pair, MINUTES)) == "current_unreadable"
    seen = folded(pair, "0.0")
    assert (seen.current_unreadable, seen.wins, seen.differences) == (1, 0, {})


def test_a_stated_value_stands_for_the_outcome_that_did_not_come() -> None:
    """Silence means no delay, if the user says so."""
    seen = folded(Pair(says(60.0), says(0.0)), None, Policy(Missing.VALUE, "0", MINUTES))
    assert (only(seen.differences), seen.wins, seen.unlabelled) == (0.25, 1, 0)
    silent = folded(Pair(says(0.0), None), None, Policy(Missing.VALUE, "0", MINUTES))
    assert (only(silent.differences), silent.losses, silent.unlabelled) == (-1.0, 1, 0)


@pytest.mark.parametrize(
    ("current", "candidate", "outcome", "difference"),
    [(1.0, 0.5, "0", 0.75), (0.0, 0.5, "0", -0.25), (1.0, 0.0, "1", -1.0), (0.5, 1.0, "1", 0.25)],
)
def test_probabilities_are_scored_by_their_squared_distance(
    current: float, candidate: float, outcome: str, difference: float
) -> None:
    """Within the rounding to a point, which the unit's chance decides."""
    seen = folded(Pair(says(current), says(candidate)), outcome, Policy(Missing.WORST, loss=Brier()))
    assert only(seen.differences) == pytest.approx(difference, abs=0.05)


def test_no_number_is_kept_as_a_word() -> None:
    """Numbers are counted, not listed: a million different ones make no million entries."""
    seen = folded(Pair(says(1.5), says(2.5)), "2.25")
    assert (seen.current_values, seen.candidate_values, seen.outcome_values) == ({"": 1}, {"": 1}, {"": 1})


def test_a_histogram_has_room_for_its_whole_scale() -> None:
    """More points than other maps may have words."""
    assert len(SIGNED) > MAX_TOKENS
    seen = EpochCounters()
    for k in range(len(SIGNED)):
        seen = merged(seen, {("differences", str(k)): 1})  # type: ignore[arg-type]
    assert seen.differences == {str(k): 1 for k in range(len(SIGNED))}


def test_label_rates_are_compared_by_coarse_answers() -> None:
    """Under AtRandom labels are compared between served answers; eighths of the range, since no two numbers are alike."""
    policy = Policy(Missing.AT_RANDOM, loss=MINUTES)
    assert folded(Pair(says(20.0), says(50.0)), "0.0", policy).labelled_by_answer == {
        "3/8": 1
    }  # 80 of 240 is 2.67 eighths
    assert folded(Pair(says(20.0), says(50.0)), None, policy).unlabelled_by_answer == {"3/8": 1}

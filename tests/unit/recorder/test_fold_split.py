"""What a unit of a split adds to the counters: the closing rules as a table."""

from collections.abc import Iterator
from itertools import product

import pytest

from shadowlift.api.ledger import Arm, EpochCounters, RowStatus
from shadowlift.api.objective import Missing
from shadowlift.recorder.fold import MAX_TOKENS, Increments, Policy, Side, merged
from shadowlift.recorder.fold_split import Given, result
from shadowlift.stats.losses import AbsoluteError, Brier
from shadowlift.stats.results import Reward
from shadowlift.stats.scales import UNSIGNED, place

CANDIDATE, CURRENT = Arm.CANDIDATE, Arm.CURRENT
M, FAILED = Side(RowStatus.OK, "M"), Side(RowStatus.FAILED, reason="FellBack")
UNREADABLE, OURS = Side(RowStatus.UNREADABLE, reason="NoBody"), Side(RowStatus.OURS, reason="TooLong")
ANSWERED = Side(RowStatus.OK)  # of a trial that reads no prediction
WORST, AT_RANDOM, AS_M = Policy(Missing.WORST), Policy(Missing.AT_RANDOM), Policy(Missing.VALUE, "M")
MINUTES, SPENT = AbsoluteError(-60.0, 180.0), Reward(-20.0, 80.0)
BEST = len(UNSIGNED) - 1
UNKNOWN = {"unknown_by_arm current": 1, "failed_currents": 1}
FORGOTTEN = {"candidate_failed": 1, "unknown_by_arm candidate": 1, "failed_candidates": 1}
LOST = {"candidate_failed": 1, "known_by_arm candidate": 1, "results_by_arm candidate/0": 1}


def known(arm: Arm, spot: int) -> dict[str, int]:
    return {f"known_by_arm {arm.value}": 1, f"results_by_arm {arm.value}/{spot}": 1}


def unread(arm: Arm) -> dict[str, int]:
    return {"ours": 1, f"unknown_by_arm {arm.value}": 1, f"unread_by_arm {arm.value}": 1}


def ambiguous(arm: Arm) -> dict[str, int]:
    return {"ambiguous": 1, f"unknown_by_arm {arm.value}": 1, f"unread_by_arm {arm.value}": 1}


def told(added: Increments) -> dict[str, int]:
    """By name; values and reasons, which every answer adds, are left out."""
    left_out = ("reasons", "candidate_values", "current_values", "outcome_values")
    named = (
        (f"{field} {token}" if token else field, n) for (field, token), n in added.items() if field not in left_out
    )
    return {name: n for name, n in named if n}


# what happened, to whom the unit was given and what that answered, outcome, policy -> what is added
TABLE: list[tuple[str, Given, str | None, Policy, dict[str, int]]] = [
    ("candidate right", Given(CANDIDATE, M), "M", WORST, known(CANDIDATE, BEST)),
    ("candidate wrong", Given(CANDIDATE, M), "B", WORST, known(CANDIDATE, 0)),
    ("current right", Given(CURRENT, M), "M", WORST, known(CURRENT, BEST)),
    ("current wrong", Given(CURRENT, M), "B", WORST, known(CURRENT, 0)),
    ("candidate, no outcome", Given(CANDIDATE, M), None, WORST, {"unknown_by_arm candidate": 1}),
    ("current, no outcome", Given(CURRENT, M), None, WORST, {"unknown_by_arm current": 1}),
    ("no outcome, at random", Given(CURRENT, M), None, AT_RANDOM, {"unknown_by_arm current": 1}),
    ("a value for no outcome, candidate right", Given(CANDIDATE, M), None, AS_M, known(CANDIDATE, BEST)),
    ("an outcome goes before the value for none", Given(CANDIDATE, M), "B", AS_M, known(CANDIDATE, 0)),
    ("candidate failed, outcome came", Given(CANDIDATE, FAILED), "M", WORST, LOST),
    ("candidate failed, no outcome", Given(CANDIDATE, FAILED), None, WORST, FORGOTTEN),
    ("candidate failed, a value for no outcome", Given(CANDIDATE, FAILED), None, AS_M, LOST),
    ("candidate unreadable", Given(CANDIDATE, UNREADABLE), "M", WORST, LOST),
    ("current failed, outcome came", Given(CURRENT, FAILED), "M", WORST, {"current_failed": 1, **UNKNOWN}),
    ("current failed, no outcome", Given(CURRENT, FAILED), None, AT_RANDOM, {"current_failed": 1, **UNKNOWN}),
    ("current failed, a value for none", Given(CURRENT, FAILED), None, AS_M, {"current_failed": 1, **UNKNOWN}),
    ("current unreadable", Given(CURRENT, UNREADABLE), "M", WORST, {"current_unreadable": 1, **UNKNOWN}),
    ("candidate over our limit", Given(CANDIDATE, OURS), "M", WORST, unread(CANDIDATE)),
    ("current over our limit", Given(CURRENT, OURS), "M", WORST, unread(CURRENT)),
    ("ambiguous key", Given(CANDIDATE, M, ambiguous=True), "M", WORST, ambiguous(CANDIDATE)),
    ("ambiguous key, candidate failed", Given(CANDIDATE, FAILED, ambiguous=True), "M", AT_RANDOM, ambiguous(CANDIDATE)),
    ("ambiguous key, over our limit", Given(CURRENT, OURS, ambiguous=True), "M", WORST, ambiguous(CURRENT)),
]


@pytest.mark.parametrize(
    ("given", "outcome", "policy", "wanted"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_closing_rule(given: Given, outcome: str | None, policy: Policy, wanted: dict[str, int]) -> None:
    """The unit is judged by its own arm: a candidate that failed is as wrong as can be, a current that failed is no lift."""
    assert told(result(given, outcome, policy)) == wanted


def units() -> Iterator[tuple[Given, str | None, Policy]]:
    """Every kind of unit under every policy and objective, as far as a number can be read for it."""
    scored = [WORST, AT_RANDOM, AS_M]
    scored += [Policy(Missing.VALUE, "7.0", loss=MINUTES), Policy(Missing.WORST, loss=MINUTES)]
    scored += [Policy(Missing.VALUE, "7.0", reward=SPENT), Policy(Missing.AT_RANDOM, reward=SPENT)]
    answers = (M, Side(RowStatus.OK, "12.0"), ANSWERED, FAILED, UNREADABLE, OURS)
    for arm, answer, ambiguous, outcome, policy in product(Arm, answers, (False, True), ("12.5", None), scored):
        yield Given(arm, answer, ambiguous, 0.5), outcome, policy


def test_every_unit_counts_exactly_once() -> None:
    """A booked unit ends as known, as unknown or set aside, in one place, whatever is asked of it and however it is scored."""
    for given, outcome, policy in units():
        added = merged(EpochCounters(), result(given, outcome, policy))
        ends = sum(added.known_by_arm.values()) + sum(added.unknown_by_arm.values())
        assert ends == 1, (given, outcome, policy)
        assert sum(added.results_by_arm.values()) == sum(added.known_by_arm.values()), (given, outcome, policy)
        arms = {key.split("/")[0] for key in {**added.known_by_arm, **added.unknown_by_arm, **added.results_by_arm}}
        assert arms <= {given.arm.value}, (given, outcome, policy)


@pytest.mark.parametrize("arm", Arm)
@pytest.mark.parametrize(
    ("loss", "answer", "outcome", "left"),
    [
        (MINUTES, "30.0", "30.0", 1.0),
        (MINUTES, "30.0", "90.0", 0.75),
        (MINUTES, "-60.0", "180.0", 0.0),
        (Brier(), "0.5", "1", 0.75),
        (Brier(), "0.0", "0", 1.0),
        (Brier(), "0.75", "0", 0.4375),
    ],
)
def test_a_loss_counts_as_what_is_left_of_the_largest(
    arm: Arm, loss: AbsoluteError | Brier, answer: str, outcome: str, left: float
) -> None:
    """Of two processes the one that loses less brings more; both arms are measured alike."""
    given = Given(arm, Side(RowStatus.OK, answer), chance=0.3)
    assert told(result(given, outcome, Policy(Missing.WORST, loss=loss))) == known(arm, place(left, UNSIGNED, 0.3))


@pytest.mark.parametrize(("answer", "reason"), [("500.0", "OutOfRange"), ("soon", "WrongType"), ("", "WrongType")])
def test_a_number_that_the_loss_does_not_admit_is_no_answer(answer: str, reason: str) -> None:
    """Nothing is cut to fit: the worst of the candidate, nothing of current."""
    said, policy = Side(RowStatus.OK, answer), Policy(Missing.WORST, loss=MINUTES)
    candidate, current = (result(Given(arm, said), "30.0", policy) for arm in (CANDIDATE, CURRENT))
    assert told(candidate) == LOST
    assert told(current) == {"current_unreadable": 1, **UNKNOWN}
    assert candidate["reasons", reason] == current["reasons", reason] == 1


@pytest.mark.parametrize("arm", Arm)
@pytest.mark.parametrize("answer", [ANSWERED, FAILED])
@pytest.mark.parametrize(
    ("brought", "part"), [("-20.0", 0.0), ("5.0", 0.25), ("60.0", 0.8), ("80.0", 1.0), ("80.5", 1.0), ("1e+300", 1.0)]
)
def test_a_reward_is_a_part_of_its_cap(arm: Arm, answer: Side, brought: str, part: float) -> None:
    """What a unit brought, however it was answered: a failure costs what it costs, and is no result of its own."""
    added = result(Given(arm, answer, chance=0.3), brought, Policy(Missing.WORST, reward=SPENT))
    assert told(added) == known(arm, place(part, UNSIGNED, 0.3))
    assert added["outcome_values", ""] == 1


@pytest.mark.parametrize("arm", Arm)
@pytest.mark.parametrize("answer", [ANSWERED, FAILED])
@pytest.mark.parametrize(
    ("policy", "spot"),
    [
        (Policy(Missing.WORST, reward=SPENT), None),
        (Policy(Missing.AT_RANDOM, reward=SPENT), None),
        (Policy(Missing.VALUE, "80.0", reward=SPENT), BEST),
        (Policy(Missing.VALUE, "-20", reward=SPENT), 0),
    ],
)
def test_a_reward_that_did_not_come_is_unknown_or_what_stands_for_none(
    arm: Arm, answer: Side, policy: Policy, spot: int | None
) -> None:
    """A current that failed is not told apart: it is not its answer that is scored."""
    wanted = {f"unknown_by_arm {arm.value}": 1} if spot is None else known(arm, spot)
    assert told(result(Given(arm, answer), None, policy)) == wanted


def test_a_result_between_two_points_is_at_one_of_them_by_the_units_chance() -> None:
    """Without bias: the share of chances that round up is how far the result is on its way to the upper point."""
    policy, given = Policy(Missing.WORST, reward=SPENT), (Given(CURRENT, ANSWERED, chance=n / 200) for n in range(200))
    spots = [
        int(token.split("/")[1])
        for one in given
        for (_, token) in result(one, "60.0", policy)
        if token and "/" in token
    ]
    low = min(spots)
    assert set(spots) == {low, low + 1}
    assert sum(UNSIGNED[spot] for spot in spots) / 200 == pytest.approx(
        0.8, abs=(UNSIGNED[low + 1] - UNSIGNED[low]) / 200
    )


@pytest.mark.parametrize("arm", Arm)
def test_values_and_reasons_are_those_of_the_arm(arm: Arm) -> None:
    """Of every unit, also one that is set aside; of numbers none is kept, of a reward's answers nothing is read."""
    values = f"{arm.value}_values"
    twice = result(Given(arm, M, ambiguous=True), "B", WORST)
    assert (twice[values, "M"], twice["outcome_values", "B"]) == (1, 0)
    assert result(Given(arm, OURS), "B", WORST)["reasons", "TooLong"] == 1
    number = result(Given(arm, Side(RowStatus.OK, "12.0")), "12.0", Policy(Missing.WORST, loss=MINUTES))
    assert (number[values, ""], number["outcome_values", ""]) == (1, 1)
    read = {field for field, _ in result(Given(arm, ANSWERED), "12.0", Policy(Missing.WORST, reward=SPENT))}
    assert read == {"outcome_values", "known_by_arm", "results_by_arm"}


def test_an_outcome_is_seen_only_where_one_came() -> None:
    """A stated value is no outcome; one that came is seen, also for a process that failed."""
    assert result(Given(CANDIDATE, M), None, AS_M)["outcome_values", "M"] == 0
    assert result(Given(CANDIDATE, FAILED), "M", WORST)["outcome_values", "M"] == 1
    assert result(Given(CURRENT, FAILED), "M", WORST)["outcome_values", "M"] == 1


def test_all_results_of_both_arms_are_kept_apart() -> None:
    """130 places: more than other maps hold, since none of these may be lost."""
    every = EpochCounters()
    for arm, spot in product(Arm, range(len(UNSIGNED))):
        brought = repr(-20.0 + 100.0 * UNSIGNED[spot])
        every = merged(every, result(Given(arm, ANSWERED, chance=0.5), brought, Policy(Missing.WORST, reward=SPENT)))
    assert set(every.results_by_arm.values()) == {1}
    assert len(every.results_by_arm) == 2 * len(UNSIGNED) > MAX_TOKENS

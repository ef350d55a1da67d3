"""Counts of arms add up exactly, mirror, survive storage exactly, and refuse what was never counted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards, ArmUnits, RateCounts
from shadowlift.stats.counts import Rewards
from tests.unit.stats.given import repeatable
from tests.unit.stats.given_arms import arm_counts, arm_events, arm_rewards, arm_statistics, arm_units, rate_counts

alike = st.one_of(
    *(
        st.tuples(one, one, one)
        for one in (arm_counts(), arm_events, arm_units, arm_rewards, rate_counts())
    )
)  # fmt: skip


@repeatable
@given(alike)
def test_adding_knows_no_order(three: tuple) -> None:
    """Merging shards in any order or grouping gives the same counts."""
    a, b, c = three
    assert (a + b) + c == c + (b + a)


@repeatable
@given(arm_statistics)
def test_adding_nothing_changes_nothing(counts: object) -> None:
    """What is empty is the zero of its kind."""
    nothing = ArmRewards.empty() if isinstance(counts, ArmRewards) else type(counts)()
    assert counts + nothing == counts
    assert nothing.n == 0


@repeatable
@given(st.one_of(arm_statistics, rate_counts()))
def test_json_keeps_counts(counts: object) -> None:
    """What is stored as JSON text comes back equal."""
    assert type(counts).from_json(json.loads(json.dumps(counts.to_json()))) == counts


@repeatable
@given(st.one_of(arm_statistics, rate_counts()))
def test_the_other_side_of_the_other_side_is_this_one(counts: object) -> None:
    """Exchanging the arms twice is exact, and loses no unit."""
    mirrored = counts.mirrored()
    assert mirrored.mirrored() == counts
    if not isinstance(counts, RateCounts):
        assert mirrored.n == counts.n


def test_the_amounts_are_the_counts_by_outcome() -> None:
    """Failures first, then successes, for each arm."""
    counts = ArmCounts(10, 3, 20, 5)
    assert counts.candidate_amounts == (7, 3)
    assert counts.current_amounts == (15, 5)
    assert counts.n == 30
    assert counts.mirrored() == ArmCounts(20, 5, 10, 3)
    assert RateCounts(10, 4).amounts == (6, 4)
    assert RateCounts(10, 4).mirrored() == RateCounts(10, 6)


@repeatable
@given(alike)
def test_what_was_added_to_never_went_back(three: tuple) -> None:
    """Counters grow; taken back, any of them is named."""
    before, more, _ = three
    now = before + more
    assert now.went_back(before) is None
    assert (before.went_back(now) is None) == (now == before)


@pytest.mark.parametrize(
    ("now", "name"),
    [
        (ArmCounts(9, 3, 20, 5), "candidate_units"),
        (ArmCounts(10, 2, 20, 5), "candidate_successes"),
        (ArmCounts(10, 3, 19, 5), "current_units"),
        (ArmCounts(11, 5, 20, 5), "candidate_units less candidate_successes"),
        (ArmCounts(10, 3, 21, 7), "current_units less current_successes"),
        (ArmCounts(11, 4, 21, 5), None),
    ],
)
def test_a_counter_that_went_back_is_named(now: ArmCounts, name: str | None) -> None:
    """Also where it is not a field: a unit that was closed as a failure stays one."""
    assert now.went_back(ArmCounts(10, 3, 20, 5)) == name


def test_a_reward_that_went_back_is_named_with_its_arm() -> None:
    """The two arms have the same points."""
    some, none = Rewards.from_json({"64": 2}), Rewards.empty()
    assert ArmRewards(none, some).went_back(ArmRewards(some, some)) == "candidate amounts at 1"
    assert ArmRewards(some, none).went_back(ArmRewards(some, some)) == "current amounts at 1"


@pytest.mark.parametrize("kind", [ArmCounts, ArmEvents, ArmUnits, RateCounts])
@pytest.mark.parametrize("value", [-1, 1.0, -0.0, True, "1", None, float("nan"), float("inf")])
def test_a_bad_count_is_refused_by_name(kind: type, value: object) -> None:
    """Only non-negative integers are counts."""
    for name in kind().to_json():
        with pytest.raises(ValueError, match=f"^{name} must be a non-negative integer"):
            kind(**{name: value})


def test_more_successes_than_units_are_refused_by_name() -> None:
    """On either arm, and for events of one process."""
    with pytest.raises(ValueError, match=r"^candidate_successes must be at most candidate_units"):
        ArmCounts(1, 2, 5, 5)
    with pytest.raises(ValueError, match=r"^current_successes must be at most current_units"):
        ArmCounts(5, 5, 1, 2)
    with pytest.raises(ValueError, match=r"^events must be at most units"):
        RateCounts(1, 2)


@pytest.mark.parametrize("name", ["candidate", "current"])
@pytest.mark.parametrize("value", [None, (0,) * 65, {}])
def test_an_arm_without_rewards_is_refused_by_name(name: str, value: object) -> None:
    """A bare list of numbers does not say on which scale they were counted."""
    with pytest.raises(ValueError, match=f"^{name} must be Rewards"):
        ArmRewards(**{"candidate": Rewards.empty(), "current": Rewards.empty(), name: value})


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ArmCounts, {"candidate_units": 1}),
        (ArmEvents, {"candidate": 1, "current": 1, "both": 1}),
        (ArmRewards, {"candidate": {}}),
        (ArmRewards, {"candidate": {}, "current": {}, "both": {}}),
    ],
)
def test_stored_counts_need_exactly_their_fields(kind: type, data: dict[str, object]) -> None:
    """A missing counter is not a zero, and an unknown one is not ignored."""
    with pytest.raises(ValueError, match="needs exactly"):
        kind.from_json(data)


def test_counts_of_different_kinds_do_not_add() -> None:
    """Events are no units, though both are two numbers."""
    with pytest.raises(TypeError):
        ArmEvents(1, 1) + ArmUnits(1, 1)
    with pytest.raises(TypeError):
        ArmRewards.empty() + ArmCounts()

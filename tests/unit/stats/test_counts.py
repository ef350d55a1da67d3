"""Counters add up exactly, survive storage exactly, and refuse what was never counted."""

import json

import pytest
from hypothesis import given

from shadowlift.stats.counts import Differences, PairedCounts, PairedStatistic, Rewards
from tests.unit.stats.given import counts, differences, repeatable, statistics


def test_counts_add_field_by_field() -> None:
    """Shards of one trial add up to the trial."""
    assert PairedCounts(1, 2, 3) + PairedCounts(10, 20, 30) == PairedCounts(wins=11, losses=22, ties=33)
    assert PairedCounts(1, 2, 3).n == 6
    assert PairedCounts(1, 2, 3).disagreements == 3


@repeatable
@given(counts, counts, counts)
def test_adding_knows_no_order(a: PairedCounts, b: PairedCounts, c: PairedCounts) -> None:
    """Merging shards in any order or grouping gives the same counters; nothing added changes nothing."""
    assert (a + b) + c == c + (b + a)
    assert a + PairedCounts() == a


@repeatable
@given(counts)
def test_json_keeps_counts(given_counts: PairedCounts) -> None:
    """What is stored as JSON text comes back equal."""
    assert PairedCounts.from_json(json.loads(json.dumps(given_counts.to_json()))) == given_counts


@pytest.mark.parametrize("field", ["wins", "losses", "ties"])
@pytest.mark.parametrize("value", [-1, 1.0, True, "1", None, float("nan")])
def test_a_bad_count_is_refused_by_name(field: str, value: object) -> None:
    """Only non-negative integers are counts; the message names the field."""
    with pytest.raises(ValueError, match=f"^{field} must be a non-negative integer"):
        PairedCounts(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [{}, {"wins": 1, "losses": 1}, {"wins": 1, "losses": 1, "ties": 1, "draws": 1}])
def test_stored_counts_need_exactly_their_fields(data: dict[str, int]) -> None:
    """A missing counter is not a zero, and an unknown one is not ignored."""
    with pytest.raises(ValueError, match="PairedCounts needs exactly wins, losses, ties"):
        PairedCounts.from_json(data)


def test_counts_add_to_counts_only() -> None:
    """A bare number has no sides to be added to."""
    with pytest.raises(TypeError):
        PairedCounts() + 1  # type: ignore[operator]


@repeatable
@given(differences, differences, differences)
def test_histograms_add_in_any_order(a: Differences, b: Differences, c: Differences) -> None:
    """As counts do; an empty one changes nothing."""
    assert (a + b) + c == c + (b + a)
    assert a + Differences.empty() == a
    assert (a + b).n == a.n + b.n


@repeatable
@given(differences)
def test_json_keeps_a_histogram(seen: Differences) -> None:
    """Only what was seen is stored, and it comes back equal."""
    stored = json.loads(json.dumps(seen.to_json()))
    assert Differences.from_json(stored) == seen
    assert all(stored.values())


@repeatable
@given(statistics)
def test_the_other_side_of_the_other_side_is_this_side(seen: PairedStatistic) -> None:
    """Mirroring turns every D round and keeps the number of pairs."""
    assert seen.mirrored().mirrored() == seen
    assert seen.mirrored().amounts == seen.amounts[::-1]
    assert (seen.mirrored().n, seen.mirrored().disagreements) == (seen.n, seen.disagreements)


@repeatable
@given(counts, counts)
def test_a_counter_that_went_back_is_named(before: PairedCounts, more: PairedCounts) -> None:
    """Adding never makes one smaller; taking away is noticed at the first field."""
    assert (before + more).went_back(before) is None
    assert before.went_back(before + PairedCounts(losses=1)) == "losses"


def test_a_histogram_that_went_back_is_named_by_its_point() -> None:
    """A place that lost units."""
    assert Differences.from_json({"32": 4}).went_back(Differences.from_json({"32": 5})) == "amounts at 0"
    assert Rewards.from_json({"64": 1}).went_back(Rewards.empty()) is None


@pytest.mark.parametrize("data", [{"65": 1}, {"-1": 1}, {"032": 1}, {"1.0": 1}, {"x": 1}, {"\u0661": 1}])
def test_a_place_that_is_none_is_refused(data: dict[str, int]) -> None:
    """Stored by another version: read exactly, or not at all."""
    with pytest.raises(ValueError, match=r"^places must be numbers from 0 to 64"):
        Differences.from_json(data)


@pytest.mark.parametrize("amounts", [(0,) * 64, [0] * 65, (0,) * 64 + (-1,), (0,) * 64 + (1.0,)])
def test_a_histogram_of_another_shape_is_refused(amounts: object) -> None:
    """One count for each point."""
    with pytest.raises(ValueError, match=r"^amounts"):
        Differences(amounts)  # type: ignore[arg-type]


def test_histograms_of_different_things_do_not_add() -> None:
    """A difference is no reward."""
    with pytest.raises(TypeError):
        Differences.empty() + Rewards.empty()  # type: ignore[operator]

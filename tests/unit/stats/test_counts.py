"""Counters add up exactly, survive storage exactly, and refuse what was never counted."""

import json

import pytest
from hypothesis import given

from shadowlift.stats.counts import PairedCounts
from tests.unit.stats.given import counts, repeatable


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

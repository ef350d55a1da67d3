"""Epochs add where they agree, say where they do not, and come back from storage bit for bit."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards, ArmUnits
from shadowlift.stats.epochs import Epoch, Epochs
from tests.unit.stats.given import repeatable
from tests.unit.stats.given_arms import arm_counts, arm_events, arm_rewards, arm_units, epoch, epochs_of

FIRST = Epoch(1, 50, 0.1, ArmEvents(3, 40))
kinds = {
    ArmCounts: epochs_of(arm_counts()),
    ArmRewards: epochs_of(arm_rewards),
    ArmEvents: epochs_of(arm_events),
    ArmUnits: epochs_of(arm_units),
}
alike = st.one_of(*(st.tuples(st.just(kind), some, some, some) for kind, some in kinds.items()))


@repeatable
@given(alike)
def test_adding_knows_no_order(given_epochs: tuple) -> None:
    """Merging shards in any order or grouping gives the same epochs; nothing added changes nothing."""
    _, a, b, c = given_epochs
    assert (a + b) + c == c + (b + a)
    assert a + Epochs() == Epochs() + a == a
    assert (a + b).n == a.n + b.n


@repeatable
@given(alike, st.floats(0, 1))
def test_json_keeps_epochs_bit_for_bit(given_epochs: tuple, baseline: float) -> None:
    """What is stored as JSON text comes back equal, whatever the baseline."""
    kind, some, _, _ = given_epochs
    stored = Epochs((*some.epochs, Epoch(99, 7, baseline, kind.empty() if kind is ArmRewards else kind())))
    assert Epochs.from_json(json.loads(json.dumps(stored.to_json())), kind) == stored


@repeatable
@given(alike)
def test_epochs_that_were_added_to_never_went_back(given_epochs: tuple) -> None:
    """Later epochs may come and counts may grow; the other way round, something went back."""
    _, before, more, _ = given_epochs
    now = before + more
    assert now.went_back(before) is None
    assert (before.went_back(now) is None) == (now == before)


@repeatable
@given(alike)
def test_the_mirror_of_the_mirror_is_the_same(given_epochs: tuple) -> None:
    """Exactly: weights are integers."""
    _, some, _, _ = given_epochs
    assert some.mirrored().mirrored() == some
    assert [one.overlap for one in some.mirrored().epochs] == [one.overlap for one in some.epochs]


def test_shares_are_the_weight_in_thousandths() -> None:
    """5 % of the units, the other 95 %, and their product."""
    assert (FIRST.candidate_share, FIRST.current_share) == (0.05, 0.95)
    assert FIRST.overlap == pytest.approx(0.0475)
    assert FIRST.mirrored() == Epoch(1, 950, 0.1, ArmEvents(40, 3))


def test_only_epochs_with_chance_and_counts_tell() -> None:
    """Nobody or everybody on one arm, or nothing counted: nothing is said about the difference."""
    some = [epoch(number, ArmEvents(1, 1)) for number in (0, 1, 5)]
    together = sum([*some, epoch(2, ArmEvents())], Epochs())
    assert [one.number for one in together.telling] == [1]
    assert together.n == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": 51}, "^weight of epoch 1 must be the same in both, got 50 and 51"),
        ({"baseline": 0.2}, "^baseline of epoch 1 must be the same in both, got 0.1 and 0.2"),
        ({"number": 2}, "^number of epoch 1 must be the same in both"),
    ],
)
def test_counts_of_other_terms_do_not_add(changes: dict, message: str) -> None:
    """An epoch that repeats with another weight or baseline is another epoch under a used number."""
    other = Epoch(**{"number": 1, "weight": 50, "baseline": 0.1, "counts": ArmEvents(1, 1), **changes})
    with pytest.raises(ValueError, match=message):
        FIRST + other
    if other.number == 1:
        with pytest.raises(ValueError, match=message):
            Epochs((FIRST,)) + Epochs((other,))


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (Epochs(), "epoch 1"),
        (Epochs((Epoch(1, 60, 0.1, ArmEvents(3, 40)),)), "epoch 1 weight"),
        (Epochs((Epoch(1, 50, 0.2, ArmEvents(3, 40)),)), "epoch 1 baseline"),
        (Epochs((Epoch(1, 50, 0.1, ArmEvents(3, 39)),)), "epoch 1 current"),
        (Epochs((Epoch(1, 50, 0.1, ArmEvents(3, 41)), Epoch(4, 60, 0.1, ArmEvents()))), None),
    ],
)
def test_what_went_back_is_named(now: Epochs, what: str | None) -> None:
    """An epoch that is gone, terms that changed, a counter that fell."""
    assert now.went_back(Epochs((FIRST,))) == what


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("number", value) for value in (-1, 1.0, True, None)),
        *(("weight", value) for value in (-1, 1001, 0.5, True, math.nan)),
        *(("baseline", value) for value in (-0.1, 1.1, 1, True, None, math.nan, math.inf, -math.inf)),
    ],
)
def test_a_bad_field_is_refused_by_name(field: str, value: object) -> None:
    """Weights are whole thousandths and baselines parts of the range."""
    with pytest.raises(ValueError, match=f"^{field} must be"):
        Epoch(**{"number": 1, "weight": 50, "baseline": 0.1, "counts": ArmEvents(), field: value})


def test_a_baseline_of_minus_zero_is_zero() -> None:
    """It is in the range and equal to 0, so it adds."""
    both = Epoch(1, 50, -0.0, ArmEvents(1, 1)) + Epoch(1, 50, 0.0, ArmEvents(1, 1))
    assert both == Epoch(1, 50, 0.0, ArmEvents(2, 2))


@pytest.mark.parametrize("epochs", [(FIRST, FIRST), (Epoch(2, 50, 0.1, ArmEvents()), FIRST)])
def test_epochs_stand_once_and_in_order(epochs: tuple) -> None:
    """Two of the same number would be counted twice."""
    with pytest.raises(ValueError, match=r"^epochs must have ascending numbers"):
        Epochs(epochs)
    with pytest.raises(ValueError, match=r"^epochs must be a tuple"):
        Epochs(list(epochs))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"weight": "50"}, "^weight must be"),
        ({"baseline": "often"}, "^baseline must be a number"),
        ({"baseline": "nan"}, "^baseline must be a float in"),
        ({"counts": {"candidate": 1}}, "needs exactly"),
        ({"extra": 1}, "^an epoch needs exactly"),
    ],
)
def test_a_damaged_store_is_refused(damage: dict, message: str) -> None:
    """Epochs are read exactly, or not at all."""
    data = [{**Epochs((FIRST,)).to_json()[0], **damage}]
    with pytest.raises(ValueError, match=message):
        Epochs.from_json(data, ArmEvents)


def test_counts_of_different_kinds_do_not_add() -> None:
    """An epoch is not its counts, and epochs are not one epoch."""
    with pytest.raises(TypeError):
        FIRST + ArmEvents(1, 1)
    with pytest.raises(TypeError):
        Epochs((FIRST,)) + FIRST

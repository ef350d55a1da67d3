"""A trial of a loss from batch to counters: numbers as text, outcomes in range, D at its place, the same in any order."""

import random

import pytest

from shadowlift.api.ledger import EpochCounters, RowStatus
from shadowlift.api.objective import Missing, ObjectiveType, PredictionType
from shadowlift.errors import InvalidInput
from shadowlift.recorder.problems import Faulty
from shadowlift.stats.counts import Differences
from shadowlift.stats.losses import AbsoluteError
from shadowlift.stats.scales import SIGNED, dither, place
from tests.component.ledger.world import TRIAL, World, live, shadow

MINUTES = {
    "prediction_type": PredictionType.NUMBER,
    "objective": ObjectiveType.ABSOLUTE_ERROR,
    "minimum": -60.0,
    "maximum": 180.0,
}
UID = "trial-0002"


@pytest.fixture
def minutes(world: World) -> World:
    """A ledger with a trial of minutes."""
    world.register(uid=UID, **MINUTES)
    return world


def pair(id_: str, current: float, candidate: float) -> list:
    return [live(id_, repr(current), trial=UID), shadow(id_, repr(candidate), trial=UID)]


def counted(world: World) -> EpochCounters:
    return world.epoch(uid=UID)


def test_a_closed_unit_is_at_the_place_that_its_name_gives(minutes: World) -> None:
    """The chance of rounding is the unit's own: any ledger that closes it counts the same."""
    minutes.ship(pair("a", 30.0, 12.5))
    minutes.outcomes(("a", 10))
    minutes.mature()
    difference = AbsoluteError(-60.0, 180.0).difference(30.0, 12.5, 10.0)
    wanted = place(difference, SIGNED, dither(f"{UID}/a"))
    assert (counted(minutes).differences, counted(minutes).wins) == ({str(wanted): 1}, 1)


def test_the_mean_of_what_is_counted_is_the_mean_of_what_was_lost(minutes: World) -> None:
    """2,000 flights: rounding to points moves the mean by no more than chance allows (five standard errors)."""
    chance = random.Random(7)
    flights = [
        (f"f{n}", chance.uniform(-30, 60), chance.uniform(-30, 60), chance.uniform(-60, 180)) for n in range(2000)
    ]
    for start in range(0, 2000, 500):
        some = flights[start : start + 500]
        minutes.ship([row for id_, a, b, _ in some for row in pair(id_, a, b)])
        minutes.outcomes(*((id_, outcome) for id_, *_, outcome in some))
    minutes.mature()
    seen = Differences.from_json(counted(minutes).differences)
    loss = AbsoluteError(-60.0, 180.0)
    exact = sum(loss.difference(a, b, outcome) for _, a, b, outcome in flights) / 2000
    mean = sum(point * n for point, n in zip(SIGNED, seen.amounts, strict=True)) / 2000
    assert seen.n == 2000
    assert mean == pytest.approx(exact, abs=5 * (1 / 32) / 2000**0.5)


def test_the_spread_is_known_in_the_warm_up_before_any_outcome(minutes: World) -> None:
    """How far the answers are apart, which places the bets."""
    rows = [live("a", "60.0", trial=UID, epoch=1), shadow("a", "0.0", trial=UID, epoch=1)]
    minutes.ship(rows)
    minutes.mature()
    warm = minutes.epoch(1, UID)
    assert (warm.spread, warm.disagreements) == ({str(SIGNED.index(0.25)): 1}, 1)
    assert warm.current_values == {"": 1}


def test_outcomes_out_of_range_are_refused_for_both(minutes: World) -> None:
    """All of a request or none, each fault by name; nothing of it is stored."""
    minutes.ship(pair("a", 0.0, 1.0))
    with pytest.raises(Faulty) as caught:
        minutes.outcomes(("a", 5), ("b", 181), ("c", True), ("d", "12"))
    assert [fault.field for fault in caught.value.faults] == [
        "outcomes[1].value",
        "outcomes[2].value",
        "outcomes[3].value",
    ]
    assert "objective.range, -60 to 180" in caught.value.faults[0].message
    assert minutes.count("outcomes") == 0


def test_a_prediction_out_of_range_is_as_wrong_as_can_be(minutes: World) -> None:
    """The candidate's; current's is set aside."""
    minutes.ship([*pair("a", 10.0, 500.0), *pair("b", 500.0, 10.0)])
    minutes.outcomes(("a", 10), ("b", 10))
    minutes.mature()
    seen = counted(minutes)
    assert (seen.differences, seen.losses, seen.candidate_failed) == ({"0": 1}, 1, 1)
    assert (seen.current_unreadable, seen.reasons) == (1, {"OutOfRange": 2})


def test_the_last_outcome_counts_and_equal_numbers_are_one(minutes: World) -> None:
    """5 and 5.0 are no change."""
    minutes.ship(pair("a", 30.0, 5.0))
    assert minutes.outcomes(("a", 5)).unchanged == 0
    assert minutes.outcomes(("a", 5.0)).unchanged == 1
    assert minutes.outcomes(("a", 30)).changed == 1
    minutes.mature()
    assert counted(minutes).losses == 1


@pytest.mark.parametrize("sent", [True, 1])
def test_what_happened_may_be_said_in_two_ways(world: World, sent: bool | int) -> None:
    """A probability of 0.5 against a rule that was certain, and wrong."""
    world.register(uid=UID, prediction_type=PredictionType.NUMBER, objective=ObjectiveType.BRIER)
    world.ship(pair("a", 0.0, 0.5))
    world.outcomes(("a", sent))
    world.mature()
    ((point, n),) = counted(world).differences.items()
    assert (SIGNED[int(point)], n) == (pytest.approx(0.75, abs=0.06), 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"minimum": None}, "objective"),
        ({"minimum": 180.0}, "objective"),
        ({"missing": Missing.VALUE, "missing_value": "200"}, "missingValue"),
    ],
)
def test_a_registration_that_contradicts_itself_is_refused(world: World, changes: dict, field: str) -> None:
    """By the field, before any line is taken."""
    with pytest.raises(InvalidInput) as caught:
        world.register(uid=UID, **(MINUTES | changes))
    assert caught.value.field == field


def test_other_trials_are_folded_as_ever(world: World) -> None:
    """Right and wrong has no histogram."""
    world.register(uid=UID, name="minutes", **MINUTES)
    world.ship([live("a", trial=TRIAL), shadow("a", trial=TRIAL)])
    world.mature()
    assert (world.epoch().unlabelled, world.epoch().worst_differences) == (1, {})


@pytest.mark.parametrize(
    "first", [MINUTES, {"prediction_type": PredictionType.NUMBER, "objective": ObjectiveType.BRIER}]
)
def test_an_outcome_that_an_older_trial_cannot_read_is_none_for_it(world: World, first: dict) -> None:
    """The objective was changed while units were open; a late outcome comes in the new words. Nobody else waits for that."""
    world.register(uid=UID, **first)
    world.ship(pair("a", 0.5, 0.25))
    world.register(uid="trial-0003")
    world.outcomes(("a", "late"))
    world.mature()
    assert (world.counters(UID).open, counted(world).unlabelled) == (0, 1)


def test_an_outcome_outside_an_older_range_is_none_for_it(world: World) -> None:
    """A crash is never cheaper than the largest loss: what the range does not hold is not cut to fit."""
    world.register(uid=UID, **(MINUTES | {"maximum": 2000.0}))
    world.outcomes(("a", 1500))
    world.register(uid="trial-0003", **MINUTES)
    world.ship([live("a", "170.0", trial="trial-0003"), shadow("a", None, trial="trial-0003", status=RowStatus.FAILED)])
    world.mature()
    seen = world.epoch(uid="trial-0003")
    assert (seen.wins, seen.unlabelled, seen.differences) == (0, 1, {})


@pytest.mark.parametrize("text", ["abc", ""])
def test_a_row_that_is_no_number_stops_nobody(minutes: World, text: str) -> None:
    """Whatever a shipper sends: it is that side's fault, and other units close."""
    minutes.ship([live("a", "1.0", trial=UID), shadow("a", text, trial=UID), *pair("b", 2.0, 1.0)])
    minutes.outcomes(("a", 1), ("b", 1))
    minutes.mature()
    assert (minutes.counters(UID).open, counted(minutes).losses, counted(minutes).wins) == (0, 1, 1)
    assert counted(minutes).reasons == {"WrongType": 1}


def test_the_chance_is_the_units_own_where_it_has_a_name(minutes: World) -> None:
    """Counted once per unit: its first request's id is chance, its name is not."""
    minutes.ship([live("a", "30.0", trial=UID, unit="u1"), shadow("a", "12.5", trial=UID, unit="u1")])
    minutes.outcomes(("a", 10))
    minutes.mature()
    difference = AbsoluteError(-60.0, 180.0).difference(30.0, 12.5, 10.0)
    assert counted(minutes).differences == {str(place(difference, SIGNED, dither(f"{UID}/u1"))): 1}


def test_the_spread_is_the_larger_of_both_bounds(minutes: World) -> None:
    """A candidate that failed can be worse by the whole range, and better by none."""
    rows = [live("a", "60.0", trial=UID, epoch=1), shadow("a", None, trial=UID, epoch=1, status=RowStatus.FAILED)]
    minutes.ship(rows)
    minutes.mature()
    assert minutes.epoch(1, UID).spread == {str(len(SIGNED) - 1): 1}

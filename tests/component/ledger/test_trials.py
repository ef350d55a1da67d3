"""Registering trials, keeping records, forgetting raw rows."""

from typing import Any

import pytest

from shadowlift.api.ledger import MOST_ROUTERS, DecisionCopy
from shadowlift.api.objective import Missing, PredictionType
from shadowlift.errors import Conflict, InvalidInput, NotFound
from shadowlift.recorder.trials import store_record
from tests.component.ledger.world import HOUR, RULES, SECOND, TRIAL, World, live, shadow


def test_registering_again_changes_nothing(world: World) -> None:
    """The operator repeats it in every cycle."""
    before = world.stored()
    world.now += HOUR
    world.register()
    assert world.stored() == before


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("namespace", {"namespace": "other"}),
        ("frozenHash", {"frozen_hash": "other"}),
        ("predictionType", {"prediction_type": PredictionType.INTEGER}),
        ("missing", {"missing": Missing.AT_RANDOM}),
        ("maturityUs", {"maturity_us": HOUR}),
        ("keyHeader", {"key_header": "x-order"}),
        ("senders", {"senders": ["Anyone"]}),
    ],
)
def test_frozen_fields_stay(world: World, field: str, changes: dict[str, Any]) -> None:
    """Another value is a conflict that names the field, and nothing changes."""
    before = world.stored()
    with pytest.raises(Conflict, match=field):
        world.register(**changes)
    assert world.stored() == before


def test_what_a_router_lost_stays_when_it_is_gone(world: World) -> None:
    """An operator that has just been started knows the pods that are there, and not those that were: its last lines are still taken."""
    world.ship(lines_lost=3)
    world.register(routers=["router-2"])
    assert {router.uid: router.lines_lost for router in world.counters().routers} == {"router-1": 3, "router-2": 0}
    assert world.ship([live("a")]).accepted == 1


def test_of_too_many_routers_those_unheard_for_longest_go(world: World) -> None:
    """None that is there, and none that was heard later than another one that stays."""
    every = [f"router-{n}" for n in range(MOST_ROUTERS)]
    world.register(routers=every)
    for router in reversed(every):
        world.now += SECOND
        world.ship(router=router)
    world.register(routers=[every[-1], "router-new"])
    known = {router.uid for router in world.counters().routers}
    assert set(every) - known == {every[-2]}
    assert len(known) == MOST_ROUTERS


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("maturityUs", {"maturity_us": RULES.retention_us + 1}),
        ("missingValue", {"missing": Missing.VALUE}),
        ("missingValue", {"missing_value": "B"}),
        ("missingValue", {"missing": Missing.VALUE, "missing_value": "1.0", "prediction_type": PredictionType.INTEGER}),
    ],
)
def test_trials_that_cannot_be_kept_are_refused(world: World, field: str, changes: dict[str, Any]) -> None:
    """Rows would expire before their outcome may come, or the missing value could never be an outcome."""
    with pytest.raises(InvalidInput) as error:
        world.register(uid="trial-0002", **changes)
    assert error.value.field == field


def test_records_never_change(world: World) -> None:
    """The same record again is fine, another one of that name is a conflict, one of an unknown trial has no place."""
    record = DecisionCopy(name="r1", data={"verdict": "Promote", "n": [1, 2.5, None]})
    for _ in range(2):
        world.write(lambda connection: store_record(connection, TRIAL, record))
    with pytest.raises(Conflict, match="r1"):
        world.write(lambda connection: store_record(connection, TRIAL, DecisionCopy(name="r1", data={})))
    with pytest.raises(NotFound):
        world.write(lambda connection: store_record(connection, "trial-9999", record))
    assert world.count("records") == 1


def test_raw_rows_expire_and_counters_stay(world: World) -> None:
    """After retention nothing of a closed pair or its outcome is left but its count."""
    world.ship([live("a"), shadow("a"), live("b"), shadow("b")])
    world.outcomes(("a", "B"))
    world.mature()
    before = world.epoch()
    world.purge()
    assert world.count("units") == 2
    world.now += RULES.retention_us
    world.purge()
    assert (world.count("units"), world.count("outcomes"), world.epoch()) == (0, 0, before)


def test_open_units_do_not_expire(world: World) -> None:
    """A unit that could not close yet is still evidence."""
    world.ship([live("a"), shadow("a")], low=0)
    world.now += 2 * RULES.retention_us
    world.purge()
    assert world.count("units") == 1


def test_a_unit_stays_known_as_booked_while_its_trial_runs(world: World) -> None:
    """Its values expire; its next request is still a repeated one. With the trial the rest goes too."""
    world.ship([live("a", unit="u1"), shadow("a", unit="u1")])
    world.outcomes(("a", "B"))
    world.mature()
    world.now += RULES.retention_us
    world.purge()
    assert (world.count("units"), world.count("outcomes")) == (1, 0)
    world.ship([live("b", unit="u1", t=world.now)])
    assert (world.epoch().repeated, world.epoch().booked) == (1, 1)
    world.register(closed=True)
    world.purge()
    assert world.count("units") == 0


def test_an_outcome_stays_while_another_unit_of_its_key_does(world: World) -> None:
    """Two trials may have seen the same order."""
    world.register(uid="trial-0002")
    world.ship([live("a", key="order-1"), shadow("a")])
    world.outcomes(("order-1", "B"))
    world.mature()
    world.now += RULES.retention_us
    world.ship([live("b", key="order-1", t=world.now, trial="trial-0002")])
    world.purge()
    assert (world.count("units"), world.count("outcomes")) == (1, 1)


def test_routers_without_a_trial_that_runs_are_forgotten(world: World) -> None:
    """After retention no row of theirs is left; those of a trial that runs stay, however long they are silent."""
    world.ship()
    world.now += RULES.retention_us + 1
    world.purge()
    assert (world.count("routers"), world.count("trial_routers")) == (1, 1)
    world.register(closed=True)
    world.purge()
    assert (world.count("routers"), world.count("trial_routers")) == (0, 0)


def test_a_new_trial_closes_those_before_it(world: World) -> None:
    """Of the same ModelDeployment: no line of theirs is taken, what they have closes, and their units are not kept for ever."""
    world.register(uid="trial-0009", name="other")
    world.ship([live("a", unit="u1"), shadow("a", unit="u1")])
    world.register(uid="trial-0002")
    receipt = world.ship(
        [live("b"), live("c", unit="u2", trial="trial-0002"), live("d", unit="u3", trial="trial-0009")]
    )
    assert (receipt.accepted, receipt.unregistered) == (2, 1)
    world.mature()
    assert (world.counters().open, world.epoch().booked) == (0, 1)
    world.now += 2 * RULES.retention_us
    world.purge()
    assert world.count("units") == 2, "those of the trials that run"

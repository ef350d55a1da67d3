"""Outcomes: pending, changed, late, ambiguous, refused."""

from dataclasses import replace

import pytest

from shadowlift.api.ledger import Row
from shadowlift.api.objective import PredictionType
from shadowlift.errors import NotFound
from shadowlift.recorder import outcomes
from shadowlift.recorder.problems import Faulty, OverQuota
from tests.component.ledger.world import HOUR, SECOND, World, live, shadow


def pair(id_: str, **changes: str) -> list[Row]:
    return [live(id_, **changes), shadow(id_, **{name: value for name, value in changes.items() if name != "key"})]


def test_the_last_outcome_before_closing_counts(world: World) -> None:
    """Another value replaces the earlier one and is counted as changed; the same value again is not."""
    world.ship(pair("a"))
    assert world.outcomes(("a", "M")).model_dump() == {
        "accepted": 1,
        "pending": 0,
        "unchanged": 0,
        "changed": 0,
        "late": 0,
    }
    assert world.outcomes(("a", "M")).unchanged == 1
    assert world.outcomes(("a", "B")).changed == 1
    world.mature()
    assert world.epoch().wins == 1
    assert (world.counters().outcomes, world.counters().outcomes_changed) == (3, 1)


def test_an_outcome_after_closing_is_late_and_changes_nothing(world: World) -> None:
    """It is stored for audits and counted, never folded."""
    world.ship(pair("a"))
    world.mature()
    before = world.epoch()
    assert world.outcomes(("a", "B")).late == 1
    world.mature()
    assert (world.epoch(), world.counters().outcomes_late) == (before, 1)
    assert world.count("outcomes") == 1


def test_the_same_outcome_again_after_closing_is_unchanged(world: World) -> None:
    """A sender that repeats itself is not late."""
    world.ship(pair("a"))
    world.outcomes(("a", "B"))
    world.mature()
    receipt = world.outcomes(("a", "B"))
    assert (receipt.unchanged, receipt.late) == (1, 0)


def test_one_request_may_change_its_mind(world: World) -> None:
    """Outcomes of one request are taken in their order."""
    world.ship(pair("a"))
    receipt = world.outcomes(("a", "M"), ("a", "B"), ("a", "B"))
    assert (receipt.accepted, receipt.changed, receipt.unchanged) == (3, 1, 1)
    world.mature()
    assert world.epoch().wins == 1


def test_an_outcome_may_come_before_its_request(world: World) -> None:
    """It is pending until the unit is booked, then it counts."""
    assert world.outcomes(("a", "B")).pending == 1
    assert world.counters().outcomes_pending == 1
    world.ship(pair("a"))
    assert world.counters().outcomes_pending == 0
    world.mature()
    assert world.epoch().wins == 1


def test_pending_outcomes_expire(world: World) -> None:
    """After twice the time that an outcome may take, at least an hour, nobody waits for the request any more."""
    world.outcomes(("a", "B"))
    world.now += HOUR
    world.purge()
    assert world.counters().outcomes_pending == 1
    world.now += SECOND
    world.purge()
    assert (world.counters().outcomes_pending, world.count("outcomes"), world.counters().outcomes) == (0, 0, 1)


def test_pending_outcomes_are_limited(world: World) -> None:
    """Over the quota a whole request is refused; outcomes of known requests are always taken, and room comes back."""
    world.outcomes(*((f"k{n}", "B") for n in range(5)))
    world.ship(pair("a"))
    before = world.stored()
    with pytest.raises(OverQuota):
        world.outcomes(("a", "B"), ("k5", "B"))
    assert world.stored() == before
    assert world.outcomes(("a", "B"), ("k0", "B")).accepted == 2
    world.ship(pair("k0"))
    assert world.outcomes(("k5", "B")).pending == 1


def test_who_has_waited_longest_makes_room(world: World) -> None:
    """After ten minutes a request will hardly come; until then the quota holds, and nothing is forgotten for what is refused."""
    world.outcomes(*((f"k{n}", "B") for n in range(4)))
    world.now += 600 * SECOND
    world.outcomes(("k4", "B"))
    with pytest.raises(OverQuota):
        world.outcomes(("new-0", "B"))
    world.now += SECOND
    with pytest.raises(OverQuota):
        world.outcomes(*((f"new-{n}", "B") for n in range(5)))
    assert world.counters().outcomes_pending == 5
    world.outcomes(("new-0", "B"), ("new-1", "B"))
    assert world.counters().outcomes_pending == 5
    world.ship([*pair("k0"), *pair("k2"), *pair("new-0")])
    assert world.counters().outcomes_pending == 3, "k0 was forgotten, k2 and new-0 were not"


def test_a_lower_quota_does_not_turn_away_what_is_known(world: World) -> None:
    """Only outcomes of unknown keys are limited, also where more of them wait than the new limit allows."""
    world.outcomes(*((f"k{n}", "B") for n in range(5)))
    world.ship(pair("a"))
    world.rules = replace(world.rules, pending_quota=1)
    assert world.outcomes(("a", "B"), ("k0", "B")).accepted == 2


def test_outcomes_stop_being_pending_once(world: World) -> None:
    """A second unit of a known key leaves the number of those that still wait as it is."""
    world.ship(pair("a", key="order-1"))
    world.outcomes(("order-1", "B"), ("x", "B"))
    world.ship(pair("b", key="order-1"))
    assert world.counters().outcomes_pending == 1


def test_a_key_that_names_two_units_is_joined_with_neither(world: World) -> None:
    """Whatever outcome comes for it, both units are set aside."""
    world.register(uid="trial-0002", key_header="x-order")
    rows = [
        row.model_copy(update={"trial": "trial-0002"})
        for row in pair("a", key="order-1") + pair("b", key="order-1") + pair("c", key="c")
    ]
    world.ship(rows)
    world.outcomes(("order-1", "B"), ("c", "B"))
    world.mature()
    epoch = world.epoch(uid="trial-0002")
    assert (epoch.ambiguous, epoch.wins, epoch.labelled) == (2, 1, 1)


def test_a_key_that_is_another_requests_id_is_ambiguous_too(world: World) -> None:
    """A client may send as its key the id that the router gave to somebody else's request."""
    world.register(uid="trial-0002", key_header="x-order")
    rows = [row.model_copy(update={"trial": "trial-0002"}) for row in pair("a") + pair("b", key="a")]
    world.ship(rows)
    world.mature()
    assert world.epoch(uid="trial-0002").ambiguous == 2


def test_outcomes_are_joined_by_the_declared_key(world: World) -> None:
    """Where rows carry a key, it names the request, and the id does not."""
    world.ship(pair("a", key="order-1") + pair("b", key="order-2"))
    assert world.outcomes(("order-1", "B")).pending == 0
    assert world.outcomes(("b", "B")).pending == 1
    world.mature()
    assert (world.epoch().wins, world.epoch().unlabelled) == (1, 1)


def test_one_wrong_value_refuses_the_whole_request(world: World) -> None:
    """Every fault is named by its place, and nothing is stored."""
    before = world.stored()
    sent: list[tuple[str, str | int]] = [(f"k{n}", "B") for n in range(1000)]
    sent[3] = ("k3", 7)
    sent[999] = ("k999", True)
    with pytest.raises(Faulty) as error:
        world.outcomes(*sent)
    assert [fault.field for fault in error.value.faults] == ["outcomes[3].value", "outcomes[999].value"]
    assert world.stored() == before


def test_the_latest_trial_says_which_type_outcomes_have(world: World) -> None:
    """A new trial of the same ModelDeployment may declare another type."""
    world.register(uid="trial-0002", prediction_type=PredictionType.INTEGER)
    with pytest.raises(Faulty, match="integer"):
        world.outcomes(("a", "B"))
    assert world.outcomes(("a", 7)).accepted == 1


def test_outcomes_of_an_unknown_modeldeployment(world: World) -> None:
    """Without a registered trial nobody could check them."""
    with pytest.raises(NotFound, match="clinic/other"):
        world.write(lambda connection: outcomes.find_deployment(connection, "clinic", "other"))


def test_counts_of_a_trial_begin_with_it(world: World) -> None:
    """Outcomes accepted or refused before a trial was registered are not its own."""
    world.outcomes(("a", "B"))
    world.write(lambda connection: outcomes.count_refused(connection, "clinic", "triage", 3))
    world.now += SECOND
    world.register(uid="trial-0002")
    world.outcomes(("b", "B"), ("c", "B"))
    first, second = world.counters(), world.counters("trial-0002")
    assert (first.outcomes, first.outcomes_refused, first.outcomes_pending) == (3, 3, 3)
    assert (second.outcomes, second.outcomes_refused, second.outcomes_pending) == (2, 0, 2)


def test_outcomes_join_whichever_trial_saw_the_request(world: World) -> None:
    """An outcome belongs to the ModelDeployment: it may be for a request of the trial before."""
    world.ship(pair("a"))
    world.register(closed=True)
    world.register(uid="trial-0002")
    world.outcomes(("a", "B"))
    world.mature()
    assert world.epoch().wins == 1


def test_audits_read_outcomes_in_the_order_of_acceptance(world: World) -> None:
    """Every accepted value with its time; pages follow each other without gaps."""
    world.outcomes(("a", "M"), ("b", "B"))
    world.outcomes(("a", "B"))
    with world.database.reader.begin() as connection:
        deployment = outcomes.find_deployment(connection, "clinic", "triage").number
        rows = outcomes.page(connection, deployment, 0, 2) + outcomes.page(connection, deployment, 2, 2)
    assert [(row.cursor, row.key, row.value, row.received_at) for row in rows] == [
        (1, "a", "M", world.now),
        (2, "b", "B", world.now),
        (3, "a", "B", world.now),
    ]

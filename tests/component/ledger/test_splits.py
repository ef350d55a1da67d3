"""A trial that splits live requests, from batch to counters: each unit once per stretch, by the arm that it was given to first."""

from dataclasses import replace
from typing import Any

import pytest

from shadowlift.api.ledger import Arm, Row, RowStatus
from shadowlift.api.objective import Missing, ObjectiveType, PredictionType
from shadowlift.errors import InvalidInput
from shadowlift.recorder.problems import Faulty
from shadowlift.stats.losses import AbsoluteError
from shadowlift.stats.results import Reward, of_loss
from shadowlift.stats.scales import UNSIGNED, dither, place
from shadowlift.stats.threshold import LADDER
from tests.component.ledger.world import START, TRIAL, World, live, shadow

CANDIDATE, CURRENT = Arm.CANDIDATE, Arm.CURRENT
OK, FAILED, OURS = RowStatus.OK, RowStatus.FAILED, RowStatus.OURS
WATCH, WARM_UP, SHADOW, FIRST, SECOND, PROBATION = range(6)
BEST = len(UNSIGNED) - 1
UID = "trial-0002"
MINUTES: dict[str, Any] = {
    "prediction_type": PredictionType.NUMBER, "objective": ObjectiveType.ABSOLUTE_ERROR, "minimum": -60.0, "maximum": 180.0,
}  # fmt: skip
SPENT: dict[str, Any] = {"objective": ObjectiveType.REWARD, "minimum": -20.0, "maximum": 80.0}


def given_to(arm: Arm | None, id_: str, value: str | None = "M", **changes: Any) -> Row:
    """A live row of the first step; without an arm a request that could not be split."""
    return live(id_, value, **({"epoch": FIRST, "arm": arm, "mirrored": False} | changes))


@pytest.mark.parametrize(
    ("probation", "seen", "once_in"),
    [
        (PROBATION, [(WATCH, CURRENT), (SHADOW, None), (FIRST, CANDIDATE), (PROBATION, CANDIDATE)], [0, 2, 3, 5]),
        (PROBATION, [(WARM_UP, None), (SHADOW, None)], [WARM_UP]),
        (PROBATION, [(FIRST, CURRENT), (SECOND, CANDIDATE)], [FIRST]),
        (PROBATION, [(SECOND, CANDIDATE), (FIRST, CURRENT)], [SECOND]),
        (PROBATION, [(PROBATION, CANDIDATE), (PROBATION + 1, CANDIDATE)], [PROBATION]),
        (None, [(FIRST, CANDIDATE), (PROBATION, CANDIDATE), (9, CANDIDATE)], [FIRST]),
    ],
)
def test_a_unit_is_one_row_in_each_stretch(
    world: World, probation: int | None, seen: list[tuple[int, Arm | None]], once_in: list[int]
) -> None:
    """Watch, shadow, all steps of a canary and probation measure different things; within each the first exposure counts."""
    world.register(uid=UID, probation_epoch=probation)
    for n, (epoch, arm) in enumerate(seen):
        world.ship([given_to(arm, f"r{n}", unit="u1", epoch=epoch, mirrored=arm is None, trial=UID)])
    epochs = world.counters(UID).epochs
    assert [int(number) for number, epoch in epochs.items() if epoch.booked] == sorted(once_in)
    assert sum(epoch.repeated for epoch in epochs.values()) == len(seen) - len(once_in)
    assert world.counters(UID).open == len(once_in)


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
def test_the_first_exposure_counts_whatever_is_seen_later(world: World, together: bool) -> None:
    """A unit that the next step gives to the candidate stays one of current, in the step of its first request."""
    rows = [given_to(CURRENT, "a", "M", unit="u1"), given_to(CANDIDATE, "b", "B", unit="u1", epoch=SECOND)]
    for batch in [rows] if together else [[row] for row in rows]:
        world.ship(batch)
    world.outcomes(("a", "M"), ("b", "M"))
    world.mature()
    first, second = world.epoch(FIRST), world.epoch(SECOND)
    assert (first.booked, first.known_by_arm, first.results_by_arm) == (1, {"current": 1}, {f"current/{BEST}": 1})
    assert (second.booked, second.repeated, second.known_by_arm, second.units_by_arm) == (0, 1, {}, {})


def test_every_request_counts_for_its_arm_and_every_unit_once(world: World) -> None:
    """The circuit breaker looks at requests; a user who fails a hundred times is one failed unit."""
    rows = [given_to(CANDIDATE, f"a{n}", None, unit="u1", status=FAILED) for n in range(3)]
    rows += [given_to(CURRENT, f"b{n}", unit="u2") for n in range(2)]
    world.ship([*rows, given_to(CURRENT, "c", None, unit="u2", status=FAILED)])
    seen = world.epoch(FIRST)
    assert (seen.live, seen.booked, seen.repeated) == (6, 2, 4)
    assert seen.requests_by_arm == {"candidate": 3, "current": 3}
    assert seen.request_failures_by_arm == {"candidate": 3, "current": 1}
    assert (seen.units_by_arm, seen.failures_by_arm) == ({"candidate": 1, "current": 1}, {"candidate": 1})


def test_an_answer_is_counted_for_its_arm_at_once(world: World) -> None:
    """Nothing waits for an outcome. What is nobody's doing is no answer of an arm; what we could not read is one all the same."""
    for epoch, status in enumerate(RowStatus, start=FIRST):
        for arm in Arm:
            world.ship([given_to(arm, f"{status}-{arm}", None, status=status, epoch=epoch)])
    counted = {
        status: (seen.units_by_arm, seen.failures_by_arm, seen.request_failures_by_arm)
        for status, seen in zip(RowStatus, world.counters().epochs.values(), strict=True)
    }
    each: dict[str, int] = {"candidate": 1, "current": 1}
    assert counted == {
        RowStatus.OK: (each, {}, {}),
        RowStatus.FAILED: (each, each, each),
        RowStatus.UNREADABLE: (each, {}, {}),
        RowStatus.GONE: ({}, {}, {}),
        RowStatus.OURS: (each, {}, {}),
    }
    assert all(not seen.known_by_arm and not seen.unknown_by_arm for seen in world.counters().epochs.values())


def test_times_are_counted_by_unit_and_arm(world: World) -> None:
    """In the buckets of the ladder; a request without a time has none, and later requests of a unit add nothing."""
    times = [0, 250, 251, 4000, 10**9, None]
    world.ship([given_to(CANDIDATE, f"r{n}", unit=f"u{n}", us=us) for n, us in enumerate(times)])
    world.ship([given_to(CANDIDATE, "again", unit="u0", us=77), given_to(CURRENT, "b", us=300)])
    wanted = {"candidate/0": 2, "candidate/1": 1, "candidate/30": 1, f"candidate/{len(LADDER)}": 1, "current/2": 1}
    assert world.epoch(FIRST).latency_by_arm == wanted


def test_what_was_not_split_is_counted_and_left(world: World) -> None:
    """Without a unit, or not to be sent twice: neither is a unit of any arm, nor a request of one."""
    world.ship([given_to(None, "a"), given_to(None, "b", unitless=True), given_to(CURRENT, "c")])
    seen = world.epoch(FIRST)
    assert (seen.live, seen.unmirrored, seen.unitless, seen.booked) == (3, 1, 1, 1)
    assert (seen.requests_by_arm, seen.units_by_arm) == ({"current": 1}, {"current": 1})


def test_a_replayed_batch_changes_nothing(world: World) -> None:
    """A shipper that did not hear the answer sends again: no request, unit or failure is counted twice."""
    rows = [given_to(CANDIDATE, "a", None, status=FAILED, unit="u1", us=9), given_to(CURRENT, "b", unit="u2", us=9)]
    world.ship(rows)
    before = world.stored()
    world.ship(rows, seq=1)
    assert world.stored() == before


def test_both_answers_of_a_shadow_are_told_by_arm(world: World) -> None:
    """Both processes answer each request; a candidate that stays silent has failed when it is known to have stayed so."""
    world.ship([live("a", us=300), shadow("a", us=600), live("b", us=300), shadow("b", None, status=FAILED)])
    world.ship([live("c", us=300)])
    seen = world.epoch(SHADOW)
    assert (seen.units_by_arm, seen.failures_by_arm) == ({"current": 3, "candidate": 2}, {"candidate": 1})
    assert (seen.latency_by_arm, seen.requests_by_arm) == ({"current/2": 3, "candidate/10": 1}, {})
    world.mature()
    seen = world.epoch(SHADOW)
    assert (seen.units_by_arm["candidate"], seen.failures_by_arm["candidate"]) == (3, 2)


def test_the_time_of_a_copy_waits_with_its_answer(world: World) -> None:
    """A copy's answer that comes before its live line, or in a later batch, is timed all the same."""
    world.ship([shadow("a", us=600)])
    world.ship([live("a", us=300), live("b", us=300)])
    world.ship([shadow("b", us=600)])
    assert world.epoch(SHADOW).latency_by_arm == {"current/2": 2, "candidate/10": 2}


def test_each_unit_closes_in_the_epoch_and_arm_of_its_request(world: World) -> None:
    """Watch, steps and probation alike: right and wrong, unknown, failed and not to be read, each once and nowhere else."""
    world.register(uid=UID, probation_epoch=PROBATION)
    for epoch in (WATCH, FIRST, PROBATION):
        names = {kind: f"{epoch}-{kind}" for kind in ("right", "wrong", "silent", "failed", "ours")}
        rows = [given_to(CURRENT, id_, epoch=epoch, trial=UID) for id_ in names.values()]
        rows[3:] = [
            row.model_copy(update={"status": status, "value": None})
            for row, status in zip(rows[3:], (FAILED, OURS), strict=True)
        ]
        world.ship([*rows, given_to(CANDIDATE, f"{epoch}-a", None, status=FAILED, epoch=epoch, trial=UID)])
        world.outcomes((names["right"], "M"), (names["wrong"], "B"), (names["ours"], "M"))
    world.mature()
    for epoch in (WATCH, FIRST, PROBATION):
        seen = world.epoch(epoch, UID)
        assert seen.results_by_arm == {f"current/{BEST}": 1, "current/0": 1}, epoch
        assert (seen.known_by_arm, seen.unknown_by_arm) == ({"current": 2}, {"current": 3, "candidate": 1})
        assert (seen.failed_currents, seen.failed_candidates, seen.ours) == (1, 1, 1)
        assert seen.unread_by_arm == {"current": 1}
        assert (seen.wins, seen.losses, seen.ties, seen.candidate_silent) == (0, 0, 0, 0)
    assert world.counters(UID).open == 0


def test_units_whose_outcomes_cannot_be_told_apart_are_set_aside(world: World) -> None:
    """One key, a unit on either arm: the outcome may be of any of them."""
    world.ship([given_to(CANDIDATE, "a", key="k"), given_to(CURRENT, "b", key="k"), given_to(CURRENT, "c", key="l")])
    world.outcomes(("k", "M"), ("l", "M"))
    world.mature()
    assert (world.epoch(FIRST).ambiguous, world.epoch(FIRST).results_by_arm) == (2, {f"current/{BEST}": 1})


def test_an_outcome_that_comes_too_late_changes_nothing(world: World) -> None:
    """Each unit is given the same time on either arm; the last outcome within it counts."""
    world.ship([given_to(CANDIDATE, "a"), given_to(CURRENT, "b"), given_to(CANDIDATE, "c")])
    world.outcomes(("c", "B"))
    assert world.outcomes(("c", "M")).changed == 1
    world.mature()
    before = world.epoch(FIRST)
    assert world.outcomes(("a", "M"), ("b", "M"), ("c", "B")).late == 3
    world.mature()
    assert (world.epoch(FIRST), world.counters().outcomes_late) == (before, 3)
    assert (before.results_by_arm, before.unknown_by_arm) == (
        {f"candidate/{BEST}": 1},
        {"candidate": 1, "current": 1},
    )


@pytest.mark.parametrize("trial", [MINUTES, SPENT], ids=["loss", "reward"])
def test_a_result_is_at_the_place_that_its_units_name_gives(world: World, trial: dict[str, Any]) -> None:
    """Any ledger that closes it counts the same; a named unit has one name, whatever its first request was called."""
    world.register(uid=UID, **trial)
    units = [(f"r{n}", f"u{n}" if n % 2 else None) for n in range(12)]
    for n, (id_, unit) in enumerate(units):
        world.ship([given_to(CANDIDATE, id_, "31.0", unit=unit, trial=UID, epoch=FIRST + n)])
    for start in (0, 4, 8):
        world.outcomes(*((id_, 20) for id_, _ in units[start : start + 4]))
    world.mature()
    result = of_loss(AbsoluteError(-60.0, 180.0), 31.0, 20.0) if trial is MINUTES else Reward(-20.0, 80.0).of(20.0)
    seen = [world.epoch(FIRST + n, UID).results_by_arm for n in range(12)]
    spots = [place(result, UNSIGNED, dither(f"{UID}/{unit or id_}")) for id_, unit in units]
    assert seen == [{f"candidate/{spot}": 1} for spot in spots]
    assert len(set(spots)) == 2, "both places around the result are met"


def test_what_is_no_amount_is_refused(world: World) -> None:
    """All of a request or none, each fault by name; an amount above the cap is an amount, and counts as the cap."""
    world.register(uid=UID, **SPENT)
    with pytest.raises(Faulty) as caught:
        world.outcomes(("a", 81), ("b", "12"), ("c", True), ("d", -20.01), ("e", 10**400))
    assert [fault.field for fault in caught.value.faults] == [f"outcomes[{n}].value" for n in (1, 2, 3, 4)]
    assert "objective.range.min, -20" in caught.value.faults[2].message
    assert world.count("outcomes") == 0
    world.ship([given_to(CURRENT, "a", None, trial=UID)])
    world.outcomes(("a", 81))
    world.mature()
    assert world.epoch(FIRST, UID).results_by_arm == {f"current/{BEST}": 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"minimum": None}, "objective"),
        ({"maximum": None}, "objective"),
        ({"maximum": -20.0}, "objective"),
        ({"missing": Missing.VALUE, "missing_value": "-21"}, "missingValue"),
        ({"missing": Missing.VALUE, "missing_value": "nothing"}, "missingValue"),
    ],
)
def test_a_reward_that_contradicts_itself_is_refused(world: World, changes: dict[str, Any], field: str) -> None:
    """It has a smallest value and a cap, and what stands for no outcome is one that could come."""
    with pytest.raises(InvalidInput) as caught:
        world.register(uid=UID, **(SPENT | changes))
    assert caught.value.field == field


def test_an_outcome_that_this_objective_cannot_read_is_none(world: World) -> None:
    """The objective was changed while units were open: a diagnosis is no amount, and stops nobody."""
    world.register(uid=UID, **SPENT)
    world.ship([given_to(CURRENT, id_, None, trial=UID) for id_ in ("a", "b")])
    world.register(uid="trial-0003")
    world.outcomes(("a", "M"), ("b", "7"))
    world.mature()
    seen = world.epoch(FIRST, UID)
    assert (seen.unknown_by_arm, seen.known_by_arm) == ({"current": 1}, {"current": 1})


def test_a_purge_forgets_answers_and_not_whom_it_has_counted(world: World) -> None:
    """Past retention a trial still knows its units: who comes again is repeated, in every later step."""
    world.ship([given_to(CANDIDATE, "a", unit="u1")])
    world.mature()
    world.rules = replace(world.rules, retention_us=1)
    world.purge()
    world.ship([given_to(CANDIDATE, "b", unit="u1", epoch=SECOND)])
    assert (world.epoch(SECOND).booked, world.epoch(SECOND).repeated, world.count("units")) == (0, 1, 1)
    assert world.counters(TRIAL).open == 0


def test_the_first_request_is_the_exposure_however_late_its_answer(world: World) -> None:
    """A line comes when its answer ends: the quick second request of a user must not stand for the first one, which hung and failed."""
    world.register(uid=UID, unit_header="x-user-id")
    second = given_to(CANDIDATE, "second", unit="u1", t=START + 1000, us=300, epoch=FIRST + 1, trial=UID)
    first = given_to(CURRENT, "first", None, unit="u1", t=START, us=600_000, status=FAILED, epoch=FIRST, trial=UID)
    third = given_to(CANDIDATE, "third", unit="u1", t=START + 2000, us=400, epoch=FIRST + 1, trial=UID)
    for line in (second, first, third):
        world.ship([line], low=START)
    was, now = (world.epoch(epoch, UID) for epoch in (FIRST + 1, FIRST))
    assert (was.booked, was.repeated, was.units_by_arm, was.latency_by_arm) == (0, 2, {}, {})
    assert (now.booked, now.repeated, now.units_by_arm, now.failures_by_arm) == (1, 0, {"current": 1}, {"current": 1})
    assert len(now.latency_by_arm) == 1
    world.outcomes(("first", "M"))
    world.mature()
    assert world.epoch(FIRST, UID).failed_currents == 1
    assert world.epoch(FIRST + 1, UID).known_by_arm == {}
    world.ship([given_to(CURRENT, "zeroth", unit="u1", t=START - 1, epoch=FIRST, trial=UID)])
    assert world.epoch(FIRST, UID).booked == 1, "a unit that has closed stays as it is"
    assert world.counters(UID).open == 0

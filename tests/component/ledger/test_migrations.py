"""A ledger of an earlier version, written by its recorder, is read by this one as if it had always been its own."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from shadowlift.api.ledger import SHADOW_EPOCH, WARM_UP_EPOCH, Arm, EpochCounters, Row
from shadowlift.recorder import evidence, schema
from shadowlift.recorder.database import CannotOpen, open_database
from shadowlift.recorder.schema import Stretch
from tests.component.ledger.world import SECOND, START, TRIAL, World, live, registration, shadow

VERSION_1 = Path(__file__).with_name("ledger_v1.sql")
LEFT_AT = START + 72 * SECOND  # when the old recorder was stopped
COUNTED = {  # by the old recorder, under the new numbers
    WARM_UP_EPOCH: EpochCounters(
        live=3, booked=3, wins=1, ties=1, disagreements=1, labelled=1, current_values={"M": 1, "B": 1},
        candidate_values={"B": 2}, outcome_values={"B": 1}, labelled_by_answer={"M": 1},
    ),
    SHADOW_EPOCH: EpochCounters(
        live=3, booked=3, wins=1, disagreements=1, labelled=1, current_values={"M": 1}, candidate_values={"B": 1},
        outcome_values={"B": 1}, labelled_by_answer={"M": 1},
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a recorder of version 1 has left its ledger."""
    run(tmp_path, VERSION_1.read_text())
    return tmp_path


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    """The new recorder, at the moment at which the old one was stopped."""
    world = World(folder)
    world.now, world.seqs = LEFT_AT, {"router-1": 6}
    yield world
    world.database.close()


def run(folder: Path, script: str) -> None:
    connection = sqlite3.connect(folder / "ledger.db")
    connection.executescript(script)
    connection.close()


def shape(folder: Path) -> dict[str, object]:
    """Tables with their columns, and indexes, without the order in which they were made."""
    connection = sqlite3.connect(folder / "ledger.db")
    found = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    seen: dict[str, object] = {}
    for kind, name, sql in found:
        if kind == "table":
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            seen[name] = {(column, of, required, key) for _, column, of, required, _, key in columns}
        else:
            seen[name] = sql
    connection.close()
    return seen


def on_split(id_: str, unit: str) -> Row:
    return live(id_, unit=unit, epoch=3, arm=Arm.CANDIDATE, mirrored=False)


def test_it_is_the_same_ledger_in_the_present_version(world: World) -> None:
    """Another id would mean that the evidence is lost, and end every trial under way."""
    with world.database.reader.begin() as connection:
        answer = evidence.counters(connection, [TRIAL], world.now)
    assert (answer.ledger_id, answer.schema_version) == ("ledger-of-version-1", schema.SCHEMA_VERSION)
    assert world.database.ledger_id == "ledger-of-version-1"


def test_counters_move_with_their_epochs(world: World) -> None:
    """The watch came before the warm-up, so that every number is one more; nothing is left under the old one."""
    assert {int(number): epoch for number, epoch in world.counters().epochs.items()} == COUNTED


def test_any_number_of_epochs_moves_without_meeting_another(folder: Path) -> None:
    """In whichever order the rows are gone through: none may stand where another still is."""
    more = (2, 3, 99, 100, 101, 199)
    run(folder, "".join(f"INSERT INTO epochs VALUES (1, {epoch}, '{{\"live\":{epoch}}}');" for epoch in more))
    world = World(folder)
    moved = {int(number): epoch.live for number, epoch in world.counters().epochs.items()}
    world.database.close()
    assert moved == {1: 3, 2: 3} | {epoch + 1: epoch for epoch in more}


def test_what_was_open_closes_where_it_belongs(world: World) -> None:
    """Pairs with both answers, without the candidate's, and of the warm-up: with what the old recorder knew of them."""
    assert (world.counters().open, world.counters().outcomes, world.counters().outcomes_pending) == (3, 4, 1)
    world.mature()
    warm, counted = world.epoch(WARM_UP_EPOCH), world.epoch(SHADOW_EPOCH)
    assert world.counters().open == 0
    assert (counted.wins, counted.unlabelled, counted.candidate_silent) == (2, 1, 1)
    assert (warm.wins, warm.ties, warm.unlabelled, warm.candidate_silent) == (1, 1, 1, 1)


def test_an_answer_in_the_waiting_room_finds_its_live_line(world: World) -> None:
    """It came before the change, and its live line after; the outcome of that request had come before both."""
    world.ship([live("s4", unit="u7", t=LEFT_AT)])
    assert (world.epoch(SHADOW_EPOCH).booked, world.count("shadows"), world.counters().outcomes_pending) == (4, 0, 0)
    world.mature()
    assert (world.epoch(SHADOW_EPOCH).losses, world.epoch(SHADOW_EPOCH).candidate_silent) == (1, 1)


def test_units_stay_counted_in_the_shadow_and_may_come_to_a_canary(world: World) -> None:
    """What was booked before is repeated in the same stretch, as ever, and new in another one."""
    world.ship([live("x1", unit="u4"), shadow("x1", unit="u4")])
    world.ship([on_split("x2", "u4"), on_split("x3", "u1")])
    assert (world.epoch(SHADOW_EPOCH).repeated, world.epoch(3).booked, world.count("shadows")) == (1, 2, 1)
    with world.database.reader.begin() as connection:
        rows = connection.exec_driver_sql("SELECT DISTINCT stretch, arm FROM units WHERE epoch < 3").all()
    assert rows == [(Stretch.SHADOW, None)]


def test_the_operator_registers_the_trial_again(world: World) -> None:
    """A registration that was stored before there were canaries is the same one."""
    world.register(unit_header="x-user-id", routers=["router-1", "router-2"])
    assert [router.uid for router in world.counters().routers] == ["router-1", "router-2"]
    assert registration().probation_epoch is None


def test_it_has_the_shape_of_a_new_one(folder: Path, tmp_path: Path) -> None:
    """Columns, keys and indexes: a ledger's age shows nowhere."""
    (tmp_path / "new").mkdir()
    for where in (folder, tmp_path / "new"):
        open_database(f"sqlite:///{where}/ledger.db").close()
    assert shape(folder) == shape(tmp_path / "new")


def test_opening_it_again_changes_nothing(folder: Path) -> None:
    """Each version is left once."""
    seen = []
    for _ in range(3):
        world = World(folder)
        seen.append(world.stored())
        world.database.close()
    assert seen[0] == seen[1] == seen[2]


def test_what_fails_on_the_way_leaves_all_as_it_was(folder: Path) -> None:
    """One transaction for all statements: the old recorder can be run again."""
    run(folder, "DROP INDEX units_by_unit")
    before = shape(folder)
    with pytest.raises(CannotOpen, match="cannot be used: no such index"):
        open_database(f"sqlite:///{folder}/ledger.db")
    assert shape(folder) == before


def test_a_version_that_is_not_known_is_refused(folder: Path) -> None:
    """Also where the ledger was once of an older one."""
    open_database(f"sqlite:///{folder}/ledger.db").close()
    run(folder, f"UPDATE ledger SET schema_version = {schema.SCHEMA_VERSION + 1}")
    with pytest.raises(CannotOpen, match="newer version"):
        open_database(f"sqlite:///{folder}/ledger.db")

"""One writer thread: groups, refusals and failures."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, text

from shadowlift.errors import Conflict, Unavailable
from shadowlift.recorder import schema, writer
from shadowlift.recorder.database import Database, open_database
from shadowlift.recorder.metrics import Metrics
from shadowlift.recorder.writer import Writer

WAIT = 5.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty ledger."""
    opened = open_database(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close()


def add(name: str, connection: Connection) -> str:
    connection.execute(insert(schema.deployments).values(namespace="clinic", name=name))
    return name


def adding(name: str) -> Callable[[Connection], str]:
    return partial(add, name)


def names(database: Database) -> set[str]:
    with database.reader.begin() as connection:
        return set(connection.execute(text("SELECT name FROM deployments")).scalars())


class Held:
    """Holds the writer inside an operation, so that others queue up behind it."""

    def __init__(self, target: Writer) -> None:
        self._go, self._there = threading.Event(), threading.Event()
        self._future = target.submit(self._hold)
        assert self._there.wait(WAIT)

    def _hold(self, _: Connection) -> None:
        self._there.set()
        assert self._go.wait(WAIT)

    def release(self) -> None:
        self._go.set()
        self._future.result(WAIT)


def test_operations_that_queue_up_share_one_commit(database: Database) -> None:
    """That is what makes FULL synchronisation affordable; a result appears only when all of it is there to be read."""
    metrics = Metrics()
    target = Writer(database.writer, metrics)
    held = Held(target)
    futures = [target.submit(adding(f"n{n}")) for n in range(50)]
    there: list[int] = []
    futures[0].add_done_callback(lambda _: there.append(len(names(database))))
    held.release()
    assert [future.result(WAIT) for future in futures] == [f"n{n}" for n in range(50)]
    assert there == [50]
    target.close()
    assert names(database) == {f"n{n}" for n in range(50)}
    assert metrics.registry.get_sample_value("shadowlift_recorder_group_size_count") == 2
    assert metrics.registry.get_sample_value("shadowlift_recorder_group_size_sum") == 51


def test_a_refusal_leaves_nothing_and_takes_no_one_along(database: Database) -> None:
    """Its own writes are undone, its neighbours' are committed, and its caller hears why."""
    target = Writer(database.writer, Metrics())

    def refuse(connection: Connection) -> None:
        add("refused", connection)
        raise Conflict("no")

    held = Held(target)
    before, refused, after = (target.submit(run) for run in (adding("before"), refuse, adding("after")))
    held.release()
    assert (before.result(WAIT), after.result(WAIT)) == ("before", "after")
    with pytest.raises(Conflict):
        refused.result(WAIT)
    target.close()
    assert names(database) == {"before", "after"}


def test_an_operation_that_the_database_rejects_fails_alone(database: Database) -> None:
    """Its neighbours are tried again without it."""
    target = Writer(database.writer, Metrics())
    held = Held(target)
    good = target.submit(adding("good"))
    bad = target.submit(lambda connection: connection.execute(text("INSERT INTO nowhere VALUES (1)")))
    held.release()
    assert good.result(WAIT) == "good"
    with pytest.raises(Unavailable):
        bad.result(WAIT)
    target.close()
    assert names(database) == {"good"}


def test_a_full_queue_turns_callers_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded; what was taken is done all the same."""
    monkeypatch.setattr(writer, "MAX_QUEUE", 3)
    target = Writer(database.writer, Metrics())
    held = Held(target)
    taken = [target.submit(adding(f"n{n}")) for n in range(3)]
    with pytest.raises(Unavailable, match="waiting"):
        target.submit(adding("late"))
    held.release()
    assert len([future.result(WAIT) for future in taken]) == 3
    target.close()


def test_closing_finishes_what_was_taken(database: Database) -> None:
    """And takes nothing more."""
    target = Writer(database.writer, Metrics())
    futures = [target.submit(adding(f"n{n}")) for n in range(20)]
    target.close()
    assert all(future.done() for future in futures)
    assert len(names(database)) == 20
    assert not target.alive
    with pytest.raises(Unavailable, match="stopping"):
        target.submit(adding("late"))


def test_a_caller_that_gave_up_is_skipped(database: Database) -> None:
    """A request whose connection broke before its turn is not written: its sender will repeat it."""
    target = Writer(database.writer, Metrics())
    held = Held(target)
    future = target.submit(adding("given up"))
    assert future.cancel()
    held.release()
    target.close()
    assert names(database) == set()

"""Opening the ledger."""

from pathlib import Path

import pytest
from sqlalchemy import update

from shadowlift.recorder import database, schema
from shadowlift.recorder.database import CannotOpen, open_database


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/ledger.db"


def test_a_ledger_keeps_its_identity(tmp_path: Path) -> None:
    """The id is born with the file; another file is another ledger."""
    first = open_database(url(tmp_path))
    first.close()
    again = open_database(url(tmp_path))
    again.close()
    (tmp_path / "other").mkdir()
    other = open_database(url(tmp_path / "other"))
    other.close()
    assert first.ledger_id == again.ledger_id != other.ledger_id


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """It would take the first one's batches for replays. When the first has gone, the lock is free."""
    first = open_database(url(tmp_path))
    with pytest.raises(CannotOpen, match="another recorder holds"):
        open_database(url(tmp_path))
    first.close()
    open_database(url(tmp_path)).close()


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Writing to it could destroy what this version does not know of."""
    opened = open_database(url(tmp_path))
    with opened.writer.begin() as connection:
        connection.execute(update(schema.ledger).values(schema_version=schema.SCHEMA_VERSION + 1))
    opened.close()
    before = (tmp_path / "ledger.db").read_bytes()
    with pytest.raises(CannotOpen, match=f"schema version {schema.SCHEMA_VERSION + 1}.*newer version"):
        open_database(url(tmp_path))
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_an_older_ledger_is_migrated_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every missing version once, in order; the identity stays."""
    opened = open_database(url(tmp_path))
    opened.close()
    done: list[int] = []
    start = schema.SCHEMA_VERSION
    monkeypatch.setattr(schema, "SCHEMA_VERSION", start + 2)
    monkeypatch.setitem(database.MIGRATIONS, start, lambda _: done.append(start))
    monkeypatch.setitem(database.MIGRATIONS, start + 1, lambda _: done.append(start + 1))
    for _ in range(2):
        again = open_database(url(tmp_path))
        again.close()
    assert done == [start, start + 1]
    assert again.ledger_id == opened.ledger_id


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_a_volume_that_cannot_be_used(tmp_path: Path, folder: str) -> None:
    """The message says which path and what to look at."""
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CannotOpen, match="check the volume"):
        open_database(url(tmp_path / folder))


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    """It is refused, not overwritten."""
    (tmp_path / "ledger.db").write_text("something else entirely, and long enough to be read as a header" * 20)
    with pytest.raises(CannotOpen, match="cannot be used"):
        open_database(url(tmp_path))


def test_answers_are_durable(tmp_path: Path) -> None:
    """202 means synchronous=FULL in a write-ahead log."""
    opened = open_database(url(tmp_path))
    with opened.writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    opened.close()

"""The SQLite file: opened by `run` for one writer and many readers, migrated, locked against a second writer."""

import fcntl
import os
import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from shadowlift.errors import ShadowliftError, Unavailable
from shadowlift.recorder import schema
from shadowlift.recorder.migrations import MIGRATIONS

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL would lose answered batches when the machine loses power
    "PRAGMA busy_timeout=5000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA cache_size=-32768",  # 32 MiB
    "PRAGMA temp_store=MEMORY",
)


class CannotOpen(ShadowliftError):
    """The ledger cannot be used as it is; the message says what to do."""


@dataclass(frozen=True)
class Database:
    """An open ledger."""

    writer: Engine  # for one thread
    reader: Engine
    ledger_id: str
    lock: int  # descriptor of the lock file

    def close(self) -> None:
        """Give up the file; safe to call once."""
        self.writer.dispose()
        self.reader.dispose()
        os.close(self.lock)


def open_database(url: str) -> Database:
    """Open, create or migrate the ledger.

    Raises:
        CannotOpen: another recorder writes to it, it is newer than this program, or the file cannot be used.
    """
    path = Path(make_url(url).database or "")
    lock = _lock(path)
    writer, reader = _engine(url, "BEGIN IMMEDIATE"), _engine(url, "BEGIN")
    try:
        with writer.begin() as connection:
            ledger_id = _prepare(connection)
    except SQLAlchemyError as error:
        os.close(lock)
        raise CannotOpen(
            f"{path} cannot be used: {error.__cause__ or error}; check the volume and the file's owner"
        ) from error
    except CannotOpen:
        os.close(lock)
        raise
    return Database(writer, reader, ledger_id, lock)


def _lock(path: Path) -> int:
    """Two writers would each take the other's sequence numbers for replays, so the second one must not start."""
    lock_path = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotOpen(f"{lock_path} cannot be opened: {error.strerror}; check the volume and its owner") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CannotOpen(
            f"another recorder holds {lock_path}: run one recorder per ledger (replicas: 1, strategy Recreate)"
        ) from error
    return descriptor


def _engine(url: str, begin: str) -> Engine:
    engine = create_engine(url, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare_connection(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # or the driver would begin and commit behind SQLAlchemy's back
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _prepare(connection: Connection) -> str:
    if not inspect(connection).has_table(schema.ledger.name):
        schema.metadata.create_all(connection)
        ledger_id = str(uuid.uuid4())
        connection.execute(insert(schema.ledger).values(ledger_id=ledger_id, schema_version=schema.SCHEMA_VERSION))
        return ledger_id
    row = connection.execute(select(schema.ledger)).one()
    if row.schema_version > schema.SCHEMA_VERSION:
        raise CannotOpen(
            f"the ledger has schema version {row.schema_version} and this program knows {schema.SCHEMA_VERSION}: "
            "run the newer version again, or restore the ledger from before its upgrade"
        )
    for version in range(row.schema_version, schema.SCHEMA_VERSION):
        MIGRATIONS[version](connection)
    connection.execute(update(schema.ledger).values(schema_version=schema.SCHEMA_VERSION))
    return str(row.ledger_id)


def unavailable(error: SQLAlchemyError) -> Unavailable:
    """What a caller is told when the store cannot commit."""
    return Unavailable(f"the ledger cannot be written or read now: {error.__cause__ or type(error).__name__}")

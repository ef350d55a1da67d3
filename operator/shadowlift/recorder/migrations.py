"""From one version of the ledger's tables to the next, in place. Called by `database` when a ledger is opened; one transaction for all.

A released entry never changes. Written as SQL, since `schema` describes the present tables only.
"""

from collections.abc import Callable

from sqlalchemy import Connection

_EPOCHS = """CREATE TABLE epochs_2 (
    trial BIGINT NOT NULL, epoch BIGINT NOT NULL, of TEXT NOT NULL, counters TEXT NOT NULL, PRIMARY KEY (trial, epoch, of)
)"""
_ANSWERS = """CREATE TABLE answers (
    trial BIGINT NOT NULL, id TEXT NOT NULL, candidate TEXT NOT NULL, started BIGINT NOT NULL, status TEXT NOT NULL, value TEXT,
    reason TEXT, us BIGINT, PRIMARY KEY (trial, id, candidate)
)"""


def _splits(connection: Connection) -> None:
    """Units may be given to an arm, trials may have several candidates; the watch came first, so that all epochs moved up by one."""
    for statement in (
        "ALTER TABLE units RENAME COLUMN current_status TO live_status",
        "ALTER TABLE units RENAME COLUMN current_value TO live_value",
        "ALTER TABLE units RENAME COLUMN current_reason TO live_reason",
        "ALTER TABLE units ADD COLUMN stretch INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE units ADD COLUMN arm TEXT",
        "ALTER TABLE shadows ADD COLUMN us BIGINT",
        "DROP INDEX units_by_unit",
        "CREATE UNIQUE INDEX units_by_unit ON units (trial, unit, stretch) WHERE unit IS NOT NULL",
        "UPDATE units SET epoch = epoch + 1",
        _EPOCHS,
        "INSERT INTO epochs_2 SELECT trial, epoch + 1, '', counters FROM epochs",
        "DROP TABLE epochs",
        "ALTER TABLE epochs_2 RENAME TO epochs",
        _ANSWERS,
        "CREATE INDEX answers_by_age ON answers (trial, started)",
    ):
        connection.exec_driver_sql(statement)


def _times(connection: Connection) -> None:
    """A unit of a split keeps its answer's time: an earlier request of the same unit may still come."""
    connection.exec_driver_sql("ALTER TABLE units ADD COLUMN live_us BIGINT")


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _splits, 2: _times}
"""Version n -> what turns a ledger of version n into one of n + 1."""

"""From one version of the ledger's tables to the next, in place. Called by `database` when a ledger is opened; one transaction for all.

A released entry never changes. Written as SQL, since `schema` describes the present tables only.
"""

from collections.abc import Callable

from sqlalchemy import Connection


def _splits(connection: Connection) -> None:
    """Units may be given to one of two arms; the watch came before the warm-up, so that all epochs moved up by one."""
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
        "UPDATE epochs SET epoch = epoch + 100",  # in two steps: one row must never stand where another still is
        "UPDATE epochs SET epoch = epoch - 99",
    ):
        connection.exec_driver_sql(statement)


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _splits}
"""Version n -> what turns a ledger of version n into one of n + 1."""

"""A ledger in a temporary folder and a clock that stands still: one transaction per call, no threads, no HTTP."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from shadowlift.api.capture import Track
from shadowlift.api.ledger import (
    Batch,
    BatchReceipt,
    EpochCounters,
    OutcomeIn,
    OutcomesReceipt,
    Row,
    RowStatus,
    TrialCounters,
    TrialRegistration,
)
from shadowlift.api.objective import Missing, PredictionType
from shadowlift.recorder import evidence, outcomes, upkeep
from shadowlift.recorder.booking import book
from shadowlift.recorder.closing import close_due
from shadowlift.recorder.database import open_database
from shadowlift.recorder.settings import Rules
from shadowlift.recorder.trials import register

Result = TypeVar("Result")

SECOND = 1_000_000
HOUR = 3600 * SECOND
MATURITY = 60 * SECOND
START = 1_800_000_000 * SECOND
RULES = Rules(retention_us=24 * HOUR, grace_us=5 * SECOND, silent_after_us=30 * SECOND, pending_quota=5)
TRIAL = "trial-0001"


def registration(**changes: Any) -> TrialRegistration:
    """A trial of `clinic/triage` with one router."""
    values: dict[str, Any] = {
        "uid": TRIAL,
        "namespace": "clinic",
        "name": "triage",
        "resource_uid": "cr-1",
        "frozen_hash": "abc",
        "started_at": START,
        "prediction_type": PredictionType.STRING,
        "missing": Missing.WORST,
        "maturity_us": MATURITY,
        "senders": ["outcome-sender"],
        "routers": ["router-1"],
    }
    return TrialRegistration(**(values | changes))


def live(id_: str, value: str | None = "M", **changes: Any) -> Row:
    """A mirrored live row at START."""
    values = {"trial": TRIAL, "epoch": 2, "id": id_, "track": Track.LIVE, "t": START, "value": value, "mirrored": True}
    return Row(**({"status": RowStatus.OK} | values | changes))


def shadow(id_: str, value: str | None = "B", **changes: Any) -> Row:
    """A candidate's answer to the copy of the request."""
    values = {"trial": TRIAL, "epoch": 2, "id": id_, "track": Track.SHADOW, "t": START, "value": value}
    return Row(**({"status": RowStatus.OK} | values | changes))


def memory_folder() -> str | None:
    """Where files live in memory; None where the machine has no such place."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


class World:
    """What may happen to a recorder, in words."""

    def __init__(self, folder: Path, rules: Rules = RULES) -> None:
        self.database = open_database(f"sqlite:///{folder}/ledger.db")
        self.rules = rules
        self.now = START
        self.seqs: dict[str, int] = {}

    def write(self, operation: Callable[[Connection], Result]) -> Result:
        with self.database.writer.begin() as connection:
            return operation(connection)

    def register(self, **changes: Any) -> None:
        self.write(lambda connection: register(connection, registration(**changes), self.now, self.rules))

    def ship(
        self, rows: Iterable[Row] = (), router: str = "router-1", namespace: str = "clinic", **changes: Any
    ) -> BatchReceipt:
        """The router's next batch; `low` is now unless told otherwise."""
        seq = changes.pop("seq", self.seqs.get(router, 0) + 1)
        self.seqs[router] = max(seq, self.seqs.get(router, 0))
        values = {"router": router, "seq": seq, "sent_at": self.now, "low": self.now + 1, "rows": list(rows)}
        batch = Batch(**(values | changes))
        return self.write(lambda connection: book(connection, batch, namespace, self.now)).receipt

    def outcomes(self, *sent: tuple[str, Any]) -> OutcomesReceipt:
        posted = [OutcomeIn(key=key, value=value) for key, value in sent]

        def accept(connection: Connection) -> OutcomesReceipt:
            deployment = outcomes.find_deployment(connection, "clinic", "triage")
            return outcomes.accept(connection, deployment, posted, self.now, self.rules)

        return self.write(accept)

    def sweep(self, heard_at: int | None = None, limit: int = 1000) -> None:
        """One round of the closing loop, as `sweep` does it."""
        heard = START if heard_at is None else heard_at
        self.write(lambda connection: upkeep.mark_silent(connection, self.now, self.rules, lambda _: heard))
        while self.write(lambda connection: close_due(connection, self.now, self.rules, limit)).more:
            pass
        self.write(lambda connection: upkeep.expire_orphans(connection, self.now))

    def purge(self) -> None:
        while self.write(lambda connection: upkeep.expire_pending(connection, self.now, self.rules)):
            pass
        while self.write(lambda connection: upkeep.purge(connection, self.now, self.rules)):
            pass

    def mature(self) -> None:
        """Let everything shipped so far close: time passes, and the first router says that it has sent all."""
        self.now += MATURITY + self.rules.grace_us + SECOND
        self.ship()
        self.sweep()

    def counters(self, uid: str = TRIAL) -> TrialCounters:
        with self.database.reader.begin() as connection:
            return evidence.counters(connection, [uid], self.now).trials[0]

    def epoch(self, epoch: int = 2, uid: str = TRIAL) -> EpochCounters:
        return self.counters(uid).epochs.get(str(epoch), EpochCounters())

    def count(self, table: str) -> int:
        with self.database.reader.begin() as connection:
            return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())

    def stored(self) -> list[Any]:
        """Everything in the database, to tell whether anything changed."""
        with self.database.reader.begin() as connection:
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
            return [connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in sorted(names)]

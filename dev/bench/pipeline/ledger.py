"""The recorder without its HTTP: the code that books, closes and counts, on its own kind of database, in memory.

Called by `deployment` and `trial` with the simulated time; each call is one transaction, as in the program.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, delete

from shadowlift.api.ledger import Batch, CountersAnswer, OutcomeIn, Row, TrialRegistration
from shadowlift.recorder import evidence, outcomes, schema, upkeep
from shadowlift.recorder.booking import book
from shadowlift.recorder.closing import close_due
from shadowlift.recorder.database import open_database
from shadowlift.recorder.settings import Rules
from shadowlift.recorder.sweep import CLOSE_LIMIT
from shadowlift.recorder.trials import register

NAMESPACE, NAME = "clinic", "triage"
MOST_ROWS, MOST_OUTCOMES = 5000, 1000
"""Of the wire format: in one batch, and in one post."""

Result = TypeVar("Result")


class Ledger:
    """What may happen to a recorder. Times in unix microseconds."""

    def __init__(self, folder: Path) -> None:
        self._database = open_database(f"sqlite:///{folder}/ledger.db")
        self._connection = self._database.writer.connect()
        self.ledger_id = self._database.ledger_id
        self.rules = Rules()
        self._heard: dict[str, int] = {}
        self._sent: dict[str, int] = {}

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """A ledger of one's own, gone afterwards."""
        in_memory = Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=in_memory if in_memory.is_dir() else None) as folder:
            ledger = cls(Path(folder))
            try:
                yield ledger
            finally:
                ledger.close()

    def close(self) -> None:
        """Give up the file."""
        self._connection.close()
        self._database.close()

    def clear(self) -> None:
        """Forget all trials: a new one is to cost the same, however many came before."""
        tables = [table for table in schema.metadata.sorted_tables if table is not schema.ledger]
        self._write(lambda connection: [connection.execute(delete(table)) for table in tables])
        self._heard.clear()
        self._sent.clear()

    def register(self, registration: TrialRegistration, now: int) -> None:
        """What the operator announces."""
        self._write(lambda connection: register(connection, registration, now, self.rules))

    def ship(self, router: str, rows: Sequence[Row], now: int, lines_lost: int = 0) -> None:
        """Everything that a router has seen and not sent yet, in as many batches as that takes; it has no request under way."""
        for start in range(0, max(1, len(rows)), MOST_ROWS):
            self._sent[router] = self._sent.get(router, 0) + 1
            batch = Batch(
                router=router,
                seq=self._sent[router],
                sent_at=now,
                low=now + 1,
                lines_lost=lines_lost,
                rows=list(rows[start : start + MOST_ROWS]),
            )
            self._heard[router] = now
            self._write(partial(book, batch=batch, namespace=NAMESPACE, now=now))

    def post(self, sent: Sequence[tuple[str, Any]], now: int) -> None:
        """What turned out to be true, by key."""
        for start in range(0, len(sent), MOST_OUTCOMES):
            some = [OutcomeIn(key=key, value=value) for key, value in sent[start : start + MOST_OUTCOMES]]

            def accept(connection: Connection, some: Sequence[OutcomeIn] = some) -> None:
                deployment = outcomes.find_deployment(connection, NAMESPACE, NAME)
                outcomes.accept(connection, deployment, some, now, self.rules)

            self._write(accept)

    def sweep(self, now: int) -> None:
        """One round of the closing loop: silent routers first, then all that is due."""
        self._write(lambda connection: upkeep.mark_silent(connection, now, self.rules, self._heard_at))
        while self._write(lambda connection: close_due(connection, now, self.rules, CLOSE_LIMIT)).more:
            pass
        self._write(lambda connection: upkeep.expire_orphans(connection, now))

    def counters(self, trials: Sequence[str], now: int) -> CountersAnswer:
        """What the operator is answered."""
        return self._write(lambda connection: evidence.counters(connection, trials, now))

    def _heard_at(self, router: str) -> int:
        return self._heard.get(router, 0)

    def _write(self, operation: Callable[[Connection], Result]) -> Result:
        with self._connection.begin():
            return operation(self._connection)

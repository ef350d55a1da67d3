"""One writer, many readers over an open database. Built by `run`; `http` and `sweep` pass it their transactions."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from shadowlift.recorder.clock import Clock
from shadowlift.recorder.database import Database, unavailable
from shadowlift.recorder.metrics import Metrics
from shadowlift.recorder.settings import Rules
from shadowlift.recorder.writer import Writer

Result = TypeVar("Result")


class Ledger:
    """Runs operations on the ledger, and remembers which routers reached this process."""

    def __init__(self, database: Database, rules: Rules, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self.ledger_id = database.ledger_id
        self._writer = Writer(database.writer, metrics)
        self.rules = rules
        self.clock = clock
        self.metrics = metrics
        self._deaf_until = clock()
        self._heard: dict[str, int] = {}

    @property
    def alive(self) -> bool:
        """Whether writes are taken."""
        return self._writer.alive

    def hear(self, router: str) -> None:
        """A router's batch has arrived, whether or not it can be stored."""
        self._heard[router] = self.clock()

    def forget(self) -> None:
        """Routers that were not heard for so long that the ledger alone says when."""
        horizon = self.clock() - self.rules.silent_after_us
        self._heard = {router: at for router, at in self._heard.items() if at >= horizon}

    def miss(self) -> None:
        """Somebody's batch has arrived, and it cannot be told whose: from now on nobody has been silent."""
        self._deaf_until = self.clock()

    def heard_at(self, router: str) -> int:
        """When a router last reached this process, or could not have: our own trouble is not its silence."""
        return max(self._heard.get(router, 0), self._deaf_until)

    async def write(self, operation: Callable[[Connection], Result]) -> Result:
        """Run an operation in a transaction and return when it is durable.

        Raises:
            Unavailable: it was not committed; nothing of it is stored.
            Exception: whatever the operation raised; nothing of it is stored.
        """
        return await asyncio.wrap_future(self._writer.submit(operation))

    async def read(self, operation: Callable[[Connection], Result]) -> Result:
        """Run a reading operation on one consistent state.

        Raises:
            Unavailable: the database cannot be read now.
        """
        return await asyncio.to_thread(self._read, operation)

    def _read(self, operation: Callable[[Connection], Result]) -> Result:
        try:
            with self._database.reader.begin() as connection:
                return operation(connection)
        except SQLAlchemyError as error:
            raise unavailable(error) from error

    def close(self) -> None:
        """Finish what was accepted and let go of the file."""
        self._writer.close()
        self._database.close()

"""The one writer thread. `ledger` submits operations; each group of them that queued up becomes one transaction.

A commit with synchronous=FULL costs an fsync, so concurrent callers share one. Every operation runs inside its own
savepoint: one that refuses (409, 429 ...) takes nothing of the others with it, and leaves nothing of itself behind.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from shadowlift.errors import Unavailable
from shadowlift.recorder.database import unavailable
from shadowlift.recorder.metrics import Metrics

Result = TypeVar("Result")
Operation = Callable[[Connection], Result]

MAX_GROUP = 64  # operations per transaction: bounds how long the first one waits for the last one
MAX_QUEUE = 512  # operations waiting; more are told to come back, so that memory stays bounded

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Job:
    run: Operation[Any]
    future: Future[Any]


@dataclass(frozen=True)
class _Refusal:
    error: Exception


class Writer:
    """Runs operations one after the other and answers each when its transaction is durable."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._queue: queue.Queue[_Job | None] = queue.Queue(MAX_QUEUE)
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether operations are still taken."""
        return self._thread.is_alive() and not self._closed

    def submit(self, run: Operation[Result]) -> Future[Result]:
        """Queue an operation; the future has its result when the transaction is durable, or what it raised.

        Raises:
            Unavailable: the queue is full or the writer is closed; nothing was queued.
        """
        if self._closed:
            raise Unavailable("the recorder is stopping")
        future: Future[Result] = Future()
        try:
            self._queue.put_nowait(_Job(run, future))
        except queue.Full:
            raise Unavailable(f"{MAX_QUEUE} writes are waiting already") from None
        return future

    def close(self) -> None:
        """Finish what was queued, then stop; safe to repeat."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _loop(self) -> None:
        with self._engine.connect() as connection:
            while True:
                jobs, last = self._next_group()
                if jobs:
                    self._commit(connection, jobs)
                if last:
                    return

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Everything that waits, at most MAX_GROUP; and whether the writer was closed."""
        jobs: list[_Job] = []
        item = self._queue.get()
        while item is not None:
            if item.future.set_running_or_notify_cancel():
                jobs.append(item)
            if len(jobs) >= MAX_GROUP:
                return jobs, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit(self, connection: Connection, jobs: list[_Job]) -> None:
        started = time.perf_counter()
        try:
            with connection.begin():
                results = [_attempt(connection, job) for job in jobs]
        except SQLAlchemyError as error:
            if len(jobs) > 1:  # one operation that the database cannot digest must not fail its neighbours
                for job in jobs:
                    self._commit(connection, [job])
                return
            self._metrics.commit_failures.inc()
            _log.exception("a transaction failed and was rolled back")
            jobs[0].future.set_exception(unavailable(error))
            return
        self._metrics.commit_seconds.observe(time.perf_counter() - started)
        self._metrics.group_size.observe(len(jobs))
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, _Refusal):
                job.future.set_exception(result.error)
            else:
                job.future.set_result(result)


def _attempt(connection: Connection, job: _Job) -> Any:
    try:
        with connection.begin_nested():
            return job.run(connection)
    except SQLAlchemyError:
        raise  # the transaction itself is in doubt
    except Exception as error:  # noqa: BLE001 - belongs to the caller who waits for it, not to this thread
        return _Refusal(error)

"""The two things that run for ever while this replica leads: workers on the queue, and the question to the recorder.

Started by `handlers.run` after the lease is ours.
"""

import asyncio
import logging

from shadowlift.errors import ShadowliftError
from shadowlift.reconcile.memory import Memory
from shadowlift.reconcile.ports import Clock, Evidence
from shadowlift.reconcile.queue import KeyedQueue
from shadowlift.reconcile.reconciler import Reconciler
from shadowlift.reconcile.store import Key
from shadowlift.rollout.observed import Installation
from shadowlift.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


class Loops:
    """Workers and evidence."""

    def __init__(  # noqa: PLR0913, PLR0917 - the composition root hands in what the loops tie together
        self,
        queue: KeyedQueue[Key],
        reconciler: Reconciler,
        installation: Installation,
        evidence: Evidence,
        memory: Memory,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._queue, self._reconciler, self._installation = queue, reconciler, installation
        self._evidence, self._memory, self._clock, self._metrics = evidence, memory, clock, metrics
        self.beat = 0.0  # the event loop's clock when something last went round; for the liveness probe

    async def work(self) -> None:
        """Take keys and reconcile them, one after another."""
        loop = asyncio.get_running_loop()
        while True:
            key = await self._queue.take()
            started, error = loop.time(), None
            try:
                again = await self._reconciler.reconcile(key, self._installation, self._clock)
                self._queue.done(key, again=again)
            except ShadowliftError as failure:
                error = type(failure).__name__
                wait = self._queue.failed(key, self._clock.jitter())
                log.warning("cycle failed: %s", failure, extra={"key": "/".join(key), "again_in": round(wait, 1)})
            except Exception:
                error = "Bug"
                self._queue.failed(key, self._clock.jitter())
                log.exception("cycle failed by a bug", extra={"key": "/".join(key)})
            self._metrics.cycled(loop.time() - started, error)
            self._metrics.queue.set(len(self._queue))

    async def evaluate(self, every: float) -> None:
        """Ask the recorder for all running trials in one call; what has changed is looked at again."""
        loop = asyncio.get_running_loop()
        while True:
            self.beat = loop.time()
            await self._ask()
            await asyncio.sleep(every)

    async def _ask(self) -> None:
        memory, watched = self._memory.evidence, dict(self._memory.watched)
        before = {trial: memory.counters.get(trial) for trial in watched.values()}
        had_error, had_ledger = memory.error, memory.ledger
        try:
            memory.take(await self._evidence.counters(sorted(set(watched.values()))), self._clock.now())
            memory.keep({*watched.values(), *self._memory.watched.values()})
        except ShadowliftError as error:
            memory.error = str(error)
        turned = (memory.error is None) != (had_error is None) or memory.ledger != had_ledger
        for key, trial in watched.items():
            if turned or memory.counters.get(trial) != before[trial]:
                self._queue.add(key)

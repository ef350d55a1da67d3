"""A queue of keys: each at most once waiting, never worked on twice at the same time, tried again with back-off after an error.

Fed by `handlers` and the evidence loop; emptied by workers that call the reconciler.
"""

import asyncio
import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST_BACKOFF = 0.2  # seconds
LAST_BACKOFF = 60.0


class KeyedQueue(Generic[K]):
    """Keys that wait, each with the moment when it is due (the event loop's clock)."""

    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._busy: set[K] = set()
        self._failures: dict[K, int] = {}
        self._sequence = 0
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Keys that wait."""
        return len(self._due)

    def add(self, key: K, after: float = 0.0) -> None:
        """Ask for a key to be worked on in `after` seconds at the latest."""
        due = asyncio.get_running_loop().time() + after
        known = self._due.get(key)
        if known is None or due < known:
            self._due[key] = due
            self._sequence += 1
            heapq.heappush(self._heap, (due, self._sequence, key))
            self._changed.set()

    async def take(self) -> K:
        """The next key that is due and that nobody works on."""
        while True:
            self._changed.clear()
            now, wait = asyncio.get_running_loop().time(), None
            held: list[tuple[float, int, K]] = []
            while self._heap:
                due, sequence, key = heapq.heappop(self._heap)
                if self._due.get(key) != due:
                    continue  # asked for earlier since
                if key in self._busy:
                    held.append((due, sequence, key))
                    continue
                if due > now:
                    held.append((due, sequence, key))
                    wait = due - now
                    break
                for item in held:
                    heapq.heappush(self._heap, item)
                del self._due[key]
                self._busy.add(key)
                if self._due:
                    self._changed.set()  # for a worker that was about to wait when `clear` above took its signal
                return key
            for item in held:
                heapq.heappush(self._heap, item)
            await self._wait(wait)

    async def _wait(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def done(self, key: K, *, again: float | None = None) -> None:
        """The work on a key has ended well."""
        self._failures.pop(key, None)
        self._release(key, again)

    def failed(self, key: K, jitter: float) -> float:
        """The work on a key has failed; `jitter` in [0, 1) spreads the next try. Returns the seconds until then."""
        n = self._failures.get(key, 0)
        self._failures[key] = n + 1
        wait = min(LAST_BACKOFF, FIRST_BACKOFF * 2.0**n) * (0.5 + 0.5 * jitter)
        self._release(key, wait)
        return wait

    def _release(self, key: K, again: float | None) -> None:
        self._busy.discard(key)
        if again is not None:
            self.add(key, again)
        self._changed.set()

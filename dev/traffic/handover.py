"""The way from the clients to the outcome sender: `driver` adds what was answered, this hands it over until it is taken."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from dev.traffic.tally import Attempt

HAND_OVER_EVERY = 0.2  # seconds between batches to the outcome sender
HAND_OVER_SIZE = 1000


@dataclass
class Handover:
    """What was answered, on its way to the outcome sender; kept until the sender has taken it."""

    url: str | None
    waiting: deque[dict[str, Any]] = field(default_factory=deque)
    handed_over: int = 0

    def add(self, attempt: Attempt) -> None:
        """Remember one good answer; of a user who comes again only the first."""
        if self.url and attempt.key and attempt.visit in (None, 1):
            served = {"value": attempt.value, "track": attempt.track}
            self.waiting.append({"key": attempt.key, "truth": attempt.truth, "at": attempt.at, **served})

    async def run(self) -> None:
        """Hand over in batches until cancelled; a sender that is away is asked again: its cases are not lost."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while True:
                await asyncio.sleep(HAND_OVER_EVERY)
                await self._hand_over(session)

    async def _hand_over(self, session: aiohttp.ClientSession) -> None:
        batch = [self.waiting[i] for i in range(min(len(self.waiting), HAND_OVER_SIZE))]
        if not batch or self.url is None:
            return
        try:
            async with session.post(f"{self.url}/answered", json=batch) as response:
                response.raise_for_status()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return  # tried again at the next turn; /report shows how many wait
        for _ in batch:
            self.waiting.popleft()
        self.handed_over += len(batch)

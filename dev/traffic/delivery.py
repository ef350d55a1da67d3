"""Bringing outcomes to the recorder: `outcomes` gives what is due, this posts it until the recorder has accepted it.

Accepted means 202: the recorder promises that it is durable. Each accepted outcome is written to an append-only file,
which `audit` later compares with the ledger. What may pass by itself (no connection, 401, 403, 404, 429, 5xx) is tried
again for as long as it takes; what cannot (another 4xx) is counted as refused, with the recorder's words.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

# 401, 403, 404 too: a token may be minutes away, a ModelDeployment or its registration seconds.
PASSING = frozenset({401, 403, 404, 408, 429, 500, 502, 503, 504})
LONGEST_PAUSE = 3.0  # seconds
PAGE = 1000  # outcomes

Outcome = dict[str, Any]  # {"key": ..., "value": ...}


@dataclass
class Delivery:
    """To one ModelDeployment's outcomes, under one ServiceAccount."""

    url: str
    token_file: Path | None
    accepted_file: Path
    first_pause: float = 0.2  # seconds before the first repeat; doubles each time
    accepted: int = 0
    batches: int = 0
    refused: int = 0
    tries_again: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)  # the recorder's own counts, summed
    last_error: str | None = None

    async def deliver(self, session: aiohttp.ClientSession, batch: Sequence[Outcome]) -> None:
        """Post one batch until it is accepted or refused for good."""
        pause = self.first_pause
        while True:
            why, wait = await self._try(session, batch)
            if why is None:
                return
            self.tries_again[why] += 1
            # Jitter: several senders that met the same outage shall not come back together.
            await asyncio.sleep(wait if wait is not None else pause * random.uniform(0.5, 1.0))
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _try(self, session: aiohttp.ClientSession, batch: Sequence[Outcome]) -> tuple[str | None, float | None]:
        """Post once: None when settled, else why to try again and how many seconds the recorder asks to wait."""
        try:
            async with session.post(self.url, json={"outcomes": list(batch)}, headers=self._headers()) as response:
                body = await response.text()
                status, headers = response.status, response.headers
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.last_error = f"{type(error).__name__}: {error}"[:300]
            return "unreachable", None
        if status == 202:
            self._book(batch, body)
            return None, None
        self.last_error = f"{status}: {body[:500]}"
        if status in PASSING:
            return str(status), retry_after(headers)
        self.refused += len(batch)
        return None, None

    def _book(self, batch: Sequence[Outcome], receipt: str) -> None:
        at = time.time_ns() // 1000
        with self.accepted_file.open("a") as out:
            out.writelines(json.dumps({**outcome, "acceptedAt": at}) + "\n" for outcome in batch)
        self.accepted += len(batch)
        self.batches += 1
        self.receipts.update({name: n for name, n in json.loads(receipt).items() if isinstance(n, int)})

    async def ledger(self, session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        """All outcomes of the ModelDeployment that the recorder holds, page by page; what `audit` compares with.

        Raises:
            aiohttp.ClientError: the recorder did not answer, or refused.
        """
        rows: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            query = {"after": after, "limit": PAGE}
            async with session.get(self.url, params=query, headers=self._headers()) as response:
                response.raise_for_status()
                page = await response.json()
            rows += page["outcomes"]
            after = page["next"]
        return rows

    def _headers(self) -> dict[str, str]:
        """The token is read each time: the kubelet renews the file."""
        if self.token_file is None:
            return {}
        return {"authorization": f"Bearer {self.token_file.read_text().strip()}"}

    def report(self) -> dict[str, Any]:
        """The figures as JSON data."""
        return {
            "accepted": self.accepted,
            "batches": self.batches,
            "refused": self.refused,
            "triesAgain": dict(self.tries_again),
            "receipts": dict(self.receipts),
            "lastError": self.last_error,
        }


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header; None without one or for a date, which the recorder never sends."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None

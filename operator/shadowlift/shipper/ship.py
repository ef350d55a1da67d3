"""One batch to the recorder, again and again until the recorder says that it has it. Called by `forward`."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from shadowlift.api.ledger import Batch, BatchReceipt
from shadowlift.errors import Refused, Unavailable
from shadowlift.shipper.metrics import Metrics

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 10.0  # a third of the time after which the recorder takes a router for lost
_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_log = logging.getLogger(__name__)


class Sender:
    """Posts batches. Never gives one up: refused today (403: not registered yet) may be welcome tomorrow."""

    def __init__(
        self, session: aiohttp.ClientSession, token_file: Path, jitter: Callable[[], float], metrics: Metrics
    ) -> None:
        """`jitter` draws from 0 to 1: routers that were refused together must not come back together."""
        self._session = session
        self._token_file = token_file
        self._jitter = jitter
        self._metrics = metrics

    async def send(self, batch: Batch, url: Callable[[], str]) -> BatchReceipt:
        """Return when the recorder has the batch. `url` is asked anew for every attempt."""
        body = batch.model_dump_json(by_alias=True, exclude_none=True).encode()
        pause = FIRST_PAUSE
        while True:
            try:
                receipt = await self._post(body, url())
            except (Unavailable, Refused) as error:
                self._metrics.refused.labels(type(error).__name__).inc()
                _log.warning("batch kept", extra={"seq": batch.seq, "rows": len(batch.rows), "error": str(error)})
                await asyncio.sleep(pause * (0.5 + self._jitter() / 2))
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self._metrics.sent(batch, receipt)
                return receipt

    async def _post(self, body: bytes, url: str) -> BatchReceipt:
        """One attempt.

        Raises:
            Unavailable: no answer, a 5xx, no token, or something that is not our recorder.
            Refused: a 4xx.
        """
        headers = {"authorization": f"Bearer {self._token()}", "content-type": "application/json"}
        target = f"{url.rstrip('/')}/v1/batches"
        try:
            async with self._session.post(target, data=body, headers=headers, timeout=_TIMEOUT) as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"no answer from {target}: {error!r}") from error
        if response.status == 202:
            try:
                return BatchReceipt.model_validate_json(text)
            except ValidationError as error:
                raise Unavailable(f"{target} answered 202 without a receipt") from error
        kind = Refused if 400 <= response.status < 500 else Unavailable
        raise kind(f"{target} answered {response.status}: {text[:200]}")

    def _token(self) -> str:
        """Read every time: the kubelet renews it."""
        try:
            return self._token_file.read_text().strip()
        except OSError as error:
            raise Unavailable(f"no token: {error}") from error

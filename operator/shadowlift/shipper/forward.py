"""The shipper's work: about once a second, take what Envoy has written, turn it into rows, send it, forget it.

Started by `run`. Nothing is sent without a trial; with one, an empty batch now and then says that there was nothing.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from shadowlift.api.capture import Line
from shadowlift.api.ledger import Batch, Row
from shadowlift.errors import NotFound, ShadowliftError, Unavailable
from shadowlift.shipper.account import HOLD_US, Account
from shadowlift.shipper.admin import Admin
from shadowlift.shipper.metrics import Metrics
from shadowlift.shipper.mounted import Mounted
from shadowlift.shipper.ship import Sender
from shadowlift.shipper.spool import Pending, Spool, advanced

Clock = Callable[[], int]  # unix microseconds

INTERVAL = 1.0  # seconds
HEARTBEAT_US = (
    5_000_000  # of an idle router with a trial: the watermark of the whole trial waits for its slowest router
)
TAIL_US = 15_000_000  # after a trial has gone: its last lines settle, and what was lost of them is told
SEAL_WAIT = 5.0  # seconds; Envoy reopens its log with its next flush, half a second away
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tools:
    """What the work needs."""

    spool: Spool
    mounted: Mounted
    admin: Admin
    sender: Sender
    metrics: Metrics
    clock: Clock
    router: str  # pod uid


class Forwarder:
    """One router's lines on their way to the recorder."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._account = Account(tools.spool.load().totals)
        self._sent_at = 0
        self._trial_seen_at = 0
        self._hold_us = HOLD_US

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.gather(self._cycle(), asyncio.sleep(INTERVAL))

    async def finish(self) -> None:
        """Send what is left, after `run` was cancelled. To be given a time limit by the caller.

        Raises:
            Unavailable: the log could not be taken.
        """
        self._account = Account(self._tools.spool.load().totals)  # what was under way is read again from its start
        for _ in ("pending", "log"):
            await self._forward(last=True)

    async def watch(self) -> None:
        """Keep reading Envoy's counters and the ConfigMap, also while the recorder is away. Until cancelled."""
        while True:
            await asyncio.gather(self._observe(), asyncio.sleep(INTERVAL))

    async def _observe(self) -> None:
        self._tools.mounted.refresh()
        config, now = self._tools.mounted.config, self._tools.clock()
        if config and config.trial:
            self._trial_seen_at = now
            self._hold_us = HOLD_US + config.trial.answer_within_us
        if not self._active(now):
            return
        try:
            self._account.observe(await self._tools.admin.reading(self._tools.clock()))
        except ShadowliftError as error:
            _log.debug("no reading", extra={"error": str(error)})

    def _active(self, now: int) -> bool:
        return now - self._trial_seen_at < TAIL_US or self._tools.spool.waiting()

    async def _cycle(self) -> None:
        spool, now = self._tools.spool, self._tools.clock()
        idle = not spool.waiting() and now - self._sent_at < HEARTBEAT_US
        if spool.pending() or (self._active(now) and not idle):
            try:
                await self._forward()
            except Unavailable as error:
                _log.warning("the log cannot be taken now", extra={"error": str(error)})

    async def _forward(self, *, last: bool = False) -> None:
        """Send one file."""
        spool = self._tools.spool
        pending = spool.pending() or spool.rotate()
        if pending is None:
            return
        envoy_is_gone = await self._seal()
        self._tools.mounted.refresh()
        batches = 0
        chunks = pending.chunks()
        done = False
        while not done:
            lines, done = await asyncio.to_thread(next, chunks)
            rows, starts = await asyncio.to_thread(self._rows, lines)
            self._account.read(starts)
            if done:
                self._close(pending, for_ever=last and envoy_is_gone)
            await self._send(pending.seq + batches, rows)
            batches += 1
        spool.finish(pending, advanced(spool.load(), batches, self._account.totals))

    async def _seal(self) -> bool:
        """Wait until Envoy writes no more to the pending file. Return whether there is no Envoy.

        The old file is closed before the new one is made, so the new one's being there is the proof.

        Raises:
            Unavailable: Envoy is there and does not reopen its log.
        """

        async def reopened() -> bool:
            while not self._tools.spool.log.exists():
                try:
                    await self._tools.admin.reopen_logs()
                except NotFound:
                    return True
                await asyncio.sleep(0.05)
            return False

        try:
            return await asyncio.wait_for(reopened(), SEAL_WAIT)
        except TimeoutError as error:
            raise Unavailable("Envoy has not reopened its log") from error

    def _close(self, pending: Pending, *, for_ever: bool) -> None:
        if for_ever:
            self._account.close_for_ever(pending.rotated_at)
        else:
            self._account.close(pending.rotated_at, self._hold_us)

    async def _send(self, seq: int, rows: list[Row]) -> None:
        totals, now = self._account.totals, self._tools.clock()
        batch = Batch(
            router=self._tools.router,
            seq=seq,
            sent_at=now,
            low=totals.low,
            lines_lost=totals.lost,
            shed=self._account.shed,
            rows=rows,
        )
        await self._tools.sender.send(batch, self._recorder_url)
        self._sent_at = now

    def _recorder_url(self) -> str:
        config = self._tools.mounted.config
        if config is None:
            raise Unavailable("no configuration is mounted")
        return config.recorder_url

    def _rows(self, lines: list[bytes]) -> tuple[list[Row], list[int]]:
        """Rows, and the start times of all lines that are whole; a torn one is a lost one."""
        rows, starts = [], []
        for text in lines:
            try:
                line = Line.model_validate_json(text)
            except ValidationError:
                if start := _start_of_odd_line(text):
                    starts.append(start)
                self._tools.metrics.unread.labels("Odd" if start else "Torn").inc()
                continue
            starts.append(line.t)
            extractor = self._tools.mounted.extractor(line.trial)
            if extractor is None:
                self._tools.metrics.unread.labels("UnknownTrial").inc()
            else:
                rows.append(extractor.row(line))
        return rows, starts


def _start_of_odd_line(text: bytes) -> int | None:
    """Start of a line that is whole but not as expected (a request that Envoy answered before it had an id)."""
    try:
        return int(json.loads(text)["t"])
    except (ValueError, KeyError, TypeError):
        return None

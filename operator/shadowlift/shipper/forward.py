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
from shadowlift.shipper.logs import where
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
SEAL_SECONDS = 2.0  # Envoy reopens its log with its next flush, half a second away; one that never wrote does not flush
SEAL_POLL_SECONDS = 0.05
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

        Where Envoy has ended, the last word is that nothing is under way, so that the recorder need not wait for it.

        Raises:
            Unavailable, OSError: the log could not be taken.
        """
        spool = self._tools.spool
        self._account = Account(spool.load().totals)  # what was under way is read again from its start
        if spool.pending():
            await self._send_file(await self._take(), last=False)
        gone = await self._envoy_is_gone()
        if spool.waiting() or (gone and self._active(self._tools.clock())):
            await self._send_file(await self._take(), last=gone)

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
        if not spool.pending() and (idle or not self._active(now)):
            return
        try:
            pending = await self._take()
        except (Unavailable, OSError) as error:
            _log.warning("the log cannot be taken now", extra={"error": str(error)})
        else:
            await self._send_file(pending, last=False)

    async def _take(self) -> Pending:
        """The file to send, to which Envoy writes no more."""
        pending = self._tools.spool.pending() or self._tools.spool.take()
        if pending.was_envoys:
            await self._seal(pending)
        return pending

    async def _send_file(self, pending: Pending, *, last: bool) -> None:
        """Return when the recorder has all of it."""
        self._tools.mounted.refresh()
        chunks, batches, done = pending.chunks(), 0, False
        while not done:
            lines, done = await asyncio.to_thread(next, chunks)
            rows, starts = await asyncio.to_thread(self._rows, lines)
            self._account.read(starts)
            if done and last:
                self._account.close_for_ever(pending.rotated_at)
            elif done:
                self._account.close(pending.rotated_at, self._hold_us)
            await self._send(pending.seq + batches, rows)
            batches += 1
        spool = self._tools.spool
        spool.finish(pending, advanced(spool.load(), batches, self._account.totals))

    async def _envoy_is_gone(self) -> bool:
        try:
            await self._tools.admin.is_live()
        except NotFound:
            return True
        except Unavailable:
            pass
        return False

    async def _seal(self, pending: Pending) -> None:
        """Wait until Envoy writes no more to a file that was taken from it.

        Envoy closes the old file before it makes the new one, so the new one's being there is the proof. An Envoy that has
        not written since its start makes no new one until it does, but will not write to the old one either.

        Raises:
            Unavailable: Envoy is there, and writes on.
        """
        size, waited = pending.path.stat().st_size, 0.0
        while not self._tools.spool.log.exists():
            try:
                await self._tools.admin.reopen_logs()
            except NotFound:
                return
            if waited >= SEAL_SECONDS:
                if pending.path.stat().st_size == size:
                    return
                raise Unavailable("Envoy has not reopened its log")
            await asyncio.sleep(SEAL_POLL_SECONDS)
            waited += SEAL_POLL_SECONDS

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
        """Rows, and the start times of all lines that are whole; a torn one is a lost one, and so is one of which no row can be made."""
        rows, starts = [], []
        for text in lines:
            try:
                line = Line.model_validate_json(text)
            except ValidationError:
                if start := _start_of_odd_line(text):
                    starts.append(start)
                self._tools.metrics.unread.labels("Odd" if start else "Torn").inc()
                continue
            extractor = self._tools.mounted.extractor(line.trial)
            try:
                row = extractor.row(line) if extractor else None
            except Exception as error:  # noqa: BLE001 - an answer that nobody foresaw is one lost line, and never the end of all others
                _log.error("a line of which no row could be made", extra={"id": line.id, "error": where(error)})
                self._tools.metrics.unread.labels("Failed").inc()
                continue
            starts.append(line.t)
            if row is None:
                self._tools.metrics.unread.labels("UnknownTrial").inc()
            else:
                rows.append(row)
        return rows, starts


def _start_of_odd_line(text: bytes) -> int | None:
    """Start of a line that is whole but not as expected (a request that Envoy answered before it had an id)."""
    try:
        return int(json.loads(text)["t"])
    except (ValueError, KeyError, TypeError):
        return None

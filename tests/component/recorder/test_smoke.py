"""The recorder's whole way, from registration to counters, over HTTP."""

import asyncio
import signal
import time
from pathlib import Path

from tests.component.recorder.api_server import serve
from tests.component.recorder.program import DEADLINE, Recorder, batch, people, row


async def test_pairs_meet_their_outcomes_and_are_counted(tmp_path: Path) -> None:
    """A win, a loss and a tie come out as such; SIGTERM ends the program with 0."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        now = time.time_ns() // 1000
        rows = [
            row(id_, track, value, now - 1000)
            for id_, current, candidate in (("a", "M", "B"), ("b", "M", "B"), ("c", "M", "M"))
            for track, value in (("live", current), ("shadow", candidate))
        ]
        assert await recorder.ship(batch(1, now, rows)) == 202
        assert (await recorder.outcomes({"a": "B", "b": "M"}))[0] == 202
        async with asyncio.timeout(DEADLINE):
            while (counters := await recorder.counters())["open"]:
                await asyncio.sleep(0.05)
        epoch = counters["epochs"]["1"]
        assert (epoch["wins"], epoch["losses"], epoch["ties"]) == (1, 1, 1)
        assert await recorder.stop(signal.SIGTERM) == 0

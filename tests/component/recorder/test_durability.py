"""202 means durable: kill -9, a full disk, concurrent senders, SIGTERM, a second recorder."""

import asyncio
import random
import resource
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.component.recorder.api_server import serve
from tests.component.recorder.program import DEADLINE, OUTCOMES, Recorder, batch, now, people, row, settled

pytestmark = pytest.mark.timeout(180)  # a real program, started anew by each test

BATCH_ROWS = 20  # pairs per batch
HOUR_US = 3_600_000_000  # nothing closes while a test runs


async def until_accepted(recorder: Recorder, path: str, body: dict[str, Any], token: str) -> int:
    """Send as shippers and senders do: again and again until 202; how often it took."""
    for attempt in range(1, 1000):
        try:
            status, answer, _ = await recorder.send("POST", path, body, token)
        except aiohttp.ClientError:
            status, answer = 503, None
        if status == 202:
            return attempt
        assert status == 503, answer
        await asyncio.sleep(0.02)
    raise AssertionError("never accepted")


def pairs_of(router: str, seq: int, t: int) -> list[dict[str, Any]]:
    """Pairs that disagree; the candidate is right where the id is even."""
    ids = [f"{router}-{seq}-{n}" for n in range(BATCH_ROWS)]
    return [row(id_, track, value, t) for id_ in ids for track, value in (("live", "M"), ("shadow", "B"))]


async def ship_all(recorder: Recorder, router: str, count: int) -> None:
    """A router's batches in their order, each with the outcomes of its pairs, every one until accepted."""
    for seq in range(1, count + 1):
        t = now()
        body = batch(seq, t, pairs_of(router, seq, t - 1), router=router)
        await until_accepted(recorder, "/v1/batches", body, router)
        truth = [{"key": f"{router}-{seq}-{n}", "value": "B" if n % 2 == 0 else "M"} for n in range(BATCH_ROWS)]
        await until_accepted(recorder, OUTCOMES, {"outcomes": truth}, "sender")
    await until_accepted(recorder, "/v1/batches", batch(count + 1, now() + 1, [], router=router), router)


async def test_kill_at_any_moment_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    """Every row and outcome answered with 202 is counted exactly once, though the process was killed again and again."""
    count, kills, dice = 25, 4, random.Random(1)
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register(routers=["router-1", "router-2"], maturityUs=HOUR_US)
        senders = [asyncio.create_task(ship_all(recorder, router, count)) for router in ("router-1", "router-2")]
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.05, 0.4))
            assert await recorder.stop(signal.SIGKILL) == -signal.SIGKILL
            await recorder.start()
        await asyncio.gather(*senders)
        units = 2 * count * BATCH_ROWS
        counters = await recorder.counters()
        epoch = counters["epochs"]["2"]
        assert (epoch["live"], epoch["booked"], epoch["repeated"], counters["open"]) == (units, units, 0, units)
        assert {router["batchesLost"] for router in counters["routers"]} == {0}
        stored = await all_outcomes(recorder)
        assert len(stored) == units
        assert len({outcome["key"] for outcome in stored}) == units


async def test_kill_while_units_close_folds_each_exactly_once(tmp_path: Path) -> None:
    """Closing is one transaction: the counters hold every unit once after any number of kills."""
    count, kills, dice = 40, 4, random.Random(2)
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register(maturityUs=1)
        t, units = now() - 1_000_000, 0
        for seq in range(1, count + 1):
            await until_accepted(
                recorder, "/v1/batches", batch(seq, now(), pairs_of("router-1", seq, t), low=t), "router-1"
            )
            units += BATCH_ROWS
        assert (await recorder.counters())["open"] == units
        await until_accepted(recorder, "/v1/batches", batch(count + 1, now(), []), "router-1")
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.0, 0.1))
            await recorder.stop(signal.SIGKILL)
            await recorder.start()
        epoch = (await settled(recorder))["epochs"]["2"]
        assert (epoch["unlabelled"], epoch["disagreements"], epoch["booked"]) == (units, units, units)


async def all_outcomes(recorder: Recorder) -> list[dict[str, Any]]:
    """Every page, as an auditor reads them."""
    stored: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        _, page, _ = await recorder.send("GET", f"{OUTCOMES}?after={after}&limit=1000")
        stored += page["outcomes"]
        after = page["next"]
    return stored


async def test_a_full_volume_is_told_and_nothing_is_half_done(tmp_path: Path) -> None:
    """503 with Retry-After while the file cannot grow; the same batch and outcomes are stored whole when it can again."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register(maturityUs=HOUR_US)
        seq = 1
        _limit_file_size(recorder, 768 << 10)
        while await recorder.ship(batch(seq, now(), pairs_of("router-1", seq, now()))) == 202:
            seq += 1
            assert seq < 1000
        body = {"outcomes": [{"key": f"k{n}", "value": "B" * 200} for n in range(500)]}
        status, problem, headers = await recorder.send("POST", OUTCOMES, body, token="sender")
        assert (status, problem["status"], "Retry-After" in headers) == (503, 503, True)
        assert (await recorder.send("GET", "/readyz", token=""))[0] == 200
        before = await recorder.counters()
        assert (before["epochs"]["2"]["booked"], before["outcomes"]) == ((seq - 1) * BATCH_ROWS, 0)
        _limit_file_size(recorder, resource.RLIM_INFINITY)
        assert await recorder.ship(batch(seq, now(), pairs_of("router-1", seq, now()))) == 202
        assert (await recorder.send("POST", OUTCOMES, body, token="sender"))[0] == 202
        after = await recorder.counters()
        assert (after["epochs"]["2"]["booked"], after["outcomes"]) == (seq * BATCH_ROWS, 500)
        assert after["routers"][0]["batchesLost"] == 0


def _limit_file_size(recorder: Recorder, limit: int) -> None:
    """No file of the process may grow beyond the limit: to a writer the same as a full volume, and it can be undone."""
    assert recorder.process is not None
    resource.prlimit(recorder.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


async def test_fifty_concurrent_senders_share_commits(tmp_path: Path) -> None:
    """All are answered 202 and stored exactly, with fewer commits than requests."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        requests = [{"outcomes": [{"key": f"s{sender}-{n}", "value": "B"}]} for sender in range(50) for n in range(6)]
        commits = await _commits(recorder)
        answers = await asyncio.gather(*(recorder.send("POST", OUTCOMES, body, token="sender") for body in requests))
        assert {status for status, _, _ in answers} == {202}
        assert (await recorder.counters())["outcomes"] == len(requests)
        assert await _commits(recorder) - commits < len(requests) / 2


async def _commits(recorder: Recorder) -> float:
    _, metrics, _ = await recorder.send("GET", "/metrics", token="")
    line = next(line for line in metrics.splitlines() if line.startswith("shadowlift_recorder_commit_seconds_count"))
    return float(line.split()[1])


async def test_sigterm_finishes_what_was_accepted(tmp_path: Path) -> None:
    """Exit 0 within seconds under load; whatever was answered 202 is there afterwards."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        accepted = 0

        async def load(sender: int) -> None:
            nonlocal accepted
            for n in range(10_000):
                try:
                    status, _, _ = await recorder.send(
                        "POST", OUTCOMES, {"outcomes": [{"key": f"{sender}-{n}", "value": "B"}]}, token="sender"
                    )
                except aiohttp.ClientError:
                    return
                accepted += status == 202

        senders = [asyncio.create_task(load(sender)) for sender in range(8)]
        async with asyncio.timeout(DEADLINE):
            while accepted < 50:  # noqa: ASYNC110 - the condition is in another process
                await asyncio.sleep(0.01)
        started = time.monotonic()
        assert await recorder.stop(signal.SIGTERM) == 0
        assert time.monotonic() - started < 5
        await asyncio.gather(*senders)
        await recorder.start()
        assert (await recorder.counters())["outcomes"] >= accepted


async def test_a_second_recorder_refuses_to_start(tmp_path: Path) -> None:
    """Exit 1 and one line that says why; the first one goes on."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        second = await recorder.spawn()
        assert await asyncio.wait_for(second.wait(), DEADLINE) == 1
        assert "another recorder holds" in recorder.output.read_text()
        await recorder.register()


async def test_a_mistake_in_the_environment_is_told(tmp_path: Path) -> None:
    """Exit 1, the variable and the remedy, no traceback."""
    async with serve(people()) as tokens:
        recorder = Recorder(tmp_path, tokens, SHADOWLIFT_RETENTION="soon")
        process = await recorder.spawn()
        assert await asyncio.wait_for(process.wait(), DEADLINE) == 1
        output = recorder.output.read_text()
        assert "SHADOWLIFT_RETENTION" in output
        assert "Traceback" not in output

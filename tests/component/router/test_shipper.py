"""The shipper loses nothing, sends nothing twice under two numbers, and counts what Envoy could not write."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shadowlift.api.capture import Track
from shadowlift.api.ledger import Batch
from tests.component.router.stand import Process, Stand, plain, stand, tried, until

pytestmark = pytest.mark.timeout(120)


def lines(batches: list[Batch]) -> int:
    return sum(len(batch.rows) for batch in batches)


def accounted(batches: list[Batch]) -> int:
    """Lines that have come, and copies that were dropped and counted: on a busy machine the candidate may not keep up."""
    return lines(batches) + (batches[-1].shed if batches else 0)


def check_promises(batches: list[Batch]) -> None:
    """What every sequence of batches must hold."""
    assert [batch.seq for batch in batches] == list(range(1, len(batches) + 1))
    ids = [(row.id, row.track) for batch in batches for row in batch.rows]
    assert len(ids) == len(set(ids))
    low = 0
    for batch in batches:
        assert all(row.t >= low for row in batch.rows), "a request before `low` came after `low` was said"
        assert batch.low >= low
        low = batch.low


async def test_a_killed_shipper_loses_and_repeats_nothing(pod: Stand) -> None:
    """Killed again and again under load, at whatever step it was: each row once, each number once."""
    await pod.up(tried(pod))
    load = asyncio.create_task(pod.load(12, workers=4, pause=0.01))
    while not load.done():
        await asyncio.sleep(0.4)
        await pod.end("shipper", signal.SIGKILL)
        pod.run("shipper")
    asked = len(await load)
    await until(lambda: accounted(pod.recorder.batches) >= 2 * asked, "all rows have come", 30)
    check_promises(pod.recorder.batches)
    assert accounted(pod.recorder.batches) == 2 * asked
    assert pod.recorder.batches[-1].lines_lost == 0


async def test_a_batch_that_is_sent_again_is_the_same_batch(pod: Stand) -> None:
    """The recorder kept it, but its receipt got lost, and the shipper died: the same number, the same rows."""
    await pod.up(tried(pod))
    pod.recorder.forget_receipt = True
    asked = await asyncio.gather(*(pod.ask() for _ in range(50)))
    await until(lambda: lines(pod.recorder.batches) > 0 and len(pod.recorder.replays) > 1, "it is sent again")
    await pod.end("shipper", signal.SIGKILL)
    pod.run("shipper")
    before = len(pod.recorder.replays)
    await until(lambda: len(pod.recorder.replays) > before, "it is sent again by the new one")
    first = next(batch for batch in pod.recorder.batches if batch.seq == pod.recorder.replays[-1].seq)
    assert all(replay.rows == first.rows for replay in pod.recorder.replays if replay.seq == first.seq)
    pod.recorder.forget_receipt = False
    await until(lambda: accounted(pod.recorder.batches) >= 2 * len(asked), "the rest follows", 60)
    check_promises(pod.recorder.batches)
    assert accounted(pod.recorder.batches) == 2 * len(asked)


@pytest.mark.parametrize("answer", [503, 500, 403, 404, 422])
async def test_a_recorder_that_says_no_gets_it_later(pod: Stand, answer: int) -> None:
    """Whatever it says, nothing is dropped that it has not confirmed."""
    pod.recorder.answer = answer
    await pod.up(tried(pod))
    asked = await asyncio.gather(*(pod.ask() for _ in range(40)))
    await until(lambda: pod.recorder.attempts >= 2, "it was tried")
    pod.recorder.answer = 202
    await until(lambda: accounted(pod.recorder.batches) >= 2 * len(asked), "all rows have come", 30)
    check_promises(pod.recorder.batches)


async def test_a_large_backlog_is_sent_in_numbered_parts(pod: Stand) -> None:
    """More lines than a batch holds: several batches, in order, none too large."""
    pod.recorder.answer = 503
    await pod.up(tried(pod))
    await until(lambda: pod.recorder.attempts, "the shipper waits for the recorder with its first batch")
    await pod.ask()
    log = pod.spool / "access.jsonl"
    line = await until(lambda: log.read_text().partition("\n")[0], "Envoy has written")
    with log.open("a") as more:
        more.writelines(line.replace('"id":"', f'"id":"{n}-') + "\n" for n in range(12_000))
    pod.recorder.answer = 202
    await until(lambda: lines(pod.recorder.batches) >= 12_002, "all rows have come", 60)
    check_promises(pod.recorder.batches)
    assert max(len(batch.rows) for batch in pod.recorder.batches) == 5000


async def test_nothing_is_counted_lost_under_steady_traffic(pod: Stand) -> None:
    """Hundreds of requests a second, rotated under way many times: no loss is ever told, and `low` moves on."""
    await pod.up(tried(pod))
    asked = len(await pod.load(15, workers=16))
    await until(lambda: accounted(pod.recorder.batches) >= 2 * asked, "all rows have come", 30)
    await until(lambda: pod.recorder.batches[-1].low > pod.recorder.batches[-1].sent_at - 10_000_000, "low moves on")
    check_promises(pod.recorder.batches)
    assert max(batch.lines_lost for batch in pod.recorder.batches) == 0
    assert accounted(pod.recorder.batches) == 2 * asked
    assert len(pod.recorder.batches) > 8


async def test_an_idle_trial_says_that_it_is_idle(pod: Stand) -> None:
    """Empty batches move `low`; after the trial has gone they end."""
    await pod.up(tried(pod))
    await until(lambda: len(pod.recorder.batches) >= 2 and pod.recorder.batches[-1].low, "it says so", 30)
    assert lines(pod.recorder.batches) == 0
    check_promises(pod.recorder.batches)
    newest = pod.recorder.batches[-1]
    assert newest.sent_at - newest.low < 5_000_000


async def test_one_long_request_does_not_stop_low(pod: Stand) -> None:
    """A stream that stays open holds `low` back by a bounded time only."""
    await pod.up(tried(pod, answer_within_us=500_000))
    async with pod.client.ws_connect(pod.url + "/x?mode=echo"):
        await pod.ask()
        await until(
            lambda: pod.recorder.batches and pod.recorder.batches[-1].low > pod.recorder.batches[0].sent_at,
            "low passes the time at which the stream began",
            40,
        )


async def test_what_is_left_is_sent_after_envoy_has_ended(pod: Stand) -> None:
    """The pod's end: Envoy stops first, then the shipper sends its last lines, and says that nothing is under way."""
    await pod.up(tried(pod))
    await asyncio.gather(*(pod.ask() for _ in range(30)))
    await pod.end("router")
    assert await pod.end("shipper") == 0
    assert lines(pod.recorder.batches) == 60
    check_promises(pod.recorder.batches)
    last = pod.recorder.batches[-1]
    assert last.low > max(row.t for batch in pod.recorder.batches for row in batch.rows)


async def test_another_envoy_in_the_same_pod_counts_on(pod: Stand) -> None:
    """A killed Envoy loses at most what it had not flushed; its successor's lines are all there, and none is taken as lost."""
    await pod.up(tried(pod))
    first = len(await pod.load(2, workers=4))
    await until(lambda: accounted(pod.recorder.batches) >= 2 * first, "all rows have come")
    await pod.end("router", signal.SIGKILL)
    pod.run("router")
    await pod.loaded()
    second = len(await pod.load(4, workers=4))
    await until(lambda: accounted(pod.recorder.batches) >= 2 * (first + second), "all rows have come", 30)
    sent = len(pod.recorder.batches)
    await until(lambda: len(pod.recorder.batches) > sent + 1, "the account is settled", 30)
    check_promises(pod.recorder.batches)
    assert pod.recorder.batches[-1].lines_lost == 0


async def test_the_pod_tells_what_is_in_force(pod: Stand) -> None:
    """`/ready` and `/config`: what is mounted is loaded, or not yet, or refused."""
    await pod.up(plain(pod))
    base = f"http://127.0.0.1:{pod.shipper_port}"

    async def ready() -> int:
        async with pod.client.get(base + "/ready") as response:
            return response.status

    async def config() -> dict[str, object]:
        async with pod.client.get(base + "/config") as response:
            return dict(await response.json())

    assert await ready() == 200
    said = await config()
    assert (said["mounted"], said["agreed"], said["rejected"]) == (pod.version, True, 0)
    assert said["loaded"] == dict.fromkeys(("cds", "lds", "live", "shadow"), pod.version)
    before = pod.version
    pod.publish(plain(pod, current=pod.processes["candidate"].upstream), {"cds.yaml": "no configuration"})

    async def refused() -> bool:
        said = await config()
        return said["mounted"] == pod.version != before and not said["agreed"]

    await until(refused, "the router says that it has not loaded this")
    assert await ready() == 503
    async with pod.client.get(base + "/metrics") as response:
        text = await response.text()
    assert "shadowlift_shipper_lines_lost" in text
    assert 'envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="live"}' in text
    await pod.end("router", signal.SIGKILL)
    assert await ready() == 503


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A memory volume of 512 KiB: needs the right to mount."""
    assert os.geteuid() == 0, "this test mounts a volume: run it as root"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", tmp_path], check=True)
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


@pytest.fixture
async def small_pod(small_volume: Path, processes: dict[str, Process]) -> AsyncIterator[Stand]:
    async with stand(processes, small_volume) as made:
        await made.process("current")
        await made.process("candidate")
        yield made


async def test_a_full_spool_costs_lines_not_requests(small_pod: Stand) -> None:
    """With the recorder away the spool fills: live traffic does not notice; what was lost is counted when it is back."""
    pod = small_pod
    pod.recorder.answer = 503
    await pod.up(tried(pod))
    statuses = []

    async def fill() -> bool:
        statuses.extend(await pod.load(1, workers=16))
        return os.statvfs(pod.spool).f_bavail == 0

    await until(fill, "the spool is full", 60)
    statuses += await pod.load(3, workers=16)
    await pod.end("shipper", signal.SIGKILL)  # its own state must not need room either
    pod.run("shipper")
    statuses += await pod.load(1, workers=16)
    assert set(statuses) == {200}
    pod.recorder.answer = 202
    answered = 2 * len(statuses)

    def accounted_for() -> int:
        return accounted(pod.recorder.batches) + (pod.recorder.batches[-1].lines_lost if pod.recorder.batches else 0)

    with contextlib.suppress(AssertionError):
        await until(lambda: accounted_for() >= answered, "all lines are read or counted as lost", 45)
    lost = answered - accounted(pod.recorder.batches)
    assert lost > 500
    assert 0.95 * lost <= pod.recorder.batches[-1].lines_lost <= lost
    check_promises(pod.recorder.batches)
    before = accounted(pod.recorder.batches)
    more = len(await pod.load(2, workers=4, pause=0.05))  # a pace at which so small a volume does not fill again
    await until(lambda: accounted(pod.recorder.batches) == before + 2 * more, "after that all is as it was", 30)
    assert {row.track for row in pod.recorder.batches[-1].rows} <= set(Track)


async def test_lines_of_a_trial_that_has_gone_are_still_read(pod: Stand) -> None:
    """The trial left the ConfigMap and the shipper was started anew before its lines were sent: they are read by its rules."""
    pod.recorder.answer = 503
    await pod.up(tried(pod))
    asked = await asyncio.gather(*(pod.ask(headers={"x-user-id": f"u{n}"}) for n in range(20)))
    await until(lambda: pod.recorder.attempts, "the recorder was asked")
    await pod.bring(plain(pod))
    await pod.end("shipper", signal.SIGKILL)
    await pod.start_shipper()
    pod.recorder.answer = 202
    await until(lambda: accounted(pod.recorder.batches) == 2 * len(asked), "all rows have come")
    assert {row.value for row in pod.recorder.rows(Track.LIVE)} == {"benign"}
    assert all(row.unit for row in pod.recorder.rows(Track.LIVE))

"""How many rows per second the recorder takes, beside bare inserts into the same kind of file in the same run.

    python -m dev.bench.recorder [--seconds 10] [--rows 1000] [--routers 4]

The real program on loopback, SQLite with synchronous=FULL on a real disk: routers ship pairs, a sender posts the outcome
of every pair, units close while all this goes on. Then the same rows are inserted by SQLAlchemy alone, one transaction per
batch. The ratio is what authentication, HTTP, joining and closing cost; it travels between machines, rows per second do not.
"""

import argparse
import asyncio
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import insert

from shadowlift.recorder import schema
from shadowlift.recorder.database import open_database
from tests.component.recorder.api_server import serve
from tests.component.recorder.program import OUTCOMES, SHIPPER, Recorder, batch, now, people, row, settled


@dataclass(frozen=True)
class Load:
    """What is asked of the recorder."""

    seconds: float
    rows: int  # per batch; half of them live
    routers: int


@dataclass
class Done:
    """What was answered with 202."""

    rows: int = 0
    outcomes: int = 0
    slowest: float = 0.0  # seconds for one batch
    cpu: float = 0.0  # seconds that the recorder used, closing included


def pairs(router: str, seq: int, count: int) -> list[dict[str, Any]]:
    """Pairs of which every fourth disagrees, as one file of a busy router."""
    t, rows = now(), []
    for n in range(count):
        id_ = f"{router}-{seq:06}-{n:06}-0000-000000000000"
        rows.append(row(id_, "live", "M", t, us=1200))
        rows.append(row(id_, "shadow", "B" if n % 4 == 0 else "M", t, us=900))
    return rows


async def ship(recorder: Recorder, router: str, load: Load, done: Done) -> None:
    """Batch after batch until the time is up, each with the outcomes of its pairs."""
    until, seq = time.monotonic() + load.seconds, 0
    while time.monotonic() < until:
        seq += 1
        rows = pairs(router, seq, load.rows // 2)
        started = time.monotonic()
        status = await recorder.ship(batch(seq, now(), rows, router=router))
        assert status == 202, status
        done.slowest = max(done.slowest, time.monotonic() - started)
        done.rows += len(rows)
        truth = [{"key": line["id"], "value": "B"} for line in rows if line["track"] == "live"]
        status, _, _ = await recorder.send("POST", OUTCOMES, {"outcomes": truth[:1000]}, token="sender")
        assert status == 202, status
        done.outcomes += len(truth[:1000])
    await recorder.ship(batch(seq + 1, now() + 1, [], router=router))


async def through_the_recorder(folder: Path, load: Load) -> tuple[float, Done]:
    """Rows per second over HTTP until the last unit has closed."""
    tokens, done = people(), Done()
    routers = [f"bench-{n}" for n in range(load.routers)]
    tokens.owners |= {router: (SHIPPER, router) for router in routers}
    async with serve(tokens), Recorder(folder, tokens) as recorder:
        recorder.session._timeout = aiohttp.ClientTimeout(total=60)  # noqa: SLF001 - a loaded machine is no failure here
        await recorder.register(routers=routers, maturityUs=500_000)
        started, idle = time.monotonic(), cpu_seconds(recorder)
        await asyncio.gather(*(ship(recorder, router, load, done) for router in routers))
        shipped = time.monotonic() - started
        epoch = (await settled(recorder))["epochs"]["1"]
        closed = time.monotonic() - started
        assert epoch["booked"] == epoch["live"] == done.rows // 2
        assert epoch["wins"] + epoch["losses"] + epoch["ties"] + epoch["unlabelled"] == epoch["booked"]
        done.cpu = cpu_seconds(recorder) - idle
        print(f"closed     {closed - shipped:8.1f} s after the last batch: all {epoch['booked']} pairs")
        assert await recorder.stop(signal.SIGTERM) == 0
    return done.rows / shipped, done


def cpu_seconds(recorder: Recorder) -> float:
    """What the process has used so far, in user and system mode."""
    assert recorder.process is not None
    fields = Path(f"/proc/{recorder.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_inserts(folder: Path, load: Load) -> float:
    """Rows per second of plain inserts of as many columns, one durable transaction per batch."""
    database = open_database(f"sqlite:///{folder}/bare.db")
    until, count, started = time.monotonic() + load.seconds / 2, 0, time.monotonic()
    while time.monotonic() < until:
        rows = [
            {
                "trial": 1,
                "epoch": 2,
                "stretch": 1,
                "id": f"{count + n:036}",
                "router": 1,
                "started": n,
                "stage": 1,
                "live_status": "ok",
                "live_value": "M",
            }
            for n in range(load.rows)
        ]
        with database.writer.begin() as connection:
            connection.execute(insert(schema.units), rows)
        count += load.rows
    elapsed = time.monotonic() - started
    database.close()
    return count / elapsed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--routers", type=int, default=4)
    load = Load(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as folder:
        rate, done = asyncio.run(through_the_recorder(Path(folder), load))
        bare = bare_inserts(Path(folder), load)
    print(
        f"recorder   {rate:8.0f} rows/s with {done.outcomes / done.rows * rate:.0f} outcomes/s; slowest batch {done.slowest:.2f} s"
    )
    print(f"           {done.cpu / done.rows * 1e6:8.1f} us of CPU per row, with its share of outcomes and closing")
    print(f"bare       {bare:8.0f} rows/s of SQLAlchemy inserts alone")
    print(f"ratio      {rate / bare:8.3f}")


if __name__ == "__main__":
    main()

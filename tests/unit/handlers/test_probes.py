"""The operator's own port: alive, ready, and its metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from shadowlift.handlers import probes
from shadowlift.settings import read_settings
from shadowlift.telemetry.metrics import Metrics
from shadowlift.wiring import App
from tests.unit.handlers.test_settings import GOOD


@dataclass
class Desk:
    """What the probes use of the operator."""

    metrics: Metrics = field(default_factory=Metrics)
    loops: Any = field(default_factory=lambda: SimpleNamespace(beat=0.0))
    settings: Any = field(default_factory=lambda: replace(read_settings(GOOD), listen=("127.0.0.1", 0)))


@asynccontextmanager
async def listening(desk: Desk, leading: asyncio.Event) -> AsyncIterator[str]:
    runner = await probes.serve(cast(App, desk), leading)
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("leads", "idle", "status"),
    [(False, 1e6, 200), (True, 0.0, 200), (True, probes.STUCK_AFTER - 5, 200), (True, probes.STUCK_AFTER + 5, 503)],
)
async def test_a_leader_that_hangs_is_started_again(leads: bool, idle: float, status: int):
    """The evidence loop must go round while leading; a standby has nothing that could hang."""
    desk, leading = Desk(), asyncio.Event()
    desk.loops.beat = asyncio.get_running_loop().time() - idle
    if leads:
        leading.set()
    async with listening(desk, leading) as url:
        assert (await get(f"{url}/healthz"))[0] == status


async def test_a_standby_is_ready_and_says_so():
    """Both replicas are in service; the text tells who acts."""
    leading = asyncio.Event()
    async with listening(Desk(), leading) as url:
        assert await get(f"{url}/readyz") == (200, "standing by")
        leading.set()
        assert await get(f"{url}/readyz") == (200, "leading")


async def test_metrics_are_what_was_counted():
    """In Prometheus' text format."""
    desk = Desk()
    desk.metrics.decided("Promoted")
    async with listening(desk, asyncio.Event()) as url:
        status, text = await get(f"{url}/metrics")
    assert status == 200
    assert 'shadowlift_decisions_total{kind="Promoted"} 1.0' in text

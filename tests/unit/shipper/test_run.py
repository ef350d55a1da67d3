"""The shipper's program: what nobody foresaw does not end it."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shadowlift.shipper import run
from shadowlift.shipper.account import Totals
from shadowlift.shipper.forward import Tools
from shadowlift.shipper.metrics import Metrics


class Mounted:
    """Cannot be read a few times, in a way that nobody foresaw."""

    config = None

    def __init__(self, stop: asyncio.Event, fails: int) -> None:
        self._stop, self.fails = stop, fails

    def refresh(self) -> None:
        if not self.fails:
            self._stop.set()
            return
        self.fails -= 1
        raise RuntimeError("the answer of a patient")


async def test_the_work_begins_anew_after_an_error(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """Three times; it is counted, what the error says is not logged, and the end is that of one that never failed."""
    monkeypatch.setattr(run, "AGAIN_SECONDS", 0.0)
    stop, metrics = asyncio.Event(), Metrics()
    spool = SimpleNamespace(load=lambda: SimpleNamespace(totals=Totals()), waiting=lambda: False, pending=lambda: None)
    mounted = Mounted(stop, fails=3)
    tools = Tools(
        cast(Any, spool), cast(Any, mounted), cast(Any, None), cast(Any, None), metrics, lambda: 10**12, "router"
    )
    await asyncio.wait_for(run.work_until(stop, tools), 30)
    assert mounted.fails == 0
    assert "shadowlift_shipper_failures_total 3.0" in metrics.text()
    assert "patient" not in caplog.text
    errors = [str(vars(record)["error"]) for record in caplog.records if record.message == "begins anew"]
    assert len(errors) == 3
    assert all(error.startswith("RuntimeError at ") for error in errors)

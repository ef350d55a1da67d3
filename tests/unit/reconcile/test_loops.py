"""The two loops: a worker outlives every error, and one question to the recorder wakes those whom the answer concerns."""

import asyncio
import logging
from typing import Any

import pytest

from shadowlift.api.ledger import CountersAnswer, TrialCounters
from shadowlift.errors import InvalidInput, NotFound, Refused, Unavailable
from shadowlift.reconcile.loops import Loops
from shadowlift.reconcile.memory import Memory
from shadowlift.reconcile.queue import KeyedQueue
from shadowlift.reconcile.store import Key
from shadowlift.resources.routers import RouterSettings
from shadowlift.rollout.observed import Installation
from shadowlift.telemetry.metrics import Metrics
from tests.support.world import FakeRecorder, ManualClock
from tests.unit.reconcile.loop import run

KEY: Key = ("clinic", "triage")
OTHER: Key = ("clinic", "other")
TRIAL = "trial-0001"


class Script:
    """Stands where the reconciler does: each cycle ends as the script says."""

    def __init__(self, *ends: Exception | float | None) -> None:
        self.ends = list(ends)
        self.at: list[float] = []

    async def reconcile(self, _key: Key, _installation: Installation, _clock: ManualClock) -> float | None:
        self.at.append(asyncio.get_running_loop().time())
        end = self.ends.pop(0) if self.ends else None
        if isinstance(end, Exception):
            raise end
        return end


class Desk:
    """Loops with everything around them."""

    def __init__(self, *ends: Exception | float | None) -> None:
        self.queue: KeyedQueue[Key] = KeyedQueue()
        self.script, self.recorder, self.memory, self.metrics = Script(*ends), FakeRecorder(), Memory(), Metrics()
        installation = Installation(RouterSettings("image"), "http://recorder.")
        self.loops = Loops(
            self.queue, self.script, installation, self.recorder, self.memory, ManualClock(), self.metrics  # type: ignore[arg-type]
        )  # fmt: skip

    def errors(self) -> dict[str, float]:
        counted = self.metrics.registry.collect()
        family = next(item for item in counted if item.name == "shadowlift_cycle_errors")
        return {sample.labels["error"]: sample.value for sample in family.samples if sample.name.endswith("_total")}


@pytest.mark.parametrize(
    "error", [Unavailable("no answer"), NotFound("gone"), Refused("no"), InvalidInput("a", "b"), KeyError("bug")]
)
def test_a_worker_goes_on_after_any_error(error: Exception, caplog: pytest.LogCaptureFixture):
    """The key comes back with back-off; the error is counted and logged, a bug with its trace."""

    async def scenario() -> Desk:
        desk = Desk(error, error, 30.0)
        desk.queue.add(KEY)
        worker = asyncio.create_task(desk.loops.work())
        await asyncio.sleep(40)
        assert not worker.done()
        worker.cancel()
        return desk

    with caplog.at_level(logging.WARNING):
        desk = run(scenario())
    gaps = [round(later - earlier, 3) for earlier, later in zip(desk.script.at, desk.script.at[1:], strict=False)]
    assert gaps == [0.15, 0.3, 30.0]
    name = "Bug" if isinstance(error, KeyError) else type(error).__name__
    assert desk.errors() == {name: 2.0}
    assert [record.exc_info is not None for record in caplog.records] == [isinstance(error, KeyError)] * 2


def test_cancelling_a_worker_is_not_an_error():
    """Losing the lease ends the work at once."""

    async def scenario() -> Desk:
        desk = Desk()
        worker = asyncio.create_task(desk.loops.work())
        await asyncio.sleep(1)
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
        return desk

    assert run(scenario()).errors() == {}


def evaluated(desk: Desk, *steps: Any) -> list[list[Key]]:
    """Ask once after each step; the keys that are then to be looked at."""

    async def scenario() -> list[list[Key]]:
        woken = []
        for step in steps:
            step()
            await desk.loops._ask()
            keys = []
            while len(desk.queue):
                keys.append(await desk.queue.take())
                desk.queue.done(keys[-1])
            woken.append(sorted(keys))
        return woken

    return run(scenario())


def registered(desk: Desk) -> None:
    desk.recorder.registered[TRIAL] = None  # type: ignore[assignment]
    desk.memory.watched[KEY] = TRIAL


def nothing() -> None:
    pass


def test_a_changed_answer_wakes_those_whom_it_concerns():
    """The first answer, changed counters, an error and its end; never an answer that says the same."""
    desk = Desk()
    registered(desk)
    desk.memory.watched[OTHER] = "trial-0002"

    def count(n: int) -> None:
        desk.recorder.counters_of[TRIAL] = TrialCounters(uid=TRIAL, open=n)

    both = [OTHER, KEY]
    woken = evaluated(
        desk, nothing, nothing, lambda: count(1), nothing, lambda: setattr(desk.recorder, "down", True), nothing,
        lambda: setattr(desk.recorder, "down", False), nothing, lambda: setattr(desk.recorder, "ledger", "ledger-2"),
    )  # fmt: skip
    assert woken == [both, [], [KEY], [], both, [], both, [], both]


def test_all_running_trials_are_asked_for_in_one_call():
    """Each once, sorted; and the ledger is asked for without any."""
    asked: list[list[str]] = []

    async def counters(trials: list[str]) -> CountersAnswer:
        asked.append(trials)
        return CountersAnswer(ledger_id="l", schema_version=1, at=0, trials=[], unknown=trials)

    desk = Desk()
    desk.recorder.counters = counters  # type: ignore[method-assign]
    evaluated(
        desk,
        nothing,
        lambda: desk.memory.watched.update({KEY: "trial-000b", OTHER: "trial-000a", ("x", "y"): "trial-000a"}),
    )
    assert asked == [[], ["trial-000a", "trial-000b"]]


def test_the_evidence_loop_beats_and_survives_its_recorder():
    """It asks every so often, whatever the recorder answers; the beat tells the kubelet that it goes round."""

    async def scenario() -> None:
        desk = Desk()
        desk.recorder.down = True
        task = asyncio.create_task(desk.loops.evaluate(2.0))
        for beat in (0.0, 10.0, 20.0):
            await asyncio.sleep(beat - asyncio.get_running_loop().time() + 0.1)
            assert desk.loops.beat == pytest.approx(beat)
            assert not task.done()
        assert desk.memory.evidence.error == "the recorder is down"
        task.cancel()

    run(scenario())

"""One cycle: status is written once, last, and only when it changed; what is announced is announced after it."""

from typing import Any

import pytest

from shadowlift.api.names import KIND
from tests.support.world import BETTER, KEY, NAMESPACE, World, shadowing, spec

FEW = {**BETTER, "wins": 6, "losses": 4, "ties": 90, "live": 100, "booked": 100}  # decides nothing yet


async def test_status_is_written_once_per_cycle_and_after_everything_else():
    """However much a cycle does; Events come after it."""
    world = World()
    world.service("rules", 8080)
    world.user_applies(spec())
    for _ in range(12):
        world.cluster.writes.clear()
        await world.cycle()
        world.clock.time += 0.5
        writes = world.cluster.writes
        status = [n for n, write in enumerate(writes) if write.startswith("status")]
        assert len(status) <= 1
        if status:
            assert all(write.startswith("event") for write in writes[status[0] + 1 :])
            assert not any(write.startswith("event") for write in writes[: status[0]])


async def test_the_same_status_is_not_written_again():
    """Time passes, nothing happens: no request."""
    world = await shadowing()
    for _ in range(10):
        await world.cycle()
        world.clock.time += 60
    assert world.cluster.writes == []


async def test_a_changed_status_is_written():
    """New evidence: one write, of status alone."""
    world = await shadowing()
    world.count(2, **FEW)
    await world.cycle()
    assert world.cluster.writes == ["status triage"]
    assert world.status["trial"]["evidence"]["n"] == 100


async def test_status_holds_no_nulls():
    """Absent is left out: an applied null would be somebody's question."""
    world = await shadowing()

    def nulls(node: Any) -> bool:
        if isinstance(node, dict):
            return any(nulls(child) for child in node.values())
        if isinstance(node, list):
            return any(nulls(child) for child in node)
        return node is None

    assert not nulls(world.status)


async def test_a_resource_that_is_gone_asks_for_nothing():
    """No write, no next look, no series."""
    world = await shadowing()
    obj = world.cluster.objects.pop((KIND, *KEY))
    world.store.drop(obj)
    assert await world.reconciler.reconcile(KEY, world.installation, world.clock) is None
    assert world.cluster.writes == []
    assert world.memory.watched == {}
    assert b'name="triage"' not in world.metrics.text()


async def test_a_resource_that_goes_during_the_cycle_is_no_error():
    """The status write finds nothing: that is all."""
    world = await shadowing()
    world.count(2, **FEW)
    world.kubelet()
    world.watch()
    world.memory.evidence.take(await world.recorder.counters(list(world.memory.watched.values())), world.clock.now())
    del world.cluster.objects[KIND, *KEY]
    await world.reconciler.reconcile(KEY, world.installation, world.clock)
    assert world.cluster.writes == ["status triage"]


async def test_decisions_and_stalls_are_announced_once():
    """An Event per record, and one per new reason to stall; none for what was known."""
    world = World()
    world.user_applies(spec())
    for _ in range(6):
        await world.cycle()
        world.clock.time += 0.5
    events = [write for write in world.cluster.writes if write.startswith("event")]
    assert events == ["event CurrentNotFound"]
    world.service("rules", 8080)
    await world.settle()
    events = [write for write in world.cluster.writes if write.startswith("event")]
    assert events == ["event CurrentNotFound", "event Started"]


async def test_the_next_look_is_told():
    """Soon while effects are on their way, at the deadline while a trial gathers evidence, never at rest."""
    world = await shadowing()
    again = await world.cycle()
    assert again is not None
    assert 3000 < again <= 3600
    world.count(2, **BETTER)
    assert await world.cycle() == 0.0
    assert await world.cycle() == 0.5
    await world.settle()
    assert await world.cycle() is None


@pytest.mark.parametrize("lost", ["status", "memory", "both"])
async def test_what_is_lost_is_rebuilt(lost: str):
    """Status or memory gone: the same end, and live requests never move."""
    world = await shadowing()
    world.count(2, **BETTER)
    await world.settle()
    served, before = list(world.served), world.status
    if lost in ("status", "both"):
        obj = dict(world.cluster.objects[KIND, NAMESPACE, "triage"])
        obj.pop("status")
        world.cluster.put(obj)
    if lost in ("memory", "both"):
        world.restart()
    await world.settle()
    assert world.served == served
    for field in ("phase", "weight", "history", "router"):
        assert world.status[field] == before[field]
    assert world.status["trial"]["evidence"] == before["trial"]["evidence"]

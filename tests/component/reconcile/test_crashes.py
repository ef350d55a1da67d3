"""The operator's process may end at any write: the end is the same as undisturbed, and traffic never flips back on the way."""

import copy

import pytest

from tests.support.world import BETTER, NAMESPACE, World, spec


async def promoted(world: World) -> None:
    """From a warmed-up trial to a promotion."""
    world.count(2, **BETTER)
    await world.settle(limit=120)


async def taken_back(world: World) -> None:
    """From a promotion to `serve: Current`."""
    world.user_applies(spec(serve="Current"))
    await world.settle(limit=120)


async def prepared(*, promote: bool) -> World:
    world = World()
    world.service("rules", 8080)
    world.user_applies(spec())
    await world.settle()
    world.warm_up()
    await world.settle()
    if promote:
        await promoted(world)
    world.cluster.writes.clear()
    world.served.clear()
    return world


def end(world: World) -> dict:
    """What matters of the end state: no times, no versions."""
    status = copy.deepcopy(world.status)
    return {
        "phase": status["phase"],
        "serving": {k: v for k, v in status["serving"].items() if k != "since"},
        "history": [(d["kind"], d["reason"], d["candidate"]) for d in status["history"]],
        "replicas": {k[2]: o["spec"]["replicas"] for k, o in world.cluster.objects.items() if k[0] == "Deployment"},
        "intent": world.cluster.objects["ConfigMap", NAMESPACE, "triage-router"]["data"]["intent.json"],
    }


@pytest.mark.parametrize("after", [False, True], ids=["before-the-write", "after-the-write"])
@pytest.mark.parametrize(("move", "promote"), [(promoted, False), (taken_back, True)], ids=["promotion", "roll-back"])
async def test_dying_at_every_write(move, promote: bool, after: bool):
    """Every write position once: same end, and live requests change hands at most once."""
    calm = await prepared(promote=promote)
    await move(calm)
    wanted, positions = end(calm), [w for w in calm.cluster.writes if not w.startswith("event")]
    assert len(positions) >= 5
    assert len(calm.served) == 2
    for position in range(len(calm.cluster.writes)):
        world = await prepared(promote=promote)
        world.cluster.dies_at, world.cluster.dies_after_writing = position, after
        await move(world)
        assert end(world) == wanted, f"died at write {position} ({calm.cluster.writes[position]})"
        assert world.served == calm.served, f"died at write {position}: live requests went {world.served}"

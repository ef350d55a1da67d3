"""The order of effects on the cluster, and what each write does when it is refused."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shadowlift.api.names import ANNOTATION_REFRESH
from shadowlift.errors import Conflict, InvalidInput, Refused, Unavailable
from shadowlift.rollout.decide import decide
from tests.support.world import BETTER, KEY, NAMESPACE, WORSE, World, shadowing, spec


def first(world: World, write: str) -> int:
    return world.cluster.writes.index(write)


@contextlib.contextmanager
def no_answer(world: World, *, takes_effect: bool = False) -> Iterator[None]:
    """The API server's answer to every create is lost, and the create with it unless it takes effect."""
    create = world.cluster.create

    async def unheard(manifest: dict[str, Any]) -> dict[str, Any]:
        if takes_effect:
            await create(manifest)
        raise Unavailable("no answer")

    world.cluster.create = unheard  # type: ignore[method-assign]
    yield
    world.cluster.create = create  # type: ignore[method-assign]


async def test_a_new_resource_gets_its_objects_in_order():
    """A workload's name before its pods, the routers before the Service that clients call; nothing is made twice."""
    world = World()
    world.service("rules", 8080)
    world.user_applies(spec())
    await world.settle()
    workload = world.status["trial"]["workload"]
    assert first(world, f"create Service/{workload}") < first(world, f"create Deployment/{workload}")
    assert first(world, "create Deployment/triage-router") < first(world, "create Service/triage")
    created = [write for write in world.cluster.writes if write.startswith("create")]
    assert len(set(created)) == len(created)


async def test_a_verdict_is_durable_before_its_effect():
    """The cycle that decides writes the record and then status, nothing else."""
    world = await shadowing()
    world.count(2, **BETTER)
    await world.cycle()
    writes = [write for write in world.cluster.writes if not write.startswith("event")]
    assert [write.split("-")[-1] for write in writes] == ["end", "status triage"]
    assert writes[0].startswith("create ControllerRevision/")


async def test_routes_leave_before_pods_do():
    """After a rejection: configuration without the mirror first, verified; then the candidate goes to zero."""
    world = await shadowing()
    workload = world.status["trial"]["workload"]
    world.count(2, **WORSE)
    await world.settle()
    assert first(world, "apply ConfigMap/triage-router") < first(world, f"apply Deployment/{workload}")


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_while_deleting_leaves_nothing_behind(after: bool):
    """The operator ends before or after any of the deletes: the next one finds what is left."""
    calm = await shadowing()
    other = [{"name": "logreg", "bento": {"image": "logreg:2", "replicas": 2}}]
    old = calm.status["trial"]["workload"]
    calm.user_applies(spec(candidates=other))
    await calm.settle()
    for position in [n for n, write in enumerate(calm.cluster.writes) if write.startswith("delete")]:
        world = await shadowing()
        world.user_applies(spec(candidates=other))
        world.cluster.dies_at, world.cluster.dies_after_writing = position, after
        await world.settle()
        assert [key for key in world.cluster.objects if key[2] == old] == []


async def test_a_settled_world_is_left_alone():
    """No write at all while nothing changes, over many cycles."""
    world = await shadowing()
    for _ in range(20):
        await world.cycle()
        world.clock.time += 30
    assert world.cluster.writes == []


@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        ("Deployment", "triage-router", {"replicas": 1}),
        ("Service", "triage", {"selector": {"app.kubernetes.io/name": "elsewhere"}}),
        ("PodDisruptionBudget", "triage-router", {"maxUnavailable": "100%"}),
    ],
)
async def test_drift_is_taken_back(kind: str, name: str, change: dict[str, Any]):
    """Whoever changed one of our objects: one apply, of that object alone."""
    world = await shadowing()
    obj = world.cluster.objects[kind, NAMESPACE, name]
    wanted = obj["spec"]
    world.cluster.put({**obj, "spec": {**wanted, **change}})
    await world.cycle()
    assert [write for write in world.cluster.writes if not write.startswith("status")] == [f"apply {kind}/{name}"]
    assert all(world.cluster.objects[kind, NAMESPACE, name]["spec"][key] == wanted[key] for key in change)


async def test_an_object_that_is_gone_is_made_again():
    """Created, never applied: an apply would make an object without asking whose name it is."""
    world = await shadowing()
    del world.cluster.objects["Service", NAMESPACE, "triage"]
    await world.cycle()
    assert world.cluster.writes == ["create Service/triage"]


@pytest.mark.parametrize(
    ("kind", "name"), [("Service", "triage"), ("Deployment", "triage-router"), ("ConfigMap", "triage-router")]
)
async def test_an_object_of_somebody_else_is_never_touched(kind: str, name: str):
    """Same name, not ours: no apply, no delete; Stalled says which."""
    world = World()
    world.service("rules", 8080)
    theirs = {"of": "somebody", "replicas": 0, "template": {}}
    world.cluster.put({"kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": theirs})
    world.user_applies(spec())
    for _ in range(4):
        await world.cycle()
    assert world.cluster.objects[kind, NAMESPACE, name]["spec"] == theirs
    stalled = world.condition("Stalled")
    assert stalled is not None
    assert stalled["reason"] == "NameTaken"
    assert f"{kind}/{name}" in stalled["message"]


async def test_a_taken_name_is_one_stall_until_it_is_free():
    """No flapping condition and no trial in between; the name is asked about every ten seconds, and then taken."""
    world = World()
    world.service("rules", 8080)
    for kind, name in (("Service", "triage"), ("ConfigMap", "triage-router")):
        world.cluster.put({"kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"ports": []}})
    world.user_applies(spec())
    await world.cycle()
    tries, stalled = len(world.cluster.writes), set()
    for _ in range(60):
        await world.cycle()
        world.clock.time += 0.5
        stalled.add(world.condition("Stalled") is not None)
    assert stalled == {True}
    assert set(world.cluster.writes[tries:]) <= {"status triage", "event NameTaken"}
    assert not [key for key in world.cluster.objects if key[0] == "ControllerRevision"]
    for kind, name in (("Service", "triage"), ("ConfigMap", "triage-router")):
        del world.cluster.objects[kind, NAMESPACE, name]
    world.clock.time += 10
    await world.settle()
    assert world.condition("Stalled") is None
    assert world.status["phase"] == "Shadowing"


async def test_what_cannot_be_read_is_told():
    """A configuration or a record that somebody damaged: nothing is touched, Stalled names the object."""
    world = await shadowing()
    for kind, name in (
        ("ConfigMap", "triage-router"),
        ("ControllerRevision", next(key[2] for key in world.cluster.objects if key[0] == "ControllerRevision")),
    ):
        whole = world.cluster.objects[kind, NAMESPACE, name]
        world.cluster.put({**whole, "data": {"torn": "yes"}})
        before = len(world.cluster.writes)
        with pytest.raises(InvalidInput, match=name):
            await world.cycle()
        stalled = world.condition("Stalled")
        assert stalled is not None
        assert stalled["reason"] == "Unreadable"
        assert name in stalled["message"]
        assert world.cluster.writes[before:] == ["status triage", "event Unreadable"]
        world.cluster.put(whole)
        await world.settle()
        assert world.condition("Stalled") is None


async def test_two_operators_never_publish_over_each_other():
    """The ConfigMap is written with the version that was seen: who was slower observes again."""
    world = await shadowing()
    world.count(2, **BETTER)
    await world.cycle()
    world.watch()
    name = ("ConfigMap", NAMESPACE, "triage-router")
    key = KEY
    observed = await world.reconciler._observer.observe(key, world.installation)
    assert observed is not None
    plan = decide(observed, world.clock.now())
    assert plan.router is not None
    other = world.cluster.put({**world.cluster.objects[name], "data": {"by": "another operator"}})
    with pytest.raises(Conflict):
        await world.reconciler._applier.apply(key, observed, replace(plan, manifests=()))
    assert world.cluster.objects[name]["data"] == other["data"]


async def test_refresh_is_told_to_each_router_with_version_and_attempt():
    """The annotation changes with every attempt, so that the kubelet acts on each."""
    world = await shadowing()
    world.refresh = False  # the kubelet does not react
    world.count(2, **BETTER)
    told = []
    for _ in range(30):
        await world.cycle()
        world.clock.time += 0.5
        told.append(
            world.cluster.objects["Pod", NAMESPACE, "triage-router-0"]["metadata"]["annotations"].get(
                ANNOTATION_REFRESH
            )
        )
    version = world.status["router"]["wanted"]
    attempts = [text for text in dict.fromkeys(told) if text and text.startswith(version)]
    assert attempts == [f"{version}.{n}" for n in range(1, len(attempts) + 1)]
    assert 3 <= len(attempts) <= 5  # at once, after 2 s, 4 s, 8 s


async def test_the_recorder_gets_a_copy_of_each_decision():
    """For the reader of the evidence; the ControllerRevision is the decision."""
    world = await shadowing()
    world.count(2, **BETTER)
    await world.settle()
    assert [name.rsplit("-", 1)[1] for name in world.recorder.records] == ["started", "counting", "end"]


async def test_a_recorder_that_is_down_does_not_stop_a_decision():
    """The promotion that was recorded takes effect all the same."""
    world = await shadowing()
    world.count(2, **BETTER)
    await world.cycle()
    world.recorder.down = True
    await world.settle()
    assert world.status["phase"] == "Promoted"
    assert world.status["serving"]["name"] == "logreg"


async def test_a_trial_is_registered_again_for_new_router_pods():
    """More routers: the recorder hears of them before their lines come."""
    world = await shadowing()
    world.user_applies(spec(router={"replicas": 3}))
    await world.settle()
    assert len(world.recorder.registered[world.trial].routers) == 3


async def test_a_write_that_is_refused_ends_the_cycle_and_loses_nothing():
    """The API server is away in mid-cycle: the next cycle goes on from there."""
    world = await shadowing()
    world.count(2, **BETTER)
    with no_answer(world):
        with pytest.raises(Unavailable):
            await world.cycle()
        assert world.status["phase"] == "Shadowing"
    await world.settle()
    assert world.status["phase"] == "Promoted"


async def test_a_trial_has_one_end_whoever_writes_it():
    """The first POST took effect and its answer was lost; the evidence moved on: what stands is the first."""
    world = await shadowing()
    world.count(2, **WORSE)
    await world.stand()
    with no_answer(world, takes_effect=True), pytest.raises(Unavailable):
        await world.cycle()
    world.restart()
    world.count(2, **BETTER)
    await world.settle()
    ends = [name for kind, _, name in world.cluster.objects if kind == "ControllerRevision" and name.endswith("-end")]
    assert len(ends) == 1
    assert (world.status["phase"], world.status["serving"]["name"]) == ("Rejected", "current")


async def test_an_end_that_could_not_be_written_is_not_concluded_again():
    """The API server is away while evidence grows: one look was made, and it stands."""
    world = await shadowing()
    world.count(2, **WORSE)
    await world.stand()
    with no_answer(world):
        with pytest.raises(Unavailable):
            await world.cycle()
        world.count(2, **BETTER)
        with pytest.raises(Unavailable):
            await world.cycle()
    await world.settle()
    assert (world.status["phase"], world.status["serving"]["name"]) == ("Rejected", "current")


async def test_a_recorder_that_refuses_us_does_not_hold_the_traffic():
    """A roll-back while it says 403: traffic goes back, and the status says what a person must mend."""
    world = await shadowing()
    world.count(2, **BETTER)
    await world.settle()
    world.user_applies(spec(candidates=[{"name": "boost", "bento": {"image": "boost:1", "replicas": 2}}]))
    await world.settle()
    world.restart()

    async def refuses(_: Any) -> None:
        raise Refused("the recorder does not know this account")

    world.recorder.register = refuses  # type: ignore[method-assign]
    world.user_applies(
        spec(candidates=[{"name": "boost", "bento": {"image": "boost:1", "replicas": 2}}], serve="Current")
    )
    for _ in range(8):
        with contextlib.suppress(Refused):
            await world.cycle()
        world.kubelet()
        world.clock.time += 0.5
    assert world.served[-1].startswith("rules")
    assert condition(world, "Stalled")["reason"] == "Refused"
    assert "does not know this account" in condition(world, "Stalled")["message"]


def condition(world: World, kind: str) -> dict[str, Any]:
    return dict(next(item for item in world.status["conditions"] if item["type"] == kind))

"""The life of a ModelDeployment, told from `kubectl apply` to its end, with the real operator core behind fakes of the outside."""

import pytest

from tests.support.world import BETTER, EQUAL, NAMESPACE, WORSE, World, spec


@pytest.fixture
async def shadowing() -> World:
    """A trial that counts."""
    world = World()
    world.service("rules", 8080)
    world.user_applies(spec())
    await world.settle()
    world.warm_up()
    await world.settle()
    assert world.status["phase"] == "Shadowing"
    return world


async def test_a_trial_starts_when_all_it_needs_is_there():
    """Candidate, routers and recorder ready: the routers mirror, current serves, evidence does not count yet."""
    world = World()
    world.service("rules", 8080)
    world.user_applies(spec())
    await world.settle()
    assert world.status["phase"] == "Shadowing"
    assert world.status["serving"]["name"] == "current"
    assert world.status["trial"]["verdict"]["reason"] == "WarmUp"
    assert world.condition("Ready")["status"] == "True"
    assert [d["kind"] for d in world.status["history"]] == ["Started"]
    assert world.trial in world.recorder.registered


async def test_a_proven_lift_moves_all_traffic(shadowing: World):
    """E-value at its bar: a record first, then traffic, and it stays there when the evidence vanishes."""
    shadowing.count(2, **BETTER)
    await shadowing.settle()
    assert shadowing.status["phase"] == "Promoted"
    assert shadowing.status["serving"]["name"] == "logreg"
    assert shadowing.status["weight"] == "100%"
    assert [d["kind"] for d in shadowing.status["history"]] == ["Promoted", "Counting", "Started"]
    assert shadowing.condition("Adopted")["status"] == "False"
    shadowing.count(2, **EQUAL)
    shadowing.recorder.ledger = "another"
    shadowing.restart()
    await shadowing.settle()
    assert shadowing.status["serving"]["name"] == "logreg"


async def test_a_worse_candidate_is_rejected_and_scaled_to_zero(shadowing: World):
    """Harm is proven: no live request ever went there, and its pods go after the mirror."""
    shadowing.count(2, **WORSE)
    await shadowing.settle()
    assert shadowing.status["phase"] == "Rejected"
    assert shadowing.status["history"][0]["reason"] == "Harm"
    assert shadowing.served == [f"rules.{NAMESPACE}.svc.cluster.local."]
    workload = shadowing.status["trial"]["workload"]
    assert shadowing.cluster.objects["Deployment", NAMESPACE, workload]["spec"]["replicas"] == 0


async def test_an_equal_candidate_expires(shadowing: World):
    """Nothing is proven until the deadline: current keeps serving."""
    shadowing.count(2, **{**EQUAL, "wins": 5, "losses": 5, "ties": 90, "booked": 100, "live": 100})
    await shadowing.settle()
    assert shadowing.status["trial"]["verdict"]["kind"] == "Hold"
    shadowing.clock.time += 3601
    await shadowing.settle()
    assert shadowing.status["phase"] == "Expired"
    assert shadowing.status["serving"]["name"] == "current"


async def test_a_person_takes_a_promotion_back(shadowing: World):
    """serve: Current, then Auto: current serves and keeps serving; only a new trial may promote again."""
    shadowing.count(2, **BETTER)
    await shadowing.settle()
    shadowing.user_applies(spec(serve="Current"))
    await shadowing.settle()
    assert shadowing.status["serving"]["name"] == "current"
    shadowing.user_applies(spec(serve="Auto"))
    await shadowing.settle()
    assert shadowing.status["serving"]["name"] == "current"
    assert shadowing.status["phase"] == "Rejected"
    first = shadowing.trial
    shadowing.user_applies(spec(serve="Auto", trial="2"))
    await shadowing.settle()
    assert shadowing.status["phase"] == "Shadowing"
    assert shadowing.trial != first
    assert shadowing.status["trial"]["attempt"] == 2
    assert float(shadowing.status["trial"]["alpha"]) == 0.005


async def test_an_edited_image_of_the_promoted_candidate_waits_for_its_own_verdict(shadowing: World):
    """Live answers stay with the proven image until the new one has proven its own lift over it."""
    shadowing.count(2, **BETTER)
    await shadowing.settle()
    proven = shadowing.status["serving"]["workload"]
    shadowing.user_applies(spec(candidates=[{"name": "logreg", "bento": {"image": "logreg:2", "replicas": 2}}]))
    await shadowing.settle()
    assert shadowing.status["phase"] == "Shadowing"
    assert shadowing.status["serving"]["workload"] == proven
    shadowing.warm_up()
    await shadowing.settle()
    shadowing.count(2, **BETTER)
    await shadowing.settle()
    assert shadowing.status["phase"] == "Promoted"
    assert shadowing.status["serving"]["workload"] != proven
    assert shadowing.status["serving"]["image"] == "logreg:2"
    assert ("Deployment", NAMESPACE, proven) not in shadowing.cluster.objects


async def test_adoption_moves_no_pod(shadowing: World):
    """spec.current names the promoted bento: the same workload serves, now as current."""
    shadowing.count(2, **BETTER)
    await shadowing.settle()
    workload = shadowing.status["serving"]["workload"]
    pods = {key for key in shadowing.cluster.objects if key[0] == "Pod"}
    shadowing.user_applies(spec(current={"bento": {"image": "logreg:1", "replicas": 2}}))
    await shadowing.settle()
    assert shadowing.status["serving"] == {**shadowing.status["serving"], "name": "current", "workload": workload}
    assert {key for key in shadowing.cluster.objects if key[0] == "Pod"} == pods
    assert shadowing.status["phase"] == "Promoted"
    assert shadowing.condition("Adopted")["status"] == "True"


async def test_pause_freezes_and_resume_goes_on(shadowing: World):
    """Paused: the mirror stays, no verdict; afterwards the same trial goes on."""
    trial = shadowing.trial
    shadowing.user_applies(spec(paused=True))
    await shadowing.settle()
    shadowing.count(2, **BETTER)
    await shadowing.settle()
    assert shadowing.status["phase"] == "Paused"
    assert shadowing.status["serving"]["name"] == "current"
    shadowing.user_applies(spec(paused=False))
    await shadowing.settle()
    assert shadowing.status["phase"] == "Promoted"
    assert shadowing.trial == trial

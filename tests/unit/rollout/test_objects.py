"""Which objects exist: workloads by content, at zero or gone only when nothing routes to them, registrations before lines."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shadowlift.api.ledger import EpochCounters, TrialRegistration
from shadowlift.api.names import LABEL_WORKLOAD
from shadowlift.rollout.plan import Plan
from tests.support.world import WORSE, spec
from tests.unit.rollout.given import Life, counting, promoted, warming

BENTO = {"image": "logreg:1", "replicas": 2}
BOOST = [{"name": "boost", "bento": {"image": "boost:1", "replicas": 2}}]


def replicas(plan: Plan) -> dict[str, int]:
    """Workload -> pods wanted."""
    return {
        item["metadata"]["name"]: item["spec"]["replicas"]
        for item in plan.manifests
        if item["kind"] == "Deployment" and LABEL_WORKLOAD in item["metadata"]["labels"]
    }


def routed(life: Life) -> set[str]:
    """Workloads that the published configuration knows."""
    assert life.published is not None
    return {upstream.host.split(".")[0] for upstream in life.published.intent.upstreams}


def rejected() -> Life:
    life = counting()
    life.count(2, EpochCounters(**WORSE))
    return life.stood()


def expired() -> Life:
    life = counting()
    life.now += 3601
    return life


def edited() -> Life:
    life = counting()
    life.edit(candidates=BOOST)
    return life


def superseded() -> Life:
    life = promoted()
    life.edit(candidates=BOOST, current={"bento": {"image": "rules:2", "replicas": 2}})
    return life


@pytest.mark.parametrize("lags", [0, 2])
@pytest.mark.parametrize("start", [rejected, expired, edited, superseded])
def test_pods_go_only_when_no_router_knows_them(start: Callable[[], Life], lags: int):
    """Traffic first, then scale to zero or delete: verified, however long the routers take."""
    life = start()
    gone = 0
    for cycle in range(40):  # 20 seconds: the last hanging request is over
        life.loads = cycle % (lags + 1) == 0
        agreed = life.observed().routers.agreed
        known = routed(life)
        plan = life.cycle()
        down = {name for name, wanted in replicas(plan).items() if wanted == 0} | set(plan.delete)
        gone += len(down)
        if down:
            assert agreed
            assert not down & known
    assert gone


def test_a_rejected_candidate_stays_at_zero():
    """Its Deployment is what the record speaks of; its pods cost nothing."""
    life = rejected()
    life.settle()
    assert [workload.replicas for workload in life.workloads.values()] == [0]


def test_a_candidate_that_the_spec_forgets_is_deleted():
    """Of two contents only the one of the spec is left."""
    life = edited()
    old = set(life.workloads)
    life.settle()
    assert not old & set(life.workloads)
    assert [workload.replicas for workload in life.workloads.values()] == [2]


def test_a_promoted_candidate_keeps_running_from_its_snapshot():
    """It is no longer in the spec: its content and its pods stay, beside the new one's."""
    life = promoted()
    before = life.plan().manifests
    proven = set(life.workloads)
    life.edit(candidates=BOOST)
    life.settle()
    assert proven < set(life.workloads)
    assert all(workload.replicas == 2 for workload in life.workloads.values())
    name = next(iter(proven))
    one, other = (
        [item for item in some if item["metadata"]["name"] == name] for some in (before, life.plan().manifests)
    )
    assert one == other


def test_the_number_of_promoted_pods_follows_the_spec():
    """Replicas are not content: the same workload, more of it."""
    life = promoted()
    names = set(life.workloads)
    life.edit(candidates=[{"name": "logreg", "bento": {**BENTO, "replicas": 5}}])
    life.settle()
    assert set(life.workloads) == names
    assert [workload.replicas for workload in life.workloads.values()] == [5]


def test_adoption_moves_no_pod():
    """spec.current names the promoted content: the same objects, nothing created or deleted."""
    life = promoted()
    names = set(life.workloads)
    life.edit(current={"bento": BENTO})
    for _ in range(12):
        assert life.cycle().delete == ()
        assert set(life.workloads) == names
        assert [workload.replicas for workload in life.workloads.values()] == [2]


def test_a_taken_name_stops_all_writing_of_objects():
    """Nothing is half made around somebody else's object."""
    life = Life(taken=("Service/triage",))
    assert life.plan().manifests == ()


def test_a_router_stays_when_current_vanishes():
    """Once clients call it, it is never taken away."""
    life = counting()
    life.service = None
    assert any(item["metadata"]["name"] == "triage-router" for item in life.plan().manifests)


def test_services_come_before_the_pods_they_name():
    """A pod's name resolves as soon as it is ready."""
    kinds = [item["kind"] for item in Life().plan().manifests if LABEL_WORKLOAD in item["metadata"]["labels"]]
    assert kinds == ["Service", "Deployment"]


def registration(life: Life) -> TrialRegistration:
    for _ in range(6):
        plan = life.cycle()
        if plan.registrations:
            (one,) = plan.registrations
            return one
    raise AssertionError("nothing was registered")


def test_a_registration_says_all_that_the_recorder_must_know():
    """Frozen terms, senders and the pods that may ship; from the record, not from the spec of the moment."""
    outcome = {
        "maturity": "5s", "missing": "Value", "missingValue": "none", "key": {"header": "x-case"},
        "from": [{"serviceAccount": "b"}, {"serviceAccount": "a"}],
    }  # fmt: skip
    life = Life(spec=spec(objective={"outcome": outcome}, unit={"header": "x-user-id"}))
    one = registration(life)
    assert life.records[0].terms is not None
    assert (one.uid, one.frozen_hash) == (life.records[0].trial, life.records[0].terms.frozen)
    assert (one.namespace, one.name, one.resource_uid) == ("clinic", "triage", "uid-of-triage")
    assert (one.missing.value, one.missing_value, one.maturity_us) == ("Value", "none", 5_000_000)
    assert (one.unit_header, one.key_header, one.senders) == ("x-user-id", "x-case", ["b", "a"])
    assert one.routers == ["uid-r-1", "uid-r-2"]
    assert one.closed is False


def test_registering_stops_when_it_is_known_and_begins_again_when_it_is_not():
    """A new router pod, or a recorder that forgot: registered again, with the same frozen fields."""
    life = warming()
    assert life.plan().registrations == ()
    life.registered.clear()
    (again,) = life.plan().registrations
    first = registration(Life())
    assert again == first
    life.pods += (replace(life.pods[0], name="r-3", uid="uid-r-3"),)
    (third,) = life.plan().registrations
    assert third == again.model_copy(update={"routers": ["uid-r-1", "uid-r-2", "uid-r-3"]})


@pytest.mark.parametrize("start", [rejected, promoted])
def test_an_ended_trial_is_not_registered_again(start: Callable[[], Life]):
    """Its evidence is closed."""
    life = start()
    life.settle()
    life.registered.clear()
    assert life.plan().registrations == ()

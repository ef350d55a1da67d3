"""The port `Cluster`: what the operator may rely on, asked of the fake and of a real API server alike."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from shadowlift.adapters.kubernetes import KubernetesCluster
from shadowlift.api.spec import Router
from shadowlift.errors import Conflict, InvalidInput, NameTaken, NotFound
from shadowlift.reconcile.drift import differs
from shadowlift.resources.owner import Owner
from shadowlift.resources.records import record_manifest
from shadowlift.resources.routers import RouterSettings, router_manifests
from shadowlift.resources.workload import workload_manifests
from tests.contract import benches
from tests.contract.benches import Bench
from tests.unit.rollout.given import counting, promoted, warming
from tests.unit.rollout.tale import tell

Object = dict[str, Any]
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="session")
def definition() -> Iterator[None]:
    with benches.definition():
        yield


@pytest.fixture
async def real(definition: None) -> AsyncIterator[Bench]:  # noqa: ARG001 - the CRD, for as long as tests run
    async with benches.real() as one:
        yield one


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.cluster)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "real":
        request.getfixturevalue("definition")
    async with getattr(benches, request.param)() as one:
        yield one


def config_map(owner: Owner, data: dict[str, str], **meta: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**owner.metadata("cm", "router"), **meta},
        "data": data,
    }


def pod(bench: Bench, name: str) -> Object:
    """A pod that nobody schedules."""
    meta = {"name": name, "namespace": bench.owner.namespace, "annotations": {"theirs": "1"}}
    container = {"name": "c", "image": "registry.example/none"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"schedulerName": "nobody", "containers": [container]},
    }


def version(obj: Object | None) -> str:
    assert obj is not None
    return str(obj["metadata"]["resourceVersion"])


async def test_creating_returns_the_object_as_it_stands(bench: Bench):
    """With uid and version, so that the next cycle sees it at once."""
    made = await bench.cluster.create(config_map(bench.owner, {"a": "1"}))
    assert (made["kind"], made["data"]) == ("ConfigMap", {"a": "1"})
    there = await bench.get("ConfigMap", "cm")
    assert there is not None
    assert (made["metadata"]["uid"], version(made)) == (there["metadata"]["uid"], version(there))


async def test_creating_twice_meets_the_first_and_changes_nothing(bench: Bench):
    """A crash between write and memory: the second POST returns what is there, whatever it would have written."""
    first = await bench.cluster.create(config_map(bench.owner, {"a": "1"}))
    second = await bench.cluster.create(config_map(bench.owner, {"a": "2"}))
    assert second["data"] == {"a": "1"}
    assert version(second) == version(first)


@pytest.mark.parametrize("owner", ["nobody", "somebody"])
async def test_a_name_of_somebody_else_is_taken(bench: Bench, owner: str):
    """Never adopted, and not touched by the attempt."""
    place = {"namespace": bench.owner.namespace}
    stranger: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cm", **place},
        "data": {"theirs": "1"},
    }
    if owner == "somebody":  # who is there: what belongs to nobody who exists, a cluster collects
        theirs = await bench.user({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", **place}})
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "theirs",
            "uid": theirs["metadata"]["uid"],
            "controller": True,
        }
        stranger["metadata"]["ownerReferences"] = [reference]
    before = await bench.user(stranger)
    with pytest.raises(NameTaken) as caught:
        await bench.cluster.create(config_map(bench.owner, {"a": "1"}))
    assert caught.value.field == "ConfigMap/cm"
    there = await bench.get("ConfigMap", "cm")
    assert there is not None
    assert (there["data"], version(there)) == ({"theirs": "1"}, version(before))


async def test_applying_changes_what_is_named_and_leaves_the_rest(bench: Bench):
    """Another manager's annotation stays; our values are taken back, whoever changed them."""
    made = await bench.cluster.create(config_map(bench.owner, {"a": "1"}))
    theirs = {"name": "cm", "namespace": bench.owner.namespace, "annotations": {"theirs": "1"}}
    kept = {**made["metadata"], **theirs, "managedFields": None}
    await bench.user({"apiVersion": "v1", "kind": "ConfigMap", "metadata": kept, "data": {"a": "theirs"}})
    after = await bench.cluster.apply(config_map(bench.owner, {"a": "2"}))
    assert after["data"] == {"a": "2"}
    assert after["metadata"]["annotations"]["theirs"] == "1"
    assert after["metadata"]["uid"] == made["metadata"]["uid"]


async def test_applying_with_an_old_version_is_a_conflict(bench: Bench):
    """Two writers: the slower one observes again. With the newest version, or without one, it is written."""
    made = await bench.cluster.create(config_map(bench.owner, {"a": "1"}))
    newer = await bench.cluster.apply(config_map(bench.owner, {"a": "2"}, resourceVersion=version(made)))
    with pytest.raises(Conflict):
        await bench.cluster.apply(config_map(bench.owner, {"a": "3"}, resourceVersion=version(made)))
    last = await bench.cluster.apply(config_map(bench.owner, {"a": "4"}, resourceVersion=version(newer)))
    assert last["data"] == {"a": "4"}


async def test_deleting_needs_the_uid_that_was_seen(bench: Bench):
    """Another object of that name stays; gone already is fine."""
    made = await bench.cluster.create(config_map(bench.owner, {"a": "1"}))
    await bench.cluster.delete("ConfigMap", bench.owner.namespace, "cm", "another-uid")
    assert await bench.get("ConfigMap", "cm") is not None
    for _ in range(2):
        await bench.cluster.delete("ConfigMap", bench.owner.namespace, "cm", made["metadata"]["uid"])
        assert await bench.get("ConfigMap", "cm") is None


async def test_an_annotation_is_added_to_a_pod(bench: Bench):
    """The others stay; again is fine; a pod that is gone is fine."""
    await bench.user(pod(bench, "p"))
    for value in ("1-a.1", "1-a.2", "1-a.2"):
        await bench.cluster.annotate_pod(bench.owner.namespace, "p", {"shadowlift.dev/refresh": value})
    there = await bench.get("Pod", "p")
    assert there is not None
    annotations = there["metadata"]["annotations"]
    assert (annotations["theirs"], annotations["shadowlift.dev/refresh"]) == ("1", "1-a.2")
    await bench.gone("Pod", "p")
    await bench.cluster.annotate_pod(bench.owner.namespace, "p", {"shadowlift.dev/refresh": "x"})


async def test_status_is_what_was_written_and_nothing_else(bench: Bench):
    """Whole statuses of a life: read back equal, no field left of the one before, spec untouched."""
    there = await bench.get("ModelDeployment", "triage")
    assert there is not None
    before = there["spec"]
    for life in (warming(), counting(), promoted(), warming()):
        status = life.plan().status.model_dump(mode="json", by_alias=True, exclude_none=True)
        after = await bench.cluster.write_status(bench.owner.namespace, "triage", status)
        assert after["status"] == status
        assert after["spec"] == before


async def test_status_of_a_resource_that_is_gone_is_not_found(bench: Bench):
    """It was deleted in mid-cycle."""
    await bench.gone("ModelDeployment", "triage")
    with pytest.raises(NotFound):
        await bench.cluster.write_status(bench.owner.namespace, "triage", {"phase": "Pending"})


async def test_every_object_of_ours_can_be_made(bench: Bench):
    """The API server takes the manifests as they are built."""
    life = promoted()
    bento, read = life.world().spec.candidates[0].bento, life.world().spec
    manifests = [
        *workload_manifests(bench.owner, "triage-a", bento, 0),
        *router_manifests(
            bench.owner, read.router.model_copy(update={"replicas": 0}), 8080, RouterSettings("registry.example/none")
        ),
        record_manifest(bench.owner, life.records[0]),
    ]
    for manifest in manifests:
        made = await bench.cluster.create(manifest)
        assert made["metadata"]["name"] == manifest["metadata"]["name"]


@pytest.mark.cluster
async def test_a_record_never_changes(real: Bench):
    """A ControllerRevision's data is immutable: Kubernetes itself refuses."""
    one, other = tell(("Started", "t1")).records[0], tell(("Started", "t1", {"alpha": 0.5})).records[0]
    await real.cluster.create(record_manifest(real.owner, one))
    with pytest.raises(InvalidInput):
        await real.cluster.apply(record_manifest(real.owner, other))


@pytest.mark.cluster
async def test_applying_the_same_again_changes_nothing(real: Bench):
    """No new version, so no watch event, so no further cycle."""
    await real.cluster.create(config_map(real.owner, {"a": "1"}))
    first = await real.cluster.apply(config_map(real.owner, {"a": "2"}))
    assert version(await real.cluster.apply(config_map(real.owner, {"a": "2"}))) == version(first)
    status = promoted().plan().status.model_dump(mode="json", by_alias=True, exclude_none=True)
    written = await real.cluster.write_status(real.owner.namespace, "triage", status)
    assert version(await real.cluster.write_status(real.owner.namespace, "triage", status)) == version(written)


@pytest.mark.cluster
async def test_our_objects_do_not_drift_by_themselves(real: Bench):
    """What the API server makes of a manifest by defaults and by writing quantities its own way is no difference."""
    read = promoted().world().spec
    amounts = {"requests": {"cpu": "0.7", "memory": "1000M"}, "limits": {"cpu": "1500m", "memory": "1.1Gi"}}
    router = Router.model_validate({"replicas": 1, "resources": amounts})
    bento = read.candidates[0].bento.model_copy(update={"resources": router.resources})
    manifests = [
        *workload_manifests(real.owner, "triage-a", bento, 0),
        *router_manifests(real.owner, router, 8080, RouterSettings("registry.example/none")),
    ]
    for manifest in manifests:
        assert not differs(manifest, await real.cluster.create(manifest)), manifest["kind"]


async def test_the_port_of_a_service_can_be_changed(bench: Bench):
    """spec.service.port is a free field: the old port goes, the new one comes."""
    for port in (8080, 80):
        service = router_manifests(bench.owner, Router(replicas=1), port, RouterSettings("registry.example/none"))[-1]
        known = await (bench.cluster.create(service) if port == 8080 else bench.cluster.apply(service))
    assert [item["port"] for item in known["spec"]["ports"]] == [80]


async def test_what_is_no_longer_wanted_goes(bench: Bench):
    """A key that an object was made with and that is not applied any more."""
    await bench.cluster.create(config_map(bench.owner, {"a": "1", "b": "1"}))
    assert (await bench.cluster.apply(config_map(bench.owner, {"a": "1"})))["data"] == {"a": "1"}


async def test_limits_that_are_taken_back_go(bench: Bench):
    """spec.router.resources is a free field: the default comes back whole."""
    generous = {"limits": {"cpu": "2", "memory": "1Gi"}}
    for resources in (generous, None):
        router = Router.model_validate({"replicas": 1, "resources": resources})
        wanted = router_manifests(bench.owner, router, 8080, RouterSettings("registry.example/none"))[1]
        known = await (bench.cluster.create(wanted) if resources else bench.cluster.apply(wanted))
    container = known["spec"]["template"]["spec"]["containers"][0]
    assert "cpu" not in container["resources"]["limits"]


@pytest.mark.cluster
async def test_what_controllers_write_meanwhile_stays_theirs(real: Bench):
    """Deployments meet their controller within milliseconds: ours are our fields alone, and all of them, however fast it is."""
    wanted = router_manifests(real.owner, Router(replicas=1), 8080, RouterSettings("registry.example/none"))[1]
    for _ in range(20):
        made = await real.cluster.create(wanted)
        ways = {(entry["manager"], entry["operation"]) for entry in made["metadata"]["managedFields"]}
        assert ("shadowlift", "Apply") in ways
        assert ("shadowlift", "Update") not in ways
        assert all(manager == "shadowlift" for manager, way in ways if way == "Apply"), ways
        await real.gone("Deployment", wanted["metadata"]["name"])


@pytest.mark.cluster
async def test_an_announcement_is_an_event(real: Bench):
    """A person sees it beside the ModelDeployment; the same again is no second one."""
    there = await real.get("ModelDeployment", "triage")
    assert there is not None
    cluster = real.cluster
    assert isinstance(cluster, KubernetesCluster)
    for _ in range(2):
        await cluster.announce(there, "Warning", "CandidateNotReady", "0 of 2 candidate pods are ready")
    events, _ = await cluster.list("Event", real.owner.namespace)
    assert [(event["type"], event["reason"], event["regarding"]["name"]) for event in events] == [
        ("Warning", "CandidateNotReady", "triage")
    ]

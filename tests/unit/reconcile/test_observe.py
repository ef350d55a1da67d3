"""From objects to views: absent, unreadable and not yet known are three things, and a stranger's object is never ours."""

from collections.abc import Callable
from typing import Any

import pytest

from shadowlift.api.capture import LoadedConfig
from shadowlift.api.ledger import TrialCounters
from shadowlift.api.names import (
    ANNOTATION_CONFIG_VERSION,
    KIND,
    LABEL_COMPONENT,
    LABEL_OWNER,
    LABEL_WORKLOAD,
)
from shadowlift.api.spec import Spec
from shadowlift.errors import InvalidInput, Unavailable
from shadowlift.reconcile.memory import Memory
from shadowlift.reconcile.observe import Observer, read_published, read_resource, read_workload
from shadowlift.reconcile.store import Store
from shadowlift.resources.records import record_manifest
from shadowlift.resources.router.config import config_version, router_files
from shadowlift.resources.routers import RouterSettings, config_map
from shadowlift.rollout.observed import Installation, Observed
from tests.support.world import ManualClock, spec
from tests.unit.rollout.given import OWNER, counting
from tests.unit.rollout.tale import tell

KEY = ("clinic", "triage")
Object = dict[str, Any]


def owned(kind: str, name: str, component: str, uid: str = "", owner: str = OWNER.uid, **more: Any) -> Object:
    meta = {
        "name": name, "namespace": "clinic", "uid": uid or f"uid-{name}", "resourceVersion": "1",
        "labels": {LABEL_OWNER: "triage", LABEL_COMPONENT: component, **more.pop("labels", {})},
        "ownerReferences": [{"uid": owner, "controller": True}],
    }  # fmt: skip
    return {"kind": kind, "metadata": meta, **more}


def resource(**more: Any) -> Object:
    meta = {"name": "triage", "namespace": "clinic", "uid": OWNER.uid, "generation": 3, "resourceVersion": "1"}
    return {"kind": KIND, "metadata": meta, "spec": spec(), **more}


def pod(name: str, component: str = "router", *, ready: bool = True, restarts: int = 0, **more: Any) -> Object:
    status: Object = {
        "podIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": str(ready)}],
        "containerStatuses": [{"name": "bento", "imageID": "sha256:a", "restartCount": restarts}],
        **more.pop("status", {}),
    }
    return owned("Pod", name, component, status=status, **more)


def published(number: int = 1) -> Object:
    life = counting()
    assert life.published is not None
    version = config_version(number, life.published.intent)
    return {**config_map(OWNER, router_files(life.published.intent, version), version)}


class Routers:
    """The port RouterPods: what each address answers, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: LoadedConfig | Exception = Unavailable("nobody there")

    async def loaded(self, address: str) -> LoadedConfig:
        assert address == "10.0.0.1:9902"
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Desk:
    """A store to fill and an observer to ask."""

    def __init__(self, *objects: Object) -> None:
        self.store, self.memory, self.pods, self.clock = Store(), Memory(), Routers(), ManualClock()
        self.observer = Observer(self.store, self.memory, self.pods, self.clock)
        for obj in (resource(), *objects):
            self.store.put(obj)

    async def look(self) -> Observed:
        seen = await self.observer.observe(KEY, Installation(RouterSettings("image"), "http://recorder."))
        assert seen is not None
        return seen


def loaded(version: str, *, agreed: bool = True) -> LoadedConfig:
    return LoadedConfig(mounted=version, loaded={"lds": version}, warming=0, rejected=0, agreed=agreed)


async def test_a_resource_alone_is_a_whole_observation():
    """Everything that is not there is None or empty, with its meaning; nothing fails."""
    seen = await Desk().look()
    assert (seen.resource.owner, seen.resource.generation, seen.resource.status) == (OWNER, 3, None)
    assert isinstance(seen.resource.spec, Spec)
    assert (seen.records, dict(seen.workloads), seen.current_service, seen.taken) == ((), {}, None, ())
    assert (seen.routers.published, seen.routers.pods) == (None, ())
    assert seen.evidence.error is not None


@pytest.mark.parametrize("gone", ["absent", "going"])
async def test_what_is_gone_or_going_is_not_decided_about(gone: str):
    """None: its children go by themselves."""
    desk = Desk()
    if gone == "absent":
        desk.store.drop(resource())
    else:
        going = resource()
        going["metadata"] |= {"deletionTimestamp": "2027-01-15T08:00:00Z", "resourceVersion": "2"}
        desk.store.put(going)
    assert await desk.observer.observe(KEY, Installation(RouterSettings("image"), "")) is None


def test_an_unreadable_spec_is_a_value_and_an_unreadable_status_is_absent():
    """The first is the user's to mend; the second is rebuilt from records."""
    read = read_resource({**resource(), "spec": {**spec(), "deadline": "soon"}, "status": {"phase": "Sideways"}})
    assert isinstance(read.spec, InvalidInput)
    assert read.spec.field == "spec.deadline"
    assert read.status is None
    assert isinstance(read_resource({**resource(), "spec": None}).spec, InvalidInput)


async def test_records_are_read_whoever_lists_them():
    """All records of this resource, and none of an earlier one of the same name."""
    told = tell(("Started", "t1"), ("Counting", "t1")).records
    desk = Desk()
    for number, record in enumerate(told):
        obj = record_manifest(OWNER, record)
        obj["metadata"] |= {"uid": f"r{number}", "resourceVersion": "1"}
        desk.store.put(obj)
    stranger = record_manifest(OWNER, tell(("Started", "t9")).records[0])
    stranger["metadata"] |= {
        "uid": "r9",
        "resourceVersion": "1",
        "ownerReferences": [{"uid": "earlier", "controller": True}],
    }
    desk.store.put(stranger)
    assert sorted((await desk.look()).records, key=lambda record: record.number) == list(told)


@pytest.mark.parametrize("data", [None, {}, {"kind": "Promoted"}, "text"])
async def test_a_record_that_cannot_be_read_stops_the_cycle(data: Any):
    """Nothing may be decided without it: it may be the promotion."""
    obj = record_manifest(OWNER, tell(("Started", "t1")).records[0])
    obj["metadata"] |= {"uid": "r", "resourceVersion": "1"}
    with pytest.raises(InvalidInput, match="ControllerRevision/triage-t1-started: not a readable decision record"):
        await Desk({**obj, "data": data}).look()


@pytest.mark.parametrize(
    "break_it",
    [
        lambda obj: obj["data"].pop("intent.json"),
        lambda obj: obj["data"].update({"intent.json": "{"}),
        lambda obj: obj["data"].update({"intent.json": "{}"}),
        lambda obj: obj["metadata"]["annotations"].pop(ANNOTATION_CONFIG_VERSION),
        lambda obj: obj["metadata"]["annotations"].update({ANNOTATION_CONFIG_VERSION: "latest"}),
        lambda obj: obj.pop("data"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_an_error(break_it: Callable[[Object], object]):
    """Guessing would move traffic; the message says how to mend it."""
    obj = published()
    break_it(obj)
    with pytest.raises(InvalidInput, match=r"^ConfigMap/triage-router: .*delete it to have it made anew"):
        read_published(obj)


def test_a_published_configuration_knows_whether_it_is_fresh():
    """Version, number and intent; fresh only where every file is what this operator would write."""
    obj = published(7)
    read = read_published(obj)
    assert (read.number, read.version.split("-")[0], read.fresh) == (7, "7", True)
    obj["data"]["cds.yaml"] += " "
    stale = read_published(obj)
    assert (stale.intent, stale.fresh) == (read.intent, False)


async def test_agreement_is_timed_from_when_it_was_first_seen():
    """A router that falls behind begins it anew: until then it may still send where the others do not any more."""
    desk = Desk(published(), pod("triage-router-1"))
    version = published()["metadata"]["annotations"][ANNOTATION_CONFIG_VERSION]
    assert (await desk.look()).routers.agreed_since is None
    desk.pods.answer = loaded(version)
    began = desk.clock.time
    assert (await desk.look()).routers.agreed_since == began
    desk.clock.time += 30
    assert (await desk.look()).routers.agreed_since == began
    desk.store.put(pod("triage-router-2", uid="late"))
    desk.pods.answer = Unavailable("nobody there")
    assert (await desk.look()).routers.agreed_since is None
    desk.pods.answer = loaded(version)
    assert (await desk.look()).routers.agreed_since == began + 30


@pytest.mark.parametrize(
    ("pods", "reason", "view"),
    [
        ([], "", (0, set(), None, False)),
        ([{}, {}], "", (2, {"sha256:a"}, None, False)),
        ([{"ready": False}, {}], "", (1, {"sha256:a"}, None, False)),
        ([{"waiting": "ImagePullBackOff"}], "", (0, set(), "ImagePullBackOff: as told", False)),
        ([{"waiting": "CrashLoopBackOff"}, {}], "", (1, {"sha256:a"}, "CrashLoopBackOff: as told", False)),
        ([{"waiting": "ContainerCreating"}], "", (0, set(), None, False)),
        ([{"unschedulable": "no node"}], "", (0, set(), "Unschedulable: no node", False)),
        ([], "ProgressDeadlineExceeded", (0, set(), None, True)),
        ([], "NewReplicaSetAvailable", (0, set(), None, False)),
    ],
)
def test_a_workload_and_its_pods(pods: list[dict[str, Any]], reason: str, view: tuple[Any, ...]):
    """Ready pods and what they run; of the others the first trouble that a person should read; whether it has given up."""
    conditions = [{"type": "Available", "reason": "X"}, {"type": "Progressing", "reason": reason}]
    deployment = {"metadata": {"name": "triage-a"}, "spec": {"replicas": 2}, "status": {"conditions": conditions}}
    mine = [workload_pod(n, **changes) for n, changes in enumerate(pods)]
    others = [pod("stranger", "workload", labels={LABEL_WORKLOAD: "triage-b"})]
    read = read_workload(deployment, mine + others)
    assert (read.ready, read.images, read.trouble, read.stalled) == view
    assert (read.name, read.replicas) == ("triage-a", 2)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        ({}, None),
        ({"initContainerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull", "message": "gone"}}}]}, "ErrImagePull: gone"),
        ({"conditions": [{"type": "PodScheduled", "status": "False", "message": "no cpu"}]}, "Unschedulable: no cpu"),
    ],
)  # fmt: skip
async def test_a_router_that_does_not_start_says_why(status: Object, trouble: str | None):
    """Its own word, or its shipper's, which starts before it."""
    desk = Desk(pod("triage-router-1", ready=False, status=status))
    assert [router.trouble for router in (await desk.look()).routers.pods] == [trouble]


def workload_pod(n: int, ready: bool = True, waiting: str | None = None, unschedulable: str | None = None) -> Object:
    status: Object = {}
    if waiting is not None:
        state = {"waiting": {"reason": waiting, "message": "as told"}}
        status["containerStatuses"] = [{"name": "bento", "imageID": "", "restartCount": 0, "state": state}]
    if unschedulable is not None:
        status["conditions"] = [{"type": "PodScheduled", "status": "False", "message": unschedulable}]
    return pod(
        f"a-{n}", "workload", ready=ready and waiting is None, labels={LABEL_WORKLOAD: "triage-a"}, status=status
    )


def test_a_container_that_somebody_put_beside_the_bento_is_not_its_image():
    """A mesh injects its own: the trial is about the bento."""
    beside = workload_pod(0)
    beside["status"]["containerStatuses"].append({"name": "proxy", "imageID": "sha256:proxy", "restartCount": 0})
    view = read_workload({"metadata": {"name": "triage-a"}, "spec": {"replicas": 1}}, [beside])
    assert (view.ready, view.images) == (1, {"sha256:a"})


def test_long_trouble_is_cut():
    """A kubelet's message may be a page."""
    waits = workload_pod(0, waiting="ImagePullBackOff")
    waits["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "x" * 5000
    view = read_workload({"metadata": {"name": "triage-a"}, "spec": {}}, [waits])
    assert view.trouble is not None
    assert len(view.trouble) == 300
    assert view.replicas == 1


async def test_only_our_workloads_are_seen():
    """Component and controller must fit; a pod on its way out counts nowhere."""
    desk = Desk(
        owned("Deployment", "triage-a", "workload", spec={"replicas": 2}),
        owned("Deployment", "triage-b", "workload", owner="somebody", spec={"replicas": 2}),
        owned("Deployment", "triage-router", "router", spec={"replicas": 2}),
        workload_pod(0),
    )
    going = workload_pod(1)
    going["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    desk.store.put(going)
    seen = await desk.look()
    assert [(name, workload.ready) for name, workload in seen.workloads.items()] == [("triage-a", 1)]


async def test_the_service_of_current_with_its_ports():
    """Only the one that the spec names."""
    ports = [{"port": 8080}, {"port": 9090}]
    meta = {"name": "rules", "namespace": "clinic", "uid": "s", "resourceVersion": "1"}
    seen = await Desk({"kind": "Service", "metadata": meta, "spec": {"ports": ports}}).look()
    assert seen.current_service is not None
    assert (seen.current_service.name, seen.current_service.ports) == ("rules", frozenset({8080, 9090}))


@pytest.mark.parametrize(
    ("spec", "elsewhere"),
    [
        ({"clusterIP": "10.0.0.7", "ports": [{"port": 80, "targetPort": 8080}]}, {}),
        ({"type": "ExternalName", "ports": [{"port": 80, "targetPort": 8080}]}, {}),
        ({"clusterIP": "None", "ports": [{"port": 80, "targetPort": 80}, {"port": 81}]}, {}),
        ({"clusterIP": "None", "ports": [{"port": 80, "targetPort": 8080}]}, {80: 8080}),
        ({"clusterIP": "None", "ports": [{"port": 80, "targetPort": "http"}]}, {80: "http"}),
    ],
)
async def test_ports_of_a_headless_service_that_lead_elsewhere(spec: dict[str, Any], elsewhere: dict[int, Any]):
    """Its name is its pods' addresses: nobody translates a port there."""
    meta = {"name": "rules", "namespace": "clinic", "uid": "s", "resourceVersion": "1"}
    seen = await Desk({"kind": "Service", "metadata": meta, "spec": spec}).look()
    assert seen.current_service is not None
    assert seen.current_service.elsewhere == elsewhere


async def test_a_router_on_its_way_out_may_still_ship():
    """It answers no requests and need not load anything, but the recorder must know whose last lines come."""
    going = pod("r-2")
    going["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    seen = await Desk(published(), pod("r-1"), going).look()
    assert [one.name for one in seen.routers.pods] == ["r-1"]
    assert seen.routers.going == (going["metadata"]["uid"],)


async def test_a_router_is_asked_until_it_has_what_is_published():
    """Verified once per pod, container start and version; afterwards nobody is asked."""
    desk = Desk(published(), pod("r-1"))
    version = published()["metadata"]["annotations"][ANNOTATION_CONFIG_VERSION]
    desk.pods.answer = loaded(version)
    for _ in range(3):
        assert [router.loaded for router in (await desk.look()).routers.pods] == [version]
    assert desk.pods.asked == 1
    again = pod("r-1", restarts=1)
    again["metadata"]["resourceVersion"] = "2"
    desk.store.put(again)
    assert (await desk.look()).routers.agreed
    assert desk.pods.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        Unavailable("time-out"),
        loaded("1-00000000", agreed=False),
        LoadedConfig(mounted=None, loaded={}, warming=0, rejected=0, agreed=True),
    ],
)
async def test_what_is_not_verified_is_not_loaded(answer: LoadedConfig | Exception):
    """No answer, or no agreement between what is mounted and what is in force: None, asked again, and not agreed."""
    desk = Desk(published(), pod("r-1"))
    desk.pods.answer = answer
    for asked in (1, 2):
        seen = await desk.look()
        assert [router.loaded for router in seen.routers.pods] == [None]
        assert not seen.routers.agreed
        assert desk.pods.asked == asked


@pytest.mark.parametrize(("ready", "address"), [(False, "10.0.0.1"), (True, None)])
async def test_a_router_that_cannot_be_asked_is_not(ready: bool, address: str | None):
    """Not ready, or without an address yet."""
    desk = Desk(published(), pod("r-1", ready=ready, status={"podIP": address}))
    seen = await desk.look()
    assert (desk.pods.asked, seen.routers.agreed) == (0, False)


async def test_no_router_is_no_agreement():
    """All of none have loaded it: that is not verified."""
    assert not (await Desk(published()).look()).routers.agreed


async def test_evidence_is_that_of_the_trial_that_is_watched():
    """Registered only in this ledger and with the present router pods."""
    desk = Desk(published(), pod("r-1"), pod("r-2"))
    trial, evidence = "trial-0001", desk.memory.evidence
    evidence.ledger, evidence.error, evidence.at = "ledger-1", None, 5.0
    evidence.counters = {trial: TrialCounters(uid=trial)}
    evidence.registered = {trial: ("ledger-1", frozenset({"uid-r-1", "uid-r-2"}))}
    assert (await desk.look()).evidence.counters is None  # nobody watches it
    desk.memory.watched[KEY] = trial
    view = (await desk.look()).evidence
    assert (view.ledger, view.counters, view.at, view.error, view.registered) == (
        "ledger-1",
        TrialCounters(uid=trial),
        5.0,
        None,
        True,
    )
    evidence.ledger = "ledger-2"
    assert not (await desk.look()).evidence.registered
    evidence.ledger = "ledger-1"
    desk.store.put(pod("r-3"))
    assert not (await desk.look()).evidence.registered


async def test_a_taken_name_is_believed_until_it_is_known_to_be_free():
    """However long ago it was seen; what is remembered of a resource goes with it."""
    desk = Desk()
    desk.memory.taken[KEY] = {"Service/triage": 10.0, "Deployment/x": -1.0}
    assert (await desk.look()).taken == ("Deployment/x", "Service/triage")
    desk.store.drop(resource())
    assert await desk.observer.observe(KEY, Installation(RouterSettings("image"), "")) is None
    assert desk.memory.taken == {}

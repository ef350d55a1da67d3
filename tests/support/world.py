"""A whole small world without a cluster: API server, kubelet, routers and recorder as fakes behind the ports, and one operator.

Used by component tests: `World.settle()` lets everything happen that would happen by itself, and nothing else.
"""

from __future__ import annotations

import copy
import itertools
import json
import sys
from dataclasses import dataclass, field, replace
from typing import Any

from shadowlift.api.capture import CaptureConfig, LoadedConfig
from shadowlift.api.ledger import CountersAnswer, EpochCounters, TrialCounters, TrialRegistration
from shadowlift.api.names import KIND, LABEL_MANAGED_BY, MANAGED_BY
from shadowlift.api.record import Record
from shadowlift.errors import Conflict, InvalidInput, NameTaken, NotFound, Unavailable
from shadowlift.reconcile.apply import Applier
from shadowlift.reconcile.memory import Memory
from shadowlift.reconcile.observe import Observer
from shadowlift.reconcile.reconciler import Reconciler
from shadowlift.reconcile.store import Store
from shadowlift.reconcile.tell import Teller
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.resources.routers import RouterSettings
from shadowlift.rollout.instants import parse
from shadowlift.rollout.observed import Installation
from shadowlift.telemetry.metrics import Metrics

NAMESPACE, NAME = "clinic", "triage"
REJECT_AFTER_S = 300.0  # the default of strategy.shadow.rejectAfter
KEY = (NAMESPACE, NAME)
Object = dict[str, Any]


class OperatorDied(BaseException):
    """The operator's process ended here."""


class ManualClock:
    """Time that passes only when a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def jitter(self) -> float:
        return 0.5


class FakeCluster:
    """The API server as the port `Cluster` shows it: versions, owners, server-side apply by merging."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.writes: list[str] = []
        self.dies_at: int | None = None  # the operator's process ends at this write (counted from 0) ...
        self.dies_after_writing = False  # ... after it took effect, or before
        self._versions = itertools.count(1)

    def start_after(self, other: FakeCluster) -> None:
        """Versions and uids go on where another cluster's are now."""
        self._versions = itertools.count(next(other._versions))

    def _step(self, what: str) -> bool:
        """True if the operator dies after this write."""
        number = len(self.writes)
        self.writes.append(what)
        if self.dies_at == number:
            self.dies_at = None
            if not self.dies_after_writing:
                raise OperatorDied(what)
            return True
        return False

    def put(self, obj: Object) -> Object:
        key = (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
        before = self.objects.get(key)
        stored = copy.deepcopy(obj)
        meta = stored["metadata"]
        meta["uid"] = before["metadata"]["uid"] if before else f"uid-{next(self._versions)}"
        changed = before is None or before.get("spec") != stored.get("spec")
        meta["generation"] = (before["metadata"]["generation"] if before else 0) + int(changed)
        meta["resourceVersion"] = str(next(self._versions))
        self.objects[key] = stored
        return copy.deepcopy(stored)

    async def create(self, manifest: Object) -> Object:
        meta = manifest["metadata"]
        key = (manifest["kind"], meta["namespace"], meta["name"])
        died = self._step(f"create {key[0]}/{key[2]}")
        there = self.objects.get(key)
        if there is not None:
            if there["metadata"].get("ownerReferences") != meta["ownerReferences"]:
                raise NameTaken(f"{key[0]}/{key[2]}", "exists and was not made for this ModelDeployment")
            return copy.deepcopy(there)
        out = self.put(manifest)
        if died:
            raise OperatorDied("after a create")
        return out

    async def get(self, kind: str, namespace: str, name: str) -> Object:
        there = self.objects.get((kind, namespace, name))
        if there is None:
            raise NotFound(name)
        return copy.deepcopy(there)

    async def apply(self, manifest: Object) -> Object:
        meta = manifest["metadata"]
        key = (manifest["kind"], meta["namespace"], meta["name"])
        died = self._step(f"apply {key[0]}/{key[2]}")
        there = self.objects.get(key)
        if there is None:
            raise NotFound(str(key))
        if meta.get("resourceVersion") not in (None, there["metadata"]["resourceVersion"]):
            raise Conflict(str(key))
        out = self.put(_merged(there, manifest))
        if died:
            raise OperatorDied("after an apply")
        return out

    async def delete(self, kind: str, namespace: str, name: str, uid: str) -> None:
        died = self._step(f"delete {kind}/{name}")
        there = self.objects.get((kind, namespace, name))
        if there is not None and there["metadata"]["uid"] == uid:
            del self.objects[kind, namespace, name]
        if died:
            raise OperatorDied("after a delete")

    async def annotate_pod(self, namespace: str, name: str, annotations: dict[str, str]) -> None:
        died = self._step(f"annotate Pod/{name}")
        pod = self.objects.get(("Pod", namespace, name))
        if pod is not None:
            pod["metadata"].setdefault("annotations", {}).update(annotations)
            self.put(pod)
        if died:
            raise OperatorDied("after an annotation")

    async def write_status(self, namespace: str, name: str, status: Object) -> Object:
        died = self._step(f"status {name}")
        resource = self.objects.get((KIND, namespace, name))
        if resource is None:
            raise NotFound(name)
        out = self.put({**resource, "status": status})
        if died:
            raise OperatorDied("after a status")
        return out

    async def announce(self, resource: Object, kind: str, reason: str, note: str) -> None:
        self.writes.append(f"event {reason}")


def _merged(there: Object, manifest: Object) -> Object:
    out = copy.deepcopy(there)
    for key, value in manifest.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict) and key != "data":
            out[key] = _merged(out[key], value)
        else:
            out[key] = copy.deepcopy(value)
    return out


class FakeRecorder:
    """The recorder as the port `Evidence` shows it; a test sets the counters."""

    def __init__(self) -> None:
        self.ledger = "ledger-1"
        self.down = False
        self.registered: dict[str, TrialRegistration] = {}
        self.records: dict[str, Record] = {}
        self.counters_of: dict[str, TrialCounters] = {}

    async def counters(self, trials: list[str]) -> CountersAnswer:
        self._up()
        known = [self.counters_of.get(uid, TrialCounters(uid=uid)) for uid in trials if uid in self.registered]
        unknown = [uid for uid in trials if uid not in self.registered]
        return CountersAnswer(ledger_id=self.ledger, schema_version=1, at=0, trials=known, unknown=unknown)

    async def register(self, registration: TrialRegistration) -> None:
        self._up()
        known = self.registered.get(registration.uid, registration)
        free = {"routers": registration.routers, "closed": registration.closed}
        if known.model_copy(update=free) != registration:
            raise InvalidInput("recorder", f"trial {registration.uid} is registered with other terms")
        self.registered[registration.uid] = registration

    async def keep_record(self, trial: str, name: str, record: Record) -> None:
        self._up()
        if trial not in self.registered:
            raise InvalidInput("recorder", f"trial {trial} is not registered")
        if self.records.setdefault(name, record) != record:
            raise InvalidInput("recorder", f"record {name} is stored with other content")

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the recorder is down")


@dataclass
class World:
    """Everything together."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    clock: ManualClock = field(default_factory=ManualClock)
    metrics: Metrics = field(default_factory=Metrics)
    unready: set[str] = field(default_factory=set)  # prefixes of pods that do not become ready
    waiting: dict[str, str] = field(default_factory=dict)  # pod prefix -> reason why its container waits
    refresh: bool = True  # the kubelet refreshes ConfigMap volumes when told to
    served: list[str] = field(
        default_factory=list
    )  # who answered live requests, as routers loaded it, without repetition
    _mounted: dict[str, str] = field(default_factory=dict)  # router pod -> intent.json that it has loaded
    _versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new operator process: nothing remembered, the store filled from the API server."""
        self.store, self.memory = Store(), Memory()
        observer = Observer(self.store, self.memory, self, self.clock)
        applier = Applier(self.cluster, self.recorder, self.store, self.memory, self.clock)
        self.reconciler = Reconciler(observer, applier, self.cluster, self.store, Teller(self.cluster, self.metrics))
        self.installation = Installation(RouterSettings("shadowlift:test"), "http://recorder.:8080")

    def copy(self) -> World:
        """The same world, to go another way from here; the operator remembers what it knew. No writes are remembered."""
        cluster, recorder = FakeCluster(), FakeRecorder()
        cluster.objects = copy.deepcopy(self.cluster.objects)
        cluster.start_after(self.cluster)
        recorder.ledger, recorder.down = self.recorder.ledger, self.recorder.down
        recorder.registered, recorder.records = dict(self.recorder.registered), dict(self.recorder.records)
        recorder.counters_of = dict(self.recorder.counters_of)
        other = replace(
            self, cluster=cluster, recorder=recorder, clock=ManualClock(self.clock.time), metrics=Metrics(), unready=set(self.unready),
            waiting=dict(self.waiting), served=list(self.served), _mounted=dict(self._mounted), _versions=dict(self._versions),
        )  # fmt: skip
        vars(other.memory).update(vars(copy.deepcopy(self.memory)))
        return other

    async def loaded(self, address: str) -> LoadedConfig:
        """The port RouterPods."""
        name = address.split(":", maxsplit=1)[0]
        version = self._versions.get(name)
        if version is None:
            raise Unavailable(f"{name} does not answer")
        loaded = dict.fromkeys(("lds", "cds", "live", "shadow"), version)
        return LoadedConfig(mounted=version, loaded=loaded, warming=0, rejected=0, agreed=True)

    def user_applies(self, spec: Object) -> None:
        """`kubectl apply` of the ModelDeployment."""
        meta = {"name": NAME, "namespace": NAMESPACE}
        before = self.cluster.objects.get((KIND, *KEY))
        obj = {"kind": KIND, "metadata": {**meta, **({} if not before else before["metadata"])}, "spec": spec}
        self.cluster.put({**({"status": before["status"]} if before and "status" in before else {}), **obj})

    def service(self, name: str, port: int) -> None:
        """Somebody's Service."""
        meta = {"name": name, "namespace": NAMESPACE}
        self.cluster.put({"kind": "Service", "metadata": meta, "spec": {"ports": [{"port": port}]}})

    def kubelet(self) -> None:
        """Pods follow their Deployments; routers load what is mounted."""
        for (kind, namespace, name), obj in list(self.cluster.objects.items()):
            if kind == "Deployment":
                self._pods(namespace, name, obj)
        for (kind, _, name), pod in list(self.cluster.objects.items()):
            if kind == "Pod" and pod["metadata"]["labels"].get("shadowlift.dev/component") == "router":
                self._load(name, pod)

    def _pods(self, namespace: str, name: str, deployment: Object) -> None:
        wanted = {f"{name}-{i}" for i in range(deployment["spec"]["replicas"])}
        mine = {key[2] for key in self.cluster.objects if key[0] == "Pod" and key[2].rsplit("-", 1)[0] == name}
        for gone in mine - wanted:
            del self.cluster.objects["Pod", namespace, gone]
        template = deployment["spec"]["template"]
        for pod in sorted(wanted):
            waits = next((reason for prefix, reason in self.waiting.items() if pod.startswith(prefix)), None)
            ready = waits is None and not any(pod.startswith(prefix) for prefix in self.unready)
            container: Object = {
                "name": "bento",
                "imageID": "sha256:" + template["spec"]["containers"][0]["image"],
                "restartCount": 0,
            }
            if waits:
                container["state"] = {"waiting": {"reason": waits, "message": "as the test says"}}
            status = {
                "podIP": pod,
                "conditions": [{"type": "Ready", "status": str(ready)}],
                "containerStatuses": [container],
            }
            before = self.cluster.objects.get(("Pod", namespace, pod))
            if before is None or before["status"] != status:
                meta = {
                    "name": pod,
                    "namespace": namespace,
                    "labels": template["metadata"]["labels"],
                    "annotations": {},
                }
                self.cluster.put(
                    {"kind": "Pod", "metadata": meta if before is None else before["metadata"], "status": status}
                )

    def _load(self, name: str, pod: Object) -> None:
        config_map = self.cluster.objects.get(("ConfigMap", NAMESPACE, f"{NAME}-router"))
        if config_map is None or "shipper.json" not in config_map.get("data", {}):  # none, or somebody else's
            return
        if name in self._versions and not self.refresh:
            return
        version = CaptureConfig.model_validate(json.loads(config_map["data"]["shipper.json"])).version
        told = pod["metadata"].get("annotations", {}).get("shadowlift.dev/refresh", "")
        if name in self._versions and not told.startswith(version):
            return
        intent = RouterIntent.model_validate(json.loads(config_map["data"]["intent.json"]))
        before = self._mounted.get(name)
        if before is not None:
            known = RouterIntent.model_validate(json.loads(before)).clusters
            assert intent.routed <= known, (
                "a route to a cluster that the router did not have: make before break is broken"
            )
        self._mounted[name], self._versions[name] = config_map["data"]["intent.json"], version
        answers = intent.candidate.host if intent.serve == "candidate" and intent.candidate else intent.current.host
        if not self.served or self.served[-1] != answers:
            self.served.append(answers)

    def watch(self) -> None:
        """All that changed reaches the operator's store."""
        for obj in self.cluster.objects.values():
            ours = obj["metadata"].get("labels", {}).get(LABEL_MANAGED_BY) == MANAGED_BY
            if ours or obj["kind"] in ("Service", KIND):  # all other watches are filtered by label
                self.store.put(copy.deepcopy(obj))
        there = {obj["metadata"]["uid"] for obj in self.cluster.objects.values()}
        for kind in ("Pod", "Deployment", "Service", "ConfigMap"):
            for gone in self.store.unlisted(kind, None, there, sys.maxsize):
                self.store.drop(gone)

    async def cycle(self) -> float | None:
        """One reconcile cycle of the operator."""
        self.kubelet()
        self.watch()
        try:
            self.memory.evidence.take(
                await self.recorder.counters(sorted(self.memory.watched.values())), self.clock.now()
            )
        except Unavailable as error:
            self.memory.evidence.error = str(error)
        try:
            return await self.reconciler.reconcile(KEY, self.installation, self.clock)
        except Conflict:
            return 0.0

    async def settle(self, limit: int = 60) -> None:
        """Cycle until a whole cycle changes nothing; the operator is started again where it died.

        Time goes on until hanging requests have ended, where the routers keep something for them, and a rejection has stood long enough.
        """
        quiet, waited = 0, False
        for _ in range(limit):
            before = {key: obj["metadata"]["resourceVersion"] for key, obj in self.cluster.objects.items()}
            try:
                await self.cycle()
            except OperatorDied:
                self.restart()
                quiet, waited = 0, False  # a new process has not seen yet that the routers agree
                continue
            self.kubelet()
            after = {key: obj["metadata"]["resourceVersion"] for key, obj in self.cluster.objects.items()}
            self.clock.time += 0.5
            quiet = quiet + 1 if before == after else 0
            if quiet and self.clock.time < (confirmed := self._confirmed_at()):
                quiet, self.clock.time = 0, confirmed
            if quiet >= 3 and (waited or not self._keeps_spare()):
                return
            if quiet >= 3:
                quiet, waited, self.clock.time = 0, True, self.clock.time + 70.0
        raise AssertionError(f"not settled after {limit} cycles: {self.status.get('conditions')}")

    async def stand(self) -> None:
        """What a look says now has stood long enough for a rejection."""
        await self.cycle()
        self.clock.time += REJECT_AFTER_S

    def _confirmed_at(self) -> float:
        """When the rejection that status speaks of has stood long enough; 0: it speaks of none."""
        trial = self.status.get("trial") or {}
        said = [one.get("verdict") or {} for one in (trial, *trial.get("contenders", []))]
        return max(
            (parse(one["rejectingSince"]) + REJECT_AFTER_S for one in said if "rejectingSince" in one), default=0.0
        )

    def _keeps_spare(self) -> bool:
        published = self.cluster.objects.get(("ConfigMap", NAMESPACE, f"{NAME}-router"))
        return published is not None and bool(json.loads(published["data"]["intent.json"])["spare"])

    @property
    def status(self) -> Object:
        """Status of the ModelDeployment."""
        return self.cluster.objects[KIND, *KEY].get("status", {})

    @property
    def trial(self) -> str:
        """Uid of the trial."""
        return str(self.status["trial"]["uid"])

    def condition(self, kind: str) -> Object | None:
        """One condition."""
        return next((c for c in self.status["conditions"] if c["type"] == kind), None)

    def count(self, epoch: int, **counters: Any) -> None:
        """The recorder has counted this much in an epoch of the trial."""
        before = self.recorder.counters_of.get(self.trial, TrialCounters(uid=self.trial))
        epochs = {**before.epochs, str(epoch): EpochCounters(**counters)}
        self.recorder.counters_of[self.trial] = before.model_copy(update={"epochs": epochs})

    def warm_up(self, disagreements: int = 10) -> None:
        """The first pairs compare."""
        values = {"M": 40, "B": 60}
        self.count(
            1,
            live=100,
            booked=100,
            ties=100 - disagreements,
            disagreements=disagreements,
            current_values=values,
            candidate_values=values,
        )


_LIVED: dict[str, World] = {}


async def shadowing() -> World:
    """A trial whose evidence counts; none has come. Lived once, copied for each test."""
    if "shadowing" not in _LIVED:
        world = World()
        world.service("rules", 8080)
        world.user_applies(spec())
        await world.settle()
        world.warm_up()
        await world.settle()
        _LIVED["shadowing"] = world
    return _LIVED["shadowing"].copy()


def spec(**changes: Any) -> Object:
    """A ModelDeployment's spec; `changes` replaces top-level fields."""
    return {
        "current": {"service": {"name": "rules", "port": 8080}},
        "candidates": [{"name": "logreg", "bento": {"image": "logreg:1", "replicas": 2}}],
        "prediction": {"body": "diagnosis", "map": {"malignant": "M", "benign": "B"}},
        "objective": {"outcome": {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}]}},
        "deadline": "1h",
        **changes,
    }


VALUES = {
    "current_values": {"M": 400, "B": 600},
    "candidate_values": {"M": 400, "B": 600},
    "outcome_values": {"M": 40, "B": 60},
}
BETTER = {
    "live": 1000,
    "booked": 1000,
    "wins": 90,
    "losses": 10,
    "ties": 900,
    "disagreements": 100,
    "labelled": 100,
    **VALUES,
}
WORSE = {**BETTER, "wins": 10, "losses": 90}
EQUAL = {**BETTER, "wins": 50, "losses": 50}

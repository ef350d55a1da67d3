"""Gather everything about one ModelDeployment into an `Observed`: first step of a cycle, the only reader of the store.

Objects become small typed views; what cannot be read raises, and the cycle ends without a decision.
"""

import asyncio
import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from shadowlift.api.names import (
    ANNOTATION_CONFIG_VERSION,
    ANNOTATION_REFRESH,
    KIND,
    LABEL_COMPONENT,
    LABEL_WORKLOAD,
    PORT_SHIPPER,
)
from shadowlift.api.parse import parse_spec
from shadowlift.api.spec import Spec
from shadowlift.api.status import Status
from shadowlift.errors import InvalidInput, Unavailable
from shadowlift.reconcile.memory import Memory
from shadowlift.reconcile.ports import Clock, RouterPods
from shadowlift.reconcile.store import Key, Object, Store
from shadowlift.resources.identity import digest
from shadowlift.resources.owner import Owner
from shadowlift.resources.records import read_record
from shadowlift.resources.router.config import router_files
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.resources.routers import router_name
from shadowlift.resources.workload import BENTO_CONTAINER
from shadowlift.rollout.observed import (
    EvidenceView,
    Installation,
    Observed,
    Published,
    Resource,
    RouterPod,
    Routers,
    ServiceView,
    Workload,
)

WAITING_TROUBLE = frozenset(
    {
        "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
        "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    }
)  # fmt: skip


class Observer:
    """Turns the store, the memory and the routers' own word into values."""

    def __init__(self, store: Store, memory: Memory, pods: RouterPods, clock: Clock) -> None:
        self._store, self._memory, self._pods, self._clock = store, memory, pods, clock

    async def observe(self, key: Key, installation: Installation) -> Observed | None:
        """Everything about one ModelDeployment; None if it is gone or going.

        Raises:
            InvalidInput: a decision record or the routers' configuration cannot be read.
        """
        obj = self._store.get(KIND, *key)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            self._memory.forget(key)
            return None
        resource = read_resource(obj)
        records = tuple(read_record(item) for item in self._store.owned("ControllerRevision", key) if _ours(item, obj))
        routers = await self._routers(key, resource.owner)
        name = _current_service(resource.spec)
        service = self._store.get("Service", key[0], name) if name else None
        return Observed(
            resource=resource,
            records=records,
            installation=installation,
            workloads=self._workloads(key, obj),
            current_service=None if service is None else _service_view(service),
            routers=routers,
            evidence=self._evidence(key, routers),
            taken=self._taken(key),
            undecided=self._memory.undecided.get(key),
        )

    def _workloads(self, key: Key, resource: Object) -> dict[str, Workload]:
        pods = [pod for pod in self._store.owned("Pod", key) if not pod["metadata"].get("deletionTimestamp")]
        return {
            item["metadata"]["name"]: read_workload(item, pods)
            for item in self._store.owned("Deployment", key)
            if item["metadata"]["labels"].get(LABEL_COMPONENT) == "workload" and _ours(item, resource)
        }

    async def _routers(self, key: Key, owner: Owner) -> Routers:
        published = self._published(key, owner)
        every = [
            pod for pod in self._store.owned("Pod", key) if pod["metadata"]["labels"].get(LABEL_COMPONENT) == "router"
        ]
        alive = [pod for pod in every if not pod["metadata"].get("deletionTimestamp")]
        going = tuple(pod["metadata"]["uid"] for pod in every if pod["metadata"].get("deletionTimestamp"))
        self._memory.see_routers(key, frozenset(pod["metadata"]["uid"] for pod in every))
        loaded = await asyncio.gather(*(self._loaded(pod, published) for pod in alive))
        pods = tuple(_router_pod(pod, version) for pod, version in zip(alive, loaded, strict=True))
        seen = Routers(published, pods, going)
        return replace(seen, agreed_since=self._agreed_since(key, seen))

    def _agreed_since(self, key: Key, routers: Routers) -> float | None:
        """When all routers were first seen to have loaded what is published; begins anew where one has not."""
        if not routers.agreed or routers.published is None:
            self._memory.agreed.pop(key, None)
            return None
        version, since = self._memory.agreed.get(key, ("", 0.0))
        if version != routers.published.version:
            since = self._clock.now()
            self._memory.agreed[key] = (routers.published.version, since)
        return since

    def _published(self, key: Key, owner: Owner) -> Published | None:
        """Read once per version: comparing all files is the dearest part of a cycle."""
        config_map = self._store.get("ConfigMap", key[0], router_name(owner))
        if config_map is None:
            return None
        known = self._memory.published.get(key)
        if known is None or known[0] is not config_map:
            known = self._memory.published[key] = (config_map, read_published(config_map))
        return known[1]

    async def _loaded(self, pod: Object, published: Published | None) -> str | None:
        """Ask the pod only while it is not known to have loaded what is published."""
        uid, restarts = pod["metadata"]["uid"], _restarts(pod)
        known = self._memory.loaded.get(uid)
        if published is None or not _is_ready(pod):
            return None
        if known == (restarts, published.version):
            return published.version
        address = pod.get("status", {}).get("podIP")
        if not address:
            return None
        try:
            answer = await self._pods.loaded(f"{address}:{PORT_SHIPPER}")
        except Unavailable:
            return None  # not verified: the same as not loaded, whatever it may have loaded
        if not answer.agreed or answer.mounted is None:
            return None
        self._memory.loaded[uid] = (restarts, answer.mounted)
        return answer.mounted

    def _evidence(self, key: Key, routers: Routers) -> EvidenceView:
        memory = self._memory.evidence
        trial = self._memory.watched.get(key)
        ledger, known = memory.registered.get(trial or "", (None, frozenset[str]()))
        registered = ledger is not None and ledger == memory.ledger and known.issuperset(routers.shipping)
        return EvidenceView(
            ledger=memory.ledger,
            counters=memory.counters.get(trial) if trial else None,
            at=memory.at,
            error=memory.error,
            traffic=tuple(memory.traffic.get(trial, ())) if trial else (),
            registered=registered,
        )

    def _taken(self, key: Key) -> tuple[str, ...]:
        return tuple(sorted(self._memory.taken.get(key, {})))


def read_resource(obj: Object) -> Resource:
    """The ModelDeployment as values; a spec or status that the models refuse is told apart from an absent one."""
    meta = obj["metadata"]
    spec: Spec | InvalidInput
    try:
        spec = parse_spec(obj.get("spec") or {})
    except InvalidInput as error:
        spec = error
    status: Status | None
    try:
        status = Status.model_validate(obj["status"]) if obj.get("status") else None
    except ValidationError:  # of another version: it is rebuilt from the records
        status = None
    return Resource(Owner(meta["name"], meta["namespace"], meta["uid"]), meta["generation"], spec, status)


def read_workload(deployment: Object, pods: list[Object]) -> Workload:
    """A Deployment and its pods as one view."""
    name = deployment["metadata"]["name"]
    mine = [pod for pod in pods if pod["metadata"].get("labels", {}).get(LABEL_WORKLOAD) == name]
    ready = [pod for pod in mine if _is_ready(pod)]
    conditions = deployment.get("status", {}).get("conditions", [])
    stalled = any(c["type"] == "Progressing" and c.get("reason") == "ProgressDeadlineExceeded" for c in conditions)
    return Workload(
        name=name,
        replicas=deployment["spec"].get("replicas", 1),
        ready=len(ready),
        images=frozenset(  # of the bento alone: a mesh may have put its own container beside it
            status["imageID"]
            for pod in ready
            for status in pod["status"].get("containerStatuses", [])
            if status["name"] == BENTO_CONTAINER
        ),
        trouble=next((trouble for pod in mine if (trouble := _trouble(pod)) is not None), None),
        stalled=stalled,
    )


def read_published(config_map: Object) -> Published:
    """What the routers are told.

    A ConfigMap whose intent cannot be read (another version of the operator wrote it) raises InvalidInput: guessing would move
    traffic.
    """
    version = config_map["metadata"].get("annotations", {}).get(ANNOTATION_CONFIG_VERSION, "")
    data = config_map.get("data", {})
    try:
        intent = RouterIntent.model_validate(json.loads(data["intent.json"]))
        number = int(version.split("-")[0])
    except (KeyError, ValueError) as error:
        name = config_map["metadata"]["name"]
        raise InvalidInput(
            f"ConfigMap/{name}", "does not hold a readable router configuration; delete it to have it made anew"
        ) from error
    return Published(version, number, intent, fresh=_hash_of(data) == _hash_of_ours(data["intent.json"], version))


@lru_cache(maxsize=1024)
def _hash_of_ours(intent: str, version: str) -> str:
    """Of the files that this operator would write; asked in every cycle, and the same until something is published."""
    return _hash_of(router_files(RouterIntent.model_validate_json(intent), version))


def _hash_of(files: Object) -> str:
    return digest(files, 64)


def _current_service(spec: Spec | InvalidInput) -> str | None:
    return spec.current.service.name if isinstance(spec, Spec) and spec.current.service else None


def _service_view(service: Object) -> ServiceView:
    ports = {port["port"]: port.get("targetPort", port["port"]) for port in service["spec"].get("ports", [])}
    headless = service["spec"].get("clusterIP") == "None"
    elsewhere = {port: target for port, target in ports.items() if headless and target != port}
    return ServiceView(service["metadata"]["name"], frozenset(ports), elsewhere)


def _ours(obj: Object, resource: Object) -> bool:
    references = obj["metadata"].get("ownerReferences", [])
    return any(ref.get("controller") and ref["uid"] == resource["metadata"]["uid"] for ref in references)


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _restarts(pod: Object) -> int:
    status = pod.get("status", {})
    every: list[dict[str, Any]] = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    return sum(container.get("restartCount", 0) for container in every)


def _router_pod(pod: Object, loaded: str | None) -> RouterPod:
    meta = pod["metadata"]
    refresh = meta.get("annotations", {}).get(ANNOTATION_REFRESH)
    return RouterPod(meta["name"], meta["uid"], _is_ready(pod), loaded, refresh, _trouble(pod))


def _trouble(pod: Object) -> str | None:
    status = pod.get("status", {})
    for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])):
        waiting = container.get("state", {}).get("waiting") or {}
        if waiting.get("reason") in WAITING_TROUBLE:
            return f"{waiting['reason']}: {waiting.get('message', 'no message')}"[:300]
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"Unschedulable: {condition.get('message', '')}"[:300]
    return None

"""Two clusters behind one bench: the fake of the component tests, and a namespace of a real API server."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from dev.traffic.cluster_api import DEPLOYMENT, MODEL_DEPLOYMENT, NAMESPACE, POD, Cluster, Kind, is_rolled_out, wait_for
from shadowlift.adapters.kubernetes import KubernetesCluster, connect
from shadowlift.api.crd import crd
from shadowlift.reconcile.ports import Cluster as Port
from shadowlift.resources.owner import Owner
from shadowlift.telemetry.metrics import Metrics
from tests.e2e.place import OPERATOR, SYSTEM
from tests.support.world import FakeCluster, spec

Object = dict[str, Any]
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
VERSIONS = {
    "ConfigMap": "v1",
    "Service": "v1",
    "Pod": "v1",
    "Deployment": "apps/v1",
    "ControllerRevision": "apps/v1",
    "ModelDeployment": MODEL_DEPLOYMENT.api_version,
}


@dataclass
class Bench:
    """A cluster as the operator sees it (`cluster`), and as a person with kubectl does (`user`, `get`, `gone`)."""

    cluster: Port
    owner: Owner
    user: Callable[[Object], Awaitable[Object]]
    get: Callable[[str, str], Awaitable[Object | None]]
    gone: Callable[[str, str], Awaitable[None]]


def resource(name: str, namespace: str) -> Object:
    """A ModelDeployment."""
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": VERSIONS["ModelDeployment"], "kind": "ModelDeployment", "metadata": meta, "spec": spec()}


@asynccontextmanager
async def fake() -> AsyncIterator[Bench]:
    """In memory."""
    cluster = FakeCluster()
    made = cluster.put(resource("triage", "clinic"))

    async def user(obj: Object) -> Object:
        return cluster.put(obj)

    async def get(kind: str, name: str) -> Object | None:
        return cluster.objects.get((kind, "clinic", name))

    async def gone(kind: str, name: str) -> None:
        cluster.objects.pop((kind, "clinic", name), None)

    yield Bench(cluster, Owner("triage", "clinic", made["metadata"]["uid"]), user, get, gone)


@contextmanager
def definition() -> Iterator[None]:
    """The CRD on the API server of $KUBECONFIG, and no operator that would answer; afterwards all is as it was before."""
    if not os.environ.get("KUBECONFIG"):
        raise RuntimeError("KUBECONFIG must name the cluster to ask; without `-m cluster` none is asked")
    person, name = Cluster.connect(), crd()["metadata"]["name"]
    brought = person.get(CRD, name) is None
    if brought:
        person.apply(crd())
        wait_for("the CRD", lambda: _established(person), 30)
    operators = (person.get(DEPLOYMENT, OPERATOR, SYSTEM) or {"spec": {"replicas": 0}})["spec"]["replicas"]
    try:
        _scale(person, operators, 0)
        yield
    finally:
        _scale(person, operators, operators)
        if brought:
            person.delete(CRD, name)


def _scale(person: Cluster, installed: int, wanted: int) -> None:
    """So many operators, where any are installed."""
    if not installed:
        return
    person.patch(DEPLOYMENT, OPERATOR, SYSTEM, {"spec": {"replicas": wanted}})
    labels = {"app.kubernetes.io/component": "operator"}
    wait_for(f"{wanted} operators", lambda: len(person.pods(SYSTEM, labels)) == wanted, 120)
    wait_for("the operators", lambda: is_rolled_out(person.get(DEPLOYMENT, OPERATOR, SYSTEM)), 120)


@asynccontextmanager
async def real() -> AsyncIterator[Bench]:
    """A namespace of its own on that API server; it goes afterwards."""
    person, namespace = Cluster.connect(), f"contract-{uuid4().hex[:8]}"
    person.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}
    person.apply(account, resource("triage", namespace))  # a cluster without controllers makes no account by itself
    made = person.get(MODEL_DEPLOYMENT, "triage", namespace) or {}
    client = await connect()

    async def user(obj: Object) -> Object:
        person.apply(obj)
        return person.get(Kind(obj["apiVersion"], obj["kind"]), obj["metadata"]["name"], namespace) or {}

    async def get(kind: str, name: str) -> Object | None:
        return person.get(Kind(VERSIONS[kind], kind), name, namespace)

    async def gone(kind: str, name: str) -> None:
        person.delete(Kind(VERSIONS[kind], kind), name, namespace, grace=0)
        wait_for(f"{kind}/{name} to go", lambda: person.get(Kind(VERSIONS[kind], kind), name, namespace) is None, 30)

    try:
        owner = Owner("triage", namespace, made["metadata"]["uid"])
        yield Bench(KubernetesCluster(client, Metrics()), owner, user, get, gone)
    finally:
        await client.close()
        for pod in person.find(POD, namespace):
            person.delete(POD, pod["metadata"]["name"], namespace, grace=0)
        person.delete(NAMESPACE, namespace)


def _established(person: Cluster) -> bool:
    conditions = (person.get(CRD, crd()["metadata"]["name"]) or {}).get("status", {}).get("conditions", [])
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)

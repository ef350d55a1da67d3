"""Without the operator nothing breaks, and what is deleted goes."""

import time

import pytest

from dev.traffic.cluster_api import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    MODEL_DEPLOYMENT,
    NAMESPACE,
    POD,
    SERVICE,
    Kind,
    is_rolled_out,
    wait_for,
)
from tests.e2e.place import PATIENCE, SYSTEM, Place, asked, images, no_failures, spec

pytestmark = pytest.mark.disrupts
OPERATOR = "shadowlift-operator"
OWNED = {"app.kubernetes.io/managed-by": "shadowlift"}
KINDS = (DEPLOYMENT, SERVICE, CONFIG_MAP, CONTROLLER_REVISION, POD, Kind("policy/v1", "PodDisruptionBudget"))


def test_without_the_operator(place: Place):
    """Operator at zero: a router pod that is deleted comes back serving; the ModelDeployment and all of its objects can go."""
    cluster = place.cluster
    stand = place.traffic(50)
    place.apply(spec("logreg", images()["triage-logreg"]))
    place.until_loaded()
    stand.move(place.router_url)
    place.until_phase("Shadowing")
    replicas = cluster.get(DEPLOYMENT, OPERATOR, SYSTEM)["spec"]["replicas"]
    cluster.patch(DEPLOYMENT, OPERATOR, SYSTEM, {"spec": {"replicas": 0}})
    try:
        wait_for(
            "the operator to be gone",
            lambda: not cluster.pods(SYSTEM, {"app.kubernetes.io/component": "operator"}),
            PATIENCE,
        )
        gone = place.pods("router")[0]["metadata"]["name"]
        cluster.delete(POD, gone, place.namespace)
        wait_for("another router in its place", lambda: _ready_without(place, gone), PATIENCE)
        no_failures(asked(stand, 200))
        stand.move(place.rules_url)
        asked(stand, 50)
        began = time.monotonic()
        cluster.delete(MODEL_DEPLOYMENT, place.name, place.namespace)
        wait_for("all of its objects to be gone", lambda: not _left(place), 30, lambda: _left(place))
        print(f"objects gone or going: {time.monotonic() - began:.1f} s")
        cluster.delete(NAMESPACE, place.namespace)
        wait_for("the namespace to be gone", lambda: cluster.get(NAMESPACE, place.namespace) is None, 60)
        print(f"namespace gone: {time.monotonic() - began:.1f} s")
    finally:
        cluster.patch(DEPLOYMENT, OPERATOR, SYSTEM, {"spec": {"replicas": replicas}})
        wait_for("the operator to be back", lambda: is_rolled_out(cluster.get(DEPLOYMENT, OPERATOR, SYSTEM)), PATIENCE)


def _ready_without(place: Place, name: str) -> bool:
    names = {pod["metadata"]["name"] for pod in place.pods("router")}
    return len(names) == 2 and name not in names


def _left(place: Place) -> list[str]:
    """Objects that are not on their way out: a pod may use its grace period."""
    return [
        f"{kind.kind}/{item['metadata']['name']}"
        for kind in KINDS
        for item in place.cluster.find(kind, place.namespace, OWNED)
        if not item["metadata"].get("deletionTimestamp")
    ]

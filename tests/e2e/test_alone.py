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
from tests.e2e.place import OPERATOR, PATIENCE, SYSTEM, Place, answered_by, asked, images, no_failures, spec

pytestmark = pytest.mark.disrupts
GONE_S = 30.0  # what is promised
OWNED = {"app.kubernetes.io/managed-by": "shadowlift"}
KINDS = (DEPLOYMENT, SERVICE, CONFIG_MAP, CONTROLLER_REVISION, POD, Kind("policy/v1", "PodDisruptionBudget"))


def test_without_the_operator(place: Place):
    """Operator at zero: deleted routers come back with the promoted candidate; a ModelDeployment and its objects can go."""
    cluster = place.cluster
    stand = place.traffic(50)
    place.apply(spec("logreg", images()["triage-logreg"]))
    place.until_loaded()
    stand.move(place.router_url)
    place.until_phase("Promoted")
    place.until_loaded()
    replicas = cluster.get(DEPLOYMENT, OPERATOR, SYSTEM)["spec"]["replicas"]
    cluster.patch(DEPLOYMENT, OPERATOR, SYSTEM, {"spec": {"replicas": 0}})
    try:
        wait_for(
            "the operator to be gone",
            lambda: not cluster.pods(SYSTEM, {"app.kubernetes.io/component": "operator"}),
            PATIENCE,
        )
        for gone in [pod["metadata"]["name"] for pod in place.pods("router")]:
            cluster.delete(POD, gone, place.namespace)
            wait_for("another router in its place", lambda gone=gone: _ready_without(place, gone), PATIENCE)  # type: ignore[misc]
        no_failures(answered_by(stand, "candidate"))
        stand.move(place.rules_url)
        asked(stand, 50)
        began = time.monotonic()
        cluster.delete(MODEL_DEPLOYMENT, place.name, place.namespace)
        wait_for("it and all of its objects to be gone", lambda: not _left(place), GONE_S, lambda: _left(place))
        print(f"it and its objects gone: {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        cluster.delete(NAMESPACE, place.namespace)
        wait_for("the namespace to be gone", lambda: cluster.get(NAMESPACE, place.namespace) is None, GONE_S)
        print(f"namespace gone: {time.monotonic() - began:.1f} s")
    finally:
        cluster.patch(DEPLOYMENT, OPERATOR, SYSTEM, {"spec": {"replicas": replicas}})
        wait_for("the operator to be back", lambda: is_rolled_out(cluster.get(DEPLOYMENT, OPERATOR, SYSTEM)), PATIENCE)


def _ready_without(place: Place, name: str) -> bool:
    names = {pod["metadata"]["name"] for pod in place.pods("router")}
    return len(names) == 2 and name not in names


def _left(place: Place) -> list[str]:
    """What is there of it, also what is on its way out."""
    owned = ((kind, place.cluster.find(kind, place.namespace, OWNED)) for kind in KINDS)
    own = place.cluster.find(MODEL_DEPLOYMENT, place.namespace)
    return [
        f"{kind.kind}/{item['metadata']['name']}" for kind, items in (*owned, (MODEL_DEPLOYMENT, own)) for item in items
    ]

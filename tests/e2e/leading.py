"""Which of the operator's pods leads. Used by tests that take it away."""

from datetime import datetime

from dev.traffic.cluster_api import Cluster, Kind, Manifest
from tests.e2e.place import SYSTEM

LEASE = Kind("coordination.k8s.io/v1", "Lease")
LEASE_NAME = "shadowlift-operator"


def leader(cluster: Cluster) -> Manifest | None:
    """The operator's pod that holds the lease, ready or not."""
    holder = (cluster.get(LEASE, LEASE_NAME, SYSTEM) or {"spec": {}})["spec"].get("holderIdentity")
    pods = cluster.pods(SYSTEM, {"app.kubernetes.io/component": "operator"})
    return next((pod for pod in pods if pod["metadata"]["name"] == holder), None)


def renewed(cluster: Cluster) -> float:
    """When the lease was renewed last, in unix seconds; 0 where nobody ever held it."""
    at = (cluster.get(LEASE, LEASE_NAME, SYSTEM) or {"spec": {}})["spec"].get("renewTime")
    return datetime.fromisoformat(at).timestamp() if at else 0.0

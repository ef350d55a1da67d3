"""Which of the operator's pods leads. Used by tests that take it away."""

from dev.traffic.cluster_api import Cluster, Kind, Manifest
from tests.e2e.place import SYSTEM

LEASE = Kind("coordination.k8s.io/v1", "Lease")
LEASE_NAME = "shadowlift-operator"


def leader(cluster: Cluster) -> Manifest | None:
    """The operator's pod that holds the lease, ready or not."""
    holder = (cluster.get(LEASE, LEASE_NAME, SYSTEM) or {"spec": {}})["spec"].get("holderIdentity")
    pods = cluster.pods(SYSTEM, {"app.kubernetes.io/component": "operator"})
    return next((pod for pod in pods if pod["metadata"]["name"] == holder), None)

"""What an earlier telling left in the namespace of a story. Called by the stories, which begin in an empty one, and by `dev/up.sh`.

A namespace that the demo did not make is never touched: with KUBECONFIG set it may be anybody's.
"""

import sys
from collections.abc import Sequence

from dev.traffic.cluster_api import MODEL_DEPLOYMENT, NAMESPACE, ApiError, Cluster, wait_for
from dev.traffic.manifests import made_here


class NotOurs(Exception):
    """There is a namespace of that name which the demo did not make; nothing was changed."""


def found(cluster: Cluster, namespace: str) -> bool:
    """Whether there are any.

    Raises:
        NotOurs: the namespace is somebody else's; the text says what to do.
        ApiError: the API server did not answer.
    """
    there = cluster.get(NAMESPACE, namespace)
    if there is None:
        return False
    if not made_here(there["metadata"].get("labels")):
        raise NotOurs(
            f"namespace {namespace} exists and was not made by this demo, which would empty it: "
            "delete it, or use another cluster"
        )
    return True


def remove(cluster: Cluster, namespace: str, seconds: float) -> None:
    """Remove them with the namespace; safe where there are none.

    Raises:
        NotOurs: as `found`.
        ApiError: as `found`.
        Overdue: the namespace does not go.
    """
    if not found(cluster, namespace):
        return
    for thing in cluster.find(MODEL_DEPLOYMENT, namespace):
        cluster.delete(MODEL_DEPLOYMENT, thing["metadata"]["name"], namespace)
    cluster.delete(NAMESPACE, namespace)
    wait_for(
        f"namespace {namespace} of an earlier run to be gone",
        lambda: cluster.get(NAMESPACE, namespace) is None,
        seconds,
    )


def main(namespaces: Sequence[str]) -> int:
    """`python -m dev.demo.leftovers NAMESPACE...`: exit code 1 where a story could not begin in one of them; changes nothing."""
    try:
        cluster = Cluster.connect()
        for namespace in namespaces:
            found(cluster, namespace)
    except (NotOurs, ApiError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

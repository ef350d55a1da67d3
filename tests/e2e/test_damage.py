"""In mid-trial, under traffic, one part after another is killed: live requests do not notice, evidence and verdict stay right."""

import signal

import pytest

from dev.traffic.cluster_api import Cluster, Manifest, is_ready, wait_for
from tests.e2e.leading import leader
from tests.e2e.node import send
from tests.e2e.place import SYSTEM, Place, asked, images, no_failures, spec

pytestmark = pytest.mark.disrupts
CUT = (
    "refused",
    "reset",
    "disconnected",
    "broken",
)  # what a client sees of a process that is killed: each a connection's end


def system_pods(cluster: Cluster, component: str) -> list[Manifest]:
    """Ready pods of the installation."""
    return [pod for pod in cluster.pods(SYSTEM, {"app.kubernetes.io/component": component}) if is_ready(pod)]


def ready_leader(cluster: Cluster) -> Manifest | None:
    """The operator's pod that holds the lease, if it is ready."""
    pod = leader(cluster)
    return pod if pod is not None and is_ready(pod) else None


def restarts(pod: Manifest) -> int:
    """How often the pod's containers have been started again."""
    status = pod["status"]
    every = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    return sum(container["restartCount"] for container in every)


def test_damage(place: Place):
    """Kill -9 of operator leader, recorder, shipper and one router's Envoy: promoted all the same, outcomes all there."""
    cluster = place.cluster
    stand = place.traffic(50)
    # A lift worth waiting for that is never shown to be out of reach keeps the trial going until the damage is done.
    place.apply(spec("logreg", images()["triage-logreg"], paused=False))
    place.until_loaded()
    stand.move(place.router_url)
    place.until("the trial counts", lambda s: s.get("trial", {}).get("disagreement") is not None)
    place.patch(paused=True)
    place.until_phase("Paused")

    first = wait_for("a leader", lambda: ready_leader(cluster), 60)
    send(first, signal.SIGKILL, "shadowlift operator")
    wait_for("another leader or the same again", lambda: ready_leader(cluster), 60)
    no_failures(asked(stand, 100))

    (recorder,) = system_pods(cluster, "recorder")
    send(recorder, signal.SIGKILL, "shadowlift recorder")
    wait_for(
        "the recorder to be back",
        lambda: any(restarts(p) > restarts(recorder) for p in system_pods(cluster, "recorder")),
        120,
    )
    no_failures(asked(stand, 100))

    router, other = place.pods("router")
    send(router, signal.SIGKILL, "shadowlift shipper")
    no_failures(asked(stand, 100))

    before = stand.report()
    send(other, signal.SIGKILL, "envoy -c")
    wait_for("that router to be back", lambda: len(place.pods("router")) == 2, 120)
    report = asked(stand, 100)
    refused = report["failed"] - before["failed"]
    at_once = [f for f in report["failures"] if f["error"] not in CUT]
    assert not at_once, f"failures other than cut or refused connects: {at_once}"
    print(f"router killed: {refused} connects refused or cut")
    window = [f["at"] for f in report["failures"]]
    assert not window or max(window) - min(window) < 2_000_000, "refused for longer than 2 s"

    place.patch(paused=False)
    place.until_phase("Promoted")
    audit = stand.audit()
    assert not audit.missing, f"accepted outcomes that are not in the ledger: {audit}"
    print(f"audit: {audit}")

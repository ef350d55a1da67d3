"""In mid-trial, under traffic, one part after another is killed: live requests do not notice, evidence and verdict stay right."""

import signal
import time
from typing import Any

import pytest

from dev.traffic import manifests
from dev.traffic.cluster_api import POD, Cluster, Manifest, is_ready, restarts, wait_for
from dev.traffic.stand import Stand
from tests.e2e.leading import leader, renewed
from tests.e2e.node import send
from tests.e2e.place import SYSTEM, Place, asked, images, no_failures, spec

pytestmark = pytest.mark.disrupts
CUT = (
    "refused",
    "reset",
    "disconnected",
    "broken",
)  # what a client sees of a process that is killed: a connection's end
CUT_FOR_US = 2_000_000
# Evidence comes in while parts are killed, and a person has the last word: the trial is open until the damage is done.
OUTCOME = {"maturity": "20s", "from": [{"serviceAccount": manifests.SENDER_ACCOUNT}]}


def system_pods(cluster: Cluster, component: str) -> list[Manifest]:
    """Ready pods of the installation."""
    return [pod for pod in cluster.pods(SYSTEM, {"app.kubernetes.io/component": component}) if is_ready(pod)]


def kill(cluster: Cluster, pod: Manifest, command: str) -> float:
    """SIGKILL, and wait until it has been started again in the same pod; when it was killed, in unix seconds."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    killed = time.time()  # noqa: TID251 - the clients' clock is this machine's
    send(pod, signal.SIGKILL, command)

    def back() -> bool:
        now = cluster.get(POD, name, namespace)
        return now is not None and restarts(now) > restarts(pod) and is_ready(now)

    wait_for(f"{command} of {name} to be back", back, 120)
    return killed


def failures(stand: Stand) -> list[dict[str, Any]]:
    """Every live request that failed so far."""
    return [attempt for attempt in stand.log() if attempt["error"]]


def pods(place: Place) -> set[str]:
    """Those that must all live to the end."""
    every = [*place.pods("router"), *system_pods(place.cluster, "operator"), *system_pods(place.cluster, "recorder")]
    return {pod["metadata"]["uid"] for pod in every}


def test_damage(place: Place):
    """Kill -9 of operator leader, recorder, shipper and one router's Envoy: promoted all the same, outcomes all there."""
    cluster = place.cluster
    stand = place.traffic(50)
    objective, promotion = {"outcome": OUTCOME}, {"policy": "Manual"}
    place.apply(spec("logreg", images()["triage-logreg"], objective=objective, promotion=promotion))
    place.until_loaded()
    stand.move(place.router_url)
    place.until("the trial counts", lambda s: s.get("trial", {}).get("disagreement") is not None)
    before = pods(place)

    first = wait_for("a leader", lambda: leader(cluster), 60)
    killed = kill(cluster, first, "shadowlift operator")
    wait_for("a leader since then", lambda: leader(cluster) and renewed(cluster) > killed, 60)
    no_failures(asked(stand, 100))

    (recorder,) = system_pods(cluster, "recorder")
    kill(cluster, recorder, "shadowlift recorder")
    no_failures(asked(stand, 100))

    router, other = place.pods("router")
    kill(cluster, router, "shadowlift shipper")
    no_failures(asked(stand, 100))

    killed_us = kill(cluster, other, "envoy -c") * 1e6
    asked(stand, 100)
    cut = failures(stand)
    print(f"router killed: {len(cut)} connects refused or cut")
    wrong = [
        a for a in cut if a["error"] not in CUT or a["at"] + a["us"] < killed_us or a["at"] > killed_us + CUT_FOR_US
    ]
    assert not wrong, f"failures other than cut or refused connects of two seconds: {wrong[:5]}"
    assert place.status["phase"] == "Shadowing"

    status = place.until("a proposal", lambda s: any(one["kind"] == "Proposed" for one in s["history"]))
    assert status["phase"] == "Shadowing", "promoted without the person who is to approve"
    place.patch(promotion={"policy": "Manual", "approve": status["trial"]["uid"]})
    place.until_phase("Promoted")
    assert failures(stand) == cut
    assert pods(place) == before, "evicted or replaced"
    audit = stand.audit()
    assert audit.holds, f"accepted outcomes that are not in the ledger as they were sent: {audit}"
    print(f"audit: {audit}")

"""A canary whose candidate breaks under load. Used by the end-to-end tests and by the longer ones."""

import time

from dev.traffic.cluster_api import POD, Manifest
from tests.e2e.node import refuse
from tests.e2e.place import BENTO_PORT, CPU, LITTLE_CPU, Place, asked, images, no_failures, spec


def break_canary(place: Place, fault: str) -> None:
    """At a quarter of the requests: the circuit breaker takes the candidate out, and no request is lost meanwhile."""
    stand = place.traffic(50)
    step = {"minimumDuration": "10m"}
    steps = [{"weight": "25%", **step}, {"weight": "50%", **step}]
    cpu = LITTLE_CPU if fault == "gone" else CPU  # new ones start then all the time, and must not take the operator's
    wanted = spec("logreg", images()["triage-faulty"], cpu, strategy={"canary": {"steps": steps}})
    place.apply({**wanted, "answerWithin": "500ms", "deadline": "40m"})
    place.until_loaded()
    stand.move(place.router_url)
    place.until("a quarter is shared", lambda s: s.get("weight") == "25%")
    asked(stand, 200)
    workload = place.status["trial"]["workload"]
    before = time.monotonic()
    if fault == "refuse":
        for pod in place.pods("workload", ready=False):
            refuse(pod, BENTO_PORT)
    elif fault != "gone":
        place.fault(fault, workload)

    def no_traffic(status: Manifest) -> bool:
        if fault == "gone":  # and whatever is made in their place
            for pod in place.pods("workload", ready=False):
                place.cluster.delete(POD, pod["metadata"]["name"], place.namespace, grace=0)
        return status.get("weight") == "0%"

    status = place.until("no traffic", no_traffic, 60)
    print(f"{fault}: from fault to zero weight {time.monotonic() - before:.1f} s")
    assert status["trial"]["verdict"]["reason"] == "CircuitBreaker", status["trial"]["verdict"]
    no_failures(asked(stand, 200))
    assert place.status["phase"] == "Rejected"

"""From `kubectl apply` to a promoted model and back, with live traffic through every transition: nobody loses a request."""

import json
import time
from datetime import datetime

from dev.traffic.cluster_api import POD
from dev.traffic.stand import Stand
from tests.e2e.place import Place, answered_by, asked, condition, images, no_failures, spec


def seconds_to_switch(stand: Stand, since_us: int, away_from: str) -> float:
    """From a moment until the last answer that this process gave to a client asking after it; at least one such answer was given."""
    late = [a["at"] + a["us"] for a in stand.log() if a["track"] == away_from and a["at"] + a["us"] > since_us]
    assert late, f"{away_from} did not answer any more: nothing was switched"
    return (max(late) - since_us) / 1e6


def bad_second(place: Place, stand: Stand) -> None:
    """The candidate fails on the first pairs that count; by them alone it would be rejected."""
    status = place.until("pairs to count from here", lambda s: "disagreement" in s.get("trial", {}))
    place.fault("error", status["trial"]["workload"])
    asked(stand, 60)
    place.fault("ok", status["trial"]["workload"])
    doubted = place.until("it to look like harm", lambda s: s["trial"]["verdict"]["reason"] == "Confirming")
    print(f"a bad second: {doubted['trial']['verdict']['message']}")


def test_promotion_and_back(place: Place):
    """A better model is promoted by live traffic, though not each second was a good one; faults of it cost nobody anything.

    `serve: Current` takes it back.
    """
    stand = place.traffic(50, driver=("--direct", place.rules_url))
    wanted = spec("logreg", images()["triage-faulty"])
    place.apply(wanted)
    applied = place.resource["spec"]
    place.until_loaded()
    stand.move(place.router_url)

    bad_second(place, stand)
    status = place.until_phase("Promoted")
    place.until_loaded()
    decided = status["history"][0]
    assert decided["kind"] == "Promoted"
    no_failures(answered_by(stand, "candidate"))
    decided_at = datetime.fromisoformat(decided["at"]).timestamp() * 1e6
    early = [a for a in stand.log() if a["track"] == "candidate" and a["at"] < decided_at]
    assert not early, f"a candidate answered clients before the decision: {early[:3]}"
    print(f"verdict to all traffic: {seconds_to_switch(stand, decided_at, 'current'):.1f} s")
    report = stand.report()
    print(f"direct comparison: {json.dumps(report.get('direct'))}")
    assert not report.get("direct", {}).get("mismatches"), report["direct"]
    assert report["direct"]["compared"] > 100

    resource = place.resource
    assert resource["spec"] == applied, "somebody wrote the spec"
    operator = [m for m in resource["metadata"]["managedFields"] if m["manager"] == "shadowlift"]
    assert {m.get("subresource") for m in operator} == {"status"}
    assert len(json.dumps(resource["status"])) < 8192
    assert condition(resource["status"], "Adopted")["status"] == "False"

    workload = resource["status"]["serving"]["workload"]
    for fault, answers in (("error", "current"), ("hang", "current"), ("ok", "candidate")):
        place.fault(fault, workload)
        no_failures(answered_by(stand, answers, seconds=120))
    for pod in place.pods("workload"):
        place.cluster.delete(POD, pod["metadata"]["name"], place.namespace, grace=0)
    no_failures(answered_by(stand, "current", 20))
    no_failures(answered_by(stand, "candidate", seconds=120))

    told_at = time.time() * 1e6  # noqa: TID251 - the clients' clock is this machine's
    place.patch(serve="Current")
    place.until("current serves", lambda s: s["serving"]["name"] == "current")
    place.until_loaded()
    report = answered_by(stand, "current")
    no_failures(report)
    print(f"serve: Current to no traffic: {seconds_to_switch(stand, told_at, 'candidate'):.1f} s")
    moves = report["changesTotal"]
    place.patch(serve="Auto")
    place.until(
        "the operator has seen it", lambda s: s["observedGeneration"] == place.resource["metadata"]["generation"]
    )
    report = asked(stand, 200)
    no_failures(report)
    assert report["changesTotal"] == moves, "a promotion that was taken back came back by itself"
    assert place.status["phase"] == "Rejected"

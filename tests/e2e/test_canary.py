"""A canary by real traffic: a shop's better offers are promoted step by step, harmful ones are rejected, and nobody loses a request."""

import time
from collections.abc import Iterator

import pytest

from dev.traffic.cluster_api import POD, Cluster, Manifest
from tests.e2e.place import SHOP, Place, asked, images, no_failures, shop_spec, spec


@pytest.fixture
def shop(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A namespace with the shop's rules in it."""
    name = "e2e-" + request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")[:40].strip("-")
    here = Place(cluster, name, name="offers", story=SHOP)
    here.open()
    yield here
    here.close()


def weights(status: Manifest) -> list[str]:
    """The shares that the trial has given its candidate."""
    return [epoch["weight"] for epoch in status["trial"]["epochs"]]


def test_a_better_offer_is_promoted_step_by_step(shop: Place):
    """5, 25, 50 %, then all: no request lost, nobody leaves the canary, and each share is the one that was asked for."""
    stand = shop.traffic(60)
    shop.apply(shop_spec("personal", images()["offers-personal"]))
    shop.until_loaded()
    stand.move(shop.router_url)
    status = shop.until_phase("Promoted", 400)
    assert weights(status) == ["0%", "5%", "25%", "50%"]
    kinds = [decision["kind"] for decision in reversed(status["history"])]
    assert kinds == ["Started", "Counting", "Stepped", "Stepped", "Stepped", "Promoted"]
    shop.until_loaded()
    report = asked(stand, 200)
    no_failures(report)
    assert report["visitors"]["left"] == 0, report["visitors"]
    evidence = status["trial"]["evidence"]
    print(f"{status['trial']['verdict']['message']}; {evidence['candidateUnits']} and {evidence['currentUnits']} units")
    assert float(evidence["candidateMean"]) > float(evidence["currentMean"])
    audit = stand.audit()
    assert not audit.missing, audit


@pytest.mark.parametrize("fault", ["error", "hang", "crash", "gone"])
def test_a_canary_that_breaks_loses_its_traffic_and_nobody_a_request(place: Place, fault: str):
    """At 25 %, under load: the circuit breaker takes the candidate out; until then current answers in its place."""
    stand = place.traffic(50)
    step = {"minimumDuration": "10m"}
    steps = [{"weight": "25%", **step}, {"weight": "50%", **step}]
    wanted = spec("logreg", images()["triage-faulty"], strategy={"canary": {"steps": steps}})
    place.apply({**wanted, "answerWithin": "500ms", "deadline": "40m"})
    place.until_loaded()
    stand.move(place.router_url)
    place.until("a quarter is shared", lambda s: s.get("weight") == "25%")
    asked(stand, 200)
    workload = place.status["trial"]["workload"]
    before = time.monotonic()
    if fault != "gone":
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

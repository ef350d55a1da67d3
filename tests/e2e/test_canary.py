"""A canary by real traffic: a shop's better offers are promoted step by step, harmful ones are rejected, and nobody loses a request."""

from collections.abc import Iterator

import pytest

from dev.traffic.cluster_api import Cluster, Manifest
from tests.e2e.broken import break_canary
from tests.e2e.place import SHOP, Place, asked, images, no_failures, nobody_left, shop_spec


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
    nobody_left(stand, shop.status)
    evidence = status["trial"]["evidence"]
    print(f"{status['trial']['verdict']['message']}; {evidence['candidateUnits']} and {evidence['currentUnits']} units")
    assert float(evidence["candidateMean"]) > float(evidence["currentMean"])
    audit = stand.audit()
    assert audit.holds, audit


def test_a_canary_that_fails_loses_its_traffic_and_nobody_a_request(place: Place):
    """At 25 %, under load: the circuit breaker takes the candidate out; until then current answers in its place."""
    break_canary(place, "error")

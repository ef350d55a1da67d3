"""The promoted candidate is edited in Git, and then what it was measured against: live answers stay where somebody answers."""

import json

from dev.traffic.cluster_api import CONFIG_MAP
from tests.e2e.place import SOON_REJECTED, Place, asked, condition, images, no_failures, reconciling, spec


def test_edited_image(place: Place):
    """A worse image is rejected and never answers; a current that is not there is never asked; one that is takes over."""
    stand = place.traffic(50)
    patient = {
        "answerWithin": "5s"
    }  # of a promoted model late answers are the rules', which its successor's trial cannot read
    place.apply(spec("model", images()["triage-logreg"], **patient))
    place.until_loaded()
    stand.move(place.router_url)
    place.until_phase("Promoted")
    proven = place.until_loaded()["serving"]["workload"]  # who serves is told when the routers do it
    place.apply(spec("model", images()["triage-stale"], strategy=SOON_REJECTED, **patient))
    status = place.until("a new trial", lambda s: s["phase"] == "Shadowing" and s["trial"]["workload"] != proven)
    assert status["serving"]["workload"] == proven
    no_failures(asked(stand, 300))
    end = place.until("its end", lambda s: s["phase"] in ("Rejected", "Promoted", "Expired"), 300)
    assert end["phase"] == "Rejected"
    assert end["serving"]["workload"] == proven
    report = asked(stand, 200)
    no_failures(report)
    assert report["changes"][-1]["track"] == "candidate"
    intent = json.loads(place.cluster.get(CONFIG_MAP, f"{place.name}-router", place.namespace)["data"]["intent.json"])
    assert intent["serve"] == "candidate"
    assert intent["candidate"]["host"].startswith(f"{proven}.")

    place.patch(current={"service": {"name": "no-such-rules", "port": 8080}})
    place.until("it is told that nobody is there", lambda s: condition(s, "Ready")["reason"] == "CurrentNotFound")
    report = asked(stand, 200)
    no_failures(report)
    assert report["changes"][-1]["track"] == "candidate", "traffic was moved to a process that is not there"
    place.patch(current={"service": {"name": place.story.rules, "port": 8080}})
    place.until("the changed current serves", lambda s: s["serving"]["name"] == "current" and not reconciling(s))
    report = asked(stand, 100)
    no_failures(report)
    assert report["changes"][-1]["track"] == "current"

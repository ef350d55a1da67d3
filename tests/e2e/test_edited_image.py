"""The image of the promoted candidate is edited in Git: live answers stay with the proven one until the new one has its own verdict."""

import json

from dev.traffic.cluster_api import CONFIG_MAP
from tests.e2e.place import Place, asked, images, no_failures, spec


def test_edited_image(place: Place):
    """Logreg is promoted; its image is changed to a worse one under load; the worse one is rejected and never answers."""
    stand = place.traffic(50)
    place.apply(spec("model", images()["triage-logreg"]))
    place.until_loaded()
    stand.move(place.router_url)
    proven = place.until_phase("Promoted")["serving"]["workload"]
    place.until_loaded()
    place.apply(spec("model", images()["triage-stale"]))
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

"""Current gets slower once its requests are copied: the copies stop, and nobody has lost a request."""

from dev.traffic import manifests
from tests.e2e.place import Place, asked, images, no_failures, spec


def test_copies_stop_when_current_is_worse_off(place: Place):
    """The rules are slowed by hand, since nobody can tell from before and after alone whose doing it is."""
    stand = place.traffic(60)
    guard = {"name": "copies", "type": "Interference", "maxIncrease": "50%"}
    place.apply(spec("logreg", images()["triage-logreg"], guardrails=[guard]))
    place.until_loaded()
    stand.move(place.router_url)
    status = place.until("current to be known", lambda s: any(d["kind"] == "Watched" for d in s["history"]), 400)
    assert status["trial"]["epochs"][0]["mirror"] == "0%"
    place.until("copies", lambda s: len(s["trial"]["epochs"]) > 1 and s["phase"] == "Shadowing")
    slow = manifests.rules(place.namespace, images()["triage-rules"], env={"DELAY_MS": "400"})
    place.cluster.apply(slow[0])
    status = place.until_phase("Rejected", 400)
    verdict = status["trial"]["verdict"]
    print(verdict["message"])
    assert verdict["reason"] == "Interference", verdict
    place.until_loaded()
    report = asked(stand, 100)
    no_failures(report)
    assert set(report["tracks"]) == {"current"}

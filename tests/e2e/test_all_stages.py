"""Every stage of a careful roll-out by real traffic: shadow, a canary of one step, a promotion on probation, and back on harm."""

from datetime import datetime

from tests.e2e.place import Place, answered_by, asked, images, no_failures, spec


def test_from_shadow_over_canary_and_probation_back_to_current(place: Place):
    """Proven in the shadow, then half of the requests, then all but those held back; a candidate that breaks then is taken back."""
    stand = place.traffic(50)
    strategy = {"shadow": {}, "canary": {"steps": [{"weight": "50%", "minimumDuration": "10s"}]}}
    wanted = spec("logreg", images()["triage-faulty"], strategy=strategy)
    wanted["objective"]["decidedIn"] = "Shadow"
    place.apply({**wanted, "promotion": {"probation": {"holdback": "5%", "duration": "30m"}}})
    place.until_loaded()
    stand.move(place.router_url)
    status = place.until("half of the requests", lambda s: s.get("weight") == "50%", 400)
    assert status["phase"] == "Canary"
    before = stand.log()
    assert {a["track"] for a in before if a["at"] / 1e6 < began(status)} == {"current"}, "a shadow is for nobody's eyes"

    place.until_phase("Promoted")
    status = place.until("all but those held back", lambda s: s.get("weight") == "95%")
    report = stand.report()
    after = asked(stand, 400)
    shares = {track: after["tracks"][track] - report["tracks"][track] for track in ("candidate", "current")}
    print(f"on probation: {shares}")
    assert shares["candidate"] > 8 * shares["current"] > 0
    no_failures(after)

    place.fault("error", status["serving"]["workload"])
    status = place.until("no traffic", lambda s: s.get("weight") == "0%", 120)
    kinds = [decision["kind"] for decision in reversed(status["history"])]
    assert kinds == ["Started", "Counting", "Stepped", "Promoted", "RolledBack"]
    print(status["history"][0]["message"])
    report = answered_by(stand, "current")
    no_failures(report)
    assert place.status["phase"] == "Rejected"


def began(status: dict) -> float:
    """When the canary's first step was decided, in unix seconds."""
    stepped = next(decision for decision in status["history"] if decision["kind"] == "Stepped")
    return datetime.fromisoformat(stepped["at"]).timestamp()

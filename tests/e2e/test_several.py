"""Several candidates in one shadow, and one that is right often enough and yet must not serve."""

from tests.e2e.place import LITTLE_CPU, SOON_REJECTED, Place, asked, bento, images, no_failures, spec


def test_the_simplest_that_is_proven_is_promoted_and_the_record_says_why(place: Place):
    """A regression, trees that are no better, and one trained years ago: the regression serves, no request is lost."""
    stand = place.traffic(20)  # each with three copies; who is late because this machine is busy would be judged for it
    names = ("logreg", "boosted", "stale")
    candidates = [{"name": name, "bento": bento(images()[f"triage-{name}"], LITTLE_CPU)} for name in names]
    place.apply(spec("logreg", images()["triage-logreg"], answerWithin="5s", candidates=candidates))
    place.until_loaded()
    stand.move(place.router_url)
    place.until_phase("Promoted", 400)
    status = place.until("the regression serves", lambda s: s["serving"]["name"] == "logreg")
    record = next(decision for decision in status["history"] if decision["kind"] == "Promoted")
    said = status["trial"]["verdict"]["message"]
    print(said)
    assert record["candidate"] == "logreg"
    dropped = {decision["candidate"]: decision for decision in status["history"] if decision["kind"] == "Dropped"}
    assert "boosted" not in dropped, (dropped["boosted"]["message"], status["trial"]["contenders"])
    assert "boosted not proven better than logreg" in said, said
    assert "stale dropped (" in said or "stale not proven better than logreg" in said, (said, dropped)
    place.until("the others to be gone", lambda _: len(place.pods("workload", ready=False)) == 2)
    report = asked(stand, 200)
    no_failures(report)
    assert set(report["tracks"]) == {"current", "candidate"}
    audit = stand.audit()
    assert audit.holds, audit


def test_a_model_that_fails_on_some_cases_is_stopped_by_a_guardrail(place: Place):
    """It is right more often than the rules, and would be promoted; it never answers a client."""
    stand = place.traffic(50)
    guard = {"name": "errors", "type": "ErrorRate", "maxIncrease": "0.005"}
    place.apply(spec("flaky", images()["triage-flaky"], guardrails=[guard], strategy=SOON_REJECTED))
    place.until_loaded()
    stand.move(place.router_url)
    status = place.until_phase("Rejected", 400)
    verdict = status["trial"]["verdict"]
    print(verdict["message"])
    assert verdict["reason"] == "Guardrail", verdict
    [known] = status["trial"]["guardrails"]
    assert (known["name"], known["safety"]) == ("errors", "Harmful")
    report = asked(stand, 100)
    no_failures(report)
    assert set(report["tracks"]) == {"current"}

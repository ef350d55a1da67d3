"""What must never be promoted: the same model again, a current that fails, a mistaken path, another type, chosen labels."""

import pytest

from tests.e2e.place import Place, images, no_failures, spec

SHORT = "75s"  # long enough for hundreds of matured pairs, short enough to await


def ended(status: dict) -> bool:
    return status.get("phase") in ("Promoted", "Rejected", "Expired")


@pytest.fixture
def trial(place: Place):
    """Traffic through the router from the first moment of a trial on; its end."""

    def run(wanted: dict, sender: tuple[str, ...] = ()) -> dict:
        stand = place.traffic(50, sender=sender)
        place.apply(wanted)
        place.until_loaded()
        stand.move(place.router_url)
        status = place.until("an end", ended, 300)
        place.until_loaded()
        report = stand.report()
        assert set(report["tracks"]) == {"current"}, f"live answers of the candidate: {report['tracks']}"
        return {**status, "report": report}

    return run


def test_same_model_again(trial):
    """The rules as a bento: no lift to prove, so the deadline comes first."""
    end = trial(spec("rules-again", images()["triage-rules-bento"], deadline=SHORT))
    assert end["phase"] == "Expired"
    assert end["trial"]["evidence"]["n"] > 300
    assert end["trial"]["evidence"]["wins"] == 0
    no_failures(end["report"])


def test_mistaken_path(trial):
    """The candidate's answers hold no prediction where the spec says: nothing can be known, nothing is promoted."""
    wanted = spec("logreg", images()["triage-logreg"], deadline=SHORT)
    wanted["prediction"] = {"body": "diagnoses[0].label", "map": {}}
    end = trial(wanted)
    assert end["phase"] == "Expired"
    assert end["trial"]["verdict"]["kind"] == "Error"
    assert end["trial"]["verdict"]["reason"] == "Incomparable"
    no_failures(end["report"])


def test_other_type(trial):
    """Outcomes and predictions of different type: refused or incomparable, never promoted."""
    wanted = spec("logreg", images()["triage-logreg"], deadline=SHORT)
    wanted["prediction"] = {"body": "diagnosis", "type": "Boolean", "map": {"malignant": "true", "benign": "false"}}
    end = trial(wanted)
    assert end["phase"] == "Expired"
    assert end["trial"]["verdict"]["kind"] == "Error"


def test_chosen_labels(trial):
    """Outcomes only where the rules said B, for a worse model: the missing ones count against it."""
    end = trial(spec("stale", images()["triage-stale"], deadline=SHORT), ("--only-when", "B"))
    assert end["phase"] in ("Rejected", "Expired")


def test_current_that_fails(place: Place):
    """Current failing on some requests is never a win for a candidate that is no better."""
    place.close()
    place.open(FAIL_RATE="0.03")
    stand = place.traffic(50)
    place.apply(spec("rules-again", images()["triage-rules-bento"], deadline=SHORT))
    place.until_loaded()
    stand.move(place.router_url)
    end = place.until("an end", ended, 300)
    assert end["phase"] == "Expired"
    assert end["trial"]["verdict"]["reason"] == "CurrentUnreadable"
    assert end["trial"]["evidence"]["wins"] == 0

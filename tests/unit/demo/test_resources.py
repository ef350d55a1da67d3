"""What the demo applies is a valid ModelDeployment: the operator would accept it."""

from dev.demo.resources import BETTER, model_deployment
from shadowlift.api.parse import parse_spec


def test_the_storys_model_deployments_are_valid_and_speak_the_hospitals_words():
    spec = parse_spec(model_deployment(BETTER, "logreg", "shadowlift.local/triage-logreg:1")["spec"])
    assert spec.prediction.map == {"malignant": "M", "benign": "B"}
    assert spec.current.prediction is not None
    assert (spec.current.prediction.body, spec.current.prediction.map) == ("result", {})
    assert spec.objective.outcome.from_[0].service_account == "outcome-sender"

"""The two ModelDeployments of the story, as a person would write them. Pure; `story` applies and shows them."""

from typing import Any

Manifest = dict[str, Any]

NAMESPACE = "clinic"
BETTER = "tumour-triage"
WORSE = "tumour-triage-stale"


def model_deployment(name: str, candidate: str, image: str, **more: object) -> Manifest:
    """One candidate beside the rules. All else but for `more` is left at its default, so that a reader sees how little it takes."""
    return {
        "apiVersion": "shadowlift.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "current": {
                "service": {"name": "triage-rules", "port": 8080},
                "prediction": {"body": "result", "map": {}},
            },
            "candidates": [{"name": candidate, "bento": {"image": image}}],
            "prediction": {"body": "diagnosis", "map": {"malignant": "M", "benign": "B"}},
            "objective": {
                "type": "Accuracy",
                "targetLift": "0.02",
                "falsePromotionRate": "0.01",
                "outcome": {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}]},
            },
            "deadline": "10m",
            **more,
        },
    }

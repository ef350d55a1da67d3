"""ModelDeployments to try: as a person writes them, at a false promotion rate of 0.05 and with a deadline that never comes.

Used by the scenes.
"""

from typing import Any

ALPHA = 0.05
Spec = dict[str, Any]


def shadow(objective: Spec, **more: Any) -> Spec:
    """Pairs; all of alpha is the e-process's, nothing is kept for the deadline, and a rejection comes at the first look that asks."""
    return _spec({**objective, "deadlineShare": "0"}, {"shadow": {"rejectAfter": "0s"}}, more)


def canary(objective: Spec, *steps: tuple[str, str], **more: Any) -> Spec:
    """Units shared by weight, each step with how long it lasts at least."""
    taken = [{"weight": weight, "minimumDuration": lasts} for weight, lasts in steps]
    return _spec(objective, {"canary": {"steps": taken}}, more)


def accuracy(maturity: str = "10m", *, target: str = "0.02", missing: str = "Worst", **more: Any) -> Spec:
    """Right and wrong answers."""
    return {"type": "Accuracy", "targetLift": target, "outcome": _outcome(maturity, missing=missing), **more}


def reward(maturity: str = "10m", *, target: str = "0.02", key: str | None = None) -> Spec:
    """Units that come to something, 1, or do not, 0, of which nobody tells."""
    outcome = _outcome(maturity, missing="Value", missingValue="0")
    if key is not None:
        outcome["key"] = {"header": key}
    return {"type": "Reward", "range": {"min": "0", "max": "1"}, "targetLift": target, "outcome": outcome}


def _outcome(maturity: str, **more: Any) -> Spec:
    return {"maturity": maturity, "from": [{"serviceAccount": "outcome-sender"}], **more}


def _spec(objective: Spec, strategy: Spec, more: Spec) -> Spec:
    predicted = {} if objective["type"] == "Reward" else {"prediction": {"body": "answer"}}
    return {
        "current": {"service": {"name": "rules", "port": 8080}},
        "candidates": [{"name": "logreg", "bento": {"image": "logreg:1", "replicas": 2}}],
        "objective": {**objective, "falsePromotionRate": str(ALPHA)},
        "strategy": strategy,
        "deadline": "365d",
        **predicted,
        **more,
    }

"""`training` fits the weights of this; the model services load it: one weighted sum for each offer, and the largest wins.

A visit becomes terms by `terms`, in training and in service alike: numbers in units of order one, one term per level.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from offers.features import NAMES, OFFERS


def terms(features: Mapping[str, Any]) -> dict[str, float]:
    """What the weights are multiplied with; the basket in hundreds, visits in tens."""
    numbers = {"basket": features["basket"] / 100, "visits": features["visits"] / 10}
    return numbers | {f"{name}={features[name]}": 1.0 for name in NAMES}


@dataclass(frozen=True)
class Line:
    """intercept + sum of weight * term."""

    intercept: float
    weights: dict[str, float]

    def at(self, known: Mapping[str, float]) -> float:
        """The sum for a visit with these terms."""
        return self.intercept + sum(self.weights.get(name, 0.0) * value for name, value in known.items())


@dataclass(frozen=True)
class ChoiceModel:
    """A score for each offer: of what, is the training's business."""

    scores: dict[str, Line]

    def choose(self, features: Mapping[str, Any]) -> str:
        """The offer with the largest score; of equal ones the first of `OFFERS`."""
        known = terms(features)
        return max(OFFERS, key=lambda offer: self.scores[offer].at(known))

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load(path: Path) -> ChoiceModel:
    """The model that `save` wrote; its absence is told with the remedy.

    Raises:
        FileNotFoundError: the model was not trained yet.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is missing: train it first with `python -m {path.parent.name}.train`")
    return ChoiceModel({offer: Line(**line) for offer, line in json.loads(path.read_text())["scores"].items()})

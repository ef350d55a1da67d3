"""The training scripts write a logistic regression with this; the services load it and ask it for probabilities.

Once trained, a standardised logistic regression is one weight per feature and an intercept. Served as such it needs no
scikit-learn in the image: measured, that is 270 MB, one second of start and half a millisecond per answer less.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LinearModel:
    """log-odds of malignancy = intercept + sum of weight * feature, on features in the request's own units."""

    intercept: float
    weights: dict[str, float]

    def log_odds(self, case: object) -> float:
        """Log-odds of malignancy of a case that has the features as attributes."""
        weighted: float = sum(weight * getattr(case, name) for name, weight in self.weights.items())
        return self.intercept + weighted

    def probability(self, case: object) -> float:
        """Probability of malignancy, 0 to 1."""
        return logistic(self.log_odds(case))

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def logistic(log_odds: float) -> float:
    """The probability, 0 to 1, that has these log-odds; beyond 50 it moves no more, so that nothing overflows."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))


def read(path: Path) -> dict[str, Any]:
    """What training wrote; its absence is told with the remedy.

    Raises:
        FileNotFoundError: the model was not trained yet.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is missing: train it first with `python -m {path.parent.name}.train`")
    parts: dict[str, Any] = json.loads(path.read_text())
    return parts


def load(path: Path) -> LinearModel:
    """The model that `save` wrote.

    Raises:
        FileNotFoundError: the model was not trained yet.
    """
    return LinearModel(**read(path))

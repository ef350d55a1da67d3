"""`training` fits the weights of this; the ridge services load it: two weighted sums over the same terms of one flight.

A flight becomes terms by `terms`, in training and in service alike: numbers in units of order one, and one term per level
of what has levels. A level that training never saw has no weight and adds nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flights.features import cut
from flights.foretold import Foretold, foretold

LEVELS = ("month", "hour", "carrier", "origin", "destination")
"""The weekday is not among them: within the training days alone, leaving it out foretells other days better."""


def terms(features: Mapping[str, Any]) -> dict[str, float]:
    """What the weights are multiplied with; delays and durations in hours, the distance in thousands of miles."""
    numbers = {
        "departure_delay": cut(features["departure_delay"]) / 60,
        "scheduled_minutes": features["scheduled_minutes"] / 60,
        "distance": features["distance"] / 1000,
    }
    levels = {**features, "hour": features["scheduled_departure"] // 60}
    return numbers | {f"{name}={levels[name]}": 1.0 for name in LEVELS}


@dataclass(frozen=True)
class Line:
    """intercept + sum of weight * term."""

    intercept: float
    weights: dict[str, float]

    def at(self, known: Mapping[str, float]) -> float:
        """The sum for a flight with these terms."""
        return self.intercept + sum(self.weights.get(name, 0.0) * value for name, value in known.items())


@dataclass(frozen=True)
class LinearModel:
    """Minutes of arrival delay by a ridge regression, log-odds of being late by a logistic one."""

    minutes: Line
    late: Line

    def foretell(self, features: Mapping[str, Any]) -> Foretold:
        """What becomes of a flight of which this is known."""
        known = terms(features)
        return foretold(self.minutes.at(known), self.late.at(known))

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load(path: Path) -> LinearModel:
    """The model that `save` wrote; its absence is told with the remedy.

    Raises:
        FileNotFoundError: the model was not trained yet.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is missing: train it first with `python -m {path.parent.name}.train`")
    lines = json.loads(path.read_text())
    return LinearModel(Line(**lines["minutes"]), Line(**lines["late"]))
